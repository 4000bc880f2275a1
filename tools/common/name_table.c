#include "name_table.h"

#include "text_value.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 64 };

static uint64_t mixed(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0xff51afd7ed558ccdu;
    return hash ^ hash >> 32;
}

// Eight bytes at a time; the last of them may be taken twice.
static uint32_t hash_of(const char *name, size_t length)
{
    uint64_t hash = 0x9e3779b97f4a7c15u ^ length, word = 0;
    size_t at = 0;
    for (; at + 8 <= length; at += 8) {
        memcpy(&word, name + at, 8);
        hash = mixed(hash, word);
    }
    if (length >= 8) {
        memcpy(&word, name + length - 8, 8);
    } else if (length >= 4) {
        uint32_t first, last;
        memcpy(&first, name, 4);
        memcpy(&last, name + length - 4, 4);
        word = (uint64_t)first << 32 | last;
    } else {
        for (word = 0; at < length; at++)
            word = word << 8 | (unsigned char)name[at];
    }
    hash = mixed(hash, word);
    return (uint32_t)(hash ^ (hash >> 29));
}

// The slot that holds the name, or would.
static uint32_t slot_of(const struct name_table *table, const char *name, size_t length,
                        uint32_t hash)
{
    uint32_t at = hash & (table->slots - 1);
    for (; table->slot[at]; at = (at + 1) & (table->slots - 1)) {
        const struct name_entry *entry = &table->entry[table->slot[at] - 1];
        if (entry->hash == hash && entry->length == length &&
            memcmp(table->text + entry->begin, name, length) == 0)
            break;
    }
    return at;
}

static int grow_slots(struct name_table *table)
{
    const uint32_t slots = table->slots ? 2 * table->slots : FIRST_SLOTS;
    uint32_t *slot = calloc(slots, sizeof *slot);
    if (!slot)
        return 0;
    for (uint32_t i = 0; i < table->count; i++) {
        uint32_t at = table->entry[i].hash & (slots - 1);
        while (slot[at])
            at = (at + 1) & (slots - 1);
        slot[at] = i + 1;
    }
    free(table->slot);
    table->slot = slot;
    table->slots = slots;
    return 1;
}

static int grow(struct name_table *table, size_t length)
{
    if (table->count == table->room) {
        const uint32_t room = 2 * table->room + FIRST_SLOTS / 2;
        struct name_entry *entry = realloc(table->entry, room * sizeof *entry);
        if (!entry)
            return 0;
        table->entry = entry;
        table->room = room;
    }
    if (table->text_room - table->used < length + 1) {
        const size_t room = 2 * table->text_room + length + 256;
        char *text = realloc(table->text, room);
        if (!text)
            return 0;
        table->text = text;
        table->text_room = room;
    }
    return 2 * table->count < table->slots || grow_slots(table);
}

int64_t name_table_add(struct name_table *table, const char *name, size_t length, int64_t line)
{
    const uint32_t hash = hash_of(name, length);
    if (table->slots) {
        const uint32_t found = table->slot[slot_of(table, name, length, hash)];
        if (found)
            return (int64_t)found - 1;
    }
    if (!grow(table, length))
        return -1;
    table->entry[table->count] = (struct name_entry){
        .begin = table->used, .length = (uint32_t)length, .hash = hash, .line = line};
    memcpy(table->text + table->used, name, length);
    table->text[table->used + length] = 0;
    table->used += length + 1;
    table->slot[slot_of(table, name, length, hash)] = ++table->count;
    return (int64_t)table->count - 1;
}

int64_t name_table_find(const struct name_table *table, const char *name, size_t length)
{
    if (!table->slots)
        return -1;
    return (int64_t)table->slot[slot_of(table, name, length, hash_of(name, length))] - 1;
}

void name_table_clear(struct name_table *table)
{
    if (table->slot)
        memset(table->slot, 0, table->slots * sizeof *table->slot);
    table->count = 0;
    table->used = 0;
}

void name_table_fini(struct name_table *table)
{
    free(table->entry);
    free(table->slot);
    free(table->text);
    *table = (struct name_table){0};
}

// ---- Sorting ----

struct key {
    const char *text;
    double value;
    uint32_t entry;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct key *)a)->text, ((const struct key *)b)->text);
}

static int by_value(const void *a, const void *b)
{
    const double x = ((const struct key *)a)->value, y = ((const struct key *)b)->value;
    return x < y ? -1 : x > y ? 1 : by_text(a, b);
}

int name_table_sort(const struct name_table *table, uint32_t *order, size_t count,
                    int decimal_comma)
{
    int are_numbers = 1;
    struct key *key = malloc((count + 1) * sizeof *key);
    if (!key)
        return 0;
    for (size_t i = 0; i < count; i++) {
        const struct name_entry *entry = &table->entry[order[i]];
        key[i] = (struct key){table->text + entry->begin, 0, order[i]};
        are_numbers &= text_number(&key[i].value, key[i].text, entry->length, decimal_comma);
    }
    qsort(key, count, sizeof *key, are_numbers ? by_value : by_text);
    for (size_t i = 0; i < count; i++)
        order[i] = key[i].entry;
    free(key);
    return 1;
}
