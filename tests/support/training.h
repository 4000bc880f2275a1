// A small data set and a net that uses much of bough, for tests of training.
#ifndef BOUGH_TEST_TRAINING_H
#define BOUGH_TEST_TRAINING_H

#include "support/configs.h"

enum { TRAINING_ROWS = 384, TRAINING_TEST_ROWS = 40 };

// Writes <folder>/data.safetensors: `image` U8 [N, 1, 8, 8], `shape` I64 with some -1, `bright` F32
// with some NaN, `top` U8; splits train, of TRAINING_ROWS or `rows` up to that, and test. Returns
// its path.
const char *training_data(const char *folder);
const char *training_data_of(const char *folder, unsigned rows);

// Before and after a group of tests: such a file in the group's folder.
extern const char *training_file;
int training_start(void **state);
int training_end(void **state);

// Conv, batch_norm, max pooling, dropout and three tasks of three losses, on that data; adam.
extern const char training_text[];
struct bough_config training_config(const char *data, const char *optimizer);

// Fails unless the tensors of that file are the same, bit for bit, in both folders.
void training_same_tensors(const char *dir_a, const char *dir_b, const char *name);

#endif
