// An input's rows, as batches are gathered from them.
#ifndef BOUGH_TRAIN_INPUT_COLUMN_H
#define BOUGH_TRAIN_INPUT_COLUMN_H

#include "train/input_names.h"

#include "data/feed.h"

// What becomes of rows with numbers that are not finite.
struct bough__gaps {
    float *present; // [rows], of an optional input: 1, or 0 where the row lacks it, as it does from
                    // here on where a number is NaN; of such a row no number counts. May be NULL
    char *missing;  // [rows], 1 where any other is not finite; NULL = that is an error
};

// Whether rows have an optional input as far as another field says so: `present` [rows] of 1 and 0.
// Errors: DATA with file, field, row, found and wanted.
enum bough_status bough__input_present(float *present, const struct bough_tensor_file *file,
                                       const char *split, const struct bough__input *input,
                                       int64_t rows);

// How long the rows of an input with lengths are: `lengths` [rows], for a field of that shape.
// Errors: DATA with file, field, row, found and wanted.
enum bough_status bough__input_lengths(int32_t *lengths, const struct bough_tensor_file *file,
                                       const char *split, const struct bough__input *input,
                                       const struct bough_shape *shape);

// Looks at all of them, once. Numbers are U8 or F32 then, ids I32, called as the model calls them;
// of a table the columns that the config names.
//   converted  what holds them where the file has another type; the caller's to free
// Errors: DATA with file, field, row, found and wanted.
enum bough_status
bough__input_column(struct bough__column *column, void **converted, const struct bough__gaps *gaps,
                    const struct bough_tensor_file *file, const struct bough_file_tensor *field,
                    const struct bough__input *input, const struct bough__input_names *names);

#endif
