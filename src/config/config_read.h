// From a tree to the structs.
#ifndef BOUGH_TRAIN_CONFIG_READ_H
#define BOUGH_TRAIN_CONFIG_READ_H

#include "config/config_tree.h"

#include <bough/config.h>

// Reads what the tree holds, every value in its range; nothing else is checked and no default
// given. What the config points to is the arena's.
// Errors: INVALID with file, line, key, what was found, and what is allowed.
enum bough_status bough__config_read(struct bough_config *config, struct bough__arena *arena,
                                     const struct bough__tree *tree);

#endif
