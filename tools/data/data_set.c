// What the commands do with data sets.
#include "data_tool.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COPY_BYTES = 1 << 20 };

enum bough_status tool_name(char name[TOOL_NAME_MAX], const char *split, const char *field)
{
    if (!*split || strchr(split, '/'))
        return tool_fail(BOUGH_INVALID, "\"%s\" is no name of a split: wanted one without /",
                         split);
    int length = snprintf(name, TOOL_NAME_MAX, "%s/%s", split, field);
    if (length < 0 || length >= TOOL_NAME_MAX)
        return tool_fail(BOUGH_INVALID, "%.40s/%.40s...: a name of %d bytes, wanted at most %d",
                         split, field, length, TOOL_NAME_MAX - 1);
    return BOUGH_OK;
}

// Names and shapes come out of files here: what the writer refuses is bad data, no bad call.
static enum bough_status as_data(enum bough_status status)
{
    return status == BOUGH_INVALID ? tool_fail(BOUGH_DATA, "%s", bough_last_error()) : status;
}

enum bough_status tool_declare(struct bough_tensor_writer *writer, const char *split,
                               const char *field, enum bough_dtype dtype, int64_t count,
                               const struct bough_shape *row)
{
    char name[TOOL_NAME_MAX];
    enum bough_status status;
    struct bough_shape shape = {.rank = row->rank + 1, .dim = {count}};
    TRY(tool_name(name, split, field));
    if (shape.rank > BOUGH_MAX_RANK)
        return tool_fail(BOUGH_DATA, "%s: %d dimensions, wanted at most %d", name, shape.rank,
                         BOUGH_MAX_RANK);
    memcpy(shape.dim + 1, row->dim, (size_t)row->rank * sizeof *row->dim);
    TRY(as_data(bough_tensor_writer_declare(writer, name, dtype, &shape)));
done:
    return status;
}

// Metadata `kind/field`.
static enum bough_status describe(struct bough_tensor_writer *writer, const char *kind,
                                  const char *field, const char *value)
{
    char key[TOOL_NAME_MAX];
    enum bough_status status;
    TRY(tool_name(key, kind, field));
    TRY(as_data(bough_tensor_writer_metadata(writer, key, value)));
done:
    return status;
}

const char *tool_find(const struct bough_tensor_file *file, const char *kind, const char *field)
{
    char key[TOOL_NAME_MAX];
    if (tool_name(key, kind, field) != BOUGH_OK)
        return NULL;
    return bough_tensor_file_metadata(file, key);
}

enum bough_status tool_classes(struct bough_tensor_writer *writer, const char *field,
                               const char *names)
{
    return describe(writer, "classes", field, names);
}

const char *tool_find_classes(const struct bough_tensor_file *file, const char *field)
{
    return tool_find(file, "classes", field);
}

enum bough_status tool_text(struct bough_tensor_writer *writer, const char *field)
{
    return describe(writer, "text", field, "utf-8");
}

int tool_is_text(const struct bough_tensor_file *file, const struct bough_file_tensor *tensor)
{
    char split[TOOL_NAME_MAX];
    const char *field;
    return tensor->dtype == BOUGH_U8 && tensor->shape.rank == 2 &&
           tool_is_field(tensor, split, &field) && tool_find(file, "text", field);
}

size_t tool_text_at(const char **text, const struct bough_file_tensor *tensor, int64_t i)
{
    const size_t width = (size_t)tensor->shape.dim[1];
    *text = (const char *)tensor->data + (size_t)i * width;
    return strnlen(*text, width);
}

int tool_is_field(const struct bough_file_tensor *tensor, char split[TOOL_NAME_MAX],
                  const char **field)
{
    const char *slash = strchr(tensor->name, '/');
    if (!slash || slash == tensor->name || slash - tensor->name >= TOOL_NAME_MAX ||
        tensor->shape.rank == 0)
        return 0;
    memcpy(split, tensor->name, (size_t)(slash - tensor->name));
    split[slash - tensor->name] = 0;
    *field = slash + 1;
    return 1;
}

// Whether a tensor before `index` is of the same split.
static int seen_before(const struct bough_tensor_file *file, size_t index, const char *split)
{
    char other[TOOL_NAME_MAX];
    const char *field;
    for (size_t i = 0; i < index; i++)
        if (tool_is_field(bough_tensor_file_at(file, i), other, &field) &&
            strcmp(other, split) == 0)
            return 1;
    return 0;
}

int tool_split_at(const struct bough_tensor_file *file, size_t n, char split[TOOL_NAME_MAX])
{
    const char *field;
    for (size_t i = 0; i < bough_tensor_file_count(file); i++)
        if (tool_is_field(bough_tensor_file_at(file, i), split, &field) &&
            !seen_before(file, i, split) && n-- == 0)
            return 1;
    return 0;
}

int tool_class_name(const char *names, int64_t index, const char **name, size_t *length)
{
    if (!names || index < 0)
        return 0;
    for (; index > 0; index--) {
        names = strchr(names, '\n');
        if (!names)
            return 0;
        names++;
    }
    *name = names;
    *length = strcspn(names, "\n");
    return 1;
}

int64_t tool_class_count(const char *names)
{
    int64_t count = names ? 1 : 0;
    for (; names && *names; names++)
        count += *names == '\n';
    return count;
}

void tool_label_text(char *text, size_t room, const struct bough_tensor_file *file,
                     const struct bough_file_tensor *tensor, int64_t i)
{
    char split[TOOL_NAME_MAX];
    const char *field, *name;
    size_t length;
    if (tool_is_text(file, tensor)) {
        length = tool_text_at(&name, tensor, i);
        snprintf(text, room, "%.*s", (int)(length < room ? length : room), name);
        return;
    }
    if (bough_dtype_is_float(tensor->dtype)) {
        const double number = bough_number_at(tensor->data, tensor->dtype, i);
        snprintf(text, room, isnan(number) ? "-" : "%.4g", number);
        return;
    }
    const int64_t class = bough_integer_at(tensor->data, tensor->dtype, i);
    if (tool_is_field(tensor, split, &field) &&
        tool_class_name(tool_find_classes(file, field), class, &name, &length))
        snprintf(text, room, "%.*s", (int)(length < room ? length : room), name);
    else if (class == -1)
        snprintf(text, room, "-");
    else
        snprintf(text, room, "%" PRId64, class);
}

enum bough_status tool_copy(struct bough_tensor_writer *writer, const char *what,
                            const struct bough_file_tensor *tensor)
{
    enum bough_status status = BOUGH_OK;
    const unsigned char *bytes = tensor->data;
    for (size_t at = 0; at < tensor->bytes;) {
        size_t piece = tensor->bytes - at < COPY_BYTES ? tensor->bytes - at : COPY_BYTES;
        TRY(bough_tensor_writer_write(writer, bytes + at, piece));
        at += piece;
        TRY(tool_step(what, (int64_t)at, (int64_t)tensor->bytes));
    }
done:
    return status;
}

enum bough_status tool_report(const char *path)
{
    struct bough_tensor_file *file;
    enum bough_status status;
    char text[256];
    TRY(bough_tensor_file_open(&file, path));
    printf("%s\n", path);
    for (size_t i = 0; i < bough_tensor_file_count(file); i++) {
        const struct bough_file_tensor *tensor = bough_tensor_file_at(file, i);
        printf("  ");
        tool_print_padded(tensor->name, strlen(tensor->name), 18);
        printf(" %-4s %s\n", bough_dtype_name(tensor->dtype),
               bough_shape_format(&tensor->shape, text, sizeof text));
    }
done:
    bough_tensor_file_close(&file);
    return status;
}
