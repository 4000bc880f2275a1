// A weighting alone, for a program with a training loop of its own: the tasks' losses and gradients
// in host memory to weights, or to one direction. These are the rows that bough trains with;
// `bough methods` tells them and their options.
//
//     const struct bough_weighting_options options = {0};
//     bough_weighting_open(&weighting, "{name: cagrad, c: 0.4}", 2, &options);
//     struct bough_weighting_step step = {.gram = gram};
//     struct bough_weighed out = {.weights = weights};
//     bough_weighting_step(weighting, &out, &step);
//
// T is the number of tasks, which are numbered from 0, P that of the shared parameters. A weighting
// is used by one thread at a time.
#ifndef BOUGH_WEIGHTING_H
#define BOUGH_WEIGHTING_H

#include <bough/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bough_weighting;

// What a weighting goes by, at least.
enum bough_weighting_needs {
    BOUGH_WEIGHTING_NEEDS_NOTHING,
    BOUGH_WEIGHTING_NEEDS_LOSSES,
    BOUGH_WEIGHTING_NEEDS_GRAM,      // or the gradients, of which the matrix is then made
    BOUGH_WEIGHTING_NEEDS_GRADIENTS, // of which it makes a direction: no weights are told
};

struct bough_weighting_options {
    int64_t columns;           // P; 0 = gradients are never given
    const float *task_weights; // [T], 0 or above, one above 0: `weight` of the tasks in a config;
                               // NULL = 1 each
    uint64_t seed;             // of what is drawn
    const char *const *overrides; // "c=0.4"
    size_t overrides_count;
};

// Opens what a config's `weighting` says, in YAML: "cagrad", "{name: cagrad, c: 0.4}", "{name:
// mgda, losses: uncertainty}". Where that is told by task it is a list. `on` tells nothing here:
// the gradients are those that the caller gives. `groups` is refused: a weighting for each does
// that; and so are auto_lambda, moml and forum, which see another batch, and go by where plain
// steps lead.
// `*weighting` is NULL on error. Errors: INVALID, as of a config, with the nearest name; for one
// that needs the gradients, without `columns`; for no task.
enum bough_status bough_weighting_open(struct bough_weighting **weighting, const char *text,
                                       size_t tasks, const struct bough_weighting_options *options);
void bough_weighting_close(struct bough_weighting **weighting); // takes NULL, sets NULL

// The name is a constant.
const char *bough_weighting_name(const struct bough_weighting *weighting);
enum bough_weighting_needs bough_weighting_needs(const struct bough_weighting *weighting);

// What a step is told. All of it stays the caller's.
struct bough_weighting_step {
    const double *losses;   // [T], without the tasks' weights; NaN = the task has no label in this
                            // step and takes no part. NULL = 1 each
    const float *gradients; // [T, P], row t is the gradient of losses[t]; that of a task without a
                            // label is not read. NULL = none
    const double *gram;     // [T, T], the rows' products; NULL = they are found.
                            // Neither is needed where `every` keeps the last weights
    uint32_t epoch;         // from 1, for what begins with an epoch; 0 stands for 1
};

// What comes of it, in the caller's memory.
struct bough_weighed {
    double *weights; // [T], what the gradient of losses[t] is multiplied by, the task's weight
                     // included: 0 of a task without a label, NaN of one that NEEDS_GRADIENTS.
                     // NULL = not wanted
    float
        *direction;  // [P], the sum of the gradients so weighed, to walk against. NULL = not wanted
    double residual; // written: how far from the solution, relative to the Gram matrix's size;
                     // above 1e-6 it is not solved. 0 where nothing is
    size_t iterations; // written: rounds of what is iterated; 0 where nothing is
};

// Weighs the tasks once, and learns from it. After an error all stands as before.
// Errors: INVALID for what is needed and not given; DIVERGED for a loss that is infinite, or a
// gradient that is not finite, naming the task; for a gradient whose square a row by gradients sums
// up in float, which does not hold it; for what comes out no finite number.
enum bough_status bough_weighting_step(struct bough_weighting *weighting, struct bough_weighed *out,
                                       const struct bough_weighting_step *step);

// Whether it learns from the losses [T] of the same batch with the parameters behind the update
// (famo), and that. Errors: DIVERGED; INVALID before the first step.
int bough_weighting_learns_after(const struct bough_weighting *weighting);
enum bough_status bough_weighting_after(struct bough_weighting *weighting, const double *losses);

// What the caller's own optimizer is to learn with the model (uncertainty, imtl_l): so many values,
// which it may change between steps, and their gradients of the last step. Borrowed; 0, and NULL,
// of the others.
size_t bough_weighting_learned(struct bough_weighting *weighting, float **values,
                               const float **gradients);

// What a weighting carries from step to step, learned values too, as so many bytes: for a
// checkpoint of the same text, T and P. Errors: INVALID if there are not as many, DATA if they are
// damaged: a number is not finite. All then stands as before.
size_t bough_weighting_state_size(const struct bough_weighting *weighting);
enum bough_status bough_weighting_state_save(const struct bough_weighting *weighting, void *state);
enum bough_status bough_weighting_state_load(struct bough_weighting *weighting, const void *state,
                                             size_t size);

#ifdef __cplusplus
}
#endif

#endif
