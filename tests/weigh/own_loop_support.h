// What the tests of <bough/weighting.h> share.
#ifndef BOUGH_TEST_OWN_LOOP_SUPPORT_H
#define BOUGH_TEST_OWN_LOOP_SUPPORT_H

#include "mtl/weighting.h"
#include "support/configs.h"

#include <bough/weighting.h>
#include <math.h>

enum { TASKS = 3, COLUMNS = 37 };

static const float two[6] = {-4, 1, 1, 6, 1, 1};
static const double two_gram[4] = {18, -22, -22, 38};

static inline struct bough_weighting *open_as(const char *text, size_t tasks, int64_t columns)
{
    struct bough_weighting *weighting;
    assert_ok(bough_weighting_open(
        &weighting, text, tasks,
        &(struct bough_weighting_options){.columns = columns, .seed = 0x100000002}));
    return weighting;
}

static inline struct bough_weighting *open_row(const struct bough__row *row)
{
    return open_as(test_weighting(row), TASKS, COLUMNS);
}

// A set of gradients alone does not define the rule.
static inline int takes_the_model(const struct bough__row *row)
{
    return ((const struct bough__weighting *)(const void *)row)->ahead != NULL;
}

// Numbers of step `k`; task `missing` has no label and no gradient, and both are NaN.
static inline void make_step(double *losses, float *gradients, int k, int missing)
{
    for (int t = 0; t < TASKS; t++) {
        losses[t] = t == missing ? NAN : 1 + (3 * t + 5 * k) % 7;
        for (int i = 0; i < COLUMNS; i++)
            gradients[t * COLUMNS + i] =
                t == missing ? NAN : (float)((i * (37 + 2 * t + 4 * k) + 101 * t) % 257 - 128) / 64;
    }
}

static inline void do_step(struct bough_weighting *weighting, double *weights, float *direction,
                           int k, int missing)
{
    double losses[TASKS];
    float gradients[TASKS * COLUMNS], *learned;
    const float *slope;
    struct bough_weighed out = {.weights = weights, .direction = direction};
    make_step(losses, gradients, k, missing);
    assert_ok(bough_weighting_step(weighting, &out,
                                   &(struct bough_weighting_step){.losses = losses,
                                                                  .gradients = gradients,
                                                                  .epoch = (uint32_t)(1 + k / 2)}));
    const size_t count = bough_weighting_learned(weighting, &learned, &slope);
    for (size_t i = 0; i < count; i++)
        learned[i] -= 0.1f * slope[i];
    if (bough_weighting_learns_after(weighting)) {
        for (int t = 0; t < TASKS; t++)
            losses[t] *= 0.5 + 0.125 * t;
        assert_ok(bough_weighting_after(weighting, losses));
    }
}

#endif
