// Everything that a step does with scores in one launch for several tasks: the loss, its gradient,
// the account (account.h), and the scores' place in the epoch.
#ifndef BOUGH_NN_LOSS_STEP_H
#define BOUGH_NN_LOSS_STEP_H

#include "op/op.h"

struct bough__loss_task {
    const struct bough__op *op; // the loss
    const struct bough__attr *attr;
    struct bough__tensor x;           // scores [N, K]
    struct bough__span target;        // as the op wants it
    struct bough__span class_weights; // [K], or absent
    struct bough__span dx;            // [N, K], or absent: no gradient is wanted
    // [stored, K], or absent: row n goes to first + n, where that is below stored
    struct bough__span all;
    int64_t stored;
};

// What they share, one after the other in the order of the tasks.
struct bough__loss_step {
    struct bough__span step;    // struct step_state
    struct bough__span loss;    // [T, 2], written: mean and weight
    struct bough__span factor;  // [T], of the means in what is minimised
    struct bough__span account; // struct loss_account [T], or absent
};

// Whether scores of that shape are [N, K], and few enough for one group a task.
int bough__loss_step_suits(const struct bough_shape *scores);

// Writes one launch for every LOSS_STEP_TASKS tasks; keeps none of the structs.
// Errors: those of bough__sequence_kernel.
enum bough_status bough__loss_step_write(struct bough__sequence *out,
                                         const struct bough__loss_step *shared,
                                         const struct bough__loss_task *task, size_t tasks);

#endif
