#include "data_tool.h"

#include <inttypes.h>
#include <string.h>

static const char help[] =
    "usage: bough-data merge FILE FILE... -o FILE\n"
    "\n"
    "Puts the tensors of up to 16 files into one: splits beside splits, fields beside\n"
    "fields. No tensor may stand in two files, all fields of a split must have as many\n"
    "samples, and metadata of the same name must agree.\n"
    "\n"
    "  -o, --output FILE\n"
    "\n"
    "Example:\n"
    "  bough-data merge train.safetensors test.safetensors -o all.safetensors\n";

struct inputs {
    struct bough_tensor_file *file[TOOL_VALUES_MAX];
    size_t count;
};

// The first file before `count` that has a tensor of the name, or NULL.
static const struct bough_tensor_file *owner(const struct inputs *inputs, size_t count,
                                             const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (bough_tensor_file_find(inputs->file[i], name))
            return inputs->file[i];
    return NULL;
}

static enum bough_status check_against(const struct bough_file_tensor *tensor,
                                       const struct bough_tensor_file *file,
                                       const struct bough_tensor_file *other)
{
    char split[TOOL_NAME_MAX], other_split[TOOL_NAME_MAX];
    const char *field;
    if (!tool_is_field(tensor, split, &field))
        return BOUGH_OK;
    for (size_t i = 0; i < bough_tensor_file_count(other); i++) {
        const struct bough_file_tensor *there = bough_tensor_file_at(other, i);
        if (tool_is_field(there, other_split, &field) && strcmp(split, other_split) == 0 &&
            there->shape.dim[0] != tensor->shape.dim[0])
            return tool_fail(BOUGH_DATA,
                             "%s: %s: %" PRId64 " samples, wanted %" PRId64 " as %s of %s has",
                             bough_tensor_file_path(file), tensor->name, tensor->shape.dim[0],
                             there->shape.dim[0], there->name, bough_tensor_file_path(other));
    }
    return BOUGH_OK;
}

static enum bough_status declare_tensors(struct bough_tensor_writer *writer,
                                         const struct inputs *inputs, size_t index)
{
    enum bough_status status = BOUGH_OK;
    const struct bough_tensor_file *file = inputs->file[index];
    for (size_t i = 0; i < bough_tensor_file_count(file); i++) {
        const struct bough_file_tensor *tensor = bough_tensor_file_at(file, i);
        const struct bough_tensor_file *first = owner(inputs, index, tensor->name);
        if (first)
            return tool_fail(BOUGH_DATA, "%s: %s: stands in %s too, wanted it once",
                             bough_tensor_file_path(file), tensor->name,
                             bough_tensor_file_path(first));
        for (size_t k = 0; k < index; k++)
            TRY(check_against(tensor, file, inputs->file[k]));
        TRY(bough_tensor_writer_declare(writer, tensor->name, tensor->dtype, &tensor->shape));
    }
done:
    return status;
}

static enum bough_status merge_metadata(struct bough_tensor_writer *writer,
                                        const struct inputs *inputs, size_t index)
{
    enum bough_status status = BOUGH_OK;
    const struct bough_tensor_file *file = inputs->file[index];
    for (size_t i = 0; i < bough_tensor_file_metadata_count(file); i++) {
        const char *value, *other = NULL;
        const char *key = bough_tensor_file_metadata_at(file, i, &value);
        for (size_t k = 0; k < index && !other; k++) {
            other = bough_tensor_file_metadata(inputs->file[k], key);
            if (other && strcmp(value, other) != 0)
                return tool_fail(BOUGH_DATA,
                                 "%s: metadata \"%s\": \"%.80s\", wanted \"%.80s\" as "
                                 "in %s",
                                 bough_tensor_file_path(file), key, value, other,
                                 bough_tensor_file_path(inputs->file[k]));
        }
        if (!other)
            TRY(bough_tensor_writer_metadata(writer, key, value));
    }
done:
    return status;
}

static enum bough_status merge(struct bough_tensor_writer *writer, const struct inputs *inputs)
{
    enum bough_status status = BOUGH_OK;
    for (size_t i = 0; i < inputs->count; i++) {
        TRY(merge_metadata(writer, inputs, i));
        TRY(declare_tensors(writer, inputs, i));
    }
    for (size_t i = 0; i < inputs->count; i++) {
        const struct bough_tensor_file *file = inputs->file[i];
        for (size_t k = 0; k < bough_tensor_file_count(file); k++) {
            const struct bough_file_tensor *tensor = bough_tensor_file_at(file, k);
            TRY(tool_copy(writer, tensor->name, tensor));
        }
    }
    TRY(bough_tensor_writer_commit(writer));
done:
    return status;
}

static enum bough_status run(int argc, char **argv)
{
    const char *paths[TOOL_VALUES_MAX + 1] = {0}, *output = NULL;
    const struct tool_option options[] = {
        {NULL, 0, paths, 2, TOOL_VALUES_MAX},
        {"output", 'o', &output, 1, 1},
    };
    enum bough_status status;
    struct inputs inputs = {0};
    struct bough_tensor_writer *writer = NULL;
    TRY(TOOL_OPTIONS(argc, argv, options));
    for (; paths[inputs.count]; inputs.count++)
        TRY(bough_tensor_file_open(&inputs.file[inputs.count], paths[inputs.count]));
    TRY(bough_tensor_writer_create(&writer, output));
    TRY(merge(writer, &inputs));
    TRY(tool_report(output));
done:
    bough_tensor_writer_destroy(&writer);
    for (size_t i = 0; i < inputs.count; i++)
        bough_tensor_file_close(&inputs.file[i]);
    return status;
}

const struct tool_command tool_merge = {"merge", "several files into one", help, run};
