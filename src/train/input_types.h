// What the data say of an input's ids, and of the columns of a table.
#ifndef BOUGH_TRAIN_INPUT_TYPES_H
#define BOUGH_TRAIN_INPUT_TYPES_H

#include "config/config.h"
#include "train/name_list.h"

// The field of an input, of rows that a model can read: numbers [N, ...], none of them empty.
// Errors: DATA with file and field, found and wanted.
enum bough_status bough__input_find(const struct bough_file_tensor **field,
                                    const struct bough_tensor_file *file, const char *split,
                                    const struct bough__input *input);

// The shape of a sample as the model reads it: of the columns that the config names.
struct bough_shape bough__input_sample(const struct bough_shape *field,
                                       const struct bough__input *input);

// Which of the field's columns the input reads, in `arena`: by its names where the file has some.
//   from  [input->columns_count], or of all where that is 0
// Errors: DATA, naming a column that is not there, and the nearest.
enum bough_status bough__table_columns(int32_t **from, struct bough__arena *arena,
                                       const struct bough_tensor_file *file,
                                       const struct bough_file_tensor *field,
                                       const struct bough__input *input);

// Puts into the input what its config leaves open: of ids the vocabulary, of a table with types the
// columns, their classes and masks. What it is given lives in `arena`.
//   mask  which rows of `train` are trained on; NULL = all
// Errors: DATA, INVALID.
enum bough_status bough__input_types_find(struct bough__input *input, struct bough__arena *arena,
                                          const struct bough_tensor_file *file, const char *mask);

// The same from another config's input, of a run that goes on.
void bough__input_types_like(struct bough__input *input, const struct bough__input *other);

#endif
