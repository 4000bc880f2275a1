// Reading CSV (RFC 4180), plain or gzipped, in a stream: cells in double quotes where needed (""
// for a quote), LF or CRLF, with or without the mark that some programs put before UTF-8. Blanks
// around a cell without quotes are no part of it, and empty lines are no rows. libcsv parses.
#ifndef BOUGH_CSV_READER_H
#define BOUGH_CSV_READER_H

#include "tool.h"

enum { CSV_CELLS_MAX = 1 << 16, CSV_ROW_BYTES_MAX = 1 << 24 };

struct csv_cell {
    const char *text; // UTF-8, ended by a zero byte; none within. 16 bytes may be read
    size_t length;
};

struct csv_reader {
    const char *path; // borrowed
    char separator;
    int64_t line;                // of the row, its first
    int cells;                   // of the row; 0 at the end
    const struct csv_cell *cell; // of the row, until the next one
    struct csv_stream *stream;
};

// With `separator` 0 it is the comma, or the semicolon or tab that the first line has more of, or
// what a line `sep=;` before it says. Errors: DATA.
enum bough_status csv_reader_open(struct csv_reader *csv, const char *path, char separator);
// The next row. Errors: DATA with path, line, column, found and wanted.
enum bough_status csv_reader_next(struct csv_reader *csv);
// Fails where the row has not as many cells as the header. Errors: DATA.
enum bough_status csv_reader_check(const struct csv_reader *csv, int header);
// How many bytes of the file have been read, and how many it has; 0 where that is not known.
void csv_reader_place(const struct csv_reader *csv, int64_t *done, int64_t *total);
void csv_reader_close(struct csv_reader *csv);

// What a separator is called.
const char *csv_separator_name(char separator);

#endif
