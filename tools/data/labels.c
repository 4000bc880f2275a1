#include "labels.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *cell(const struct png_list *list, int column, int64_t item)
{
    return png_list_item(list, item)[1 + column];
}

static int is_class(const char *text)
{
    char *end;
    errno = 0;
    return strtoll(text, &end, 10) >= -1 && end != text && !*end && !errno;
}

static int is_number(const char *text)
{
    char *end;
    strtod(text, &end);
    return end != text && !*end;
}

enum label_kind label_kind_of(const struct png_list *list, int column)
{
    enum label_kind kind = LABEL_CLASS;
    for (int64_t i = 0; i < list->items; i++) {
        const char *text = cell(list, column, i);
        if (!*text || (kind == LABEL_CLASS && is_class(text)))
            continue;
        if (!is_number(text))
            return LABEL_NAME;
        kind = LABEL_NUMBER;
    }
    return kind;
}

// ---- Names ----

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// Whole numbers without a sign: by their digits, without leading zeros.
static int by_value(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    const size_t zeros_x = strspn(x, "0"), zeros_y = strspn(y, "0");
    const size_t length_x = strlen(x + zeros_x), length_y = strlen(y + zeros_y);
    if (length_x != length_y)
        return length_x < length_y ? -1 : 1;
    const int order = strcmp(x + zeros_x, y + zeros_y);
    return order ? order : strcmp(x, y);
}

static int all_digits(const struct label_column *labels)
{
    for (int64_t i = 0; i < labels->names; i++)
        if (labels->name[i][strspn(labels->name[i], "0123456789")])
            return 0;
    return 1;
}

static int64_t without_doubles(const char **name, int64_t count)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < count; i++)
        if (i == 0 || strcmp(name[i], name[kept - 1]) != 0)
            name[kept++] = name[i];
    return kept;
}

static enum bough_status join(struct label_column *labels)
{
    size_t size = 1;
    for (int64_t i = 0; i < labels->names; i++)
        size += strlen(labels->name[i]) + 1;
    char *to = labels->lines = malloc(size);
    if (!to)
        return tool_no_memory();
    for (int64_t i = 0; i < labels->names; i++) {
        const size_t length = strlen(labels->name[i]);
        if (i > 0)
            *to++ = '\n';
        memcpy(to, labels->name[i], length);
        to += length;
    }
    *to = 0;
    return BOUGH_OK;
}

static enum bough_status gather_names(struct label_column *labels, const struct png_list *list,
                                      int column)
{
    labels->name = malloc((size_t)list->items * sizeof *labels->name);
    if (!labels->name)
        return tool_no_memory();
    for (int64_t i = 0; i < list->items; i++) {
        const char *text = cell(list, column, i);
        if (strchr(text, '\n'))
            return tool_fail(BOUGH_DATA, "%s: label %s: \"%s\" has a line break, wanted none",
                             png_list_item(list, i)[0], list->label[column], text);
        if (*text)
            labels->name[labels->names++] = text;
    }
    qsort(labels->name, (size_t)labels->names, sizeof *labels->name, by_text);
    labels->names = without_doubles(labels->name, labels->names);
    return BOUGH_OK;
}

enum bough_status label_column_init(struct label_column *labels, enum label_kind kind,
                                    const struct png_list *list, int column)
{
    enum bough_status status = BOUGH_OK;
    *labels = (struct label_column){.kind = kind};
    if (kind != LABEL_NAME)
        return BOUGH_OK;
    TRY(gather_names(labels, list, column));
    labels->order = all_digits(labels) ? by_value : by_text;
    qsort(labels->name, (size_t)labels->names, sizeof *labels->name, labels->order);
    TRY(join(labels));
done:
    if (status != BOUGH_OK)
        label_column_fini(labels);
    return status;
}

void label_column_fini(struct label_column *labels)
{
    free(labels->name);
    free(labels->lines);
    labels->name = NULL;
    labels->lines = NULL;
}

// ---- Values ----

static int64_t class_of(const struct label_column *labels, const char *text)
{
    if (!*text)
        return -1;
    if (labels->kind == LABEL_CLASS)
        return strtoll(text, NULL, 10);
    const char **found =
        bsearch(&text, labels->name, (size_t)labels->names, sizeof *labels->name, labels->order);
    return found - labels->name;
}

enum bough_status label_column_write(struct bough_tensor_writer *writer,
                                     const struct label_column *labels, const struct png_list *list,
                                     int column, int64_t from, int64_t to)
{
    enum bough_status status = BOUGH_OK;
    for (int64_t i = from; i < to; i++) {
        const char *text = cell(list, column, i);
        if (labels->kind == LABEL_NUMBER) {
            const float value = *text ? strtof(text, NULL) : NAN;
            TRY(bough_tensor_writer_write(writer, &value, sizeof value));
        } else {
            const int64_t class = class_of(labels, text);
            TRY(bough_tensor_writer_write(writer, &class, sizeof class));
        }
    }
done:
    return status;
}
