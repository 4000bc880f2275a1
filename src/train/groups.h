// The parts of the shared gradient that a weighting by the Gram matrix weighs apart.
#ifndef BOUGH_TRAIN_GROUPS_H
#define BOUGH_TRAIN_GROUPS_H

#include "nn/params.h"

struct bough__group {
    int64_t first, columns; // of the shared block
    unsigned char *reached; // [T], 1 = by the scores of that task
};

struct bough__groups {
    struct bough__group *group; // owned by the arena; they cover the block, in order
    size_t count;
};

// Parts the shared block. It fails for want of memory alone.
//   by  of bough__gradient_groups
enum bough_status bough__groups_find(struct bough__groups *groups, struct bough__arena *arena,
                                     const struct bough__params *params, const char *by,
                                     size_t tasks);

// For each task, the mean of its weights [count, T] over the parameters; `mean` [T] may be
// `weights`.
void bough__groups_mean(float *mean, const struct bough__groups *groups, const float *weights,
                        size_t tasks);

// The Gram matrix [T, T] of all parameters, of those of the groups [count, T, T]; it may be these.
void bough__groups_gram(float *sum, const struct bough__groups *groups, const float *gram,
                        size_t tasks);

// Each task's part [T] of the squared length of the update: its weighted gradient, by the update.
void bough__groups_parts(double *parts, const struct bough__groups *groups, const float *gram,
                         const float *weights, size_t tasks);

#endif
