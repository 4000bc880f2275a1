#include "labels.h"

#include "text_value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *cell(const struct png_list *list, int column, int64_t item)
{
    return png_list_item(list, item)[PNG_LIST_LABELS + column];
}

static enum bough_status bad_cell(const struct png_list *list, int column, int64_t item,
                                  const char *found, const char *wanted)
{
    const int s = png_list_split(list, item);
    return tool_fail(BOUGH_DATA, "%s: line %" PRId64 ", column \"%s\": \"%.80s\"%s, wanted %s",
                     list->csv[s] ? list->csv[s] : png_list_item(list, item)[PNG_LIST_PATH],
                     list->line[item], list->label[column], cell(list, column, item), found,
                     wanted);
}

// ---- Numbers ----

static int read_number(double *value, const char *text, int decimal_comma)
{
    return text_number(value, text, strlen(text), decimal_comma);
}

static int read_cell(double *value, const struct png_list *list, int column, int64_t item)
{
    return read_number(value, cell(list, column, item),
                       list->decimal_comma[png_list_split(list, item)]);
}

enum label_kind label_kind_of(const struct png_list *list, int column)
{
    int64_t numbers = 0, values = 0;
    double value;
    for (int64_t i = 0; i < list->items; i++) {
        numbers += read_cell(&value, list, column, i);
        values += *cell(list, column, i) != 0;
    }
    return values == 0 ? LABEL_NONE : 2 * numbers > values ? LABEL_NUMBER : LABEL_NAME;
}

static void take_number(struct label_column *labels, double value)
{
    labels->min = fmin(labels->min, value);
    labels->max = fmax(labels->max, value);
    labels->whole &= value == floor(value);
    labels->rounded |= value == floor(value) && (double)(float)value != value;
}

static enum bough_status check_numbers(struct label_column *labels, const struct png_list *list,
                                       int column)
{
    int commas = 0, points = 0;
    labels->whole = 1;
    labels->min = INFINITY;
    labels->max = -INFINITY;
    for (int64_t i = 0; i < list->items; i++) {
        const char *text = cell(list, column, i);
        double value;
        if (i == list->begin[png_list_split(list, i)])
            commas = points = 0; // each file has its own decimal sign
        if (!*text)
            continue;
        if (!read_cell(&value, list, column, i))
            return bad_cell(
                list, column, i, "",
                "a number as in most of the column; NA or nothing for a missing one, or "
                "--class COLUMN if it holds classes");
        if (isinf((float)value))
            return bad_cell(list, column, i, " is beyond F32", "-3.4e38 to 3.4e38");
        commas |= strchr(text, ',') != NULL;
        points |= strchr(text, '.') != NULL;
        if (commas && points)
            return bad_cell(list, column, i, " where other numbers have the other",
                            "one decimal sign in a file, a point or a comma");
        take_number(labels, value);
    }
    return BOUGH_OK;
}

// "1.234,5", "1,234.5", "4,2", "50 %" or "$5": what a person reads as a number.
static int looks_like_number(const char *text)
{
    static const char *const marks[] = {" ", "'", "%", "$", "€", "£", "−", "\u00a0", "\u202f"};
    char copy[64];
    size_t used = 0;
    double value;
    while (*text && used + 1 < sizeof copy) {
        size_t skipped = 0;
        for (size_t m = 0; m < sizeof marks / sizeof *marks && !skipped; m++)
            if (strncmp(text, marks[m], strlen(marks[m])) == 0)
                skipped = strlen(marks[m]);
        if (strchr(".,", *text) && strspn(text + 1, "0123456789") == 3)
            skipped = 1; // thousands
        if (!skipped)
            copy[used++] = *text;
        text += skipped ? skipped : 1;
    }
    copy[used] = 0;
    return !*text && read_number(&value, copy, 1);
}

static int mostly_look_like_numbers(const struct png_list *list, int column)
{
    int64_t numbers = 0, values = 0;
    for (int64_t i = 0; i < list->items; i++) {
        numbers += looks_like_number(cell(list, column, i));
        values += *cell(list, column, i) != 0;
    }
    return 2 * numbers > values;
}

// ---- Names ----

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_value(const void *a, const void *b)
{
    double x = 0, y = 0;
    read_number(&x, *(const char *const *)a, 1);
    read_number(&y, *(const char *const *)b, 1);
    return x < y ? -1 : x > y ? 1 : by_text(a, b);
}

static int all_numbers(const struct label_column *labels)
{
    double value;
    for (int64_t i = 0; i < labels->names; i++)
        if (!read_number(&value, labels->name[i], 1))
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
            return bad_cell(list, column, i, " has a line break", "a name without");
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
    for (int64_t i = 0; i < list->items; i++)
        labels->missing += !*cell(list, column, i);
    if (kind == LABEL_NUMBER)
        return check_numbers(labels, list, column);
    if (kind == LABEL_NONE)
        return BOUGH_OK;
    TRY(gather_names(labels, list, column));
    labels->order = all_numbers(labels) ? by_value : by_text;
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

// ---- Telling ----

static void print_names(const struct label_column *labels)
{
    enum { SHOWN = 6 };
    printf("%" PRId64 " class%s", labels->names, labels->names == 1 ? "" : "es");
    for (int64_t i = 0; i < labels->names && i < SHOWN; i++) {
        printf(i ? ", " : ": ");
        tool_print_name(labels->name[i], strlen(labels->name[i]));
    }
    if (labels->names > SHOWN)
        printf(", ...");
}

void label_column_report(const struct label_column *labels, const struct png_list *list, int column)
{
    const char *name = list->label[column];
    printf("  ");
    tool_print_padded(name, strlen(name), 18);
    printf(" ");
    if (labels->kind == LABEL_NONE)
        printf("without a value: left out");
    else if (labels->kind == LABEL_NAME)
        print_names(labels);
    else
        printf("numbers, %g to %g%s", labels->min, labels->max,
               labels->rounded ? ", rounded to 24 bits" : "");
    if (labels->missing && labels->kind != LABEL_NONE)
        printf("; %" PRId64 " missing", labels->missing);
    if (labels->kind == LABEL_NUMBER && labels->whole)
        printf("; classes with --class %s", name);
    printf("\n");
    if (labels->kind == LABEL_NAME && !labels->is_asked && mostly_look_like_numbers(list, column))
        printf("    most of its cells look like numbers; these are read: 1234.5, or 1234,5 where\n"
               "    semicolons stand between the columns; no thousands marks, no %% or currency\n");
}

// ---- Values ----

static int64_t class_of(const struct label_column *labels, const char *text)
{
    if (!*text)
        return -1;
    const char **found =
        bsearch(&text, labels->name, (size_t)labels->names, sizeof *labels->name, labels->order);
    return found - labels->name;
}

enum bough_status label_column_write(struct bough_tensor_writer *writer,
                                     const struct label_column *labels, const struct png_list *list,
                                     int column, int64_t from, int64_t to)
{
    enum bough_status status = BOUGH_OK;
    for (int64_t i = from; i < to && labels->kind != LABEL_NONE; i++) {
        const char *text = cell(list, column, i);
        if (labels->kind == LABEL_NUMBER) {
            double number = NAN;
            if (*text)
                read_cell(&number, list, column, i);
            const float value = (float)number;
            TRY(bough_tensor_writer_write(writer, &value, sizeof value));
        } else {
            const int64_t class = class_of(labels, text);
            TRY(bough_tensor_writer_write(writer, &class, sizeof class));
        }
    }
done:
    return status;
}
