// The rows of a table, as batches are gathered from them.
#ifndef BOUGH_TRAIN_TABLE_COLUMN_H
#define BOUGH_TRAIN_TABLE_COLUMN_H

#include "train/input_names.h"

#include "data/feed.h"

// Those columns that the config names, in its order, as floats; ids as the model has them. Missing
// cells of numbers are NaN. Tells how many cells hold classes that the model does not know.
//   converted  what holds them where the file has something else; the caller's to free
// Errors: DATA with file, field, row, column, found and wanted.
enum bough_status bough__table_column(struct bough__column *column, void **converted,
                                      const struct bough_tensor_file *file,
                                      const struct bough_file_tensor *field,
                                      const struct bough__input *input,
                                      const struct bough__input_names *names);

#endif
