// Weights of sum 1 that move by the products of two other batches' gradients, from step to step.
#ifndef BOUGH_MTL_SAMPLED_H
#define BOUGH_MTL_SAMPLED_H

#include "mtl/weighting.h"

// Of the tasks of a step. Those move that are labelled in each of its batches, and share among them
// what they had before; the others keep theirs.
struct bough__sampled {
    struct bough__solve *solve;
    double *w;     // [n], of sum 1
    double part;   // what these tasks have of the sum over all
    size_t *moves; // [count], places of the tasks that move
    size_t count;
    double sum;      // of their weights
    double *slope;   // [count]
    double *working; // [n], the caller's
};

size_t bough__sampled_state(size_t tasks, int64_t columns);
size_t bough__sampled_scratch(size_t tasks);

// Equal weights in the first step.
struct bough__sampled bough__sampled_begin(struct bough__solve *solve);
void bough__sampled_end(const struct bough__sampled *sampled);

// slope = A x over the tasks that move, A the `gram` of the solve, x [n].
void bough__sampled_multiply(const struct bough__sampled *sampled, const double *x);

// w -= rate slope, and from there to the nearest weights of at least 0 that have the same sum.
void bough__sampled_move(const struct bough__sampled *sampled, double rate);

#endif
