// Texts that live as long as their pool.
#ifndef BOUGH_DATA_TEXT_H
#define BOUGH_DATA_TEXT_H

#include <stddef.h>

// Zero-initialised is empty and ready.
struct text_pool {
    struct text_chunk *chunk;
};

// A copy of the first `length` bytes, ended by a zero byte; NULL when out of memory.
const char *text_keep(struct text_pool *pool, const char *text, size_t length);
// "a/b".
const char *text_path(struct text_pool *pool, const char *a, const char *b);
void text_fini(struct text_pool *pool);

#endif
