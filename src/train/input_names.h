// The names of an input's ids, in the order of the data set that a model was trained on.
#ifndef BOUGH_TRAIN_INPUT_NAMES_H
#define BOUGH_TRAIN_INPUT_NAMES_H

#include "config/config.h"
#include "train/name_list.h"

// Of ids one list, of id 0 on: `vocabulary/<field>`. Of a table one a column, of id 2 on:
// `classes/<field>/<column>`; empty of numbers, and where there are no names.
struct bough__input_names {
    struct bough__name_list *list;
    size_t lists;
    // By which a CSV becomes such a table, or a text such ids: `schema`, `tokenizer/<field>`.
    const char *rule; // NULL = there is none
};

// From a data set, or from a model, where `prefix` may stand before the keys. In `arena`.
// Errors: DATA, where they do not go with the config.
enum bough_status bough__input_names_read(struct bough__input_names *names,
                                          struct bough__arena *arena,
                                          const struct bough_tensor_file *file,
                                          const struct bough__input *input, const char *prefix);

// Into a model's metadata, but for what an input of `before` [count] writes.
enum bough_status bough__input_names_write(const struct bough__input_names *names,
                                           struct bough__arena *arena,
                                           struct bough_tensor_writer *writer,
                                           const struct bough__input *input, const char *prefix,
                                           const struct bough__input *before, size_t count);

// What a file's ids are called by the model.
struct bough__id_map {
    const int32_t *to; // [count]; an id beyond is 1. NULL = ids stay as they are
    int64_t count;
};

// Of list `index` of the names; a file without names is told of in a warning.
// Errors: DATA, where a file knows no word of a model's vocabulary.
enum bough_status bough__input_names_map(struct bough__id_map *map, struct bough__arena *arena,
                                         const struct bough__input_names *names, size_t index,
                                         const struct bough_tensor_file *file,
                                         const struct bough__input *input);

#endif
