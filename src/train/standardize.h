// Means and standard deviations of the rows that are trained on.
#ifndef BOUGH_TRAIN_STANDARDIZE_H
#define BOUGH_TRAIN_STANDARDIZE_H

#include "base/arena.h"

#include "train/split.h"

// Puts them where the config asks for them: input.normalize: auto, and target.standardize. They are
// of the population (divided by N); a column that does not vary, or has no number, gets 1. The
// input is counted as the trunk would read it, U8 as x / 255; missing targets are not.
//   config  complete; what it is given lives in `arena`
//   data    of that config: its inputs and tasks are those that are looked at
//   row     [rows], which rows of `all` in the split `train`
// Errors: DATA, INTERNAL.
enum bough_status bough__standardize(struct bough_config *config, struct bough__arena *arena,
                                     const struct bough__data_set *data, const int32_t *row,
                                     int64_t rows, int64_t all);

// Gives a config that asks for them the numbers of `other`, a run's that goes on.
enum bough_status bough__standardize_like(struct bough_config *config, struct bough__arena *arena,
                                          const struct bough_config *other);

#endif
