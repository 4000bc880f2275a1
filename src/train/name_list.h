// Names in a file's metadata, one a line.
#ifndef BOUGH_TRAIN_NAME_LIST_H
#define BOUGH_TRAIN_NAME_LIST_H

#include "base/arena.h"

#include <bough/dataset.h>

struct bough__name_list {
    const char **name;
    size_t count;
};

// The lines of `key`, without an empty one at the end; none if there is no such key. They may be
// anything. In `arena`.
enum bough_status bough__lines_read(struct bough__name_list *list, struct bough__arena *arena,
                                    const struct bough_tensor_file *file, const char *key);

// Likewise. Errors: DATA if a name stands twice or is empty.
enum bough_status bough__name_list_read(struct bough__name_list *list, struct bough__arena *arena,
                                        const struct bough_tensor_file *file, const char *key);

enum { BOUGH__NAME_UNKNOWN = -2 };

// Where each name of `list` stands in `known`: to [list->count], or BOUGH__NAME_UNKNOWN. In
// `arena`.
enum bough_status bough__name_list_order(int32_t **to, struct bough__arena *arena,
                                         const struct bough__name_list *list,
                                         const struct bough__name_list *known);

#endif
