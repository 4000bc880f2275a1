// Weightings: how the tasks' losses or gradients become one update. `bough methods` tells the rows.
#ifndef BOUGH_MTL_WEIGHTING_H
#define BOUGH_MTL_WEIGHTING_H

#include "base/option.h"
#include "device/sequence.h"

// What a weighting must be given, and so which of a row's functions stands.
enum bough__weighting_needs {
    BOUGH_NEEDS_NOTHING,   // weights that stand before the training starts: `start`
    BOUGH_NEEDS_LOSSES,    // the losses of the step: `write` or `solve`
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
    struct bough__span step;  // struct step_state: seed, step
    struct bough__span state; // of state() floats

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
    // struct loss_account [T], where a row that sums up squares tells those that are not finite;
    // absent = nowhere.
    struct bough__span account;
};

// When a step is: for draws, moving means and what begins with an epoch.
struct bough__moment {
    uint32_t seed[2];
    uint32_t step, epoch; // of the whole training, from 1
    float lr;             // of the step
};

// What lies on the host: the tasks of which something is labelled, in their order. All numbers are
// finite.
struct bough__solve {
    const void *options; // of the row
    size_t tasks, n;     // all of them, and those that are here: at least one
    const size_t *task;  // [n], which they are
    const double *loss;  // [n], with the task's weight in the config
    // [n], the tasks' weights in the config, over all tasks of weight above 0 of mean 1
    const double *preference;
    // [n, n], of the gradients of `loss`; NULL = LOSSES. Symmetric, but of a row that wants other
    // batches: there gram[i n + j] is the product of task i's gradient on the step's first batch
    // and task j's on its second one. The loop of <bough/weighting.h> has one batch for all.
    const double *gram;
    // [n], of such a row: 1 = the task is labelled in every batch of the step. Where it is not, its
    // row or its column of `gram` may be 0 for want of labels.
    const unsigned char *in_all;
    // Of a row with `steps`: the products of the own batch's gradients and of the other one's, each
    // [n, n], where `gram` is of the other one by the own; and the own batch's losses where the
    // plain steps lead, [n], which may be anything, even no number.
    const double *own, *other, *there;
    double *state; // of state() numbers, by task, not by place: 0 before the first step
    struct bough__moment moment;
    void *scratch; // of scratch() bytes, on 16

    double *weights; // [n], written: of the gradient of each loss
    // [n], of a row with `steps`, written: so much of `weights` is of the other batch's gradient,
    // and the rest of the own one's.
    double *other_weights;
    // Written: how far from the solution, relative to the Gram matrix's size; 0 of a rule that
    // solves nothing, infinite where plain steps lead to no finite loss.
    double residual;
    size_t iterations; // written: rounds of what is iterated, in all; 0 of a rule that is not
};

// Batches of a step beside its own, at most.
enum { BOUGH__MOST_OTHERS = 2 };

// A residual above this one is not solved. The Gram matrix is the device's, in float.
#define BOUGH__SOLVED 1e-6

struct bough__weighting {
    struct bough__row row;
    enum bough__weighting_needs needs;
    // Of GRAM: how many other batches of the epoch a step takes, before its own, to solve by; they
    // are in no account, and the weights that are solved for are of the own batch's gradients. The
    // batches of the step are these, then the own one: of one other, `gram` is of it and the own.
    size_t others;
    // Of GRAM with one other batch: its weights multiply the losses of the whole model, heads
    // included, and it learns them. Writes those of a plain step theta - lr sum w_t g_t from
    // where the own batch was seen: the other one is seen from there, and `gram` is then of all
    // parameters, gram[i n + j] = -1/lr times how task i's loss there goes with w_j. It is given no
    // `gram` itself. NULL: it does not look ahead.
    void (*ahead)(struct bough__solve *solve);
    // Of one that looks ahead: how many such plain steps it takes down the own batch's losses,
    // whose size is then told from there, while the other batch is seen from where the step began.
    // NULL: one, as above.
    size_t (*steps)(const void *options);
    // The tasks' weights are its preferences: the Gram matrix and the losses that it is given are
    // without them.
    int prefers;

    // For users, in ASCII: the rule, one to three lines, in the letters of config/methods.c; when
    // it helps and when not; and where the tasks' weights are factors of the losses, how far the
    // rule is invariant to them, NULL = not.
    const char *rule, *advice, *blind;

    // Whether it goes by that task before others, whose weight is then not to be 0. NULL: by none.
    int (*leads)(const void *options, size_t task);

    // What is wrong with the options where so many tasks have a weight above 0; NULL if nothing is.
    // Of which key, and the most that it can be, -1 = nothing helps. Of a step that has labels of
    // fewer tasks the rule tells. NULL: nothing can be.
    const char *(*too_few)(const void *options, size_t tasks, const char **key, int64_t *most);

    // Writes weights [T] for the whole training.
    void (*start)(float *weights, const void *options, size_t tasks);

    // How many numbers the weighting learns by the model's optimizer; writes how they start unless
    // `start` is NULL. NULL: none.
    size_t (*params)(float *start, const void *options, size_t tasks);

    // How many numbers it keeps from step to step, 0 at first: doubles on the host of a row that
    // solves, floats on the device of one that writes. They are saved with a checkpoint. NULL:
    // none.
    size_t (*state)(size_t tasks, int64_t columns);

    // Epochs in which it goes another way, from the first on. NULL: none.
    int32_t (*warmup)(const void *options);

    // Writes a step's launches: weights and the gradient of what is learned, or the gradient of the
    // trunk. A task of which nothing is labelled weighs nothing.
    enum bough_status (*write)(struct bough__sequence *out, const struct bough__weigh *weigh);

    // Or it solves, on the host: the trunk's gradient is the sum of weights[i] g_task[i]; of
    // LOSSES, the model's. Allocates nothing.
    void (*solve)(struct bough__solve *solve);
    size_t (*scratch)(size_t tasks); // bytes that a solve wants; NULL: none

    // Of LOSSES, behind the update: learns from the losses of the same batch with the parameters as
    // they are now, in `solve->loss`; writes no weights. NULL: it does not want them.
    void (*after)(struct bough__solve *solve);
};

// ---- Which keys of a config go with a row ----

// `losses`: another weighting, by the losses, before it. The losses of one that looks ahead are to
// be the same on both batches: it takes one by nothing at most.
static inline int bough__takes_losses(const struct bough__weighting *row)
{
    return bough__by_gradients(row->needs) && !row->ahead;
}

// `on: representation`: those of two batches have nothing to do with each other.
static inline int bough__takes_representation(const struct bough__weighting *row)
{
    return row->needs == BOUGH_NEEDS_GRAM && !row->others;
}

// `groups`: one that looks ahead weighs the whole model at once.
static inline int bough__takes_groups(const struct bough__weighting *row)
{
    return row->needs == BOUGH_NEEDS_GRAM && !row->ahead;
}

// `every`: one with steps learns from each batch.
static inline int bough__takes_every(const struct bough__weighting *row)
{
    return row->needs == BOUGH_NEEDS_GRAM && !row->steps;
}

// `smoothing`: one that looks ahead finds its weights anew in each step.
static inline int bough__takes_smoothing(const struct bough__weighting *row)
{
    return row->solve && !row->ahead;
}

// What a config says of all of it: a weighting, and where that goes by gradients another one, by
// the losses, whose weights the losses have before their gradients are found.
struct bough__weighing {
    struct bough__choice choice; // of bough__weightings
    struct bough__choice losses; // of bough__loss_weightings; equal where there is no such choice
    const char *on;              // of bough__gradient_places: where the gradients are taken
    const char *groups;          // of bough__gradient_groups: what is weighed apart
    int32_t every;               // steps, from one solve to the next
    float smoothing;             // share of a task's last weight in its new one
};

// "parameters" that are shared, or the shared "representation"; all that is "shared" at once, or
// each "layer", or each "tensor".
extern const struct bough__family bough__gradient_places, bough__gradient_groups;

#define BOUGH_WEIGHTING(name) extern const struct bough__weighting bough__weighting_##name;
#include "mtl/weighting_list.h"
#undef BOUGH_WEIGHTING
extern const struct bough__family bough__weightings;
extern const struct bough__family bough__loss_weightings; // those that do not go by gradients

// Of a choice of bough__weightings.
static inline const struct bough__weighting *bough__weighting_of(const struct bough__choice *choice)
{
    return (const struct bough__weighting *)(const void *)choice->row;
}

// `leads` of those that go by the first task.
int bough__first_leads(const void *options, size_t task);

// The one that goes by the losses, if only to leave them as they are.
static inline const struct bough__choice *
bough__weighing_losses(const struct bough__weighing *config)
{
    const int by_gradients = bough__by_gradients(bough__weighting_of(&config->choice)->needs);
    return by_gradients ? &config->losses : &config->choice;
}

// Writes the weights [T] that the losses have for the whole training, beside the tasks' own; 1 each
// where they are found in its steps.
void bough__weighing_start(float *weights, const struct bough__weighing *config, size_t tasks);

#endif
