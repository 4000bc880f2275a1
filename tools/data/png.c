#include "labels.h"
#include "png_image.h"
#include "png_list.h"
#include "resize.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "usage: bough-data png DIR [--csv [SPLIT=]FILE] [--class COLUMN] [--resize WxH] -o FILE\n"
    "\n"
    "Makes a data set from a folder of PNG files. Without --csv, every sub-folder of DIR\n"
    "is a class; where DIR/train and DIR/test stand, they are splits (DIR/validation\n"
    "too), and their sub-folders the classes. A folder that holds the files itself has\n"
    "no labels. The classes are sorted by name, or by value where all names are numbers;\n"
    "files are taken in the order of their names. The field `id` keeps the names.\n"
    "\n"
    "Pixels become U8: 16 bits are scaled to 8, palettes are looked up, transparent\n"
    "pixels are laid on black. All images have one channel, or three if any has colour.\n"
    "\n"
    "  --csv FILE       a header, then a line for each file: its path in DIR, and columns\n"
    "                   of labels, one a task, or none. Commas, semicolons or tabs stand\n"
    "                   between them. A column of mostly numbers is one of numbers, where\n"
    "                   other cells are errors; else its texts name classes. Empty\n"
    "                   cells, NA, n/a, nan, null and None are missing labels. A column\n"
    "                   `id` is kept in place of the paths. Once per split, as SPLIT=FILE,\n"
    "                   for several; each may have its own separator and decimal sign\n"
    "  --class COLUMN   this column's numbers name classes; once per column\n"
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
    int64_t id_bytes;       // of the longest id
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
    const size_t root = strlen(folder) + 1;
    if (!is_folder(&list->pool, folder, "train", &train) ||
        !is_folder(&list->pool, folder, "test", &test))
        return png_list_folders(list, folder, root, split ? split : "train", label);
    if (split)
        return tool_fail(BOUGH_INVALID, "--split: \"%s\", but %s has the splits train and test",
                         split, folder);
    TRY(png_list_folders(list, train, root, "train", label));
    if (is_folder(&list->pool, folder, "validation", &validation))
        TRY(png_list_folders(list, validation, root, "validation", label));
    TRY(png_list_folders(list, test, root, "test", label));
done:
    return status;
}

static enum bough_status list_csvs(struct png_list *list, const char *folder, const char *split,
                                   const char *label, const char *const *csvs)
{
    enum bough_status status = BOUGH_OK;
    for (; *csvs; csvs++) {
        const char *file = *csvs, *name = split ? split : "train";
        const size_t length = strcspn(file, "=/");
        if (file[length] == '=' && access(file, F_OK) != 0) {
            name = text_keep(&list->pool, file, length);
            file += length + 1;
            TRY_MEMORY(name);
        }
        TRY(png_list_csv(list, folder, name, label, file));
    }
done:
    return status;
}

// ---- Labels ----

static int is_among(const char *const *names, const char *name)
{
    while (*names && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

static enum bough_status check_classes(const struct png_list *list, const char *const *classes)
{
    for (; *classes; classes++) {
        int column = 0;
        while (column < list->labels && strcmp(list->label[column], *classes) != 0)
            column++;
        if (column == list->labels)
            return tool_fail(BOUGH_INVALID, "--class: no column \"%s\" of labels", *classes);
    }
    return BOUGH_OK;
}

// Tells what is not told by the file that is made.
static void report(const struct job *job)
{
    const struct png_list *list = &job->list;
    for (int s = 0; s < list->splits; s++) {
        if (list->csv[s])
            printf("%s%s\n", list->csv[s],
                   list->headless[s] ? ": no header, its first line names a file" : "");
    }
    for (int t = 0; t < list->labels && list->csv[0]; t++)
        label_column_report(&job->label[t], list, t);
}

static enum bough_status take_labels(struct job *job, const char *const *classes)
{
    enum bough_status status;
    const struct png_list *list = &job->list;
    TRY(check_classes(list, classes));
    for (int t = 0; t < list->labels; t++) {
        enum label_kind kind = label_kind_of(list, t);
        const int is_asked = !list->csv[0] || is_among(classes, list->label[t]);
        if (kind == LABEL_NUMBER && is_asked)
            kind = LABEL_NAME;
        TRY(label_column_init(&job->label[t], kind, list, t));
        job->label[t].is_asked = is_asked;
    }
    job->id_bytes = 1;
    for (int64_t i = 0; i < list->items; i++) {
        const int64_t bytes = (int64_t)strlen(png_list_item(list, i)[PNG_LIST_ID]);
        job->id_bytes = bytes > job->id_bytes ? bytes : job->id_bytes;
    }
done:
    return status;
}

static enum bough_status write_ids(const struct job *job, struct bough_tensor_writer *writer,
                                   int64_t from, int64_t to)
{
    enum bough_status status = BOUGH_OK;
    char *id = malloc((size_t)job->id_bytes + 1);
    TRY_MEMORY(id);
    for (int64_t i = from; i < to; i++) {
        const char *text = png_list_item(&job->list, i)[PNG_LIST_ID];
        memset(id, 0, (size_t)job->id_bytes);
        memcpy(id, text, strlen(text));
        TRY(bough_tensor_writer_write(writer, id, (size_t)job->id_bytes));
    }
done:
    free(id);
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
                     png_list_item(&job->list, i)[PNG_LIST_PATH], size->width, size->height,
                     job->size.width, job->size.height,
                     png_list_item(&job->list, 0)[PNG_LIST_PATH]);
}

// Adds where a CSV names the item to the message of a failure.
static enum bough_status at_item(enum bough_status status, const struct png_list *list, int64_t i)
{
    char text[1500];
    int s = png_list_split(list, i);
    if (status != BOUGH_DATA || !list->csv[s])
        return status;
    snprintf(text, sizeof text, "%s", tool_error());
    return tool_fail(status, "%s (%s: line %" PRId64 ", a path from DIR on)", text, list->csv[s],
                     list->line[i]);
}

static enum bough_status probe_all(struct job *job)
{
    enum bough_status status = BOUGH_OK;
    for (int64_t i = 0; i < job->list.items; i++) {
        struct png_size size;
        TRY(tool_step("headers", i, job->list.items));
        TRY(at_item(png_probe(&size, png_list_item(&job->list, i)[PNG_LIST_PATH]), &job->list, i));
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
        const char *path = png_list_item(&job->list, i)[PNG_LIST_PATH];
        TRY(tool_step("images", i, job->list.items));
        TRY(at_item(job->width ? load_resized(job, path) : png_load(job->image, &job->size, path),
                    &job->list, i));
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
    const struct bough_shape single = {0}, id = {1, {job->id_bytes}};
    TRY(tool_text(writer, "id"));
    for (int s = 0; s < job->list.splits; s++) {
        const int64_t count = job->list.begin[s + 1] - job->list.begin[s];
        TRY(tool_declare(writer, job->list.split[s], image, BOUGH_U8, count, &row));
        TRY(tool_declare(writer, job->list.split[s], "id", BOUGH_U8, count, &id));
        for (int t = 0; t < job->list.labels; t++)
            if (job->label[t].kind != LABEL_NONE)
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
        TRY(write_ids(job, writer, from, to));
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

static enum bough_status check_output(const struct png_list *list, const char *output)
{
    enum bough_status status = BOUGH_OK;
    for (int s = 0; s < list->splits; s++)
        TRY(tool_check_output(output, list->csv[s]));
    for (int64_t i = 0; i < list->items; i++)
        TRY(tool_check_output(output, png_list_item(list, i)[PNG_LIST_PATH]));
done:
    return status;
}

// What the options say, as given.
struct options {
    const char *folder, *split, *output;
    const char *csv[TOOL_VALUES_MAX + 1], *class[TOOL_VALUES_MAX + 1];
    struct tool_fields fields;
};

static enum bough_status convert(struct job *job, const struct options *given)
{
    enum bough_status status;
    const char *label = given->fields.label;
    TRY(*given->csv ? list_csvs(&job->list, given->folder, given->split, label, given->csv)
                    : list_folders(&job->list, given->folder, given->split, label));
    TRY(check_output(&job->list, given->output));
    TRY(take_labels(job, given->class));
    TRY(probe_all(job));
    TRY(write_all(job, given->output, given->fields.image));
    report(job);
    TRY(tool_report(given->output));
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
    struct options given = {0};
    const char *resize = NULL, *renamed[TOOL_VALUES_MAX + 1] = {0};
    const struct tool_option options[] = {
        {NULL, 0, .value = &given.folder, .min = 1, .max = 1},
        {"csv", 0, .value = given.csv, .max = TOOL_VALUES_MAX},
        {"split", 0, .value = &given.split, .max = 1},
        {"class", 0, .value = given.class, .max = TOOL_VALUES_MAX},
        {"resize", 0, .value = &resize, .max = 1},
        {"field", 0, .value = renamed, .max = TOOL_VALUES_MAX},
        {"output", 'o', .value = &given.output, .min = 1, .max = 1},
    };
    enum bough_status status;
    struct job job = {0};
    TRY(DATA_OPTIONS(argc, argv, options));
    TRY(tool_fields(&given.fields, renamed));
    TRY(parse_resize(&job, resize));
    TRY(convert(&job, &given));
done:
    fini(&job);
    return status;
}

const struct tool_command tool_png = {"png", "from a folder of PNG files", help, run};
