// From a tree to a config.
#ifndef BOUGH_CONFIG_READ_H
#define BOUGH_CONFIG_READ_H

#include "config/config.h"
#include "config/tree.h"
#include "config/value.h"

// Reads what the tree holds, gives the defaults, and checks it all but what goes by data sets,
// which are not found yet. What the config points to is the arena's.
// Errors: INVALID with file, line, key, what was found, and what is allowed.
enum bough_status bough__config_read(struct bough_config *config, struct bough__arena *arena,
                                     const struct bough__tree *tree);

// Reads a section at the root of the config, whose defaults stand already, from a node.
enum bough_status bough__config_section(struct bough__config_reader *r, const char *name,
                                        const struct bough__yaml_node *node);

// A weighting without a config around it.
struct bough__weighing_text {
    const char *text;             // the value of `weighting`
    const char *const *overrides; // of its keys: "c=0.4"
    size_t overrides_count;
    size_t tasks; // without names: by task stands a list, or a mapping by their numbers, from 0
    const float *task_weights; // [tasks]; NULL = 1 each
};

// Reads it, and checks it as that of a config.
enum bough_status bough__config_weighing(struct bough__weighing *weighing,
                                         struct bough__arena *arena,
                                         const struct bough__weighing_text *from);

#endif
