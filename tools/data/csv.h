// Reading CSV (RFC 4180): fields in double quotes where needed ("" for a quote), LF or CRLF, with
// or without the mark that some programs put before UTF-8. Fields are divided by commas, or by the
// semicolons or tabs that the first line has more of, or as a line `sep=;` before it says. Blanks
// around a field are no part of it.
#ifndef BOUGH_DATA_CSV_H
#define BOUGH_DATA_CSV_H

#include "data_tool.h"

enum { CSV_COLUMNS_MAX = 256 };

struct csv {
    const char *path; // borrowed
    char *text, *at;
    char separator;
    int64_t line, next_line;            // the record's first, and behind it
    int columns;                        // of the record
    const char *field[CSV_COLUMNS_MAX]; // of the record, until the next one
};

// Errors: DATA with path, line, found and wanted.
enum bough_status csv_open(struct csv *csv, const char *path);
// The next record, UTF-8; `columns` is 0 at the end. Empty lines are no records.
enum bough_status csv_next(struct csv *csv);
void csv_close(struct csv *csv);

#endif
