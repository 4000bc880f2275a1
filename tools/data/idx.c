#include "idx.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: bough-data idx [--images FILE] [--labels FILE] [--split NAME] -o FILE\n"
    "\n"
    "Makes a data set from IDX files, the format of MNIST and Fashion-MNIST: plain or\n"
    "gzipped, any rank and type. Images of one channel [N, H, W] become [N, 1, H, W];\n"
    "whole-number labels become I64, where -1 stands for a missing one.\n"
    "\n"
    "  --images FILE    what the trunk reads\n"
    "  --labels FILE    its labels, as many\n"
    "  --split NAME     the split that they make up; default train\n"
    "  --field F=NAME   call the field `image` or `label` NAME\n"
    "  --classes A,B,.. names of the classes 0, 1, ...; labels beyond them are refused\n"
    "  -o, --output FILE\n"
    "\n"
    "Two splits in one file: make two files and `bough-data merge` them.\n"
    "\n"
    "Example:\n"
    "  bough-data idx --images train-images-idx3-ubyte.gz \\\n"
    "                 --labels train-labels-idx1-ubyte.gz -o train.safetensors\n";

enum { BLOCK_ELEMENTS = 1 << 17 };

struct job {
    struct idx images, labels;
    const char *classes; // one a line; NULL if not told
};

// A grey image has one channel.
static struct bough_shape image_row(const struct bough_shape *shape)
{
    struct bough_shape row = bough_shape_sample(shape);
    if (row.rank == 2)
        row = (struct bough_shape){3, {1, row.dim[0], row.dim[1]}};
    return row;
}

// Labels `first` and up. With `classes` 0, the number of classes is not known.
static enum bough_status widen(int64_t *labels, const void *elements, const struct idx *idx,
                               int64_t first, int64_t count, int64_t classes)
{
    for (int64_t i = 0; i < count; i++) {
        labels[i] = bough_integer_at(elements, idx->dtype, i);
        if (labels[i] >= -1 && (classes == 0 || labels[i] < classes))
            continue;
        char wanted[64] = "wanted 0 and up, or -1 for none";
        if (classes > 0)
            snprintf(wanted, sizeof wanted, "classes are 0..%" PRId64, classes - 1);
        return tool_fail(BOUGH_DATA, "%s: item %" PRId64 ": label %" PRId64 ", %s", idx->path,
                         (first + i) / bough_shape_row(&idx->shape), labels[i], wanted);
    }
    return BOUGH_OK;
}

static enum bough_status copy_elements(struct bough_tensor_writer *writer, struct idx *idx)
{
    enum bough_status status = BOUGH_OK;
    const int64_t total = bough_shape_elements(&idx->shape);
    const size_t element = bough_dtype_size(idx->dtype);
    void *block = malloc(BLOCK_ELEMENTS * element);
    TRY_MEMORY(block);
    for (int64_t at = 0; at < total; at += BLOCK_ELEMENTS) {
        const int64_t count = total - at < BLOCK_ELEMENTS ? total - at : BLOCK_ELEMENTS;
        TRY(tool_step(idx->path, at, total));
        TRY(idx_read(idx, block, count));
        TRY(bough_tensor_writer_write(writer, block, (size_t)count * element));
    }
    TRY(idx_end(idx));
done:
    free(block);
    return status;
}

static enum bough_status copy_labels(struct bough_tensor_writer *writer, struct idx *idx,
                                     int64_t classes)
{
    enum bough_status status = BOUGH_OK;
    const int64_t total = bough_shape_elements(&idx->shape);
    int64_t *labels = malloc(2 * BLOCK_ELEMENTS * sizeof *labels);
    TRY_MEMORY(labels);
    void *narrow = labels + BLOCK_ELEMENTS;
    for (int64_t at = 0; at < total; at += BLOCK_ELEMENTS) {
        const int64_t count = total - at < BLOCK_ELEMENTS ? total - at : BLOCK_ELEMENTS;
        TRY(tool_step(idx->path, at, total));
        TRY(idx_read(idx, narrow, count));
        TRY(widen(labels, narrow, idx, at, count, classes));
        TRY(bough_tensor_writer_write(writer, labels, (size_t)count * sizeof *labels));
    }
    TRY(idx_end(idx));
done:
    free(labels);
    return status;
}

static enum bough_status open_inputs(struct job *job, const char *images, const char *labels)
{
    enum bough_status status = BOUGH_OK;
    if (!images && !labels)
        return tool_fail(BOUGH_INVALID, "--images or --labels is missing; see bough-data idx "
                                        "--help");
    if (images)
        TRY(idx_open(&job->images, images));
    if (labels)
        TRY(idx_open(&job->labels, labels));
    if (images && labels && job->images.shape.dim[0] != job->labels.shape.dim[0])
        return tool_fail(BOUGH_DATA,
                         "%s: byte 4: %" PRId64 " items, wanted %" PRId64 ", as many as %s has",
                         labels, job->labels.shape.dim[0], job->images.shape.dim[0], images);
done:
    return status;
}

static enum bough_status declare(struct bough_tensor_writer *writer, const struct job *job,
                                 const char *split, const struct tool_fields *fields)
{
    enum bough_status status = BOUGH_OK;
    const struct idx *images = &job->images, *labels = &job->labels;
    if (images->stream) {
        struct bough_shape row = image_row(&images->shape);
        TRY(tool_declare(writer, split, fields->image, images->dtype, images->shape.dim[0], &row));
    }
    if (labels->stream) {
        struct bough_shape row = bough_shape_sample(&labels->shape);
        TRY(tool_declare(writer, split, fields->label,
                         bough_dtype_is_float(labels->dtype) ? labels->dtype : BOUGH_I64,
                         labels->shape.dim[0], &row));
    }
    if (job->classes)
        TRY(tool_classes(writer, fields->label, job->classes));
done:
    return status;
}

static enum bough_status write_all(struct job *job, const char *output, const char *split,
                                   const struct tool_fields *fields)
{
    enum bough_status status;
    struct bough_tensor_writer *writer;
    TRY(bough_tensor_writer_create(&writer, output));
    TRY(declare(writer, job, split, fields));
    if (job->images.stream)
        TRY(copy_elements(writer, &job->images));
    if (job->labels.stream && bough_dtype_is_float(job->labels.dtype))
        TRY(copy_elements(writer, &job->labels));
    else if (job->labels.stream)
        TRY(copy_labels(writer, &job->labels, tool_class_count(job->classes)));
    TRY(bough_tensor_writer_commit(writer));
done:
    bough_tensor_writer_destroy(&writer);
    return status;
}

// "a,b" becomes "a\nb".
static enum bough_status class_lines(char **lines, const char *list)
{
    if (!list)
        return BOUGH_OK;
    *lines = strdup(list);
    if (!*lines)
        return tool_no_memory();
    for (char *comma = *lines; (comma = strchr(comma, ','));)
        *comma = '\n';
    return BOUGH_OK;
}

static enum bough_status run(int argc, char **argv)
{
    const char *images = NULL, *labels = NULL, *split = "train", *output = NULL, *classes = NULL;
    const char *named_split = NULL, *renamed[TOOL_VALUES_MAX + 1] = {0};
    const struct tool_option options[] = {
        {"images", 0, .value = &images, .max = 1},
        {"labels", 0, .value = &labels, .max = 1},
        {"split", 0, .value = &named_split, .max = 1},
        {"field", 0, .value = renamed, .max = TOOL_VALUES_MAX},
        {"classes", 0, .value = &classes, .max = 1},
        {"output", 'o', .value = &output, .min = 1, .max = 1},
    };
    enum bough_status status;
    struct tool_fields fields;
    struct job job = {0};
    char *lines = NULL, name[TOOL_NAME_MAX];
    TRY(DATA_OPTIONS(argc, argv, options));
    TRY(tool_fields(&fields, renamed));
    TRY(class_lines(&lines, classes));
    job.classes = lines;
    if (named_split)
        split = named_split;
    TRY(tool_name(name, split, ""));
    TRY(tool_check_output(output, images));
    TRY(tool_check_output(output, labels));
    TRY(open_inputs(&job, images, labels));
    TRY(write_all(&job, output, split, &fields));
    TRY(tool_report(output));
done:
    free(lines);
    idx_close(&job.images);
    idx_close(&job.labels);
    return status;
}

const struct tool_command tool_idx = {"idx", "from IDX files, the format of MNIST", help, run};
