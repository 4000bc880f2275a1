// What a training tells of its tasks' gradients: sums over steps, of an epoch or of the whole.
#ifndef BOUGH_TRAIN_WATCH_H
#define BOUGH_TRAIN_WATCH_H

#include "base/arena.h"

#include <bough/status.h>

#include <jansson.h>

struct bough__watch {
    size_t tasks, count;
    double *sum; // `count` numbers, 0 at first: all that it knows, for a checkpoint
};

enum bough_status bough__watch_init(struct bough__watch *watch, struct bough__arena *arena,
                                    size_t tasks);
void bough__watch_clear(struct bough__watch *watch);

// A step.
struct bough__watched {
    const float *losses;  // [T, 2], mean and weight
    const float *roots;   // [T], what the losses are multiplied by
    const float *gram;    // [T, T] of the gradients of roots[t] L_t
    const float *weights; // [T], of these in the update; NULL = none are told
    const double *parts;  // [T], each weighted gradient by the update; not read without weights
};

// Leaves out the tasks of which nothing is labelled, or whose root is 0.
void bough__watch_add(struct bough__watch *watch, const struct bough__watched *step);

// Puts means over the steps into `object`, nothing where there were none: for every task `norm` of
// its loss's gradient, `cosine` with the others', `weight`, all that it is multiplied by, `share`
// of the update (its weighted gradient along the update's direction, as a part of the update's
// length), with `_spread` the standard deviation over the steps of weight and cosine; `cosines` [T,
// T]; `conflicting`, the share of pairs whose gradients point apart. Not 0 when out of memory.
int bough__watch_put(json_t *object, const struct bough__watch *watch, const char *const *task);

// The share of conflicting pairs; NaN where there were none.
double bough__watch_conflicting(const struct bough__watch *watch);

#endif
