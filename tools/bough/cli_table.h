// Tables of text: columns as wide as their widest cell.
#ifndef BOUGH_CLI_TABLE_H
#define BOUGH_CLI_TABLE_H

#include <bough/status.h>
#include <stddef.h>

enum { CLI_TABLE_MOST_COLUMNS = 64 };

struct cli_table {
    const char *align; // a letter per column: l or r
    char **cell;
    size_t count, capacity;
    int failed; // out of memory
};

// Adds a cell; rows fill one after the other. What is no printable character becomes '?'.
void cli_table_cell(struct cli_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// Prints to stdout, and frees the cells. Errors: INTERNAL out of memory.
enum bough_status cli_table_end(struct cli_table *table);

#endif
