#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 16, CHUNK_BYTES = 16384 };

struct bough__arena_chunk {
    struct bough__arena_chunk *next;
    size_t used, size; // bytes of `data`
    _Alignas(ALIGNMENT) unsigned char data[];
};

void *bough__arena_alloc(struct bough__arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct bough__arena_chunk *chunk = arena->chunk;
    if (!chunk || chunk->size - chunk->used < size) {
        size_t capacity = size > CHUNK_BYTES ? size : CHUNK_BYTES;
        chunk = calloc(1, sizeof *chunk + capacity);
        if (!chunk)
            return NULL;
        chunk->size = capacity;
        chunk->next = arena->chunk;
        arena->chunk = chunk;
    }
    void *memory = chunk->data + chunk->used;
    chunk->used += size;
    return memory;
}

char *bough__arena_string(struct bough__arena *arena, const char *text)
{
    return text ? bough__arena_format(arena, "%s", text) : NULL;
}

char *bough__arena_format(struct bough__arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    char *text = length < 0 ? NULL : bough__arena_alloc(arena, (size_t)length + 1);
    if (text)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

void bough__arena_fini(struct bough__arena *arena)
{
    while (arena->chunk) {
        struct bough__arena_chunk *next = arena->chunk->next;
        free(arena->chunk);
        arena->chunk = next;
    }
}
