// What the parts of a conversion share.
#ifndef BOUGH_TABLE_PARTS_H
#define BOUGH_TABLE_PARTS_H

#include "csv_reader.h"
#include "spool.h"
#include "table_convert.h"

// In the place of a cell's number or name.
#define TABLE_MISSING UINT32_MAX
#define TABLE_UNKNOWN (UINT32_MAX - 1)

// Rows wait in records of 4 bytes a cell, but 8 for a date: a float, the number of a name, or a
// double; behind the targets the id's length and its bytes.
struct table_rows {
    struct spool inputs, targets;
};

struct table_scan {
    const struct table_request *request;
    struct table_report *report;
    struct csv_reader csv;
    int header;                  // columns of the CSV
    struct table_field **active; // inputs and targets; owned
    int actives;
    int split_cell, id_cell; // -1 if there is none
    int train;               // the part that is the training split
    int64_t row;
    int is_again;       // a type was not as it seemed: another pass
    int is_too_small;   // a record: this pass cannot go on
    int commas, points; // are decimal signs
    size_t input_cells, target_cells;
    uint32_t *record;   // [input_cells + target_cells]
    size_t id_bytes;    // of the longest
    size_t names_bytes; // of all columns, found
    struct table_rows rows[TABLE_PARTS_MAX];
    unsigned char may_be_missing[256];       // the first bytes of the words for it
    int empty_is_missing, number_is_missing; // one of them is
};

static inline int table_is_date(const struct table_field *field)
{
    return field->type == TABLE_DATE || field->type == TABLE_DATETIME;
}

// What columns of a date are called behind its name and a point; those of a date-time have the last
// one too. Ends with NULL.
extern const char *const table_date_part[];

// Reads the header, and makes the fields and their places.
enum bough_status table_fields(struct table_scan *scan);
// The cell of a row as its record holds it.
enum bough_status table_cell(struct table_scan *scan, struct table_field *field,
                             const struct csv_cell *cell, int part);
// Fails with the path, the line and the column.
enum bough_status table_bad_cell(const struct table_scan *scan, const struct table_field *field,
                                 const struct csv_cell *cell, const char *wanted);
// The beginning of a text, of whole characters.
void table_cut(char odd[TABLE_ODD_MAX], const char *text);
// Tells what in a column of names is unlike the rest, as a word among numbers.
void table_note_odd(const struct table_scan *scan, struct table_field *field);
// Says that a column is text.
void table_becomes_text(struct table_scan *scan, struct table_field *field);
// The part that a row is of; -1 for none.
int table_part_of(const struct table_scan *scan, const struct csv_cell *cell);
// Goes through the file until the types are as they seemed.
enum bough_status table_scan_all(struct table_scan *scan);
// Numbers the names, and completes the schema.
enum bough_status table_settle(struct table_scan *scan);
enum bough_status table_write(struct table_scan *scan);

#endif
