#include "name_set.h"

#include <stdlib.h>
#include <string.h>

// FNV-1a.
static uint32_t hash_of(const char *text, size_t length)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
    return (uint32_t)(hash ^ hash >> 32);
}

static int is_name(const struct name_set *set, int32_t number, uint32_t hash, const char *text,
                   size_t length)
{
    const char *name = set->name[number];
    return set->hash[number] == hash && strncmp(name, text, length) == 0 && name[length] == 0;
}

// Where the text stands, or could.
static int32_t *slot_of(const struct name_set *set, uint32_t hash, const char *text, size_t length)
{
    const uint32_t mask = (uint32_t)set->slots - 1;
    uint32_t at = hash & mask;
    while (set->slot[at] >= 0 && !is_name(set, set->slot[at], hash, text, length))
        at = (at + 1) & mask;
    return &set->slot[at];
}

int32_t name_set_find(const struct name_set *set, const char *text, size_t length)
{
    return set->slots ? *slot_of(set, hash_of(text, length), text, length) : -1;
}

// Its names are different: the first empty slot is theirs.
static void place_all(struct name_set *set)
{
    const uint32_t mask = (uint32_t)set->slots - 1;
    memset(set->slot, -1, (size_t)set->slots * sizeof *set->slot);
    for (int32_t i = 0; i < set->count; i++) {
        uint32_t at = set->hash[i] & mask;
        while (set->slot[at] >= 0)
            at = (at + 1) & mask;
        set->slot[at] = i;
    }
}

static enum bough_status grow(struct name_set *set)
{
    enum bough_status status = BOUGH_OK;
    void *larger;
    if (set->capacity > INT32_MAX / 2)
        return tool_fail(BOUGH_DATA, "more than %d different texts", set->capacity);
    const int32_t capacity = set->capacity ? 2 * set->capacity : 64;
    TRY_MEMORY(larger = realloc(set->name, (size_t)capacity * sizeof *set->name));
    set->name = larger;
    TRY_MEMORY(larger = realloc(set->hash, (size_t)capacity * sizeof *set->hash));
    set->hash = larger;
    TRY_MEMORY(larger = realloc(set->slot, 2 * (size_t)capacity * sizeof *set->slot));
    set->slot = larger;
    set->slots = 2 * (int64_t)capacity;
    set->capacity = capacity;
    place_all(set);
done:
    return status;
}

enum bough_status name_set_take(int32_t *number, struct name_set *set, const char *text,
                                size_t length)
{
    enum bough_status status = BOUGH_OK;
    const uint32_t hash = hash_of(text, length);
    if (set->count == set->capacity)
        TRY(grow(set));
    int32_t *slot = slot_of(set, hash, text, length);
    if (*slot < 0) {
        TRY_MEMORY(set->name[set->count] = text_keep(&set->pool, text, length));
        set->hash[set->count] = hash;
        *slot = set->count++;
    }
    *number = *slot;
done:
    return status;
}

enum bough_status name_set_take_lines(struct name_set *set, const char *lines)
{
    enum bough_status status = BOUGH_OK;
    int32_t number;
    while (lines) {
        const size_t length = strcspn(lines, "\n");
        TRY(name_set_take(&number, set, lines, length));
        lines = lines[length] ? lines + length + 1 : NULL;
    }
done:
    return status;
}

char *name_set_lines(const struct name_set *set)
{
    size_t size = 1;
    for (int32_t i = 0; i < set->count; i++)
        size += strlen(set->name[i]) + 1;
    char *lines = malloc(size), *to = lines;
    for (int32_t i = 0; i < set->count && lines; i++) {
        const size_t length = strlen(set->name[i]);
        if (i > 0)
            *to++ = '\n';
        memcpy(to, set->name[i], length);
        to += length;
    }
    if (lines)
        *to = 0;
    return lines;
}

void name_set_fini(struct name_set *set)
{
    text_fini(&set->pool);
    free(set->name);
    free(set->hash);
    free(set->slot);
    *set = (struct name_set){0};
}
