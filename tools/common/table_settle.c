// What the columns are, once all cells have been seen.
#include "table_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FEW_NAMES = 20 };

// ---- Types ----

static enum bough_status bad_column(const struct table_scan *scan, const struct table_field *field,
                                    const char *what)
{
    return tool_fail(BOUGH_DATA, "%s: column \"%s\": %s%s%s", scan->csv.path, field->column->name,
                     what, *field->note ? "; " : "", field->note);
}

// A class is met again: names of which most stand in one row only are text.
static enum bough_status check_class(struct table_scan *scan, struct table_field *field)
{
    table_note_odd(scan, field);
    if (field->type == TABLE_CLASS && !field->is_fixed && field->names.count > FEW_NAMES &&
        2 * (int64_t)field->names.count > field->values)
        table_becomes_text(scan, field);
    if (field->type == TABLE_TEXT && field->role == TABLE_TARGET)
        return bad_column(scan, field,
                          "a target of text, too many cells differ; wanted numbers or classes, or "
                          "`type: class` in the schema");
    return BOUGH_OK;
}

static void note_number(struct table_field *field)
{
    enum { CLASSES_MAX = 20 };
    if (field->is_fixed)
        return;
    if (field->is_whole && field->is_rising && field->values > FEW_NAMES &&
        field->role == TABLE_INPUT)
        snprintf(field->note, sizeof field->note,
                 "rises from row to row; is it `id` or `leave_out`?");
    else if (field->role == TABLE_TARGET && field->is_whole &&
             field->max - field->min < CLASSES_MAX)
        snprintf(field->note, sizeof field->note, "whole numbers; with `type: class`, classes");
}

const char *const table_date_part[] = {"days", "weekday", "yearday", "hour", NULL};

// A date's columns are called by its name: no other may be.
static enum bough_status check_date(const struct table_scan *scan, const struct table_field *date)
{
    const size_t length = strlen(date->column->name);
    for (int i = 0; i < scan->actives; i++) {
        const struct table_field *other = scan->active[i];
        const char *name = other->column->name;
        const int begins = other->role == TABLE_INPUT &&
                           strncmp(name, date->column->name, length) == 0 && name[length] == '.';
        for (const char *const *part = table_date_part; begins && *part; part++)
            if (strcmp(name + length + 1, *part) == 0)
                return bad_column(scan, other,
                                  "so the date before the point calls its own; wanted "
                                  "another name");
    }
    return BOUGH_OK;
}

static enum bough_status check_type(struct table_scan *scan, struct table_field *field)
{
    enum bough_status status = BOUGH_OK;
    if (field->type == TABLE_UNSAID && field->role == TABLE_TARGET)
        return bad_column(scan, field, "a target without a value");
    if (field->type == TABLE_CLASS || field->type == TABLE_TEXT)
        TRY(check_class(scan, field));
    if (field->type == TABLE_NUMBER)
        note_number(field);
    if (field->type == TABLE_UNSAID || field->type == TABLE_TEXT)
        field->role = TABLE_LEAVE_OUT;
done:
    return status;
}

// ---- Names ----

// Those that are known; their count in `*known`.
static uint32_t *choose_names(const struct table_field *field, size_t *known)
{
    const int64_t minimum = field->column->minimum > 1 ? field->column->minimum : 1;
    uint32_t *order = malloc((field->names.count + 1) * sizeof *order);
    *known = 0;
    for (uint32_t i = 0; order && i < field->names.count; i++)
        if (field->column->has_names || field->role == TABLE_TARGET ||
            field->names.entry[i].trained >= minimum)
            order[(*known)++] = i;
    return order;
}

static void count_unknown(struct table_field *field)
{
    for (uint32_t i = 0; i < field->names.count && !field->column->has_names; i++) {
        const struct name_entry *entry = &field->names.entry[i];
        const int is_unknown = field->role == TABLE_TARGET ? !entry->trained : field->id[i] == 1;
        if (is_unknown && field->unknown == 0)
            table_cut(field->unknown_name, name_table_text(&field->names, i));
        if (is_unknown)
            field->unknown += entry->trained + entry->elsewhere;
    }
}

// Of an input from 2 on; of a target from 0 on.
static enum bough_status number_names(struct table_scan *scan, struct table_field *field)
{
    enum bough_status status = BOUGH_OK;
    size_t known;
    const int first = field->role == TABLE_TARGET ? 0 : 2;
    uint32_t *order = choose_names(field, &known);
    TRY_MEMORY(order);
    if (!field->column->has_names &&
        !name_table_sort(&field->names, order, known, scan->csv.separator == ';'))
        TRY(tool_no_memory());
    field->id = malloc((field->names.count + 1) * sizeof *field->id);
    TRY_MEMORY(field->id);
    for (uint32_t i = 0; i < field->names.count; i++)
        field->id[i] = 1;
    for (size_t i = 0; i < known; i++)
        field->id[order[i]] = (int32_t)i + first;
    field->classes = (int64_t)known;
    count_unknown(field);
    struct table_column *column = &scan->request->schema->column[field->cell];
    for (size_t i = 0; i < known && !field->column->has_names; i++)
        if (!table_words_add(scan->request->schema, &column->names,
                             name_table_text(&field->names, order[i]),
                             field->names.entry[order[i]].length))
            TRY(tool_no_memory());
    column->has_names = 1;
    column->minimum = 0;
done:
    free(order);
    return status;
}

// ---- The schema ----

static void complete(struct table_scan *scan, const struct table_field *field)
{
    struct table_column *column = &scan->request->schema->column[field->cell];
    column->role = field->role;
    if (field->role != TABLE_ID && field->role != TABLE_SPLIT)
        column->type = field->type;
    if (field->type != TABLE_NUMBER || field->values == 0)
        return;
    column->has_seen = 1;
    column->seen[0] = field->min;
    column->seen[1] = field->max;
}

static enum bough_status check_rows(const struct table_scan *scan)
{
    const struct table_schema *schema = scan->request->schema;
    for (int i = 0; i < schema->parts && !scan->request->only; i++)
        if (scan->report->rows[i] == 0)
            return tool_fail(BOUGH_DATA,
                             "%s: no row for the split \"%s\", wanted some: look at the schema's "
                             "`split`",
                             scan->csv.path, schema->part[i].name);
    return BOUGH_OK;
}

static int has_columns(const struct table_scan *scan)
{
    for (int i = 0; i < scan->actives; i++)
        if (scan->active[i]->role != TABLE_LEAVE_OUT)
            return 1;
    return 0;
}

enum bough_status table_settle(struct table_scan *scan)
{
    enum bough_status status;
    TRY(check_rows(scan));
    for (int i = 0; i < scan->actives; i++) {
        TRY(check_type(scan, scan->active[i]));
        if (scan->active[i]->type == TABLE_CLASS)
            TRY(number_names(scan, scan->active[i]));
    }
    for (int i = 0; i < scan->actives; i++)
        if (table_is_date(scan->active[i]) && scan->active[i]->role == TABLE_INPUT)
            TRY(check_date(scan, scan->active[i]));
    if (!has_columns(scan))
        TRY(tool_fail(BOUGH_DATA,
                      "%s: no column of numbers, classes or dates, wanted one; the schema may call "
                      "one of names a class",
                      scan->csv.path));
    for (int i = 0; i < scan->report->fields; i++)
        complete(scan, &scan->report->field[i]);
done:
    return status;
}
