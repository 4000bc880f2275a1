// Different texts, numbered 0, 1, ... as they come.
#ifndef BOUGH_DATA_NAME_SET_H
#define BOUGH_DATA_NAME_SET_H

#include "data_text.h"
#include "data_tool.h"

// Zero-initialised is empty and ready.
struct name_set {
    struct text_pool pool;
    const char **name; // [count]
    uint32_t *hash;    // [count]
    int32_t count, capacity;
    int32_t *slot; // [slots], a power of 2: names by their hash, -1 for none
    int64_t slots;
};

// The number of a text; -1 if it is not there.
int32_t name_set_find(const struct name_set *set, const char *text, size_t length);
// The same, and adds it. Errors: INTERNAL.
enum bough_status name_set_take(int32_t *number, struct name_set *set, const char *text,
                                size_t length);
// Adds those of a list, one a line.
enum bough_status name_set_take_lines(struct name_set *set, const char *lines);
// All, one a line, for the caller to free; NULL when out of memory.
char *name_set_lines(const struct name_set *set);
void name_set_fini(struct name_set *set);

#endif
