// Optimizers: one launch per step and flat block of parameters, by PyTorch's formulas. And clipping
// of the gradient's norm, over all blocks together.
#ifndef BOUGH_NN_OPTIMIZER_H
#define BOUGH_NN_OPTIMIZER_H

#include "base/option.h"
#include "cl/step.h"
#include "device/sequence.h"

enum { BOUGH_MAX_SLOTS = 2 };

// A flat block of `count` parameters. All spans are float, the state apart.
struct bough__block {
    int64_t count;
    struct bough__span params, grads;
    struct bough__span slot[BOUGH_MAX_SLOTS]; // state [count] each, zero before the first step
    struct bough__span step;                  // struct step_state: lr, bias1, bias2
    struct bough__span factor;                // [1], scales the gradients; absent = 1
};

// A kind of optimizer. `options` are those of its row; they begin with the rate.
struct bough__optimizer {
    struct bough__row row;
    // How many slots a block has.
    int (*slots)(const void *options);
    // Sets what else it reads in a step than its number and rate. May be NULL.
    void (*begin)(struct step_state *state, const void *options);
    // Writes one step's launch.
    enum bough_status (*write)(struct bough__sequence *out, const void *options,
                               const struct bough__block *block);
};

#define BOUGH_OPTIMIZER(name) extern const struct bough__optimizer bough__optimizer_##name;
#include "nn/optimizer_list.h"
#undef BOUGH_OPTIMIZER
extern const struct bough__family bough__optimizers;

// What a config chooses.
struct bough__optimization {
    struct bough__choice choice; // of bough__optimizers
    float clip_norm;             // largest norm of the whole gradient; 0 = no clipping
};

static inline const struct bough__optimizer *
bough__optimizer_of(const struct bough__optimization *config)
{
    return (const struct bough__optimizer *)(const void *)config->choice.row;
}

float bough__optimizer_lr(const struct bough__optimization *config);

// Sets what an optimizer reads in a step, counted from 1: step, lr, bias1, bias2, clip_norm.
void bough__optimizer_set_step(struct step_state *state, const struct bough__optimization *config,
                               uint32_t step, float lr);

// Writes a plain step, of no optimizer: params -= lr grads. Keeps no slots.
enum bough_status bough__descend_write(struct bough__sequence *out,
                                       const struct bough__block *block);

// ---- Clipping the norm: the sums of every block in one buffer, then one factor ----

// How many sums a block of `count` has.
int64_t bough__clip_sums(int64_t count);

// Writes the launch that adds the squares of a block's gradients, chunk by chunk, into `sums`.
enum bough_status bough__clip_write_sums(struct bough__sequence *out, struct bough__span grads,
                                         int64_t count, struct bough__span sums);

// Writes the launch that makes of `count` sums the factor [1]: min(1, clip_norm / (norm + 1e-6)),
// as torch.nn.utils.clip_grad_norm_ has it; 1 where the step's clip_norm is 0.
enum bough_status bough__clip_write_factor(struct bough__sequence *out, struct bough__span sums,
                                           int64_t count, struct bough__span step,
                                           struct bough__span factor);

#endif
