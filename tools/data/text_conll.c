#include "text_lines.h"
#include "text_read.h"

#include <string.h>

enum { TAG_BYTES_MAX = 127 };

struct conll {
    struct text_lines lines;
    struct text_corpus *corpus;
    const struct text_format *format;
    int64_t label_line;                            // of the open sentence's first label, or 0
    char before[TEXT_TAGS_MAX][TAG_BYTES_MAX + 1]; // the tags of the token before, "" for none
};

struct cell {
    const char *at;
    size_t length;
};

static const char blanks[] = " \t";

// Cuts the line into at most `max` cells. Returns how many.
static int cut(struct cell *cells, int max, const char *line)
{
    int count = 0;
    for (line += strspn(line, blanks); *line && count < max; count++) {
        cells[count] = (struct cell){line, strcspn(line, blanks)};
        line += cells[count].length;
        line += strspn(line, blanks);
    }
    return count;
}

// ---- Comments ----

// "# name: value".
static int is_label(struct cell *name, struct cell *value, const char *line)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    if (*line != '#')
        return 0;
    name->at = line + 1 + strspn(line + 1, blanks);
    name->length = strspn(name->at, letters);
    const char *colon = name->at + name->length;
    if (name->length == 0 || *colon != ':' || (colon[1] && !strchr(blanks, colon[1])))
        return 0;
    value->at = colon + 1 + strspn(colon + 1, blanks);
    value->length = strlen(value->at);
    while (value->length > 0 && strchr(blanks, value->at[value->length - 1]))
        value->length--;
    return 1;
}

// ---- Tokens ----

static enum bough_status check_columns(const struct conll *conll, const struct cell *cells,
                                       int count)
{
    const struct text_lines *lines = &conll->lines;
    const int wanted = conll->format->columns;
    if (count < wanted)
        return text_lines_fail(lines, lines->line + lines->length,
                               "the line ends, wanted column %d of %d, `%s`", count + 1, wanted,
                               conll->format->column[count]);
    if (count > wanted)
        return text_lines_fail(lines, cells[wanted].at,
                               "\"%.*s\", wanted the end of the line behind %d column%s; --columns "
                               "names more",
                               (int)(cells[wanted].length < 80 ? cells[wanted].length : 80),
                               cells[wanted].at, wanted, wanted == 1 ? "" : "s");
    return BOUGH_OK;
}

// I-x follows B-x or I-x.
static enum bough_status check_span(const struct conll *conll, const struct cell *cell,
                                    const char *before)
{
    if (conll->format->is_loose || strncmp(cell->at, "I-", 2) != 0 ||
        (strchr("BI", *before) && strlen(before) == cell->length &&
         strncmp(before + 1, cell->at + 1, cell->length - 1) == 0))
        return BOUGH_OK;
    const int length = (int)cell->length - 2;
    return text_lines_fail(&conll->lines, cell->at,
                           "I-%.*s %s%s, outside its span: wanted B-%.*s or I-%.*s before it; or "
                           "--loose-tags",
                           length, cell->at + 2,
                           *before ? "behind " : "at the sentence's beginning", before, length,
                           cell->at + 2, length, cell->at + 2);
}

static enum bough_status take_tag(struct conll *conll, int tag, const struct cell *cell)
{
    enum bough_status status;
    char *before = conll->before[tag];
    if (cell->length > TAG_BYTES_MAX)
        return text_lines_fail(&conll->lines, cell->at, "a tag of %zu bytes, wanted at most %d",
                               cell->length, TAG_BYTES_MAX);
    TRY(check_span(conll, cell, before));
    memcpy(before, cell->at, cell->length);
    before[cell->length] = 0;
    TRY(text_corpus_tag(conll->corpus, tag, cell->at, cell->length));
done:
    return status;
}

static enum bough_status take_token(struct conll *conll, const struct cell *cells)
{
    enum bough_status status;
    const struct text_format *format = conll->format;
    const struct cell *token = &cells[format->text];
    TRY(text_corpus_token(conll->corpus, token->at, token->length));
    for (int c = 0, tag = 0; c < format->columns; c++)
        if (c != format->text && strcmp(format->column[c], "-") != 0)
            TRY(take_tag(conll, tag++, &cells[c]));
done:
    return status;
}

// ---- Sentences ----

static enum bough_status end_sentence(struct conll *conll)
{
    enum bough_status status = BOUGH_OK;
    if (conll->corpus->length > 0)
        TRY(text_corpus_end(conll->corpus, conll->lines.number));
    else if (conll->label_line)
        return text_lines_fail(&conll->lines, conll->lines.line,
                               "the end of a sentence without a token, wanted one behind the label "
                               "in line %lld",
                               (long long)conll->label_line);
    conll->label_line = 0;
    memset(conll->before, 0, sizeof conll->before);
done:
    return status;
}

static enum bough_status take_line(struct conll *conll, int64_t *comments)
{
    enum bough_status status;
    struct cell cells[TEXT_COLUMNS_MAX + 1], name, value;
    const char *line = conll->lines.line;
    const int count = cut(cells, conll->format->columns + 1, line);
    const int is_before = conll->corpus->length == 0;
    if (count == 0)
        return end_sentence(conll);
    if (is_before && is_label(&name, &value, line)) {
        if (!conll->label_line)
            conll->label_line = conll->lines.number;
        return text_lines_place(
            text_corpus_label(conll->corpus, name.at, name.length, value.at, value.length),
            &conll->lines, line);
    }
    if (is_before && *line == '#' && count != conll->format->columns) {
        ++*comments;
        return BOUGH_OK;
    }
    TRY(check_columns(conll, cells, count));
    TRY(take_token(conll, cells));
done:
    return status;
}

enum bough_status text_read_conll(int64_t *comments, struct text_corpus *corpus,
                                  const struct text_format *format, const char *path)
{
    enum bough_status status;
    struct conll conll = {.corpus = corpus, .format = format};
    const int64_t first = corpus->sentences;
    TRY(text_lines_open(&conll.lines, path));
    do {
        TRY(text_lines_next(&conll.lines));
        TRY(take_line(&conll, comments));
    } while (!conll.lines.is_at_end);
    if (corpus->sentences == first)
        TRY(text_lines_fail(&conll.lines, conll.lines.line,
                            "the end of the file, wanted a sentence"));
done:
    text_lines_close(&conll.lines);
    return status;
}
