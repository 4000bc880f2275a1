// One row of the weightings at work on host memory: it solves, or its launches run on plain C.
#ifndef BOUGH_WEIGH_ALONE_H
#define BOUGH_WEIGH_ALONE_H

#include "cl/account.h"
#include "cl/step.h"
#include "mtl/solver.h"

enum { BOUGH__ALONE_BUFFERS = 10 };

struct bough__alone {
    const struct bough__weighting *row; // NULL = there is none
    struct bough__solver solver;
    // Of one that writes:
    struct bough__weigh weigh;
    struct bough__sequence sequence;
    struct bough__buffer *buffer[BOUGH__ALONE_BUFFERS];
    size_t buffers, state_bytes;
    float *learned, *learned_gradient; // [learned_count]
    size_t learned_count;
    struct loss_account *account; // [T]
    float *line;                  // [P]
};

// Takes a zero-initialised one. `arena` owns what lies on the host.
//   device  plain C, opened where it is NULL and a row writes; the caller's to close behind fini
enum bough_status bough__alone_init(struct bough__alone *alone, struct bough__arena *arena,
                                    struct bough_device **device,
                                    const struct bough__choice *choice, size_t tasks,
                                    int64_t columns);
void bough__alone_fini(struct bough__alone *alone);

// Of a row by LOSSES that writes: weights [T], the factors included, and the gradient of what is
// learned.
//   losses  [T, 2], as struct bough__measured has them;  factor  [T]
enum bough_status bough__alone_weigh(struct bough__alone *alone, float *weights,
                                     const float *losses, const float *factor);

// Of a row by GRADIENTS: the direction [P].
//   gradients  [T, P] of the losses; factor[t] times row t is what the row is given, and of a task
//              that has no label zeros
// Errors: DIVERGED, naming the task, for a gradient whose square the row sums up, and is not
// finite.
enum bough_status bough__alone_direct(struct bough__alone *alone, float *direction,
                                      const float *gradients, const float *losses,
                                      const float *factor, const struct bough__moment *moment);

// What it keeps, and what is learned.
size_t bough__alone_state_size(const struct bough__alone *alone);
enum bough_status bough__alone_save(const struct bough__alone *alone, char *state);
// Errors: DATA for a state in which a number is not finite.
enum bough_status bough__alone_check(const struct bough__alone *alone, const char *state);
enum bough_status bough__alone_load(struct bough__alone *alone, const char *state);

#endif
