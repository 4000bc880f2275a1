#include "labels.h"
#include "png_image.h"
#include "png_list.h"
#include "resize.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char help[] =
    "usage: bough-data png DIR [--csv [SPLIT=]FILE] [--resize WxH] -o FILE\n"
    "\n"
    "Makes a data set from a folder of PNG files. Without --csv, every sub-folder of DIR\n"
    "is a class; where DIR/train and DIR/test stand, they are splits (DIR/validation\n"
    "too), and their sub-folders the classes. The classes are sorted by name, or by value\n"
    "where all names are whole numbers; files are taken in the order of their names.\n"
    "\n"
    "Pixels become U8: 16 bits are scaled to 8, palettes are looked up, transparent\n"
    "pixels are laid on black. All images have one channel, or three if any has colour.\n"
    "\n"
    "  --csv FILE       labels: a header, then a line for each file: its path in DIR and\n"
    "                   one column a task. Whole numbers are classes, other numbers\n"
    "                   targets, texts names of classes; an empty cell is a missing label.\n"
    "                   Once per split, as SPLIT=FILE, for several\n"
    "  --split NAME     what the only split is called; default train\n"
    "  --resize WxH     width and height of all images; else they must agree\n"
    "  --field F=NAME   call the field `image` or `label` NAME\n"
    "  -o, --output FILE\n"
    "\n"
    "Example:\n"
    "  bough-data png mnist -o mnist.safetensors    # mnist/train/0/1.png, ...\n";

struct job {
    struct png_list list;
    struct label_column label[PNG_LIST_LABELS_MAX];
    struct png_size size;   // of every image that is written
    uint8_t *image, *other; // one of `size`; one as it is in the file
    size_t other_bytes;
    int64_t width, height; // of --resize, or 0
};

// ---- Listing ----

static int is_folder(struct text_pool *pool, const char *folder, const char *name,
                     const char **path)
{
    struct stat info;
    *path = text_path(pool, folder, name);
    return *path && stat(*path, &info) == 0 && S_ISDIR(info.st_mode);
}

static enum bough_status list_folders(struct png_list *list, const char *folder, const char *split,
                                      const char *label)
{
    enum bough_status status;
    const char *train, *test, *validation;
    if (!is_folder(&list->pool, folder, "train", &train) ||
        !is_folder(&list->pool, folder, "test", &test))
        return png_list_folders(list, folder, split ? split : "train", label);
    if (split)
        return tool_fail(BOUGH_INVALID, "--split: \"%s\", but %s has the splits train and test",
                         split, folder);
    TRY(png_list_folders(list, train, "train", label));
    if (is_folder(&list->pool, folder, "validation", &validation))
        TRY(png_list_folders(list, validation, "validation", label));
    TRY(png_list_folders(list, test, "test", label));
done:
    return status;
}

static enum bough_status list_csvs(struct png_list *list, const char *folder, const char *split,
                                   const char *const *csvs)
{
    enum bough_status status = BOUGH_OK;
    for (; *csvs; csvs++) {
        const char *file = *csvs, *name = split ? split : "train";
        const size_t length = strcspn(file, "=/");
        if (file[length] == '=') {
            name = text_keep(&list->pool, file, length);
            file += length + 1;
            TRY_MEMORY(name);
        }
        TRY(png_list_csv(list, folder, name, file));
    }
done:
    return status;
}

// ---- Sizes ----

static enum bough_status take_size(struct job *job, const struct png_size *size, int64_t i)
{
    if (size->channels > job->size.channels)
        job->size.channels = size->channels;
    if (i == 0) {
        job->size.width = job->width ? job->width : size->width;
        job->size.height = job->height ? job->height : size->height;
    }
    if (job->width || (size->width == job->size.width && size->height == job->size.height))
        return BOUGH_OK;
    return tool_fail(BOUGH_DATA,
                     "%s: %" PRId64 "x%" PRId64 " pixels, wanted %" PRId64 "x%" PRId64
                     " as %s has; or --resize WxH",
                     png_list_item(&job->list, i)[0], size->width, size->height, job->size.width,
                     job->size.height, png_list_item(&job->list, 0)[0]);
}

static enum bough_status probe_all(struct job *job)
{
    enum bough_status status = BOUGH_OK;
    for (int64_t i = 0; i < job->list.items; i++) {
        struct png_size size;
        TRY(tool_step("headers", i, job->list.items));
        TRY(png_probe(&size, png_list_item(&job->list, i)[0]));
        TRY(take_size(job, &size, i));
    }
    job->image = malloc((size_t)(job->size.channels * job->size.height * job->size.width));
    TRY_MEMORY(job->image);
done:
    return status;
}

// ---- Images ----

static enum bough_status load_resized(struct job *job, const char *path)
{
    enum bough_status status;
    struct png_size size;
    TRY(png_probe(&size, path));
    size.channels = job->size.channels;
    const size_t bytes = (size_t)(size.channels * size.height * size.width);
    if (bytes > job->other_bytes) {
        free(job->other);
        job->other_bytes = bytes;
        job->other = malloc(bytes);
        TRY_MEMORY(job->other);
    }
    TRY(png_load(job->other, &size, path));
    TRY(resize_planes(job->image, job->size.height, job->size.width, job->other, size.height,
                      size.width, size.channels));
done:
    return status;
}

static enum bough_status write_images(struct job *job, struct bough_tensor_writer *writer,
                                      int64_t from, int64_t to)
{
    enum bough_status status = BOUGH_OK;
    for (int64_t i = from; i < to; i++) {
        const char *path = png_list_item(&job->list, i)[0];
        TRY(tool_step("images", i, job->list.items));
        TRY(job->width ? load_resized(job, path) : png_load(job->image, &job->size, path));
        TRY(bough_tensor_writer_write(
            writer, job->image, (size_t)(job->size.channels * job->size.height * job->size.width)));
    }
done:
    return status;
}

// ---- The file ----

static enum bough_status declare(struct job *job, struct bough_tensor_writer *writer,
                                 const char *image)
{
    enum bough_status status = BOUGH_OK;
    const struct bough_shape row = {3, {job->size.channels, job->size.height, job->size.width}};
    const struct bough_shape single = {0};
    for (int s = 0; s < job->list.splits; s++) {
        const int64_t count = job->list.begin[s + 1] - job->list.begin[s];
        TRY(tool_declare(writer, job->list.split[s], image, BOUGH_U8, count, &row));
        for (int t = 0; t < job->list.labels; t++)
            TRY(tool_declare(writer, job->list.split[s], job->list.label[t],
                             job->label[t].kind == LABEL_NUMBER ? BOUGH_F32 : BOUGH_I64, count,
                             &single));
    }
    for (int t = 0; t < job->list.labels; t++)
        if (job->label[t].lines)
            TRY(tool_classes(writer, job->list.label[t], job->label[t].lines));
done:
    return status;
}

static enum bough_status write_all(struct job *job, const char *output, const char *image)
{
    enum bough_status status;
    struct bough_tensor_writer *writer;
    TRY(bough_tensor_writer_create(&writer, output));
    TRY(declare(job, writer, image));
    for (int s = 0; s < job->list.splits; s++) {
        const int64_t from = job->list.begin[s], to = job->list.begin[s + 1];
        TRY(write_images(job, writer, from, to));
        for (int t = 0; t < job->list.labels; t++)
            TRY(label_column_write(writer, &job->label[t], &job->list, t, from, to));
    }
    TRY(bough_tensor_writer_commit(writer));
done:
    bough_tensor_writer_destroy(&writer);
    return status;
}

static enum bough_status parse_resize(struct job *job, const char *text)
{
    int end = 0, width, height;
    if (!text)
        return BOUGH_OK;
    if (sscanf(text, "%5dx%5d%n", &width, &height, &end) != 2 || text[end] || width < 1 ||
        height < 1 || width > 32767 || height > 32767)
        return tool_fail(BOUGH_INVALID, "--resize: \"%s\", wanted WIDTHxHEIGHT, 1 to 32767 each",
                         text);
    job->width = width;
    job->height = height;
    return BOUGH_OK;
}

static enum bough_status convert(struct job *job, const char *folder, const char *split,
                                 const char *const *csvs, const struct tool_fields *fields,
                                 const char *output)
{
    enum bough_status status;
    TRY(*csvs ? list_csvs(&job->list, folder, split, csvs)
              : list_folders(&job->list, folder, split, fields->label));
    for (int t = 0; t < job->list.labels; t++) {
        const enum label_kind kind = *csvs ? label_kind_of(&job->list, t) : LABEL_NAME;
        TRY(label_column_init(&job->label[t], kind, &job->list, t));
    }
    TRY(probe_all(job));
    TRY(write_all(job, output, fields->image));
    TRY(tool_report(output));
done:
    return status;
}

static void fini(struct job *job)
{
    for (int t = 0; t < job->list.labels; t++)
        label_column_fini(&job->label[t]);
    png_list_fini(&job->list);
    free(job->image);
    free(job->other);
}

static enum bough_status run(int argc, char **argv)
{
    const char *folder = NULL, *split = NULL, *resize = NULL, *output = NULL;
    const char *csvs[TOOL_VALUES_MAX + 1] = {0}, *renamed[TOOL_VALUES_MAX + 1] = {0};
    const struct tool_option options[] = {
        {NULL, 0, &folder, 1, 1},     {"csv", 0, csvs, 0, TOOL_VALUES_MAX},
        {"split", 0, &split, 0, 1},   {"field", 0, renamed, 0, TOOL_VALUES_MAX},
        {"resize", 0, &resize, 0, 1}, {"output", 'o', &output, 1, 1},
    };
    enum bough_status status;
    struct tool_fields fields;
    struct job job = {0};
    TRY(TOOL_OPTIONS(argc, argv, options));
    TRY(tool_fields(&fields, renamed));
    TRY(parse_resize(&job, resize));
    TRY(convert(&job, folder, split, csvs, &fields, output));
done:
    fini(&job);
    return status;
}

const struct tool_command tool_png = {"png", "from a folder of PNG files", help, run};
