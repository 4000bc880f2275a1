// Different names and how often each was met: a hash table that keeps their order.
#ifndef BOUGH_NAME_TABLE_H
#define BOUGH_NAME_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct name_entry {
    size_t begin; // of the text
    uint32_t length, hash;
    int64_t line;               // where it was met first
    int64_t trained, elsewhere; // rows of the training split, and of the others
};

// Zero-initialised is empty and ready.
struct name_table {
    struct name_entry *entry; // in the order in which they came
    uint32_t count, room, slots;
    uint32_t *slot; // [slots] 1 + an entry; 0 for none
    char *text;     // each ended by a zero byte
    size_t used, text_room;
};

// The name's entry, made where there is none; -1 when out of memory. Names are shorter than 4 GiB.
int64_t name_table_add(struct name_table *table, const char *name, size_t length, int64_t line);
// -1 if there is none.
int64_t name_table_find(const struct name_table *table, const char *name, size_t length);
static inline const char *name_table_text(const struct name_table *table, int64_t i)
{
    return table->text + table->entry[i].begin;
}
void name_table_clear(struct name_table *table);
void name_table_fini(struct name_table *table);

// Sorts entry numbers by text; or by value, where all of their names are numbers. 0 when out of
// memory.
int name_table_sort(const struct name_table *table, uint32_t *order, size_t count,
                    int decimal_comma);

#endif
