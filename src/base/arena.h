// An arena: many small allocations, one release.
#ifndef BOUGH_BASE_ARENA_H
#define BOUGH_BASE_ARENA_H

#include <stddef.h>

// Zero-initialised is empty and ready.
struct bough__arena {
    struct bough__arena_chunk *chunk;
};

// Zeroed memory aligned to 16 bytes; NULL when out of memory. Never NULL for size 0.
void *bough__arena_alloc(struct bough__arena *arena, size_t size);
// NULL for NULL.
char *bough__arena_string(struct bough__arena *arena, const char *text);
char *bough__arena_format(struct bough__arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void bough__arena_fini(struct bough__arena *arena);

#define BOUGH_NEW(arena, type, count)                                                              \
    ((type *)bough__arena_alloc((arena), (size_t)(count) * sizeof(type)))

#endif
