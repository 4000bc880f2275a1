// Optimizers: one launch per step and flat block of parameters, by PyTorch's formulas. And clipping
// of the gradient's norm, over all blocks together.
#ifndef BOUGH_NN_OPTIMIZER_H
#define BOUGH_NN_OPTIMIZER_H

#include "cl/step.h"
#include "device/sequence.h"

#include <bough/config.h>

enum { BOUGH_MAX_SLOTS = 2 };

// A flat block of `count` parameters. All spans are float, the state apart.
struct bough__block {
    int64_t count;
    struct bough__span params, grads;
    struct bough__span slot[BOUGH_MAX_SLOTS]; // state [count] each, zero before the first step
    struct bough__span step;                  // struct step_state: lr, bias1, bias2
    struct bough__span factor;                // [1], scales the gradients; absent = 1
};

// A config is resolved (bough_config_resolve): every field holds its value.
struct bough__optimizer {
    const char *name;
    // How many slots a block has.
    int (*slots)(const struct bough_optimizer *config);
    // Writes one step's launch.
    enum bough_status (*write)(struct bough__sequence *out, const struct bough_optimizer *config,
                               const struct bough__block *block);
};

// NULL if there is none of that name.
const struct bough__optimizer *bough__optimizer_find(const char *name);
const struct bough__optimizer *const *bough__optimizer_all(size_t *count);

// Sets what an optimizer reads in a step, counted from 1: step, lr, bias1, bias2, clip_norm.
void bough__optimizer_set_step(struct step_state *state, const struct bough_optimizer *config,
                               uint32_t step, float lr);

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
