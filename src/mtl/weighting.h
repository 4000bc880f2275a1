// Weightings: how the tasks' losses or gradients become one update. Rules, defaults, papers:
// README.md.
#ifndef BOUGH_MTL_WEIGHTING_H
#define BOUGH_MTL_WEIGHTING_H

#include "base/option.h"
#include "device/sequence.h"

// What a weighting must be given, and so which of a row's functions stands.
enum bough__weighting_needs {
    BOUGH_NEEDS_NOTHING,   // weights that stand before the training starts: `start`
    BOUGH_NEEDS_LOSSES,    // the losses of the step: `write`
    BOUGH_NEEDS_GRAM,      // J Jt [T, T], J the tasks' gradients of the trunk: `solve`
    BOUGH_NEEDS_GRADIENTS, // J [T, P] itself: `write`
};

// Whether it goes by the tasks' gradients, which are then found apart.
static inline int bough__by_gradients(enum bough__weighting_needs needs)
{
    return needs == BOUGH_NEEDS_GRAM || needs == BOUGH_NEEDS_GRADIENTS;
}

// What lies on the device. All spans are float, the state apart, and none is a stack.
struct bough__weigh {
    const void *options; // of the row
    size_t tasks;
    struct bough__span step; // struct step_state: seed, step

    // LOSSES
    struct bough__span losses;          // [T, 2]: the mean, and the weight of the labelled rows
    struct bough__span factor;          // [T]: of each loss, as the config has it; absent = all 1
    struct bough__span params;          // [params()]
    struct bough__span weights;         // [T], written: factor of the gradient of each loss
    struct bough__span params_gradient; // [params()], written

    // GRADIENTS
    struct bough__span jacobian; // [T, P]: row t is the gradient of factor[t] L_t, a stride apart
    int64_t columns;             // P
    struct bough__span gradient; // [P], written
};

// What lies on the host. All numbers are finite.
struct bough__solve {
    const void *options; // of the row
    size_t tasks;
    const float *gram;   // [T, T] of the gradients of factor[t] L_t
    const float *losses; // [T, 2] as above; NULL = 1 each
    const float *factor; // [T] as above; NULL = 1 each
    void *scratch;       // of scratch() bytes, on 16
};

// A residual above this one, about the rounding of the Gram matrix, is not solved.
#define BOUGH__SOLVED 1e-6

struct bough__weighting {
    struct bough__row row;
    enum bough__weighting_needs needs;

    // Writes weights [T] for the whole training.
    void (*start)(float *weights, const void *options, size_t tasks);

    // How many numbers the weighting learns by the model's optimizer; writes how they start unless
    // `start` is NULL. NULL: none.
    size_t (*params)(float *start, const void *options, size_t tasks);
    // Writes a step's launches: weights and the gradient of what is learned, or the gradient of the
    // trunk. A task of which nothing is labelled weighs nothing.
    enum bough_status (*write)(struct bough__sequence *out, const struct bough__weigh *weigh);

    // Bytes that a solve wants.
    size_t (*scratch)(size_t tasks);
    // Writes weights [T]: the trunk's gradient is sum_t weights[t] J[t]. Allocates nothing.
    //   residual  how far from the solution, relative to the size of the Gram matrix
    void (*solve)(float *weights, double *residual, const struct bough__solve *solve);
};

#define BOUGH_WEIGHTING(name) extern const struct bough__weighting bough__weighting_##name;
#include "mtl/weighting_list.h"
#undef BOUGH_WEIGHTING
extern const struct bough__family bough__weightings;

// Of a choice of bough__weightings.
static inline const struct bough__weighting *bough__weighting_of(const struct bough__choice *choice)
{
    return (const struct bough__weighting *)(const void *)choice->row;
}

#endif
