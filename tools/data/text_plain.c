#include "text_lines.h"
#include "text_read.h"

#include <string.h>
#include <strings.h>

int text_is_missing(const char *cell)
{
    static const char *const words[] = {"", "NA", "na", "N/A", "n/a", "null", "NULL", "None"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(cell, words[i]) == 0)
            return 1;
    return strcasecmp(cell + (*cell == '-'), "nan") == 0;
}

struct plain {
    struct text_lines lines;
    struct text_corpus *corpus;
    const struct text_format *format;
};

// Cuts the line at its tabs.
static enum bough_status cut(char **cells, struct plain *plain)
{
    const int wanted = plain->format->columns;
    char *line = plain->lines.line, *tab;
    cells[0] = line;
    for (int c = 1; c < wanted; c++) {
        tab = strchr(cells[c - 1], '\t');
        if (!tab)
            return text_lines_fail(&plain->lines, line + plain->lines.length,
                                   "the line ends, wanted column %d of %d, `%s`, behind a tab",
                                   c + 1, wanted, plain->format->column[c]);
        cells[c] = tab + 1;
    }
    tab = strchr(cells[wanted - 1], '\t');
    if (wanted > 1 && tab)
        return text_lines_fail(&plain->lines, tab,
                               "a tab, wanted the end of the line behind %d columns", wanted);
    for (int c = 1; c < wanted; c++)
        cells[c][-1] = 0;
    return BOUGH_OK;
}

// Without the spaces around it.
static enum bough_status take_label(struct plain *plain, const char *name, char *cell)
{
    cell += strspn(cell, " ");
    size_t length = strlen(cell);
    while (length > 0 && cell[length - 1] == ' ')
        length--;
    cell[length] = 0;
    const int missing = strcmp(name, "id") != 0 && text_is_missing(cell);
    return text_lines_place(
        text_corpus_label(plain->corpus, name, strlen(name), cell, missing ? 0 : length),
        &plain->lines, cell);
}

static enum bough_status take_line(struct plain *plain)
{
    enum bough_status status;
    const struct text_format *format = plain->format;
    char *cells[TEXT_COLUMNS_MAX];
    TRY(cut(cells, plain));
    const char *text = cells[format->text];
    for (int c = 0; c < format->columns; c++)
        if (c != format->text && strcmp(format->column[c], "-") != 0)
            TRY(take_label(plain, format->column[c], cells[c]));
    TRY(text_tokens_add(format->tokens, plain->corpus, text, strlen(text)));
    if (plain->corpus->length == 0)
        return text_lines_fail(&plain->lines, text, "a text without a token, wanted one");
    TRY(text_corpus_end(plain->corpus, plain->lines.number));
done:
    return status;
}

enum bough_status text_read_lines(struct text_corpus *corpus, const struct text_format *format,
                                  const char *path)
{
    enum bough_status status;
    struct plain plain = {.corpus = corpus, .format = format};
    const int64_t first = corpus->sentences;
    TRY(text_lines_open(&plain.lines, path));
    TRY(text_lines_next(&plain.lines));
    while (!plain.lines.is_at_end) {
        TRY(take_line(&plain));
        TRY(text_lines_next(&plain.lines));
    }
    if (corpus->sentences == first)
        TRY(text_lines_fail(&plain.lines, plain.lines.line, "the end of the file, wanted a text"));
done:
    text_lines_close(&plain.lines);
    return status;
}
