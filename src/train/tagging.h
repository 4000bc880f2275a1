// Tasks whose classes are tags, and what is predicted where their loss is a linear chain.
#ifndef BOUGH_TRAIN_TAGGING_H
#define BOUGH_TRAIN_TAGGING_H

#include "train/split.h"

// Whether the classes of task t are named as BIO tags, which `what` of the task wants.
// Errors: INVALID, naming both and the first class that is none.
enum bough_status bough__tagging_check(const struct bough__model *model, size_t t,
                                       const char *what);

// Likewise for those that decode by BIO. Errors: INVALID.
enum bough_status bough__tagging_check_all(const struct bough__model *model);

// Some rows of a split.
struct bough__tagged {
    const struct bough__split *split;
    const int32_t *order; // [rows] which; NULL = from the first on
    int64_t rows;
    const float *score; // [rows, L, K]
};

// What task t, whose loss is a chain, predicts for them: best [rows, L], in `arena`; 0 behind a
// row's length. Errors: DEVICE, INTERNAL.
enum bough_status bough__tagging_predict(const int32_t **best, struct bough__arena *arena,
                                         const struct bough__model *model, size_t t,
                                         const struct bough__tagged *rows);

#endif
