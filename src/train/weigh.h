// How a step weighs its tasks: what the weighting is given, what it gives back, and where that
// lies.
#ifndef BOUGH_TRAIN_WEIGH_H
#define BOUGH_TRAIN_WEIGH_H

#include "mtl/solver.h"
#include "train/groups.h"
#include "train/model.h"
#include "train/solves.h"
#include "train/watch.h"

// A row at work.
struct bough__weigher {
    const struct bough__weighting *row; // NULL = there is none
    const void *options;
    struct bough__solver *solver; // [solvers], of a row that solves: one for each group
    size_t solvers;
    struct bough__buffer *state; // of one that writes; NULL = it keeps nothing
    size_t state_bytes;
};

// Where each number lies that weights are found by, or that is found: floats from the beginning of
// `host`, and up to `weights`, of `measured`. What a weighting has no use for takes no place.
struct bough__weigh_layout {
    size_t losses; // [T, 2], mean and weight
    // [T], what each loss's gradient is multiplied by where the backward pass begins: the factor,
    // times the weight of the weighting by losses.
    size_t roots;
    size_t gram; // [groups, T, T], of the own batch
    // Where a step takes other batches: the products of the gradients of the step's first batch and
    // its second one, [groups, T, T], and the losses of the others, [others, T, 2].
    size_t cross, others;
    // Of a weighting with steps: the products of one batch's gradients, heads included, [2, T, T],
    // the own one's and the other's; and the own batch's losses where the steps lead, [T, 2].
    size_t squares, there;
    size_t weights, shares, factor; // as the buffers of these names
    size_t end;
};

struct bough__weigh_data {
    const struct bough__model *model;
    // The losses' weights, which stand before the gradients are found; then what goes by the
    // gradients of the losses so weighted. None where nothing is trained; where gradients are
    // wanted alone, one that adds them up.
    struct bough__weigher by_losses, by_gradients;
    struct bough__moment moment;   // of the step that runs
    struct bough__buffer *factor;  // [T], the tasks' weights in the config
    struct bough__buffer *weights; // [groups, T], of the gradients
    // [2, T], of a weighting with steps: what of the weights is of the own batch's gradients, and
    // what of the other one's.
    struct bough__buffer *shares;
    struct bough__buffer *measured; // what a solve reads in one go
    struct bough__weigh_layout at;
    struct bough__span shared;      // the gradient of the shared parameters,
    int64_t columns;                // so many,
    struct bough__groups groups;    // in parts
    struct bough__buffer *jacobian; // [T, columns], or NULL: it is not kept
    size_t stride;                  // bytes between its rows
    size_t others;                  // other batches of a step: see struct bough__weighting
    struct bough__buffer *other[BOUGH__MOST_OTHERS]; // their Jacobians
    struct bough__buffer *scratch;                   // of the Gram matrix of it
    float *host;                                     // what was read, and what is written
    double *parts;                                   // [T], of the update's squared length
    // Whether the Gram matrix is read in every step that finds weights, and summed up: over the
    // epoch, and over all.
    int watches;
    struct bough__watch epoch, all;
    struct bough__solves epoch_solves, all_solves; // of the gradients' weights
    double seconds;                                // that these took
};

// Takes a zero-initialised one; `arena` owns what lies on the host.
// Errors: DEVICE.
enum bough_status bough__weigh_init(struct bough__weigh_data *data, struct bough__arena *arena,
                                    const struct bough__model *model, enum bough__purpose purpose);
void bough__weigh_fini(struct bough__weigh_data *data);

// What is measured, by an offset of the layout; and the i-th matrix [T, T] from there on.
struct bough__span bough__weigh_at(const struct bough__weigh_data *data, size_t offset);
struct bough__span bough__weigh_matrix(const struct bough__weigh_data *data, size_t offset,
                                       size_t i);

// Of a step's batch, 0 = the own one, then the others.
struct bough__span bough__weigh_jacobian(const struct bough__weigh_data *data, size_t batch);

// How many batches' gradients the update is a sum of, from the own one on; and their weights [T].
size_t bough__weigh_batches(const struct bough__weigh_data *data);
struct bough__span bough__weigh_weights(const struct bough__weigh_data *data, size_t batch,
                                        size_t group);

// What the gradients are wanted for; NOTHING where none are found apart.
enum bough__weighting_needs bough__weigh_needs(const struct bough__weigh_data *data);

// Whether these are the gradients of the shared representations.
int bough__weigh_on_representation(const struct bough__weigh_data *data);

// Whether a weighting sees the losses before their gradients are found.
int bough__weigh_sees_losses(const struct bough__weigh_data *data);

// A weigher's own launches: `state` is the struct step_state, `account` struct loss_account [T].
enum bough_status bough__weigh_write(const struct bough__weigh_data *data,
                                     const struct bough__weigher *weigher,
                                     struct bough__sequence *out, struct bough__span state,
                                     struct bough__span account);

// On the host: each reads what was measured.
//   solve_losses  writes the roots
//   solve         writes the weights of the gradients
//   watch         only looks, where the weighting solves nothing
//   ahead         finds the weights [T] of the plain step of a row that looks ahead
//   after         learns from the losses behind the update
// Errors: DIVERGED where a loss or a gradient is not finite, naming the task.
enum bough_status bough__weigh_solve_losses(struct bough__weigh_data *data);
enum bough_status bough__weigh_solve(struct bough__weigh_data *data);
enum bough_status bough__weigh_watch(struct bough__weigh_data *data);
enum bough_status bough__weigh_ahead(struct bough__weigh_data *data, float *weights);
enum bough_status bough__weigh_after(struct bough__weigh_data *data);

// Fails so.
enum bough_status bough__weigh_bad_gradient(const struct bough_config *config, size_t task);

// Whether the other batch is seen from a step further on: ahead.h.
int bough__weigh_looks_ahead(const struct bough__weigh_data *data);

// How many plain steps a weighting with steps takes; 0 of others.
size_t bough__weigh_steps(const struct bough__weigh_data *data);

// Whether there are weights to be solved for; or something to be learned behind the update.
int bough__weigh_solves(const struct bough__weigher *weigher);
int bough__weigh_learns_after(const struct bough__weigh_data *data);

// Whether that step of the training keeps the weights of the last solve.
int bough__weigh_keeps(const struct bough__weigh_data *data, uint32_t step);

// What the log tells of the last step: what each task's gradient was multiplied by, in `*weights`
// [T] (NaN before the first step; of several groups the mean over the parameters). `*weights` is
// NULL where none are found: they stand in the config, or each number of the gradients has its own.
// Errors: DEVICE.
enum bough_status bough__weigh_told(const float **weights, const struct bough__weigh_data *data);

// What the weightings keep from step to step, for a checkpoint: `bytes` of it, 0 if they keep
// nothing. Errors: DEVICE.
size_t bough__weigh_state_bytes(const struct bough__weigh_data *data);
enum bough_status bough__weigh_state_read(const struct bough__weigh_data *data, void *state);
enum bough_status bough__weigh_state_write(struct bough__weigh_data *data, const void *state);

#endif
