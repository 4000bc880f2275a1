// What the tests of weightings share.
#ifndef BOUGH_TEST_WEIGHTING_SUPPORT_H
#define BOUGH_TEST_WEIGHTING_SUPPORT_H

#include "cl/step.h"
#include "mtl/weighting.h"
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
        .weighting;
}

static inline struct bough__span put(struct bough__buffer **buffer, struct bough_device *device,
                                     const void *data, size_t size)
{
    assert_ok(bough__buffer_create(buffer, device, size));
    assert_ok(bough__write(bough__whole(*buffer), data, size));
    return bough__whole(*buffer);
}

// J [tasks, columns] through a row that takes gradients.
static inline void weigh_gradients(float *gradient, const struct bough__choice *choice,
                                   struct bough_device *device, const struct step_state *step,
                                   const float *jacobian, size_t tasks, int64_t columns)
{
    struct bough__buffer *rows, *state, *out;
    struct bough__sequence sequence = {.device = device};
    const size_t bytes = (size_t)columns * sizeof(float);
    struct bough__weigh weigh = {.options = choice->options, .tasks = tasks, .columns = columns};
    weigh.jacobian = put(&rows, device, jacobian, tasks * bytes);
    weigh.jacobian.stride = bytes;
    weigh.step = put(&state, device, step, sizeof *step);
    weigh.gradient = put(&out, device, jacobian, bytes);
    assert_ok(bough__weighting_of(choice)->write(&sequence, &weigh));
    assert_ok(bough__sequence_run(&sequence));
    assert_ok(bough__read(weigh.gradient, gradient, bytes));
    bough__sequence_fini(&sequence);
    bough__buffer_destroy(&rows);
    bough__buffer_destroy(&state);
    bough__buffer_destroy(&out);
}

#endif
