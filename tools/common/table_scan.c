// From rows to records.
#include "table_parts.h"

#include "data_random.h"
#include "text_value.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

// A pass that must be made again stops at once where not much of it was done.
enum { EARLY_ROWS = 10000, ROWS_A_STEP = 1024 };

// ---- Splits ----

static int part_by_share(const struct table_schema *schema, double unit)
{
    int rest = -1;
    for (int i = 0; i < schema->parts; i++) {
        if (schema->part[i].rule == TABLE_REST)
            rest = i;
        else if (unit < schema->part[i].to)
            return i;
        else
            unit -= schema->part[i].to;
    }
    return rest;
}

static int part_by_cell(const struct table_scan *scan, const struct csv_cell *cell)
{
    const struct table_schema *schema = scan->request->schema;
    double value;
    int rest = -1;
    const int is_number = text_number(&value, cell->text, cell->length, scan->csv.separator == ';');
    for (int i = 0; i < schema->parts; i++) {
        const struct table_part *part = &schema->part[i];
        if (part->rule == TABLE_REST)
            rest = i;
        else if (part->rule == TABLE_RANGE
                     ? is_number && value >= part->from && value <= part->to
                     : table_words_hold(&part->names, cell->text, cell->length))
            return i;
    }
    return rest;
}

// FNV-1a.
static uint64_t hash_of(const struct csv_cell *cell)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < cell->length; i++)
        hash = (hash ^ (unsigned char)cell->text[i]) * 0x100000001b3u;
    return hash;
}

int table_part_of(const struct table_scan *scan, const struct csv_cell *cell)
{
    const struct table_schema *schema = scan->request->schema;
    if (scan->request->only || (schema->parts == 1 && schema->part[0].rule == TABLE_REST))
        return 0;
    if (scan->split_cell >= 0 && !schema->is_grouped)
        return part_by_cell(scan, &cell[scan->split_cell]);
    struct draws draws =
        draws_of(schema->seed, (uint32_t)schema->is_grouped,
                 schema->is_grouped ? hash_of(&cell[scan->split_cell]) : (uint64_t)scan->row);
    return part_by_share(schema, draw_unit(&draws));
}

// ---- Rows ----

static enum bough_status keep_id(struct table_scan *scan, struct spool *spool,
                                 const struct csv_cell *cell)
{
    enum bough_status status;
    const uint32_t length = (uint32_t)cell->length;
    if (cell->length > TABLE_NOTE_MAX)
        return table_bad_cell(scan, &scan->report->field[scan->id_cell], cell,
                              "an id of at most 200 bytes");
    scan->id_bytes = cell->length > scan->id_bytes ? cell->length : scan->id_bytes;
    TRY(spool_write(spool, &length, sizeof length));
    TRY(spool_write(spool, cell->text, length));
done:
    return status;
}

static enum bough_status take_row(struct table_scan *scan)
{
    enum bough_status status;
    const struct csv_cell *cell = scan->csv.cell;
    TRY(csv_reader_check(&scan->csv, scan->header));
    const int part = table_part_of(scan, cell);
    if (part < 0) {
        scan->report->left_out++;
        return BOUGH_OK;
    }
    struct table_rows *rows = &scan->rows[part];
    for (int i = 0; i < scan->actives; i++) {
        struct table_field *field = scan->active[i];
        TRY(table_cell(scan, field, &cell[field->cell], part));
    }
    TRY(spool_write(&rows->inputs, scan->record, 4 * scan->input_cells));
    TRY(spool_write(&rows->targets, scan->record + scan->input_cells, 4 * scan->target_cells));
    if (scan->id_cell >= 0)
        TRY(keep_id(scan, &rows->targets, &cell[scan->id_cell]));
    scan->report->rows[part]++;
done:
    return status;
}

static enum bough_status read_rows(struct table_scan *scan)
{
    enum bough_status status;
    int64_t done, total;
    for (;;) {
        TRY(csv_reader_next(&scan->csv));
        if (scan->csv.cells == 0)
            break;
        TRY(take_row(scan));
        scan->row++;
        if (scan->is_too_small || (scan->is_again && scan->row < EARLY_ROWS))
            break;
        if (scan->row % ROWS_A_STEP == 0) {
            csv_reader_place(&scan->csv, &done, &total);
            TRY(scan->request->step(scan->csv.path, done, total));
        }
    }
done:
    return status;
}

// ---- Passes ----

static void place_fields(struct table_scan *scan)
{
    size_t at = 0;
    for (int role = TABLE_INPUT; role <= TABLE_TARGET; role++) {
        for (int i = 0; i < scan->actives; i++) {
            struct table_field *field = scan->active[i];
            if (field->role != (enum table_role)role)
                continue;
            field->place = at;
            at += table_is_date(field) ? 2 : 1;
        }
        if (role == TABLE_INPUT)
            scan->input_cells = at;
    }
    scan->target_cells = at - scan->input_cells;
}

static enum bough_status begin_pass(struct table_scan *scan)
{
    enum bough_status status = BOUGH_OK;
    scan->row = scan->report->left_out = 0;
    scan->is_again = scan->is_too_small = scan->commas = scan->points = 0;
    scan->id_bytes = 1;
    scan->names_bytes = 0;
    for (int i = 0; i < scan->actives; i++) {
        struct table_field *field = scan->active[i];
        field->values = field->missing = field->unknown = 0;
        if (!field->column->has_names)
            name_table_clear(&field->names);
    }
    place_fields(scan);
    free(scan->record);
    scan->record = calloc(scan->input_cells + scan->target_cells, sizeof *scan->record);
    TRY_MEMORY(scan->record);
    const int parts = scan->request->only ? 1 : scan->request->schema->parts;
    for (int i = 0; i < parts; i++) {
        scan->report->rows[i] = 0;
        TRY(spool_clear(&scan->rows[i].inputs));
        TRY(spool_clear(&scan->rows[i].targets));
    }
done:
    return status;
}

static enum bough_status begin_again(struct table_scan *scan)
{
    enum bough_status status;
    const char *path = scan->csv.path;
    const char separator = scan->csv.separator;
    int64_t done, total;
    csv_reader_place(&scan->csv, &done, &total);
    if (total == 0)
        return tool_fail(BOUGH_DATA, "%s: it must be read twice, wanted a file that is no pipe",
                         path);
    csv_reader_close(&scan->csv);
    TRY(csv_reader_open(&scan->csv, path, separator));
    TRY(csv_reader_next(&scan->csv)); // the header
done:
    return status;
}

// A column whose type has changed has one of its last, so this ends.
enum bough_status table_scan_all(struct table_scan *scan)
{
    enum bough_status status;
    do {
        TRY(begin_pass(scan));
        TRY(read_rows(scan));
        if (!scan->is_again && !scan->is_too_small)
            break;
        TRY(begin_again(scan));
    } while (1);
    if (scan->row == 0)
        status =
            tool_fail(BOUGH_DATA, "%s: line %" PRId64 ": the end, wanted rows behind the header",
                      scan->csv.path, scan->csv.line + 1);
done:
    return status;
}
