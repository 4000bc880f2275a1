// <bough/weighting.h>: the golden directions of two gradients, and what holds of every weighting.
#include "weigh/own_loop_support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- Golden values ----

// Of TorchJD 0.18's unit tests; nash is ours, of the closed form for two tasks.
static void golden_directions(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double direction[2]; // the third number is the second
    } rows[] = {
        {"upgrad", {0.2929, 1.9004}},
        {"dualproj", {0.5563, 1.1109}},
        {"mgda", {0, 1}},
        {"{name: cagrad, c: 0.5, rescale: 0}", {0.1835, 1.2041}},
        {"nash", {0.0542, 0.7061}},
        {"fairgrad", {0.0766, 0.9985}},
        {"imtl_g", {0.0767, 1}},
        {"aligned", {0.2133, 0.9673}},
        {"pcgrad", {0.5848, 3.8012}},
        {"config", {0.1588, 2.0706}},
        {"equal", {2, 2}},
        {"{name: fixed, weights: [0.5, 0.5]}", {1, 1}},
        {"{name: fixed, weights: {1: 0.5, 0: 0.5}}", {1, 1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        float direction[3];
        double weights[2], same[2];
        struct bough_weighting *weighting = open_as(rows[i].text, 2, 3);
        struct bough_weighed out = {weights, direction, -1, 99};
        assert_ok(bough_weighting_step(weighting, &out,
                                       &(struct bough_weighting_step){.gradients = two}));
        assert_float_equal(direction[0], rows[i].direction[0], 1e-4);
        assert_float_equal(direction[1], rows[i].direction[1], 1e-4);
        assert_float_equal(direction[2], rows[i].direction[1], 1e-4);
        assert_true(out.iterations < 99);
        assert_true(out.residual >= 0 && out.residual < 1e-8);
        bough_weighting_close(&weighting);
        weighting = open_as(rows[i].text, 2, 0);
        out = (struct bough_weighed){.weights = same};
        assert_ok(bough_weighting_step(weighting, &out,
                                       &(struct bough_weighting_step){.gram = two_gram}));
        assert_memory_equal(weights, same, sizeof weights);
        bough_weighting_close(&weighting);
    }
}

// ---- Every weighting ----

// Two steps, a checkpoint, and the third by another object: the same bytes as without it.
static void goes_on(void **state)
{
    (void)state;
    for (size_t r = 0; r < bough__weightings.count; r++) {
        if (takes_the_model(bough__weightings.row[r]))
            continue;
        struct bough_weighting *one = open_row(bough__weightings.row[r]),
                               *other = open_row(bough__weightings.row[r]);
        double weights[2][TASKS];
        float direction[2][COLUMNS];
        const size_t size = bough_weighting_state_size(one);
        void *kept = malloc(size);
        assert_non_null(kept);
        for (int k = 0; k < 2; k++)
            do_step(one, weights[0], direction[0], k, -1);
        assert_ok(bough_weighting_state_save(one, kept));
        assert_ok(bough_weighting_state_load(other, kept, size));
        assert_fails(bough_weighting_state_load(other, kept, size + 1), BOUGH_INVALID, "bytes");
        do_step(one, weights[0], direction[0], 2, -1);
        do_step(other, weights[1], direction[1], 2, -1);
        assert_memory_equal(direction[0], direction[1], sizeof direction[0]);
        if (bough_weighting_needs(one) != BOUGH_WEIGHTING_NEEDS_GRADIENTS)
            assert_memory_equal(weights[0], weights[1], sizeof weights[0]);
        free(kept);
        bough_weighting_close(&one);
        bough_weighting_close(&other);
    }
}

// What is not there is not read, and what is there is weighed; that of no task is 0.
static void without_labels(void **state)
{
    (void)state;
    for (size_t r = 0; r < bough__weightings.count; r++) {
        if (takes_the_model(bough__weightings.row[r]))
            continue;
        struct bough_weighting *weighting = open_row(bough__weightings.row[r]);
        const int numbers = bough_weighting_needs(weighting) == BOUGH_WEIGHTING_NEEDS_GRADIENTS;
        double weights[TASKS], none[TASKS] = {NAN, NAN, NAN};
        float direction[COLUMNS], gradients[TASKS * COLUMNS];
        do_step(weighting, weights, direction, 0, 1);
        for (int i = 0; i < COLUMNS; i++)
            assert_true(isfinite(direction[i]));
        assert_true(weights[1] == 0);
        assert_true(numbers ? isnan(weights[0]) : isfinite(weights[0]) && isfinite(weights[2]));
        for (int i = 0; i < TASKS * COLUMNS; i++)
            gradients[i] = NAN;
        struct bough_weighed out = {.weights = weights, .direction = direction};
        assert_ok(bough_weighting_step(
            weighting, &out,
            &(struct bough_weighting_step){.losses = none, .gradients = gradients}));
        for (int t = 0; t < TASKS; t++)
            assert_true(weights[t] == 0);
        for (int i = 0; i < COLUMNS; i++)
            assert_true(isfinite(direction[i]));
        bough_weighting_close(&weighting);
    }
}

// ---- What else is told ----

static void learned_values(void **state)
{
    (void)state;
    static const double losses[2] = {4, NAN};
    double weights[2];
    float *learned;
    const float *slope;
    struct bough_weighting *weighting = open_as("uncertainty", 2, 0);
    struct bough_weighed out = {.weights = weights};
    assert_int_equal(bough_weighting_learned(weighting, &learned, &slope), 2);
    learned[0] = 1; // the sum of 0.5 exp(-s) L + 0.5 s
    assert_ok(
        bough_weighting_step(weighting, &out, &(struct bough_weighting_step){.losses = losses}));
    assert_float_equal(weights[0], 0.5 * exp(-1), 1e-6);
    assert_float_equal(slope[0], 0.5 - 2 * exp(-1), 1e-6);
    assert_true(weights[1] == 0 && slope[1] == 0);
    bough_weighting_close(&weighting);
    weighting = open_as("mgda", 2, 0);
    assert_int_equal(bough_weighting_learned(weighting, &learned, &slope), 0);
    assert_null(learned);
    bough_weighting_close(&weighting);
}

// The losses' weights stand before the gradients are compared, and come out with the others.
static void a_composition(void **state)
{
    (void)state;
    static const double losses[2] = {1, 1};
    double weights[2];
    float *learned;
    const float *slope;
    struct bough_weighting *weighting = open_as("{name: mgda, losses: imtl_l}", 2, 0);
    struct bough_weighed out = {.weights = weights};
    assert_string_equal(bough_weighting_name(weighting), "mgda");
    bough_weighting_learned(weighting, &learned, &slope);
    learned[0] = learned[1] = logf(2);
    const struct bough_weighting_step step = {.losses = losses, .gram = two_gram};
    assert_ok(bough_weighting_step(weighting, &out, &step));
    assert_float_equal(weights[0], 2 * 0.6, 1e-6);
    assert_float_equal(weights[1], 2 * 0.4, 1e-6);
    bough_weighting_close(&weighting);
}

// As of a loss so multiplied; or a preference.
static void task_weights(void **state)
{
    (void)state;
    static const float factor[2] = {2, 1};
    static const double scaled[4] = {72, -44, -44, 38};
    double weights[2], wanted[2];
    struct bough_weighting *weighting, *plain = open_as("cagrad", 2, 0);
    const struct bough_weighting_options options = {.task_weights = factor};
    struct bough_weighed out = {.weights = weights}, plain_out = {.weights = wanted};
    assert_ok(bough_weighting_open(&weighting, "cagrad", 2, &options));
    assert_ok(
        bough_weighting_step(weighting, &out, &(struct bough_weighting_step){.gram = two_gram}));
    assert_ok(
        bough_weighting_step(plain, &plain_out, &(struct bough_weighting_step){.gram = scaled}));
    assert_float_equal(weights[0], 2 * wanted[0], 1e-9);
    assert_float_equal(weights[1], wanted[1], 1e-9);
    bough_weighting_close(&weighting);
    bough_weighting_close(&plain);
    assert_ok(bough_weighting_open(&weighting, "chebyshev", 2, &options));
    assert_ok(bough_weighting_step(
        weighting, &out, &(struct bough_weighting_step){.losses = (const double[]){3, 5}}));
    assert_true(weights[0] > 0 && weights[1] == 0); // 2 * 3 is more than 5
    bough_weighting_close(&weighting);
}

// A preference of 0 is as a task that is not there.
static void without_a_preference(void **state)
{
    (void)state;
    static const float three[TASKS] = {2, 0, 1}, pair[2] = {2, 1};
    size_t count = 0;
    for (size_t r = 0; r < bough__weightings.count; r++) {
        const struct bough__row *row = bough__weightings.row[r];
        struct bough_weighting *all, *fewer;
        if (!((const struct bough__weighting *)(const void *)row)->prefers)
            continue;
        count++;
        assert_ok(bough_weighting_open(
            &all, row->name, TASKS,
            &(struct bough_weighting_options){.columns = COLUMNS, .task_weights = three}));
        assert_ok(bough_weighting_open(
            &fewer, row->name, 2,
            &(struct bough_weighting_options){.columns = COLUMNS, .task_weights = pair}));
        for (uint32_t k = 0; k < 7; k++) {
            double losses[TASKS], weights[TASKS], wanted[2];
            float gradients[TASKS * COLUMNS];
            make_step(losses, gradients, (int)k, -1);
            struct bough_weighed out = {.weights = weights}, fewer_out = {.weights = wanted};
            struct bough_weighting_step step = {
                .losses = losses, .gradients = gradients, .epoch = 1 + k};
            assert_ok(bough_weighting_step(all, &out, &step));
            losses[1] = losses[2];
            memcpy(gradients + COLUMNS, gradients + (ptrdiff_t)2 * COLUMNS,
                   COLUMNS * sizeof *gradients);
            assert_ok(bough_weighting_step(fewer, &fewer_out, &step));
            assert_true(weights[1] == 0);
            assert_float_equal(weights[0], wanted[0], 1e-9 * fabs(wanted[0]));
            assert_float_equal(weights[2], wanted[1], 1e-9 * fabs(wanted[1]));
        }
        bough_weighting_close(&all);
        bough_weighting_close(&fewer);
    }
    assert_true(count > 10);
}

// As in the trainer: the tasks' weights alone are preferences, and what stands before the rule is
// in what it is given.
static void fixed_weights_are_no_preference(void **state)
{
    (void)state;
    static const double scaled[4] = {72, -44, -44, 38};
    double weights[2], wanted[2];
    struct bough_weighting *weighting =
        open_as("{name: upgrad, losses: {name: fixed, weights: [2, 1]}}", 2, 0);
    struct bough_weighting *plain = open_as("upgrad", 2, 0);
    struct bough_weighed out = {.weights = weights}, plain_out = {.weights = wanted};
    assert_ok(
        bough_weighting_step(weighting, &out, &(struct bough_weighting_step){.gram = two_gram}));
    assert_ok(
        bough_weighting_step(plain, &plain_out, &(struct bough_weighting_step){.gram = scaled}));
    assert_float_equal(weights[0], 2 * wanted[0], 1e-9);
    assert_float_equal(weights[1], wanted[1], 1e-9);
    bough_weighting_close(&weighting);
    bough_weighting_close(&plain);
}

// Every second step is solved, and the steps between need no gradients; half of the last solve
// stays.
static void kept_and_smoothed(void **state)
{
    (void)state;
    static const double first[4] = {4, 0, 0, 1}, second[4] = {1, 0, 0, 4}; // 0.2 0.8, 0.8 0.2
    static const double *const gram[4] = {first, NULL, second, NULL};
    static const double wanted[4] = {0.2, 0.2, 0.5, 0.5};
    struct bough_weighting *weighting = open_as("{name: mgda, every: 2, smoothing: 0.5}", 2, 0);
    for (int k = 0; k < 4; k++) {
        double weights[2];
        struct bough_weighed out = {.weights = weights};
        assert_ok(
            bough_weighting_step(weighting, &out, &(struct bough_weighting_step){.gram = gram[k]}));
        assert_float_equal(weights[0], wanted[k], 1e-12);
        assert_float_equal(weights[1], 1 - wanted[k], 1e-12);
    }
    bough_weighting_close(&weighting);
}

// A task that was not in the last solve keeps the weight that it had, and weighs nothing while it
// has no label.
static void kept_without_a_task(void **state)
{
    (void)state;
    static const double gram[9] = {4, 0, 0, 0, 1, 0, 0, 0, 1}, missing[3] = {1, NAN, 1},
                        all[3] = {1, 1, 1};
    static const double wanted[4][3] = {
        {1.0 / 9, 4.0 / 9, 4.0 / 9},
        {1.0 / 9, 4.0 / 9, 4.0 / 9},
        {0.2, 0, 0.8},
        {0.2, 4.0 / 9, 0.8},
    };
    struct bough_weighting *weighting = open_as("{name: mgda, every: 2}", 3, 0);
    for (int k = 0; k < 4; k++) {
        double weights[3];
        struct bough_weighed out = {.weights = weights};
        assert_ok(bough_weighting_step(
            weighting, &out,
            &(struct bough_weighting_step){.gram = gram, .losses = k == 2 ? missing : all}));
        for (int t = 0; t < 3; t++)
            assert_float_equal(weights[t], wanted[k][t], 1e-12);
    }
    bough_weighting_close(&weighting);
}

static void overrides(void **state)
{
    (void)state;
    static const char *const set[] = {"c=0.5", "rescale=0"}, *const wrong[] = {"c=-1"};
    double weights[2];
    struct bough_weighting *weighting;
    struct bough_weighed out = {.weights = weights};
    assert_ok(bough_weighting_open(
        &weighting, "cagrad", 2,
        &(struct bough_weighting_options){.overrides = set, .overrides_count = 2}));
    assert_ok(
        bough_weighting_step(weighting, &out, &(struct bough_weighting_step){.gram = two_gram}));
    assert_float_equal(weights[0], 0.7041, 1e-4);
    bough_weighting_close(&weighting);
    assert_fails(bough_weighting_open(
                     &weighting, "cagrad", 2,
                     &(struct bough_weighting_options){.overrides = wrong, .overrides_count = 1}),
                 BOUGH_INVALID, "override 'c=-1': weighting.c: '-1'; wanted a number, 0 or more");
    assert_null(weighting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_directions),
        cmocka_unit_test(goes_on),
        cmocka_unit_test(without_labels),
        cmocka_unit_test(learned_values),
        cmocka_unit_test(a_composition),
        cmocka_unit_test(task_weights),
        cmocka_unit_test(kept_and_smoothed),
        cmocka_unit_test(kept_without_a_task),
        cmocka_unit_test(overrides),
        cmocka_unit_test(without_a_preference),
        cmocka_unit_test(fixed_weights_are_no_preference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
