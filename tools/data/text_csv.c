#include "csv_reader.h"
#include "text_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rows {
    struct csv_reader csv;
    struct text_corpus *corpus;
    const struct text_format *format;
    const char **label; // [cells] what the column's labels are called, or NULL
    int cells, text;    // of the header, and which column holds the text
};

static enum bough_status fail_at(const struct rows *rows, const char *column, const char *what)
{
    return tool_fail(BOUGH_DATA, "%s: line %lld, column \"%s\": %s", rows->csv.path,
                     (long long)rows->csv.line, column, what);
}

// ---- The header ----

static int is_wanted(const struct text_format *format, const char *name)
{
    for (int c = 0; c < format->columns; c++)
        if (strcmp(format->column[c], name) == 0)
            return 1;
    return format->columns == 0;
}

static int find_column(const struct rows *rows, const char *name, int before)
{
    for (int c = 0; c < before; c++)
        if (strcmp(rows->csv.cell[c].text, name) == 0)
            return c;
    return -1;
}

static enum bough_status take_column(struct rows *rows, int c)
{
    enum bough_status status = BOUGH_OK;
    const struct csv_cell *cell = &rows->csv.cell[c];
    const int is_text = strcmp(cell->text, rows->format->text_name) == 0;
    if (!is_text && !is_wanted(rows->format, cell->text))
        return BOUGH_OK;
    if (find_column(rows, cell->text, c) >= 0)
        return fail_at(rows, cell->text, "stands twice, wanted different names");
    if (is_text) {
        rows->text = c;
        return BOUGH_OK;
    }
    if (!text_is_label(cell->text, cell->length))
        return fail_at(
            rows, cell->text,
            "no name of a label: wanted at most 100 bytes, without /, and none of tokens, "
            "length and words; or --columns without it");
    TRY_MEMORY(rows->label[c] = text_keep(&rows->corpus->pool, cell->text, cell->length));
done:
    return status;
}

static enum bough_status take_header(struct rows *rows)
{
    enum bough_status status;
    TRY(csv_reader_next(&rows->csv));
    if (rows->csv.cells == 0)
        return tool_fail(BOUGH_DATA, "%s: line 1, column 1: the end of the file, wanted a header",
                         rows->csv.path);
    rows->cells = rows->csv.cells;
    rows->text = -1;
    TRY_MEMORY(rows->label = calloc((size_t)rows->cells + 1, sizeof *rows->label));
    for (int c = 0; c < rows->cells; c++)
        TRY(take_column(rows, c));
    if (rows->text < 0)
        return fail_at(rows, rows->format->text_name, "not in the header, wanted the texts there");
    for (int c = 0; c < rows->format->columns; c++)
        if (find_column(rows, rows->format->column[c], rows->cells) < 0)
            return fail_at(rows, rows->format->column[c], "not in the header, wanted it there");
done:
    return status;
}

// ---- Rows ----

static enum bough_status take_label(struct rows *rows, const char *name,
                                    const struct csv_cell *cell)
{
    char why[1024];
    const int missing = strcmp(name, "id") != 0 && text_is_missing(cell->text);
    const enum bough_status status =
        text_corpus_label(rows->corpus, name, strlen(name), cell->text, missing ? 0 : cell->length);
    if (status != BOUGH_DATA)
        return status;
    snprintf(why, sizeof why, "%s", tool_error());
    return fail_at(rows, name, why);
}

static enum bough_status take_row(struct rows *rows)
{
    enum bough_status status = BOUGH_OK;
    const struct csv_cell *cell = rows->csv.cell;
    TRY(csv_reader_check(&rows->csv, rows->cells));
    for (int c = 0; c < rows->cells; c++)
        if (rows->label[c])
            TRY(take_label(rows, rows->label[c], &cell[c]));
    TRY(text_tokens_add(rows->format->tokens, rows->corpus, cell[rows->text].text,
                        cell[rows->text].length));
    if (rows->corpus->length == 0)
        return fail_at(rows, rows->format->text_name, "a text without a token, wanted one");
    TRY(text_corpus_end(rows->corpus, rows->csv.line));
done:
    return status;
}

static enum bough_status step(const struct rows *rows)
{
    int64_t done, total;
    csv_reader_place(&rows->csv, &done, &total);
    return tool_step(rows->csv.path, done, total);
}

enum bough_status text_read_csv(struct text_corpus *corpus, const struct text_format *format,
                                const char *path)
{
    enum bough_status status;
    struct rows rows = {.corpus = corpus, .format = format};
    const int64_t first = corpus->sentences;
    TRY(csv_reader_open(&rows.csv, path, 0));
    TRY(take_header(&rows));
    TRY(csv_reader_next(&rows.csv));
    while (rows.csv.cells) {
        if ((corpus->sentences - first) % 1024 == 0)
            TRY(step(&rows));
        TRY(take_row(&rows));
        TRY(csv_reader_next(&rows.csv));
    }
    if (corpus->sentences == first)
        TRY(tool_fail(BOUGH_DATA, "%s: the end of the file behind the header, wanted a row", path));
done:
    free(rows.label);
    csv_reader_close(&rows.csv);
    return status;
}
