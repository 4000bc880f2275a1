// One value of a config from its node: numbers, texts, and lists of them.
#ifndef BOUGH_CONFIG_VALUE_H
#define BOUGH_CONFIG_VALUE_H

#include "config/config.h"
#include "config/message.h"
#include "config/schema.h"

enum { BOUGH__MOST_ENTRIES = 65536 };

struct bough__config_reader {
    struct bough__config_place place; // of the value being read
    struct bough__arena *arena;
    struct bough_config *config; // so far
};

// Fails: found that, wanted `what`, of `more` (may be NULL).
enum bough_status bough__value_wanted(const struct bough__config_reader *r,
                                      const struct bough__yaml_node *node, const char *what,
                                      const char *more);

enum bough_status bough__value_text(struct bough__config_reader *r,
                                    const struct bough__yaml_node *node, const char **place);

// A row of the family by its name.
enum bough_status bough__value_row(struct bough__config_reader *r,
                                   const struct bough__family *family,
                                   const struct bough__yaml_node *node,
                                   const struct bough__row **row);

// The value of a key that is neither a choice nor holds other keys.
enum bough_status bough__value_read(struct bough__config_reader *r, const struct bough__key *key,
                                    const struct bough__yaml_node *node);

#endif
