// The losses a task can have.
#ifndef BOUGH_NN_LOSS_H
#define BOUGH_NN_LOSS_H

#include "graph/graph.h"

#include <bough/config.h>

// What a loss compares the scores [N, K] with. Rows (or numbers) without a label weigh nothing.
enum bough__target_kind {
    BOUGH_TARGET_CLASS,  // I32 [N], 0..K-1; -1 = none
    BOUGH_TARGET_BINARY, // F32 [N, K] of 0 and 1; NaN = none
    BOUGH_TARGET_NUMBER, // F32 [N, K]; NaN = none
};

struct bough__loss_kind {
    const char *name;
    const struct bough__op *op;
    enum bough__target_kind target;
    const char *metric; // what a task is measured by unless told
};

// NULL if there is none of that name.
const struct bough__loss_kind *bough__loss_find(const char *name);

// The names of all, in order; NULL behind the last.
const char *bough__loss_name(size_t index);

// Records the loss: `*node` is [2], the mean and the weight that it is the mean over.
//   class_weights  a leaf [K], or -1
enum bough_status bough__loss_build(struct bough__graph *graph, int32_t *node,
                                    const struct bough_loss *loss, int32_t scores, int32_t target,
                                    int32_t class_weights);

#endif
