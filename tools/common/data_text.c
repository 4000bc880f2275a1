#include "data_text.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 1 << 16 };

struct text_chunk {
    struct text_chunk *next;
    size_t used, size;
    char bytes[];
};

static char *text_room(struct text_pool *pool, size_t size)
{
    struct text_chunk *chunk = pool->chunk;
    if (!chunk || chunk->size - chunk->used < size) {
        size_t bytes = size > CHUNK_BYTES ? size : CHUNK_BYTES;
        chunk = malloc(sizeof *chunk + bytes);
        if (!chunk)
            return NULL;
        *chunk = (struct text_chunk){.next = pool->chunk, .size = bytes};
        pool->chunk = chunk;
    }
    char *text = chunk->bytes + chunk->used;
    chunk->used += size;
    return text;
}

const char *text_keep(struct text_pool *pool, const char *text, size_t length)
{
    char *copy = text_room(pool, length + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = 0;
    return copy;
}

const char *text_path(struct text_pool *pool, const char *a, const char *b)
{
    const size_t first = strlen(a), second = strlen(b);
    char *path = text_room(pool, first + second + 2);
    if (!path)
        return NULL;
    memcpy(path, a, first);
    path[first] = '/';
    memcpy(path + first + 1, b, second + 1);
    return path;
}

void text_fini(struct text_pool *pool)
{
    while (pool->chunk) {
        struct text_chunk *next = pool->chunk->next;
        free(pool->chunk);
        pool->chunk = next;
    }
}
