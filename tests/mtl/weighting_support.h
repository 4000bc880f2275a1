// What the tests of weightings share.
#ifndef BOUGH_TEST_WEIGHTING_SUPPORT_H
#define BOUGH_TEST_WEIGHTING_SUPPORT_H

#include "base/strings.h"
#include "cl/step.h"
#include "mtl/solver.h"
#include "support/configs.h"

#include <stdio.h>
#include <stdlib.h>

// A weighting of tasks a, b and so on, 26 at most: "{name: graddrop, leak: 0.5}".
static inline struct bough__choice weighting_of(const char *text, size_t tasks)
{
    char config[2000] = "data: x\ntasks:\n", override[256];
    for (size_t t = 0; t < tasks; t++)
        bough__append(config, sizeof config, "  %c: {target: y, loss: mse, head: [linear: 1]}\n",
                      'a' + (int)t);
    snprintf(override, sizeof override, "weighting=%s", text);
    return test_config(config, override, NULL).weighting.choice;
}

// Of three.
static inline struct bough__choice weighting_as(const char *text)
{
    return weighting_of(text, 3);
}

static inline struct bough__span put(struct bough__buffer **buffer, struct bough_device *device,
                                     const void *data, size_t size)
{
    assert_ok(bough__buffer_create(buffer, device, size));
    assert_ok(bough__write(bough__whole(*buffer), data, size));
    return bough__whole(*buffer);
}

// A row that solves, from step to step.
struct solving {
    struct bough__arena arena;
    struct bough__solver solver;
    struct bough__moment moment; // of the next step
};

static inline void solving_open(struct solving *solving, const struct bough__choice *choice,
                                size_t tasks)
{
    *solving = (struct solving){.moment = {.seed = {1, 2}, .step = 1, .epoch = 1}};
    assert_ok(bough__solver_init(&solving->solver, &solving->arena, choice, tasks, 0));
}

// Writes weights [tasks], and goes to the next step. Returns the residual.
static inline double solving_step(struct solving *solving, float *weights,
                                  const struct bough__measured *measured)
{
    double residual = -1;
    bough__solver_run(&solving->solver, weights, &residual, measured, &solving->moment);
    solving->moment.step++;
    return residual;
}

// Behind the update, of a row that learns from it.
static inline void solving_after(struct solving *solving, const struct bough__measured *measured)
{
    struct bough__moment moment = solving->moment;
    moment.step--;
    bough__solver_after(&solving->solver, measured, &moment);
}

static inline void solving_close(struct solving *solving)
{
    bough__arena_fini(&solving->arena);
}

// Weights [tasks] of a row that solves, at its first step. Returns the residual.
static inline double solve_choice(float *weights, const struct bough__choice *choice,
                                  const struct bough__measured *measured, size_t tasks)
{
    struct solving solving;
    solving_open(&solving, choice, tasks);
    const double residual = solving_step(&solving, weights, measured);
    solving_close(&solving);
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

// A row that takes gradients, prepared once, with what it keeps from step to step.
struct weighing {
    struct bough__buffer *rows, *step, *state, *losses, *factor, *out;
    struct bough__sequence sequence;
    struct bough__weigh weigh;
};

// `factor` [tasks] or NULL.
static inline void weighing_init(struct weighing *w, const struct bough__choice *choice,
                                 struct bough_device *device, const float *factor, size_t tasks,
                                 int64_t columns)
{
    const size_t bytes = (size_t)columns * sizeof(float);
    *w = (struct weighing){.sequence.device = device};
    assert_ok(bough__buffer_create(&w->rows, device, tasks * bytes));
    assert_ok(bough__buffer_create(&w->step, device, sizeof(struct step_state)));
    assert_ok(bough__buffer_create(&w->losses, device, 2 * tasks * sizeof(float)));
    assert_ok(bough__buffer_create(&w->out, device, bytes));
    w->weigh = (struct bough__weigh){
        .options = choice->options,
        .tasks = tasks,
        .columns = columns,
        .jacobian = bough__whole(w->rows),
        .step = bough__whole(w->step),
        .state = put_state(&w->state, device, choice, tasks, columns),
        .losses = bough__whole(w->losses),
        .gradient = bough__whole(w->out),
    };
    w->weigh.jacobian.stride = bytes;
    if (factor)
        w->weigh.factor = put(&w->factor, device, factor, tasks * sizeof *factor);
    assert_ok(bough__weighting_of(choice)->write(&w->sequence, &w->weigh));
}

// `losses` [tasks, 2], NULL for a row that reads none.
static inline void weighing_step(struct weighing *w, float *gradient, const struct step_state *step,
                                 const float *jacobian, const float *losses)
{
    const size_t tasks = w->weigh.tasks, bytes = w->weigh.jacobian.stride;
    assert_ok(bough__write(w->weigh.jacobian, jacobian, tasks * bytes));
    assert_ok(bough__write(w->weigh.step, step, sizeof *step));
    if (losses)
        assert_ok(bough__write(w->weigh.losses, losses, 2 * tasks * sizeof *losses));
    assert_ok(bough__sequence_run(&w->sequence));
    assert_ok(bough__read(w->weigh.gradient, gradient, bytes));
}

static inline void weighing_fini(struct weighing *w)
{
    bough__sequence_fini(&w->sequence);
    bough__buffer_destroy(&w->rows);
    bough__buffer_destroy(&w->step);
    bough__buffer_destroy(&w->state);
    bough__buffer_destroy(&w->losses);
    bough__buffer_destroy(&w->factor);
    bough__buffer_destroy(&w->out);
}

// J [tasks, columns] through a row that takes gradients, at its first step.
static inline void weigh_gradients(float *gradient, const struct bough__choice *choice,
                                   struct bough_device *device, const struct step_state *step,
                                   const float *jacobian, const float *losses, size_t tasks,
                                   int64_t columns)
{
    struct weighing w;
    weighing_init(&w, choice, device, NULL, tasks, columns);
    weighing_step(&w, gradient, step, jacobian, losses);
    weighing_fini(&w);
}

#endif
