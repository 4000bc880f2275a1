// How a step weighs its tasks: what the weighting is given, what it gives back, and where that
// lies.
#ifndef BOUGH_TRAIN_WEIGH_H
#define BOUGH_TRAIN_WEIGH_H

#include "mtl/solver.h"
#include "train/model.h"

struct bough__weigh_data {
    const struct bough__model *model;
    // NULL where nothing is trained.
    const struct bough__weighting *weighting;
    enum bough__weighting_needs needs;
    // [T], by which the losses are multiplied before the weighting sees them: the tasks' weights in
    // the config; times the weights that stand before the training.
    struct bough__buffer *factor;
    struct bough__buffer *weights; // [T], what the weighting says of the losses or gradients
    // What is read in one go: losses [T, 2], mean and weight; then the Gram matrix [T, T].
    struct bough__buffer *measured;
    struct bough__span shared;      // the gradient of the shared parameters,
    int64_t columns;                // so many
    struct bough__buffer *jacobian; // [T, columns], or NULL: it is not kept
    size_t stride;                  // bytes between its rows
    struct bough__buffer *scratch;  // of the Gram matrix of it
    float *host; // measured, weights, factor: where they are read to and written from
    struct bough__solver solver; // of a weighting that solves
    struct bough__moment moment; // of the step that runs
    double residual;             // the largest that a solve left since the weights were told
    int warned;                  // that one was left
};

// Takes a zero-initialised one; `arena` owns what lies on the host.
// Errors: DEVICE.
enum bough_status bough__weigh_init(struct bough__weigh_data *data, struct bough__arena *arena,
                                    const struct bough__model *model, int training);
void bough__weigh_fini(struct bough__weigh_data *data);

struct bough__span bough__weigh_losses(const struct bough__weigh_data *data); // [T, 2]
struct bough__span bough__weigh_gram(const struct bough__weigh_data *data);   // [T, T]
struct bough__span bough__weigh_jacobian(const struct bough__weigh_data *data);

// The factors by which each loss's gradient is multiplied where the backward pass begins.
struct bough__span bough__weigh_roots(const struct bough__weigh_data *data);

// The weighting's own launches: `state` is the struct step_state.
enum bough_status bough__weigh_write(const struct bough__weigh_data *data,
                                     struct bough__sequence *out, struct bough__span state);

// Whether the weights are found on the host, by bough__weigh_solve: it reads what was measured, and
// writes the weights. Errors: DIVERGED where a loss or a gradient is not finite, naming the task.
int bough__weigh_solves(const struct bough__weigh_data *data);
enum bough_status bough__weigh_solve(struct bough__weigh_data *data);

// What the log tells of the last step: the weights that the weighting found, in `*weights` [T] (NaN
// before the first step), and the largest residual since the last call (NaN where nothing is
// solved). `*weights` is NULL where it finds none: they stand in the config, or each number of the
// gradients has its own. Errors: DEVICE.
enum bough_status bough__weigh_told(const float **weights, double *residual,
                                    struct bough__weigh_data *data);

#endif
