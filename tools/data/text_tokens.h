// From a text to its tokens.
#ifndef BOUGH_DATA_TEXT_TOKENS_H
#define BOUGH_DATA_TEXT_TOKENS_H

#include "text_pieces.h"

#include <locale.h>

enum text_rule {
    // Letters and digits that follow each other, with their accents; any other character alone. Not
    // white space.
    TEXT_WORDS,
    // Each character; white space between them is U+2581, as SentencePiece writes it.
    TEXT_CHARACTERS,
    TEXT_PIECES,   // as SentencePiece cuts it
    TEXT_AS_GIVEN, // the file says
};

// Zero-initialised is closed.
struct text_tokens {
    enum text_rule rule;
    locale_t locale; // its characters are UTF-8, whatever the user's
    struct text_pieces pieces;
};

// `model` is a file of SentencePiece, for TEXT_PIECES. Errors: DATA if it is none; INVALID in a
// build without SentencePiece; INTERNAL.
enum bough_status text_tokens_open(struct text_tokens *tokens, enum text_rule rule,
                                   const char *model);
void text_tokens_close(struct text_tokens *tokens);

// Adds the tokens of a text, UTF-8, to the open sentence.
enum bough_status text_tokens_add(const struct text_tokens *tokens, struct text_corpus *corpus,
                                  const char *text, size_t length);

// A text in lower case: writes at most 2 * length bytes, and returns how many.
size_t text_lower(char *to, const struct text_tokens *tokens, const char *text, size_t length);

const char *text_rule_name(enum text_rule rule);

#endif
