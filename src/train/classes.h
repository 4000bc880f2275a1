// The names of a task's classes: those of the field that it learns from, in the order of the data
// set that it was trained on.
#ifndef BOUGH_TRAIN_CLASSES_H
#define BOUGH_TRAIN_CLASSES_H

#include "base/arena.h"

#include "config/config.h"
#include "train/name_list.h"
#include <bough/dataset.h>

struct bough__classes {
    const char **name;   // [count], of the field's classes
    size_t count;        // 0 = they have none
    const char **mapped; // of the task's own classes, after its map; NULL if it has none
};

// Reads `classes/<field>` of the file's metadata, or, of a model whose tasks have data sets of
// their own, `classes/<task>/<field>`. It stays valid with `arena`.
//   classes  how many the task has; 0 where its map makes numbers of them
// Errors: DATA if there are not as many names as classes, or a name stands twice or is empty.
enum bough_status bough__classes_read(struct bough__classes *names, struct bough__arena *arena,
                                      const struct bough_tensor_file *file,
                                      const struct bough__task *task, int64_t classes);

// A file's classes of a field in the order of others, which know them by name.
enum { BOUGH__CLASS_UNKNOWN = BOUGH__NAME_UNKNOWN };
struct bough__class_order {
    int32_t *to;       // [count], the class of that name, or BOUGH__CLASS_UNKNOWN
    const char **name; // [count], in the file's order
    size_t count;      // 0 where the file or the others have no names: classes stay as they are
};

// A file without names is told of in a warning. Errors: as bough__classes_read.
enum bough_status bough__classes_order(struct bough__class_order *order, struct bough__arena *arena,
                                       const struct bough__classes *names,
                                       const struct bough_tensor_file *file, const char *field);

#endif
