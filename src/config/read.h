// From a tree to a config.
#ifndef BOUGH_CONFIG_READ_H
#define BOUGH_CONFIG_READ_H

#include "config/config.h"
#include "config/tree.h"

// Reads what the tree holds, gives the defaults, and checks it all. What the config points to is
// the arena's.
// Errors: INVALID with file, line, key, what was found, and what is allowed.
enum bough_status bough__config_read(struct bough_config *config, struct bough__arena *arena,
                                     const struct bough__tree *tree);

#endif
