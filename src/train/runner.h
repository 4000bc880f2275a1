// A run through rows of splits, for training, evaluation or prediction: the order of the rows, the
// buffers that its steps work on, a step for full batches and one for a smaller last batch, and the
// account of losses and scores.
//
// Where tasks have data sets of their own a training runs through all of them at once: each step
// takes a batch of each. An evaluation is of one data set, and of tasks that stand together.
#ifndef BOUGH_TRAIN_RUNNER_H
#define BOUGH_TRAIN_RUNNER_H

#include "cl/account.h"
#include "cl/step.h"
#include "train/split.h"
#include "train/step.h"

struct bough__runner {
    struct bough__step_data data;
    size_t first_task, end_task; // its tasks
    // Full ones and smaller ones, of each length, [2, lengths]; of a regime that trains one task a
    // step [T, 2, lengths], of one with phases for `task` alone. Those that no batch needs are
    // zeros.
    struct bough__step *step;
    int64_t *length; // [lengths] what sequences are padded to, ascending; 0 where there are none
    size_t lengths;
    int single; // it trains one task a step
    // Then: the task of the next step, and the number of that step among the task's, from 1.
    size_t task;
    uint32_t task_step;
    int64_t steps;  // batches of an epoch, the last one perhaps smaller
    uint32_t epoch; // the one that runs, of the training, from 1; 0 = as many as its steps make
    unsigned batch_version; // of the orders, when they gave the batch; 0 = there is none yet
    struct loss_account *account_host; // [T], where the account is read to
    struct step_state *state_host;     // [states], what a step writes
    size_t states;
    struct bough__arena arena;
};

// The step of a full batch, or of a smaller one, of the task that is trained, of the length
// of that bucket.
static inline struct bough__step *bough__runner_made(const struct bough__runner *runner, int small,
                                                     size_t bucket)
{
    const size_t task = runner->single ? runner->task : 0;
    return &runner->step[(2 * task + (size_t)small) * runner->lengths + bucket];
}

// The step of a full batch of the longest sequences.
static inline const struct bough__step *bough__runner_full(const struct bough__runner *runner)
{
    return bough__runner_made(runner, 0, runner->lengths - 1);
}

// The one that runs batch `index` of the epoch.
struct bough__step *bough__runner_step_of(const struct bough__runner *runner, int64_t index);

// Rows of a split, in the order given (NULL = from the first on).
struct bough__rows {
    const struct bough__split *split; // NULL = there are none
    const int32_t *order;             // [count], copied
    int64_t count;
};

// Takes the rows of each data set [sets], for the tasks [first_task, end_task). Of several they are
// as many full batches each. The factors of the tasks' losses are those of the model's weighting.
// Errors: INVALID, DEVICE.
enum bough_status bough__runner_create(struct bough__runner **runner, struct bough__model *model,
                                       const struct bough__rows *rows, size_t first_task,
                                       size_t end_task, enum bough__purpose purpose);

// Where a config has one data set: for all tasks.
enum bough_status bough__runner_create_one(struct bough__runner **runner,
                                           struct bough__model *model,
                                           const struct bough__split *split, const int32_t *order,
                                           int64_t count, enum bough__purpose purpose);
void bough__runner_destroy(struct bough__runner **runner);

// Makes its steps again, after what is frozen changed, or the phase's task.
enum bough_status bough__runner_renew(struct bough__runner *runner);

// Empties the account: call it before the first batch of an epoch.
enum bough_status bough__runner_begin(struct bough__runner *runner);

// The rows that a task goes through, and their split; NULL = it is none of the runner's.
const struct bough__source *bough__runner_source(const struct bough__runner *runner, size_t t);

// Rows of a step of the epoch, or of the phase, on average.
double bough__runner_step_rows(const struct bough__runner *runner);

// Rows of an epoch, of all data sets; and of the full batches that its next step takes.
int64_t bough__runner_rows(const struct bough__runner *runner);
int64_t bough__runner_batch(const struct bough__runner *runner);

// Whether there is no full batch of that index: it has fewer rows, or none.
int bough__runner_is_small(const struct bough__runner *runner, int64_t index);

// Takes a new order of a data set's rows: as many as it has, copied.
enum bough_status bough__runner_order(struct bough__runner *runner, size_t set,
                                      const int32_t *order);

// Runs batch `index` of the epoch. `state` says the step and the rate; `first` is filled in.
enum bough_status bough__runner_step(struct bough__runner *runner, int64_t index,
                                     struct step_state *state);

// Evaluates or predicts all rows.
enum bough_status bough__runner_run(struct bough__runner *runner);

// Runs through rows of data sets one after the other: a runner for tasks that stand together and
// are of one data set. Zero-initialised it has none.
struct bough__evaluation {
    struct bough__runner **runner; // [runners]
    size_t runners;
};

// Of the data sets [sets] that have rows; of none there is no runner. Ended by
// bough__evaluation_fini, after an error too. Errors: INVALID, DEVICE.
enum bough_status bough__evaluation_init(struct bough__evaluation *evaluation,
                                         struct bough__model *model, const struct bough__rows *rows,
                                         enum bough__purpose purpose);
void bough__evaluation_fini(struct bough__evaluation *evaluation);

// The runner of a task; NULL = its data set has no rows.
struct bough__runner *bough__evaluation_of(const struct bough__evaluation *evaluation, size_t t);

// Waits, and reads the account: loss[t] and weight[t] are the sums so far of losses times weights,
// and of the weights.
// Errors: DIVERGED, naming the first step whose loss was not finite, or whose gradient was not, as
// far as the weighting sees that; and the task.
enum bough_status bough__runner_losses(struct bough__runner *runner, double *loss, double *weight);

// Waits, and reads the scores of the epoch's first rows, as many as are stored, rows[t], into
// score[t] [rows[t], width[t], ...], each malloc'd by this call and the caller's. Of other tasks
// than the runner's it says nothing.
enum bough_status bough__runner_scores(struct bough__runner *runner, float **score, int64_t *rows);

// An unfinished epoch's account and scores, to go on from another day.
size_t bough__runner_state_bytes(const struct bough__runner *runner);
enum bough_status bough__runner_state_read(struct bough__runner *runner, void *state);
enum bough_status bough__runner_state_write(struct bough__runner *runner, const void *state);

#endif
