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

// A list for looking up. Zero-initialised is empty.
struct bough__name_index {
    struct bough__name_entry *entry; // [count], sorted
    size_t count;
};
enum bough_status bough__name_index_init(struct bough__name_index *index,
                                         const struct bough__name_list *list);
void bough__name_index_fini(struct bough__name_index *index);

// Where a name stands in the list, or BOUGH__NAME_UNKNOWN.
int32_t bough__name_index_find(const struct bough__name_index *index, const char *name);

// Where each name of `list` stands in `known`: to [list->count], or BOUGH__NAME_UNKNOWN. In
// `arena`.
enum bough_status bough__name_list_order(int32_t **to, struct bough__arena *arena,
                                         const struct bough__name_list *list,
                                         const struct bough__name_list *known);

#endif
