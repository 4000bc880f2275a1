// The losses a task can have.
#ifndef BOUGH_NN_LOSS_H
#define BOUGH_NN_LOSS_H

#include "base/option.h"
#include "cl/loss_list.h"
#include "graph/graph.h"

// What a loss compares the scores [N, K, ...] with. Positions (or numbers) without a label weigh
// nothing.
enum bough__target_kind {
    BOUGH_TARGET_CLASS,  // I32 [N, ...], 0..K-1; -1 = none
    BOUGH_TARGET_BINARY, // F32 [N, K, ...] of 0 and 1; NaN = none
    BOUGH_TARGET_NUMBER, // F32 [N, K, ...]; NaN = none
};

struct bough__loss_kind {
    struct bough__row row;
    const struct bough__op *op;
    enum bough__target_kind target;
    const char *metric; // what a task is measured by unless told
    // Sets what the op takes of the options. NULL = nothing
    void (*set)(struct bough__attr *attr, const void *options);
};

#define BOUGH_LOSS(name, target, metric, help, options)                                            \
    extern const struct bough__loss_kind bough__loss_##name;
BOUGH_LOSSES(BOUGH_LOSS)
#undef BOUGH_LOSS
extern const struct bough__family bough__losses;

// Of a choice of bough__losses.
static inline const struct bough__loss_kind *bough__loss_of(const struct bough__choice *loss)
{
    return (const struct bough__loss_kind *)(const void *)loss->row;
}

// One weight per class; NULL, and 0 of them, where none are given.
const float *bough__loss_class_weights(const struct bough__choice *loss, size_t *count);

// Records the loss: `*node` is [2], the mean and the weight that it is the mean over.
//   class_weights  a leaf [K], or -1
enum bough_status bough__loss_build(struct bough__graph *graph, int32_t *node,
                                    const struct bough__choice *loss, int32_t scores,
                                    int32_t target, int32_t class_weights);

#endif
