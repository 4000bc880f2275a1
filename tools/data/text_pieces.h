// Tokens as SentencePiece makes them.
#ifndef BOUGH_DATA_TEXT_PIECES_H
#define BOUGH_DATA_TEXT_PIECES_H

#include "text_corpus.h"

// Zero-initialised is closed.
struct text_pieces {
    const struct pieces_module *module;
    struct pieces *model;
};

// Errors: DATA if the file is no model; INVALID where the module is not there, or cannot be loaded.
enum bough_status text_pieces_open(struct text_pieces *pieces, const char *path);
// Adds the pieces of a text, UTF-8, to the open sentence.
enum bough_status text_pieces_add(const struct text_pieces *pieces, struct text_corpus *corpus,
                                  const char *text, size_t length);
void text_pieces_close(struct text_pieces *pieces);

#endif
