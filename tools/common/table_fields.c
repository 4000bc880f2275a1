// From a header and a schema to fields.
#include "table_parts.h"

#include "text_value.h"

#include <bough/name.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static enum bough_status bad_header(const struct table_scan *scan, const char *what)
{
    return tool_fail(BOUGH_DATA, "%s: line %" PRId64 ": %s", scan->csv.path, scan->csv.line, what);
}

// The names of the columns, numbered as they stand.
static enum bough_status read_header(struct table_scan *scan, struct name_table *names)
{
    struct csv_reader *csv = &scan->csv;
    char what[300];
    double number;
    int numbers = 0;
    enum bough_status status;
    TRY(csv_reader_next(csv));
    if (csv->cells == 0)
        return tool_fail(BOUGH_DATA, "%s: no line, wanted the columns' names", csv->path);
    for (int i = 0; i < csv->cells; i++) {
        const struct csv_cell *cell = &csv->cell[i];
        numbers += text_number(&number, cell->text, cell->length, 0);
        *what = 0;
        if (cell->length == 0)
            snprintf(what, sizeof what, "column %d has no name", i + 1);
        if (strchr(cell->text, '\n') || cell->length > 200)
            snprintf(what, sizeof what, "column %d: \"%.80s\", wanted a name of one short line",
                     i + 1, cell->text);
        const int64_t at = name_table_add(names, cell->text, cell->length, 0);
        if (at < 0)
            return tool_no_memory();
        if (!*what && at < i)
            snprintf(what, sizeof what, "column \"%s\" stands twice, as column %d and %d",
                     cell->text, (int)at + 1, i + 1);
        if (*what)
            return bad_header(scan, what);
    }
    if (numbers == csv->cells)
        return bad_header(scan, "numbers alone, wanted the columns' names");
    scan->header = csv->cells;
done:
    return status;
}

static enum bough_status no_column(const struct table_scan *scan, const struct name_table *names,
                                   const char *name, int line)
{
    const struct table_schema *schema = scan->request->schema;
    const char **known = malloc((names->count + 1) * sizeof *known);
    if (!known)
        return tool_no_memory();
    for (uint32_t i = 0; i < names->count; i++)
        known[i] = name_table_text(names, i);
    known[names->count] = NULL;
    const char *nearest = bough_name_nearest(name, known);
    enum bough_status status = BOUGH_DATA;
    if (scan->request->only)
        tool_fail(status, "%s: line 1: no column \"%s\", wanted one, as the model reads it%s%s%s",
                  scan->csv.path, name, nearest ? "; is it \"" : "", nearest ? nearest : "",
                  nearest ? "\"?" : "");
    else
        status = tool_fail(BOUGH_INVALID, "%s:%d: %s has no column \"%s\"%s%s%s", schema->path,
                           line, scan->csv.path, name, nearest ? "; did you mean \"" : "",
                           nearest ? nearest : "", nearest ? "\"?" : "");
    free(known);
    return status;
}

static int is_read(const struct table_scan *scan, const struct table_column *column)
{
    return !scan->request->only || column->role == TABLE_INPUT || column->role == TABLE_ID;
}

// Puts the schema's columns into the order of the file, and adds those that it lacks.
static enum bough_status order_columns(struct table_scan *scan, const struct name_table *names)
{
    struct table_schema *schema = scan->request->schema;
    enum bough_status status = BOUGH_OK;
    struct table_column *ordered = calloc((size_t)scan->header, sizeof *ordered);
    TRY_MEMORY(ordered);
    for (size_t i = 0; i < schema->columns; i++) {
        const struct table_column *column = &schema->column[i];
        const int64_t at = name_table_find(names, column->name, strlen(column->name));
        if (at < 0 && is_read(scan, column) && !(scan->request->only && column->role == TABLE_ID))
            TRY(no_column(scan, names, column->name, column->line));
    }
    for (size_t i = 0; i < schema->columns; i++) {
        struct table_column *column = &schema->column[i];
        const int64_t at = name_table_find(names, column->name, strlen(column->name));
        if (at >= 0) {
            ordered[at] = *column;
        } else {
            free(column->names.word);
            free(column->missing.word);
        }
    }
    free(schema->column);
    schema->column = ordered;
    schema->columns = schema->columns_room = (size_t)scan->header;
    ordered = NULL;
    for (int i = 0; i < scan->header; i++) {
        struct table_column *column = &schema->column[i];
        if (!column->name)
            column->name =
                text_keep(&schema->pool, name_table_text(names, i), names->entry[i].length);
        TRY_MEMORY(column->name);
    }
done:
    free(ordered);
    return status;
}

// ---- Roles ----

static enum table_role role_of(const struct table_scan *scan, const struct table_column *column)
{
    const struct table_schema *schema = scan->request->schema;
    if (column->role)
        return column->role;
    if (scan->request->only || column->type == TABLE_TEXT)
        return TABLE_LEAVE_OUT;
    if (schema->split_column && strcmp(schema->split_column, column->name) == 0)
        return TABLE_SPLIT;
    return TABLE_INPUT;
}

static enum bough_status check_field(const struct table_scan *scan, const struct table_field *field)
{
    const struct table_column *column = field->column;
    const char *what = NULL;
    if (field->role == TABLE_TARGET && column->minimum)
        what = "a `minimum` is for inputs";
    if (field->role == TABLE_TARGET && column->type == TABLE_TEXT)
        what = "text cannot be a target, wanted number, class, date or datetime";
    if (column->has_range && column->type != TABLE_NUMBER)
        what = "a `range` is for numbers";
    if ((column->has_names || column->minimum) && column->type != TABLE_CLASS)
        what = "`names` and `minimum` are for `type: class`";
    if (field->role == TABLE_ID && scan->id_cell >= 0)
        what = "a second `role: id`, wanted one";
    if (!what)
        return BOUGH_OK;
    return tool_fail(BOUGH_INVALID, "%s:%d: column \"%s\": %s", scan->request->schema->path,
                     column->line, column->name, what);
}

static enum bough_status told_names(struct table_field *field, const char *path)
{
    const struct table_words *names = &field->column->names;
    for (size_t i = 0; i < names->count; i++) {
        const size_t length = strlen(names->word[i]);
        const int64_t at = name_table_add(&field->names, names->word[i], length, 0);
        if (at < 0)
            return tool_no_memory();
        if ((size_t)at < i || strchr(names->word[i], '\n'))
            return tool_fail(BOUGH_INVALID, "%s:%d: column \"%s\": the class \"%.80s\" %s", path,
                             field->column->line, field->column->name, names->word[i],
                             (size_t)at < i ? "stands twice" : "has a line break");
    }
    return BOUGH_OK;
}

static enum bough_status make_field(struct table_scan *scan, struct table_column *column, int cell)
{
    enum bough_status status;
    struct table_field *field = &scan->report->field[cell];
    *field = (struct table_field){.column = column, .cell = cell, .type = column->type};
    field->role = role_of(scan, column);
    field->is_fixed = column->type != TABLE_UNSAID;
    if (column->type == TABLE_TEXT && field->role == TABLE_INPUT)
        field->role = TABLE_LEAVE_OUT;
    if (scan->request->only && !is_read(scan, column))
        field->role = TABLE_LEAVE_OUT;
    TRY(check_field(scan, field));
    if (field->role == TABLE_ID)
        scan->id_cell = cell;
    if (field->role == TABLE_INPUT || field->role == TABLE_TARGET) {
        scan->active[scan->actives++] = field;
        TRY(told_names(field, scan->request->schema->path));
    }
done:
    return status;
}

static enum bough_status find_split(struct table_scan *scan, const struct name_table *names)
{
    const struct table_schema *schema = scan->request->schema;
    for (size_t i = 0; i < schema->columns && !scan->request->only; i++)
        if (schema->column[i].role == TABLE_SPLIT &&
            (!schema->split_column || strcmp(schema->column[i].name, schema->split_column) != 0))
            return tool_fail(BOUGH_INVALID,
                             "%s:%d: column \"%s\" has the role split, and `split` does not name "
                             "it; wanted split: {column: %s, parts: {train: ..., test: ...}}",
                             schema->path, schema->column[i].line, schema->column[i].name,
                             schema->column[i].name);
    if (!schema->split_column || scan->request->only)
        return BOUGH_OK;
    const int64_t at = name_table_find(names, schema->split_column, strlen(schema->split_column));
    if (at < 0)
        return no_column(scan, names, schema->split_column, 1);
    scan->split_cell = (int)at;
    return BOUGH_OK;
}

static void take_words(struct table_scan *scan)
{
    const struct table_words *words = &scan->request->schema->missing;
    double number;
    for (size_t i = 0; i < words->count; i++) {
        scan->may_be_missing[(unsigned char)*words->word[i]] = 1;
        scan->empty_is_missing |= !*words->word[i];
        scan->number_is_missing |= text_number(&number, words->word[i], strlen(words->word[i]), 1);
    }
}

enum bough_status table_fields(struct table_scan *scan)
{
    enum bough_status status;
    const struct table_schema *schema = scan->request->schema;
    struct name_table names = {0};
    TRY(read_header(scan, &names));
    TRY(find_split(scan, &names));
    TRY(order_columns(scan, &names));
    scan->report->field = calloc((size_t)scan->header, sizeof *scan->report->field);
    scan->active = calloc((size_t)scan->header, sizeof(struct table_field *));
    TRY_MEMORY(scan->report->field);
    TRY_MEMORY(scan->active);
    scan->report->fields = scan->header;
    for (int i = 0; i < scan->header; i++)
        TRY(make_field(scan, &schema->column[i], i));
    if (scan->actives == 0)
        TRY(tool_fail(BOUGH_INVALID, "%s: no column is an input or a target", scan->csv.path));
    take_words(scan);
    for (int i = 0; i < schema->parts && !scan->request->only; i++)
        if (strcmp(schema->part[i].name, "train") == 0)
            scan->train = i;
done:
    name_table_fini(&names);
    return status;
}
