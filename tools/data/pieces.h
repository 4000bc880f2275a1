// SentencePiece, a C++ library, in C: a module that is loaded where it is wanted.
#ifndef BOUGH_DATA_PIECES_H
#define BOUGH_DATA_PIECES_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pieces;

enum { PIECES_ERROR_MAX = 256 };

// What the module has, as `bough_pieces`.
struct pieces_module {
    // A model that SentencePiece trained; NULL if the file is none.
    struct pieces *(*open)(const char *path);
    // Cuts a text into pieces, and calls `take` with each, until it returns other than 0, which is
    // then returned; -1 and `error` where the text cannot be cut.
    int (*cut)(const struct pieces *pieces, const char *text, size_t length,
               int (*take)(void *user, const char *piece, size_t length), void *user,
               char error[PIECES_ERROR_MAX]);
    void (*close)(struct pieces *pieces);
};

extern const struct pieces_module bough_pieces;

#ifdef __cplusplus
}
#endif

#endif
