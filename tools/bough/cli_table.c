#include "cli_table.h"

#include "cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static int grow(struct cli_table *table)
{
    size_t capacity = table->capacity ? 2 * table->capacity : 64;
    char **cell = realloc(table->cell, capacity * sizeof *cell);
    if (!cell)
        return 0;
    table->cell = cell;
    table->capacity = capacity;
    return 1;
}

void cli_table_cell(struct cli_table *table, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = '?';
    if (table->count == table->capacity && !grow(table)) {
        table->failed = 1;
        return;
    }
    table->cell[table->count] = strdup(text);
    table->failed |= !table->cell[table->count];
    table->count += table->cell[table->count] != NULL;
}

// Characters, not bytes, of UTF-8.
static int width_of(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void print_row(const struct cli_table *table, char **cell, size_t columns, const int *width)
{
    int spaces = 0;
    for (size_t c = 0; c < columns; c++) {
        int rest = width[c] - width_of(cell[c]);
        spaces += table->align[c] == 'r' ? rest : 0;
        if (*cell[c]) { // so that no line ends in spaces
            printf("%*s%s", spaces, "", cell[c]);
            spaces = 0;
        }
        spaces += 2 + (table->align[c] == 'r' ? 0 : rest);
    }
    putchar('\n');
}

enum bough_status cli_table_end(struct cli_table *table)
{
    int width[CLI_TABLE_MOST_COLUMNS] = {0};
    size_t columns = strlen(table->align);
    for (size_t i = 0; i < table->count; i++)
        if (width_of(table->cell[i]) > width[i % columns])
            width[i % columns] = width_of(table->cell[i]);
    for (size_t i = 0; !table->failed && i + columns <= table->count; i += columns)
        print_row(table, table->cell + i, columns, width);
    for (size_t i = 0; i < table->count; i++)
        free(table->cell[i]);
    free(table->cell);
    return table->failed ? tool_no_memory() : BOUGH_OK;
}
