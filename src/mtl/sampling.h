// How many rows of each data set a step takes, where tasks have data sets of their own.
#ifndef BOUGH_MTL_SAMPLING_H
#define BOUGH_MTL_SAMPLING_H

#include "base/option.h"

#include <stdint.h>

extern const struct bough__family bough__samplings;

// Rows of a batch of a data set that has `rows`, of which the largest has `most` and batches of
// `batch`: batch * (rows / most)^(1 / temperature), at least 1 and at most `rows`.
int64_t bough__sampling_batch(const struct bough__choice *sampling, int64_t batch, int64_t rows,
                              int64_t most);

#endif
