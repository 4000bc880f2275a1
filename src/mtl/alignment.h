// Alignment: tasks' representations, or their scores, are drawn together by a penalty on their
// distance, beside any architecture that gives each task its own.
#ifndef BOUGH_MTL_ALIGNMENT_H
#define BOUGH_MTL_ALIGNMENT_H

#include "mtl/architecture.h"

struct bough__alignment {
    struct bough__row row; // its options begin with struct bough__alignment_options
    // node [1] = factor times the distance from `own` to `other`, which is held constant; of one
    // shape. NULL = nothing is aligned
    enum bough_status (*build)(struct bough__builder *builder, int32_t *node, int32_t own,
                               int32_t other, float factor, const void *options);
    int of_classes; // of scores it takes those of classes only
};

struct bough__alignment_options {
    const char *on; // "representation": what a task's head reads; or "scores"
    float weight;
};

extern const struct bough__family bough__alignments;

// Whether it is any but none.
int bough__aligns(const struct bough__choice *alignment);

// Whether it is one of scores that takes those of classes only.
int bough__alignment_wants_classes(const struct bough__choice *alignment);

// Adds to each task's penalties weight times the mean over other tasks of the distance to theirs,
// in a training.
// Errors: INVALID, naming two tasks that share what is to be aligned, or have it in two shapes.
enum bough_status bough__align(struct bough__builder *builder, struct bough__wiring *wiring,
                               const struct bough__net *net, const struct bough__choice *alignment);

#endif
