// The keys of a config, made from the rows: what drives reading, saving, comparing and the list for
// users.
#ifndef BOUGH_CONFIG_SCHEMA_H
#define BOUGH_CONFIG_SCHEMA_H

#include "base/option.h"

enum { BOUGH__MOST_KEYS = 64 };

extern const struct bough__options bough__config_options;

// A key and the struct that it is in.
struct bough__key {
    const struct bough__option *option;
    char *base;
};

// The keys of a mapping in order: the choice that a table begins with, the options of its row, then
// the rest of the table. Returns how many there are.
size_t bough__config_keys(struct bough__key *key, const struct bough__options *options, void *base);

// Those of a row alone.
size_t bough__row_keys(struct bough__key *key, const struct bough__choice *choice);

// The choice that a table begins with; NULL if it begins with none.
struct bough__choice *bough__config_choice(const struct bough__options *options, void *base);

// Where a key's value and its count are. `count` is not to be read where the key has none.
void *bough__key_place(const struct bough__key *key);
size_t *bough__key_count(const struct bough__key *key);

#endif
