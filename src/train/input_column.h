// An input's rows, as batches are gathered from them.
#ifndef BOUGH_TRAIN_INPUT_COLUMN_H
#define BOUGH_TRAIN_INPUT_COLUMN_H

#include "config/config.h"
#include "data/feed.h"

// Looks at all of them, once. Numbers are U8 or F32 then, ids I32.
//   converted  what holds them where the file has another type; the caller's to free
//   missing    [rows], 1 where a number is not finite; NULL = that is an error
// Errors: DATA with file, field, row, found and wanted.
enum bough_status bough__input_column(struct bough__column *column, void **converted, char *missing,
                                      const struct bough_tensor_file *file,
                                      const struct bough_file_tensor *field,
                                      const struct bough__input *input);

#endif
