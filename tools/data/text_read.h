// Reading corpora.
#ifndef BOUGH_DATA_TEXT_READ_H
#define BOUGH_DATA_TEXT_READ_H

#include "text_tokens.h"

enum { TEXT_COLUMNS_MAX = 64 };

struct text_format {
    const char *column[TEXT_COLUMNS_MAX]; // names; "-" is left out
    int columns, text;                    // which one holds the text, or the token
    const char *text_name;                // of CSV, what that column is called
    int is_loose;                         // a tag may stand outside its span
    const struct text_tokens *tokens;
};

// Both add the sentences of a file to the corpus's last split, at least one. Errors: DATA with
// path, line, column, found and wanted.

// A line a token, in columns that white space divides; a blank line ends a sentence. Before its
// tokens, "# name: value" is a label, and what else begins with # and has not as many columns is a
// comment: `*comments` of these. The other columns are the corpus's tags, in their order.
enum bough_status text_read_conll(int64_t *comments, struct text_corpus *corpus,
                                  const struct text_format *format, const char *path);
// A line a text, in columns that tabs divide where there is more than one; the others are labels.
enum bough_status text_read_lines(struct text_corpus *corpus, const struct text_format *format,
                                  const char *path);

// A row a text, with a header. The columns that `format` names are labels; where it names none, all
// but that of the text.
enum bough_status text_read_csv(struct text_corpus *corpus, const struct text_format *format,
                                const char *path);

// Whether a cell of labels holds none.
int text_is_missing(const char *cell);

#endif
