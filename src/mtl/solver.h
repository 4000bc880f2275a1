// A weighting that solves on the host, and what its solves work in and keep.
#ifndef BOUGH_MTL_SOLVER_H
#define BOUGH_MTL_SOLVER_H

#include "base/arena.h"
#include "mtl/weighting.h"

struct bough__solver {
    const struct bough__weighting *weighting;
    const void *options;
    size_t tasks;
    float smoothing; // the share of a task's last weight in its new one; the caller's, 0 at first
    const unsigned char *reached; // [T], the caller's: 0 = the task has no gradient; NULL = all 1
    double *state; // what the row keeps, and behind it the last weights: state_count numbers
    size_t state_count, row_count;
    size_t iterations; // of the last solve,
    size_t present;    // of so many tasks: of none there was none
    size_t *task;      // what follows is a solve's own
    unsigned char *in_all;
    double *loss, *preference, *gram, *weights, *told;
    void *scratch;
};

// For a row that solves; `arena` owns what it works in.
enum bough_status bough__solver_init(struct bough__solver *solver, struct bough__arena *arena,
                                     const struct bough__choice *choice, size_t tasks,
                                     int64_t columns);

// As they were measured, in the tasks' order.
struct bough__measured {
    const float *losses; // [T, 2]: the mean, and the weight of the labelled rows
    const float *factor; // [T]: the tasks' weights in the config; NULL = 1 each
    // [T]: what the losses are multiplied by in all before the row sees them, where another
    // weighting stands before it; NULL = factor.
    const float *scale;
    const float *gram;   // [T, T], of the gradients of scale[t] L_t; NULL = there is none
    const double *exact; // in its place
    // Of a row that wants other batches, NULL = the one batch stands for all: products [T, T] of
    // the step's first batch and its second one, of the gradients of scale[t] L_t; and the losses
    // of the others, [others, T, 2].
    const float *cross, *others;
    // Of a row with steps, likewise: the products of one batch's gradients, [2, T, T], the own
    // one's and the other's; and the own batch's losses where the steps lead, [T, 2].
    const float *squares, *there;
};

// Writes weights [T]: what scale[t] L_t, or its gradient, is multiplied by. A task of which nothing
// is labelled, whose factor or scale is 0, or that reaches nothing, has no gradient: its weight is
// its last one, 0 before there is one, for the steps up to the next solve. Allocates nothing.
//   residual  as struct bough__solve has it
void bough__solver_run(struct bough__solver *solver, float *weights, double *residual,
                       const struct bough__measured *measured, const struct bough__moment *moment);

// The same before it is rounded: weights [T] lie in the solver until the next one.
const double *bough__solver_find(struct bough__solver *solver, double *residual,
                                 const struct bough__measured *measured,
                                 const struct bough__moment *moment);

// Of a row with steps, after a solve: writes [2, T], what of the weights is of the own batch's
// gradients, and what of the other one's.
void bough__solver_shares(const struct bough__solver *solver, float *shares);

// Of a row that looks ahead: writes weights [T] of its plain step, of scale[t] L_t likewise. A
// task without a gradient has 0: the plain steps go down this batch alone, and its last weight,
// which is for later batches, may be of another kind, as forum's is.
void bough__solver_ahead(struct bough__solver *solver, float *weights,
                         const struct bough__measured *measured,
                         const struct bough__moment *moment);

// The weights [T] of the last solve, likewise.
void bough__solver_last(const struct bough__solver *solver, float *weights);
double bough__solver_last_of(const struct bough__solver *solver, size_t task);

// Of a row that learns from the losses behind an update: `measured` are these.
void bough__solver_after(struct bough__solver *solver, const struct bough__measured *measured,
                         const struct bough__moment *moment);

#endif
