// From records to a data set.
#include "table_parts.h"

#include <bough/dataset.h>

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

// What a date becomes. The days are whole but for a target.
enum { BLOCK_BYTES = 1 << 16 };
enum { DATE_COLUMNS = 3, DATETIME_COLUMNS = 4 };

struct output {
    struct bough_tensor_writer *writer;
    struct table_scan *scan;
    int64_t columns;      // of the table
    int64_t done, total;  // rows of all tensors
    unsigned char *block; // of the tensor that is being written
    size_t used;
    char *schema; // as YAML
    struct tool_file beside;
};

static int columns_of(const struct table_field *field)
{
    return field->role != TABLE_INPUT      ? 0
           : field->type == TABLE_DATE     ? DATE_COLUMNS
           : field->type == TABLE_DATETIME ? DATETIME_COLUMNS
                                           : 1;
}

static const char *part_name(const struct output *out, int part)
{
    const struct table_request *request = out->scan->request;
    return request->only ? request->only : request->schema->part[part].name;
}

static int parts_of(const struct output *out)
{
    return out->scan->request->only ? 1 : out->scan->request->schema->parts;
}

// ---- Cells ----

static double day_of_year(int64_t days)
{
    const int64_t of_400_years = ((days + 719468) % 146097 + 146097) % 146097; // from March 2000 on
    const int64_t of_era =
        (of_400_years - of_400_years / 1460 + of_400_years / 36524 - of_400_years / 146096) / 365;
    const int64_t of_year = of_400_years - (365 * of_era + of_era / 4 - of_era / 100);
    const int64_t year = of_era + (of_year >= 306);
    const int is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return (double)(of_year >= 306 ? of_year - 306 : of_year + 59 + is_leap);
}

static int put_date(float *to, const struct table_field *field, const uint32_t *record)
{
    double days;
    memcpy(&days, record, sizeof days);
    const int count = columns_of(field);
    if (isnan(days)) {
        for (int i = 0; i < count; i++)
            to[i] = NAN;
        return count;
    }
    const int64_t day = (int64_t)floor(days);
    to[0] = (float)day;
    to[1] = (float)(((day + 3) % 7 + 7) % 7); // 1970-01-01 was a Thursday
    to[2] = (float)day_of_year(day);
    if (count == DATETIME_COLUMNS)
        to[3] = (float)(24 * (days - (double)day));
    return count;
}

static float number_of(uint32_t cell)
{
    float number;
    memcpy(&number, &cell, sizeof number);
    return cell == TABLE_MISSING ? NAN : number;
}

static float id_of(const struct table_field *field, uint32_t cell)
{
    return cell == TABLE_MISSING ? 0 : cell == TABLE_UNKNOWN ? 1 : (float)field->id[cell];
}

static void put_row(float *to, const struct table_scan *scan, const uint32_t *record)
{
    for (int i = 0; i < scan->actives; i++) {
        const struct table_field *field = scan->active[i];
        const uint32_t *cell = record + field->place;
        if (field->role != TABLE_INPUT)
            continue;
        if (table_is_date(field))
            to += put_date(to, field, cell);
        else
            *to++ = field->type == TABLE_NUMBER ? number_of(*cell) : id_of(field, *cell);
    }
}

// ---- Tensors ----

static enum bough_status step(struct output *out)
{
    enum { ROWS_A_STEP = 1024 };
    if (++out->done % ROWS_A_STEP)
        return BOUGH_OK;
    return out->scan->request->step(out->scan->request->output, out->done, out->total);
}

static enum bough_status flush(struct output *out)
{
    const size_t bytes = out->used;
    out->used = 0;
    return bytes ? bough_tensor_writer_write(out->writer, out->block, bytes) : BOUGH_OK;
}

static enum bough_status put(struct output *out, const void *bytes, size_t size)
{
    enum bough_status status = BOUGH_OK;
    if (BLOCK_BYTES - out->used < size)
        TRY(flush(out));
    if (size > BLOCK_BYTES)
        return bough_tensor_writer_write(out->writer, bytes, size);
    memcpy(out->block + out->used, bytes, size);
    out->used += size;
done:
    return status;
}

static enum bough_status write_inputs(struct output *out, int part)
{
    enum bough_status status = BOUGH_OK;
    struct table_scan *scan = out->scan;
    float *row = malloc(((size_t)out->columns + 1) * sizeof *row);
    TRY_MEMORY(row);
    TRY(spool_rewind(&scan->rows[part].inputs));
    for (int64_t i = 0; i < scan->report->rows[part] && out->columns; i++) {
        TRY(spool_read(&scan->rows[part].inputs, scan->record, 4 * scan->input_cells));
        put_row(row, scan, scan->record);
        TRY(put(out, row, (size_t)out->columns * sizeof *row));
        TRY(step(out));
    }
    TRY(flush(out));
done:
    free(row);
    return status;
}

// The targets of the next row go to the record, its id to `id`.
static enum bough_status read_targets(struct table_scan *scan, int part, char *id)
{
    enum bough_status status;
    struct spool *spool = &scan->rows[part].targets;
    uint32_t length;
    TRY(spool_read(spool, scan->record + scan->input_cells, 4 * scan->target_cells));
    if (scan->id_cell < 0)
        return BOUGH_OK;
    TRY(spool_read(spool, &length, sizeof length));
    memset(id, 0, scan->id_bytes);
    TRY(spool_read(spool, id, length));
done:
    return status;
}

static enum bough_status write_value(struct output *out, const struct table_field *field)
{
    const uint32_t *cell = out->scan->record + field->place;
    double days;
    if (field->type == TABLE_CLASS) {
        const int64_t class = *cell == TABLE_MISSING ? -1 : field->id[*cell];
        return put(out, &class, sizeof class);
    }
    memcpy(&days, cell, table_is_date(field) ? sizeof days : 0);
    const float number = table_is_date(field) ? (float)days : number_of(*cell);
    return put(out, &number, sizeof number);
}

// `field` NULL: the ids.
static enum bough_status write_target(struct output *out, int part, const struct table_field *field)
{
    enum bough_status status = BOUGH_OK;
    struct table_scan *scan = out->scan;
    char *id = malloc(scan->id_bytes);
    TRY_MEMORY(id);
    TRY(spool_rewind(&scan->rows[part].targets));
    for (int64_t i = 0; i < scan->report->rows[part]; i++) {
        TRY(read_targets(scan, part, id));
        TRY(field ? write_value(out, field) : put(out, id, scan->id_bytes));
        TRY(step(out));
    }
    TRY(flush(out));
done:
    free(id);
    return status;
}

static enum bough_status write_part(struct output *out, int part)
{
    enum bough_status status;
    TRY(write_inputs(out, part));
    for (int i = 0; i < out->scan->actives; i++)
        if (out->scan->active[i]->role == TABLE_TARGET)
            TRY(write_target(out, part, out->scan->active[i]));
    if (out->scan->id_cell >= 0)
        TRY(write_target(out, part, NULL));
done:
    return status;
}

// ---- The header ----

// Names come out of files here: what the writer refuses is bad data, no bad call.
static enum bough_status as_data(enum bough_status status)
{
    return status == BOUGH_INVALID ? tool_fail(BOUGH_DATA, "%s", bough_last_error()) : status;
}

static enum bough_status declare(struct output *out, int part, const char *field,
                                 enum bough_dtype dtype, int64_t width)
{
    enum bough_status status = BOUGH_OK;
    const struct bough_shape shape = {width ? 2 : 1, {out->scan->report->rows[part], width}};
    const char *split = part_name(out, part);
    const size_t size = strlen(split) + strlen(field) + 2;
    char *name = malloc(size);
    TRY_MEMORY(name);
    snprintf(name, size, "%s/%s", split, field);
    TRY(as_data(bough_tensor_writer_declare(out->writer, name, dtype, &shape)));
    out->total += shape.dim[0];
done:
    free(name);
    return status;
}

static enum bough_status declare_part(struct output *out, int part)
{
    enum bough_status status = BOUGH_OK;
    const struct table_scan *scan = out->scan;
    if (out->columns)
        TRY(declare(out, part, "table", BOUGH_F32, out->columns));
    for (int i = 0; i < scan->actives; i++)
        if (scan->active[i]->role == TABLE_TARGET)
            TRY(declare(out, part, scan->active[i]->column->name,
                        scan->active[i]->type == TABLE_CLASS ? BOUGH_I64 : BOUGH_F32, 0));
    if (scan->id_cell >= 0)
        TRY(declare(out, part, "id", BOUGH_U8, (int64_t)scan->id_bytes));
done:
    return status;
}

// Metadata of several lines, without a line break at the end.
struct lines {
    FILE *stream;
    char *text;
    size_t size;
};

static enum bough_status put_lines(struct output *out, const char *kind, const char *field,
                                   struct lines *lines)
{
    enum bough_status status = BOUGH_OK;
    const size_t size = strlen(kind) + strlen(field) + 1;
    char *key = malloc(size);
    TRY_MEMORY(key);
    snprintf(key, size, "%s%s", kind, field);
    const int is_cut = ferror(lines->stream);
    if (fclose(lines->stream) != 0 || is_cut || !lines->text)
        status = tool_no_memory();
    lines->stream = NULL;
    if (status == BOUGH_OK)
        status = as_data(bough_tensor_writer_metadata(out->writer, key, lines->text));
done:
    free(key);
    return status;
}

static enum bough_status begin_lines(struct lines *lines)
{
    *lines = (struct lines){0};
    lines->stream = open_memstream(&lines->text, &lines->size);
    return lines->stream ? BOUGH_OK : tool_no_memory();
}

static void end_lines(struct lines *lines)
{
    if (lines->stream)
        fclose(lines->stream);
    free(lines->text);
}

static void add_line(struct lines *lines, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add_line(struct lines *lines, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (ftell(lines->stream) > 0)
        fputc('\n', lines->stream);
    vfprintf(lines->stream, format, args);
    va_end(args);
}

static enum bough_status put_columns(struct output *out, int types)
{
    enum bough_status status;
    struct lines lines;
    TRY(begin_lines(&lines));
    for (int i = 0; i < out->scan->actives; i++) {
        const struct table_field *field = out->scan->active[i];
        const int columns = columns_of(field);
        for (int k = 0; k < columns; k++) {
            if (types)
                add_line(&lines, "%s", field->type == TABLE_CLASS ? "class" : "number");
            else if (table_is_date(field))
                add_line(&lines, "%s.%s", field->column->name, table_date_part[k]);
            else
                add_line(&lines, "%s", field->column->name);
        }
    }
    TRY(put_lines(out, types ? "types/table" : "columns/table", "", &lines));
done:
    end_lines(&lines);
    return status;
}

static enum bough_status put_classes(struct output *out, const struct table_field *field)
{
    enum bough_status status;
    struct lines lines;
    const struct table_words *names = &field->column->names;
    TRY(begin_lines(&lines));
    for (size_t i = 0; i < names->count; i++)
        add_line(&lines, "%s", names->word[i]);
    TRY(put_lines(out, field->role == TABLE_TARGET ? "classes/" : "classes/table/",
                  field->column->name, &lines));
done:
    end_lines(&lines);
    return status;
}

static enum bough_status put_metadata(struct output *out)
{
    enum bough_status status = BOUGH_OK;
    const struct table_scan *scan = out->scan;
    size_t size;
    if (out->columns) {
        TRY(put_columns(out, 0));
        TRY(put_columns(out, 1));
    }
    for (int i = 0; i < scan->actives; i++)
        if (scan->active[i]->type == TABLE_CLASS)
            TRY(put_classes(out, scan->active[i]));
    if (scan->id_cell >= 0)
        TRY(as_data(bough_tensor_writer_metadata(out->writer, "text/id", "utf-8")));
    TRY(table_schema_text(&out->schema, &size, scan->request->schema));
    TRY(as_data(bough_tensor_writer_metadata(out->writer, "schema", out->schema)));
done:
    return status;
}

static enum bough_status put_text(FILE *file, const char *path, const void *user)
{
    (void)path;
    fputs(user, file);
    return BOUGH_OK;
}

// Both files, or none.
static enum bough_status commit(struct output *out)
{
    enum bough_status status;
    const char *path = out->scan->request->schema_path;
    if (path)
        TRY(tool_file_aside(&out->beside, path, put_text, out->schema));
    TRY(bough_tensor_writer_commit(out->writer));
    TRY(tool_file_commit(&out->beside));
done:
    return status;
}

enum bough_status table_write(struct table_scan *scan)
{
    enum bough_status status;
    struct output out = {.scan = scan};
    for (int i = 0; i < scan->actives; i++)
        out.columns += columns_of(scan->active[i]);
    out.block = malloc(BLOCK_BYTES);
    TRY_MEMORY(out.block);
    TRY(bough_tensor_writer_create(&out.writer, scan->request->output));
    TRY(put_metadata(&out));
    for (int i = 0; i < parts_of(&out); i++)
        TRY(declare_part(&out, i));
    for (int i = 0; i < parts_of(&out); i++)
        TRY(write_part(&out, i));
    TRY(commit(&out));
done:
    tool_file_fini(&out.beside);
    bough_tensor_writer_destroy(&out.writer);
    free(out.block);
    free(out.schema);
    return status;
}
