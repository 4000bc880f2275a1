// From a CSV and a schema to a data set: `split/table` F32 [N, C], numbers with NaN for a missing
// one, and classes as ids, 0 for a missing one, 1 for an unknown one, 2 and up as named; a field
// for each target, F32 [N] or I64 [N]; and `split/id`. The metadata hold `columns/table`,
// `types/table`
// (`number` or `class`), `classes/table/COLUMN`, `classes/TARGET`, and `schema`, its YAML.
#ifndef BOUGH_TABLE_CONVERT_H
#define BOUGH_TABLE_CONVERT_H

#include "name_table.h"
#include "table_schema.h"

enum { TABLE_NOTE_MAX = 200, TABLE_ODD_MAX = 40 };

// A column of the CSV, and what was made of it.
struct table_field {
    const struct table_column *column; // of the schema
    enum table_role role;
    enum table_type type; // UNSAID where no cell holds a value
    int cell;             // in a row
    int64_t values, missing;
    int64_t unknown; // cells with names that the training split lacks; among the values
    char unknown_name[TABLE_ODD_MAX]; // one of them
    double min, max;                  // of numbers and dates
    int is_whole;                     // all numbers are
    int64_t classes;
    char note[TABLE_NOTE_MAX]; // what the user should know; may be empty

    // While it is converted:
    int is_fixed;     // the schema tells the type
    int is_rising;    // every number is larger than the one before
    double last;      // number
    int64_t odd_line; // the first cell that is not as those before it; 0 for none
    char odd[TABLE_ODD_MAX];
    struct name_table names; // of classes
    int32_t *id;             // what becomes of each; owned
    size_t place;            // in a record
};

struct table_report {
    struct table_field *field; // in the order of the CSV; owned
    int fields;
    int64_t rows[TABLE_PARTS_MAX]; // of each split
    int64_t left_out;              // rows that no split takes
};

struct table_request {
    const char *path, *output;
    const char *schema_path; // NULL, or where the completed schema is written too
    char separator;          // 0: found
    // Completed by what is found, in the order of the CSV.
    struct table_schema *schema;
    // NULL, or the one split that takes all rows: for a model, whose schema tells all that it
    // reads. The CSV may hold other columns; targets are not read.
    const char *only;
    enum bough_status (*step)(const char *what, int64_t done, int64_t total);
};

// Errors: DATA with path, line, column, found and wanted; INVALID for what the schema wants and the
// CSV does not have; what `step` returns. Nothing is written then.
enum bough_status table_convert(struct table_report *report, const struct table_request *request);
void table_report_fini(struct table_report *report);

#endif
