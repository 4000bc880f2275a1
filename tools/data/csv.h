// Reading CSV: commas, fields in double quotes where needed ("" for a quote), LF or CRLF.
#ifndef BOUGH_DATA_CSV_H
#define BOUGH_DATA_CSV_H

#include "data_tool.h"

enum { CSV_COLUMNS_MAX = 256 };

struct csv {
    const char *path; // borrowed
    char *text, *at;
    int64_t line, next_line;            // the record's first, and behind it
    int columns;                        // of the record
    const char *field[CSV_COLUMNS_MAX]; // of the record, until the next one
};

// Errors: DATA with path, line, found and wanted.
enum bough_status csv_open(struct csv *csv, const char *path);
// The next record; `columns` is 0 at the end. Empty lines are no records.
enum bough_status csv_next(struct csv *csv);
void csv_close(struct csv *csv);

#endif
