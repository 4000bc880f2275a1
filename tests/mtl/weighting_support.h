// What the tests of weightings share.
#ifndef BOUGH_TEST_WEIGHTING_SUPPORT_H
#define BOUGH_TEST_WEIGHTING_SUPPORT_H

#include "cl/step.h"
#include "mtl/solver.h"
#include "support/configs.h"

#include <stdio.h>
#include <stdlib.h>

// A weighting of three tasks: "{name: graddrop, leak: 0.5}".
static inline struct bough__choice weighting_as(const char *text)
{
    char override[256];
    snprintf(override, sizeof override, "weighting=%s", text);
    return test_config("data: x\n"
                       "tasks:\n"
                       "  a: {target: a, loss: mse, head: [linear: 1]}\n"
                       "  b: {target: b, loss: mse, head: [linear: 1]}\n"
                       "  c: {target: c, loss: mse, head: [linear: 1]}\n",
                       override, NULL)
        .weighting.choice;
}

static inline struct bough__span put(struct bough__buffer **buffer, struct bough_device *device,
                                     const void *data, size_t size)
{
    assert_ok(bough__buffer_create(buffer, device, size));
    assert_ok(bough__write(bough__whole(*buffer), data, size));
    return bough__whole(*buffer);
}

// Weights [tasks] of a row that solves, at its first step. Returns the residual.
static inline double solve_choice(float *weights, const struct bough__choice *choice,
                                  const struct bough__measured *measured, size_t tasks)
{
    struct bough__arena arena = {0};
    struct bough__solver solver;
    double residual = -1;
    assert_ok(bough__solver_init(&solver, &arena, choice, tasks, 0));
    bough__solver_run(&solver, weights, &residual, measured,
                      &(struct bough__moment){.seed = {1, 2}, .step = 1, .epoch = 1});
    bough__arena_fini(&arena);
    return residual;
}

// Losses of 1, all labelled, where there are none.
static inline double solve_as(float *weights, const char *text, const float *gram,
                              const float *losses, size_t tasks)
{
    float ones[2 * 256];
    const struct bough__choice choice = weighting_as(text);
    assert_true(tasks <= 256);
    for (size_t i = 0; i < 2 * tasks; i++)
        ones[i] = 1;
    return solve_choice(weights, &choice,
                        &(struct bough__measured){.losses = losses ? losses : ones, .gram = gram},
                        tasks);
}

// What a row keeps on the device, as it is before the first step.
static inline struct bough__span put_state(struct bough__buffer **buffer,
                                           struct bough_device *device,
                                           const struct bough__choice *choice, size_t tasks,
                                           int64_t columns)
{
    const struct bough__weighting *row = bough__weighting_of(choice);
    const size_t size = (row->state ? row->state(tasks, columns) : 0) * sizeof(float);
    assert_ok(bough__buffer_create(buffer, device, size + 1));
    assert_ok(bough__fill_zero(bough__whole(*buffer), size + 1));
    return bough__whole(*buffer);
}

// J [tasks, columns] through a row that takes gradients, at its first step.
static inline void weigh_gradients(float *gradient, const struct bough__choice *choice,
                                   struct bough_device *device, const struct step_state *step,
                                   const float *jacobian, const float *losses, size_t tasks,
                                   int64_t columns)
{
    struct bough__buffer *rows, *state, *kept, *out, *means;
    struct bough__sequence sequence = {.device = device};
    const size_t bytes = (size_t)columns * sizeof(float);
    struct bough__weigh weigh = {.options = choice->options, .tasks = tasks, .columns = columns};
    weigh.jacobian = put(&rows, device, jacobian, tasks * bytes);
    weigh.jacobian.stride = bytes;
    weigh.step = put(&state, device, step, sizeof *step);
    weigh.state = put_state(&kept, device, choice, tasks, columns);
    weigh.losses = put(&means, device, losses, losses ? 2 * tasks * sizeof *losses : 0);
    weigh.gradient = put(&out, device, jacobian, bytes);
    assert_ok(bough__weighting_of(choice)->write(&sequence, &weigh));
    assert_ok(bough__sequence_run(&sequence));
    assert_ok(bough__read(weigh.gradient, gradient, bytes));
    bough__sequence_fini(&sequence);
    bough__buffer_destroy(&rows);
    bough__buffer_destroy(&state);
    bough__buffer_destroy(&kept);
    bough__buffer_destroy(&means);
    bough__buffer_destroy(&out);
}

#endif
