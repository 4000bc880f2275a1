#include "data_tool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: bough-data merge FILE FILE... -o FILE\n"
    "\n"
    "Puts the tensors of up to 16 files into one: splits beside splits, fields beside\n"
    "fields. No tensor may stand in two files, all fields of a split must have as many\n"
    "samples, and metadata of the same name must agree; but classes go by their names:\n"
    "where a file lists others, its labels are renumbered to the first file's, and new\n"
    "names stand behind those.\n"
    "\n"
    "  -o, --output FILE\n"
    "\n"
    "Example:\n"
    "  bough-data merge train.safetensors test.safetensors -o all.safetensors\n";

struct inputs {
    struct bough_tensor_file *file[TOOL_VALUES_MAX];
    size_t count;
};

// ---- Classes ----

// The place of a name among those of a list, one a line; -1 if it is none of them.
static int64_t find_class(const char *names, const char *name, size_t length)
{
    for (int64_t i = 0; names; i++) {
        const size_t here = strcspn(names, "\n");
        if (here == length && memcmp(names, name, length) == 0)
            return i;
        names = names[here] ? names + here + 1 : NULL;
    }
    return -1;
}

// Appends the names that `*names`, owned, lacks.
static enum bough_status append_names(char **names, const char *more)
{
    const char *name;
    size_t length;
    for (int64_t i = 0; tool_class_name(more, i, &name, &length); i++) {
        if (find_class(*names, name, length) >= 0)
            continue;
        const size_t used = strlen(*names);
        char *larger = realloc(*names, used + length + 2);
        if (!larger)
            return tool_no_memory();
        snprintf(larger + used, length + 2, "\n%.*s", (int)length, name);
        *names = larger;
    }
    return BOUGH_OK;
}

// The names of all files under the key: the first file's, then those that others add. `*names` is
// the caller's to free.
static enum bough_status merge_names(char **names, const struct inputs *inputs, const char *key)
{
    enum bough_status status = BOUGH_OK;
    *names = NULL;
    for (size_t i = 0; i < inputs->count; i++) {
        const char *more = bough_tensor_file_metadata(inputs->file[i], key);
        if (more && *names)
            TRY(append_names(names, more));
        else if (more)
            TRY_MEMORY(*names = strdup(more));
    }
done:
    return status;
}

// How the labels of a tensor are renumbered. Zero-initialised: they stay.
struct renumbering {
    int64_t *to; // [count], owned; NULL where the file lists the merged classes, or none
    int64_t count;
};

static enum bough_status fill(struct renumbering *way, const char *names, const char *merged,
                              const char *path, const char *field)
{
    const char *name;
    size_t length;
    way->count = tool_class_count(names);
    way->to = malloc((size_t)way->count * sizeof *way->to);
    if (!way->to)
        return tool_no_memory();
    for (int64_t i = 0; tool_class_name(names, i, &name, &length); i++) {
        way->to[i] = find_class(merged, name, length);
        if (find_class(names, name, length) != i)
            return tool_fail(
                BOUGH_DATA,
                "%s: classes/%s: \"%.*s\" stands twice, wanted each name once, to tell "
                "classes by them",
                path, field, (int)length, name);
    }
    return BOUGH_OK;
}

static enum bough_status find_way(struct renumbering *way, const struct inputs *inputs,
                                  const struct bough_tensor_file *file,
                                  const struct bough_file_tensor *tensor)
{
    enum bough_status status;
    char split[TOOL_NAME_MAX], key[TOOL_NAME_MAX], *merged = NULL;
    const char *field, *names;
    *way = (struct renumbering){0};
    if (bough_dtype_is_float(tensor->dtype) || !tool_is_field(tensor, split, &field) ||
        !(names = tool_find_classes(file, field)))
        return BOUGH_OK;
    TRY(tool_name(key, "classes", field));
    TRY(merge_names(&merged, inputs, key));
    if (strcmp(names, merged) != 0)
        TRY(fill(way, names, merged, bough_tensor_file_path(file), field));
done:
    free(merged);
    return status;
}

static enum bough_status write_renumbered(struct bough_tensor_writer *writer,
                                          const struct bough_tensor_file *file,
                                          const struct bough_file_tensor *tensor,
                                          const struct renumbering *way)
{
    enum bough_status status = BOUGH_OK;
    const int64_t total = bough_shape_elements(&tensor->shape);
    for (int64_t i = 0; i < total; i++) {
        int64_t label = bough_integer_at(tensor->data, tensor->dtype, i);
        if (label < -1 || label >= way->count)
            return tool_fail(BOUGH_DATA,
                             "%s: %s, row %" PRId64 ": label %" PRId64 ", classes are 0..%" PRId64,
                             bough_tensor_file_path(file), tensor->name,
                             i / bough_shape_row(&tensor->shape), label, way->count - 1);
        label = label < 0 ? label : way->to[label];
        TRY(bough_tensor_writer_write(writer, &label, sizeof label));
        TRY(tool_step(tensor->name, i + 1, total));
    }
done:
    return status;
}

// Tells of the names in the merged list that the first file's lacks.
static void tell_new(const char *key, const char *first, const char *merged)
{
    const char *name;
    size_t length;
    if (strlen(merged) == strlen(first))
        return;
    printf("%s: new", key);
    for (int64_t i = tool_class_count(first); tool_class_name(merged, i, &name, &length); i++) {
        printf(i == tool_class_count(first) ? ": " : ", ");
        tool_print_name(name, length);
    }
    printf("\n");
}

// ---- Merging ----

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
    struct renumbering way = {0};
    for (size_t i = 0; i < bough_tensor_file_count(file); i++) {
        const struct bough_file_tensor *tensor = bough_tensor_file_at(file, i);
        const struct bough_tensor_file *first = owner(inputs, index, tensor->name);
        if (first)
            return tool_fail(BOUGH_DATA, "%s: %s: stands in %s too, wanted it once",
                             bough_tensor_file_path(file), tensor->name,
                             bough_tensor_file_path(first));
        for (size_t k = 0; k < index; k++)
            TRY(check_against(tensor, file, inputs->file[k]));
        TRY(find_way(&way, inputs, file, tensor));
        TRY(bough_tensor_writer_declare(writer, tensor->name, way.to ? BOUGH_I64 : tensor->dtype,
                                        &tensor->shape));
        free(way.to);
        way.to = NULL;
    }
done:
    free(way.to);
    return status;
}

// `first` is what the first file with such a list has.
static enum bough_status declare_classes(struct bough_tensor_writer *writer,
                                         const struct inputs *inputs, const char *key,
                                         const char *first)
{
    enum bough_status status;
    char *merged;
    TRY(merge_names(&merged, inputs, key));
    tell_new(key, first, merged);
    TRY(bough_tensor_writer_metadata(writer, key, merged));
done:
    free(merged);
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
        const int is_classes = strncmp(key, "classes/", 8) == 0;
        for (size_t k = 0; k < index && !other; k++) {
            other = bough_tensor_file_metadata(inputs->file[k], key);
            if (other && !is_classes && strcmp(value, other) != 0)
                return tool_fail(BOUGH_DATA,
                                 "%s: metadata \"%s\": \"%.80s\", wanted \"%.80s\" as "
                                 "in %s",
                                 bough_tensor_file_path(file), key, value, other,
                                 bough_tensor_file_path(inputs->file[k]));
        }
        if (!other && is_classes)
            TRY(declare_classes(writer, inputs, key, value));
        else if (!other)
            TRY(bough_tensor_writer_metadata(writer, key, value));
    }
done:
    return status;
}

static enum bough_status write_tensor(struct bough_tensor_writer *writer,
                                      const struct inputs *inputs,
                                      const struct bough_tensor_file *file,
                                      const struct bough_file_tensor *tensor)
{
    enum bough_status status;
    struct renumbering way;
    TRY(find_way(&way, inputs, file, tensor));
    TRY(way.to ? write_renumbered(writer, file, tensor, &way)
               : tool_copy(writer, tensor->name, tensor));
done:
    free(way.to);
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
        for (size_t k = 0; k < bough_tensor_file_count(file); k++)
            TRY(write_tensor(writer, inputs, file, bough_tensor_file_at(file, k)));
    }
    TRY(bough_tensor_writer_commit(writer));
done:
    return status;
}

static enum bough_status run(int argc, char **argv)
{
    const char *paths[TOOL_VALUES_MAX + 1] = {0}, *output = NULL;
    const struct tool_option options[] = {
        {NULL, 0, .value = paths, .min = 2, .max = TOOL_VALUES_MAX},
        {"output", 'o', .value = &output, .min = 1, .max = 1},
    };
    enum bough_status status;
    struct inputs inputs = {0};
    struct bough_tensor_writer *writer = NULL;
    TRY(DATA_OPTIONS(argc, argv, options));
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
