// Reading a text file line by line, plain or gzipped: UTF-8, LF or CRLF, with or without the mark
// that some programs put before UTF-8.
#ifndef BOUGH_DATA_TEXT_LINES_H
#define BOUGH_DATA_TEXT_LINES_H

#include "data_tool.h"

#include <zlib.h>

enum { TEXT_LINE_MAX = 1 << 20 }; // bytes

// Zero-initialised is closed.
struct text_lines {
    const char *path; // borrowed
    gzFile stream;
    int64_t bytes;  // of the file
    int64_t number; // of the line, from 1
    char *line;     // without its end, closed by a zero byte; the next one takes its place
    size_t length;  // of the line
    int is_at_end;  // there was no more line
    char *buffer;   // of the file, of which `from` to `to` are lines to come
    size_t from, to, capacity;
};

// Errors: DATA with path, found and wanted.
enum bough_status text_lines_open(struct text_lines *lines, const char *path);
// The next line. At the end of the file sets `is_at_end`, and an empty line. Errors: DATA for a
// line beyond TEXT_LINE_MAX, zero bytes and what is no UTF-8; INTERRUPTED.
enum bough_status text_lines_next(struct text_lines *lines);
void text_lines_close(struct text_lines *lines);

// Fails with "path: line L, column C: " and the text. The column, in characters from 1, is that of
// `at` in the line.
enum bough_status text_lines_fail(const struct text_lines *lines, const char *at,
                                  const char *format, ...) __attribute__((format(printf, 3, 4)));

// Puts the place of `at` before the message of a failure that lacks one: DATA.
enum bough_status text_lines_place(enum bough_status status, const struct text_lines *lines,
                                   const char *at);

#endif
