// From a cell's text to what its record holds.
#include "table_parts.h"

#include "text_value.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

// A column of more names than that is text, unless the schema calls it a class.
enum { FOUND_NAMES_MAX = 1 << 16, FOUND_BYTES_MAX = 1 << 21, NAMES_MAX = (1 << 24) - 2 };
enum { NAME_BYTES_MAX = 200 };
// Where all columns' names take more, those that hardly come again are text sooner.
enum { ALL_BYTES_MAX = 1 << 26 };

enum bough_status table_bad_cell(const struct table_scan *scan, const struct table_field *field,
                                 const struct csv_cell *cell, const char *wanted)
{
    return tool_fail(BOUGH_DATA, "%s: line %" PRId64 ", column \"%s\": \"%.80s\", wanted %s",
                     scan->csv.path, scan->csv.line, field->column->name, cell->text, wanted);
}

static int is_missing(const struct table_scan *scan, const struct table_field *field,
                      const struct csv_cell *cell)
{
    const struct table_words *own = &field->column->missing;
    if (cell->length == 0
            ? scan->empty_is_missing
            : scan->may_be_missing[(unsigned char)*cell->text] &&
                  table_words_hold(&scan->request->schema->missing, cell->text, cell->length))
        return 1;
    return own->count && table_words_hold(own, cell->text, cell->length);
}

static void put_missing(const struct table_scan *scan, struct table_field *field)
{
    uint32_t *to = scan->record + field->place;
    const double none = NAN;
    field->missing++;
    if (table_is_date(field))
        memcpy(to, &none, sizeof none);
    else
        *to = TABLE_MISSING;
}

// ---- Numbers and dates ----

static void take_value(struct table_field *field, double value)
{
    if (field->values++ == 0) {
        field->min = field->max = value;
        field->is_rising = field->is_whole = 1;
    } else {
        field->is_rising &= value > field->last;
    }
    field->min = value < field->min ? value : field->min;
    field->max = value > field->max ? value : field->max;
    if (field->is_whole)
        field->is_whole = fabs(value) > 0x1p53 || value == (double)(int64_t)value;
    field->last = value;
}

// Between semicolons a comma may be a decimal sign, and then a point is none.
static enum bough_status check_sign(struct table_scan *scan, const struct table_field *field,
                                    const struct csv_cell *cell)
{
    scan->commas |= strchr(cell->text, ',') != NULL;
    scan->points |= strchr(cell->text, '.') != NULL;
    if (scan->commas && scan->points)
        return table_bad_cell(scan, field, cell, "one decimal sign in a file, a point or a comma");
    return BOUGH_OK;
}

// Names may look like a number beyond F32, as a part's 12e45.
static int fits(double value)
{
    return !isinf((float)value);
}

static enum bough_status put_number(struct table_scan *scan, struct table_field *field,
                                    const struct csv_cell *cell, double value)
{
    enum bough_status status = BOUGH_OK;
    const struct table_column *column = field->column;
    const float number = (float)value;
    if (scan->csv.separator == ';')
        TRY(check_sign(scan, field, cell));
    if (!fits(value))
        return table_bad_cell(scan, field, cell, "-3.4e38 to 3.4e38, what F32 holds");
    if (column->has_range && !(value >= column->range[0] && value <= column->range[1])) {
        char wanted[120];
        snprintf(wanted, sizeof wanted, "%g to %g, the range that the schema tells",
                 column->range[0], column->range[1]);
        return table_bad_cell(scan, field, cell, wanted);
    }
    take_value(field, value);
    memcpy(scan->record + field->place, &number, sizeof number);
done:
    return status;
}

void table_cut(char odd[TABLE_ODD_MAX], const char *text)
{
    size_t length = strnlen(text, TABLE_ODD_MAX - 1);
    while (length > 0 && !text_is_utf8(text, length)) // a character was cut
        length--;
    memcpy(odd, text, length);
    odd[length] = 0;
}

// A cell that is not as those before it: names are what all can be.
static void become_class(struct table_scan *scan, struct table_field *field,
                         const struct csv_cell *cell)
{
    field->odd_line = scan->csv.line;
    table_cut(field->odd, cell->text);
    field->type = TABLE_CLASS;
    scan->is_again = 1;
    scan->record[field->place] = TABLE_MISSING;
}

static enum bough_status number_cell(struct table_scan *scan, struct table_field *field,
                                     const struct csv_cell *cell)
{
    double value;
    if (text_number_padded(&value, cell->text, cell->length, scan->csv.separator == ';') &&
        (field->is_fixed || fits(value)) &&
        !((field->column->missing.count || scan->number_is_missing) &&
          is_missing(scan, field, cell)))
        return put_number(scan, field, cell, value);
    if (is_missing(scan, field, cell))
        put_missing(scan, field);
    else if (field->is_fixed)
        return table_bad_cell(scan, field, cell,
                              "a number; or a word for a missing one in the schema's `missing`");
    else
        become_class(scan, field, cell);
    return BOUGH_OK;
}

static enum bough_status date_cell(struct table_scan *scan, struct table_field *field,
                                   const struct csv_cell *cell)
{
    double days;
    int has_time = 0;
    if (is_missing(scan, field, cell)) {
        put_missing(scan, field);
        return BOUGH_OK;
    }
    const int is_date = text_date(&days, &has_time, cell->text, cell->length);
    if (field->is_fixed && (!is_date || (has_time && field->type == TABLE_DATE)))
        return table_bad_cell(scan, field, cell,
                              field->type == TABLE_DATE
                                  ? "a date as 2013-02-28"
                                  : "a date, or a date and a time as 2013-02-28 13:45");
    if (!is_date) {
        become_class(scan, field, cell);
        return BOUGH_OK;
    }
    if (has_time)
        field->type = TABLE_DATETIME;
    take_value(field, days);
    memcpy(scan->record + field->place, &days, sizeof days);
    return BOUGH_OK;
}

// ---- Names ----

static void count_numbers(const struct table_scan *scan, struct table_field *field,
                          int64_t *numbers, int64_t *all, uint32_t *first_other)
{
    double value;
    *first_other = field->names.count;
    for (uint32_t i = 0; i < field->names.count; i++) {
        const struct name_entry *entry = &field->names.entry[i];
        const int64_t rows = entry->trained + entry->elsewhere;
        *all += rows;
        if (text_number(&value, name_table_text(&field->names, i), entry->length,
                        scan->csv.separator == ';') &&
            fits(value))
            *numbers += rows;
        else if (*first_other == field->names.count)
            *first_other = i;
    }
}

// Why a column whose cells are mostly numbers is none of numbers.
static void note_numbers(const struct table_scan *scan, struct table_field *field)
{
    int64_t numbers = 0, all = 0;
    uint32_t other;
    count_numbers(scan, field, &numbers, &all, &other);
    if (field->is_fixed || 2 * numbers <= all || other == field->names.count)
        return;
    char name[TABLE_ODD_MAX];
    table_cut(name, name_table_text(&field->names, other));
    snprintf(field->note, sizeof field->note,
             "numbers but for %" PRId64 " cell%s, as \"%s\" in line %" PRId64
             "; add what is missing to `missing`",
             all - numbers, all - numbers == 1 ? "" : "s", name, field->names.entry[other].line);
}

static void note_dates(struct table_field *field)
{
    if (!*field->note && field->odd_line && !field->is_fixed)
        snprintf(field->note, sizeof field->note,
                 "first unlike those before it: \"%s\" in line %" PRId64, field->odd,
                 field->odd_line);
}

void table_note_odd(const struct table_scan *scan, struct table_field *field)
{
    note_numbers(scan, field);
    note_dates(field);
}

static size_t bytes_of(const struct name_table *names)
{
    return names->used + names->count * sizeof(struct name_entry);
}

void table_becomes_text(struct table_scan *scan, struct table_field *field)
{
    table_note_odd(scan, field);
    field->type = TABLE_TEXT;
    scan->names_bytes -= bytes_of(&field->names);
    name_table_fini(&field->names);
}

// Why a cell is no new name; NULL if it is one.
static const char *no_name(const struct table_scan *scan, const struct table_field *field,
                           const struct csv_cell *cell)
{
    const struct name_table *names = &field->names;
    if (memchr(cell->text, '\n', cell->length))
        return "a name of one line";
    if (cell->length > NAME_BYTES_MAX)
        return "a name of at most 200 bytes";
    if (field->is_fixed)
        return names->count < NAMES_MAX ? NULL : "fewer than 2^24 names";
    const int hardly_repeats = scan->names_bytes > ALL_BYTES_MAX &&
                               names->count >= FOUND_NAMES_MAX / 8 &&
                               (double)names->count > 0.95 * (double)field->values;
    return hardly_repeats || names->count >= FOUND_NAMES_MAX || names->used >= FOUND_BYTES_MAX
               ? "fewer names"
               : NULL;
}

// `*at` stays below 0 where the column is text from here on.
static enum bough_status new_name(int64_t *at, struct table_scan *scan, struct table_field *field,
                                  const struct csv_cell *cell)
{
    struct name_table *names = &field->names;
    const size_t before = bytes_of(names);
    const char *wanted = no_name(scan, field, cell);
    if (wanted && field->is_fixed)
        return table_bad_cell(scan, field, cell, wanted);
    if (wanted) {
        table_becomes_text(scan, field);
        return BOUGH_OK;
    }
    *at = name_table_add(names, cell->text, cell->length, scan->csv.line);
    if (*at < 0)
        return tool_no_memory();
    scan->names_bytes += bytes_of(names) - before;
    return BOUGH_OK;
}

static enum bough_status found_name(struct table_scan *scan, struct table_field *field,
                                    const struct csv_cell *cell, int part)
{
    enum bough_status status = BOUGH_OK;
    struct name_table *names = &field->names;
    int64_t at = name_table_find(names, cell->text, cell->length);
    if (at < 0)
        TRY(new_name(&at, scan, field, cell));
    scan->record[field->place] = at < 0 ? TABLE_MISSING : (uint32_t)at;
    if (at < 0)
        return BOUGH_OK;
    if (part == scan->train)
        names->entry[at].trained++;
    else
        names->entry[at].elsewhere++;
done:
    return status;
}

static enum bough_status told_name(struct table_scan *scan, struct table_field *field,
                                   const struct csv_cell *cell)
{
    const int64_t at = name_table_find(&field->names, cell->text, cell->length);
    if (at < 0 && field->role == TABLE_TARGET)
        return table_bad_cell(scan, field, cell, "one of the schema's `names`");
    if (at < 0 && field->unknown++ == 0)
        table_cut(field->unknown_name, cell->text);
    scan->record[field->place] = at < 0 ? TABLE_UNKNOWN : (uint32_t)at;
    return BOUGH_OK;
}

static enum bough_status class_cell(struct table_scan *scan, struct table_field *field,
                                    const struct csv_cell *cell, int part)
{
    if (is_missing(scan, field, cell)) {
        put_missing(scan, field);
        return BOUGH_OK;
    }
    field->values++;
    return field->column->has_names ? told_name(scan, field, cell)
                                    : found_name(scan, field, cell, part);
}

// ---- Cells ----

// The first cell that holds a value tells what the column seems to be.
static enum bough_status first_cell(struct table_scan *scan, struct table_field *field,
                                    const struct csv_cell *cell, int part)
{
    double value;
    int has_time;
    if (is_missing(scan, field, cell)) {
        put_missing(scan, field);
        return BOUGH_OK;
    }
    if (text_number(&value, cell->text, cell->length, scan->csv.separator == ';') && fits(value)) {
        field->type = TABLE_NUMBER;
        return number_cell(scan, field, cell);
    }
    if (text_date(&value, &has_time, cell->text, cell->length)) {
        field->type = has_time ? TABLE_DATETIME : TABLE_DATE;
        scan->is_too_small = 1; // its place
        return BOUGH_OK;
    }
    field->type = TABLE_CLASS;
    return class_cell(scan, field, cell, part);
}

enum bough_status table_cell(struct table_scan *scan, struct table_field *field,
                             const struct csv_cell *cell, int part)
{
    switch (field->type) {
    case TABLE_NUMBER:
        return number_cell(scan, field, cell);
    case TABLE_CLASS:
        return class_cell(scan, field, cell, part);
    case TABLE_DATE:
    case TABLE_DATETIME:
        return date_cell(scan, field, cell);
    case TABLE_UNSAID:
        return first_cell(scan, field, cell, part);
    default:
        field->values++;
        scan->record[field->place] = TABLE_MISSING;
        return BOUGH_OK;
    }
}
