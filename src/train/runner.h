// A run through rows of a split, for training, evaluation or prediction: the order of its rows, the
// buffers that its steps work on, a step for full batches and one for a smaller last batch, and the
// account of losses and scores.
#ifndef BOUGH_TRAIN_RUNNER_H
#define BOUGH_TRAIN_RUNNER_H

#include "cl/account.h"
#include "cl/step.h"
#include "train/split.h"
#include "train/step.h"

struct bough__runner {
    const struct bough__split *split;
    struct bough__feed feed;
    struct bough__step_data data;
    struct bough__step full, last; // of all tasks
    // Of a regime that trains one task a step: its steps [2 * T], a full one and a smaller one for
    // each task, of one with phases for `task` alone; the task of the next step, and the number of
    // that step among the task's, from 1.
    struct bough__step *single;
    size_t task;
    uint32_t task_step;
    int64_t steps;  // batches of an epoch, the last one perhaps smaller
    uint32_t epoch; // the one that runs, of the training, from 1; 0 = as many as its steps make
    unsigned batch_version; // of the feed's order, when it gave the batch; 0 = there is none yet
    struct loss_account *account_host; // [T], where the account is read to
    struct step_state *state_host;     // [states], what a step writes
    size_t states;
    struct bough__arena arena;
};

// The step of a full batch, of the task that is trained.
static inline const struct bough__step *bough__runner_full(const struct bough__runner *runner)
{
    return runner->single ? &runner->single[2 * runner->task] : &runner->full;
}

// Takes `count` rows of the split, in the order given (NULL = from the first on). The factors of
// the tasks' losses are those of the model's weighting.
// Errors: INVALID, DEVICE.
enum bough_status bough__runner_create(struct bough__runner **runner, struct bough__model *model,
                                       const struct bough__split *split, const int32_t *order,
                                       int64_t count, enum bough__purpose purpose);
void bough__runner_destroy(struct bough__runner **runner);

// Makes its steps again, after what is frozen changed, or the phase's task.
enum bough_status bough__runner_renew(struct bough__runner *runner);

// Empties the account: call it before the first batch of an epoch.
enum bough_status bough__runner_begin(struct bough__runner *runner);

// Runs batch `index` of the epoch. `state` says the step and the rate; `first` is filled in.
enum bough_status bough__runner_step(struct bough__runner *runner, int64_t index,
                                     struct step_state *state);

// Evaluates or predicts all rows.
enum bough_status bough__runner_run(struct bough__runner *runner);

// Waits, and reads the account: loss[t] and weight[t] are the sums so far of losses times weights,
// and of the weights.
// Errors: DIVERGED, naming the first step whose loss was not finite, or whose gradient was not, as
// far as the weighting sees that; and the task.
enum bough_status bough__runner_losses(struct bough__runner *runner, double *loss, double *weight);

// Waits, and reads the scores of the first `rows` rows of the epoch into score[t] [rows, width[t],
// ...], each malloc'd by this call and the caller's. `*rows` is lowered to those that are stored.
enum bough_status bough__runner_scores(struct bough__runner *runner, float **score, int64_t *rows);

// An unfinished epoch's account and scores, to go on from another day.
size_t bough__runner_state_bytes(const struct bough__runner *runner);
enum bough_status bough__runner_state_read(struct bough__runner *runner, void *state);
enum bough_status bough__runner_state_write(struct bough__runner *runner, const void *state);

#endif
