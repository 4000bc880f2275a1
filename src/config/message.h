// What a config is told to be wrong in: file and line (or the override), key path, message.
#ifndef BOUGH_CONFIG_MESSAGE_H
#define BOUGH_CONFIG_MESSAGE_H

#include "config/tree.h"

// A key path and the tree that it leads through. What failed stays in the path.
struct bough__config_place {
    const struct bough__tree *tree;
    char path[512];
};

// Goes into a part of the path; returns what `bough__config_leave` goes back to.
size_t bough__config_enter(struct bough__config_place *place, const char *part);
void bough__config_leave(struct bough__config_place *place, size_t mark);

// Fails with INVALID at the node; NULL = at the path.
enum bough_status bough__config_wrong(const struct bough__config_place *place,
                                      const struct bough__yaml_node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// The same of a name that is not among `names` (end with NULL), with the nearest of them.
//   what     what is wrong with it: "unknown key"
//   nearest  NULL = found among the names
enum bough_status bough__config_unknown(const struct bough__config_place *place,
                                        const struct bough__yaml_node *node, const char *what,
                                        const char *name, const char *const *names,
                                        const char *nearest);

#endif
