// <bough/weighting.h>: what is no number, and what the caller has wrong.
#include "weigh/own_loop_support.h"

#include <stdlib.h>
#include <string.h>

// ---- Numbers ----

// In float their squares are infinite.
static void gradients_too_long_for_the_device(void **state)
{
    (void)state;
    static const float gradients[4] = {1, 2, 1e25f, 3};
    float direction[2];
    struct bough_weighting *weighting = open_as("dbmtl", 2, 2);
    struct bough_weighed out = {.direction = direction};
    assert_fails(bough_weighting_step(weighting, &out,
                                      &(struct bough_weighting_step){.gradients = gradients}),
                 BOUGH_DIVERGED, "the gradient of task 1, as it is weighed, is too long for dbmtl");
    bough_weighting_close(&weighting);
}

// Only what the row itself sums up, with the weights that it is given; and a step that fails leaves
// all as it was.
static void squares_with_weights(void **state)
{
    (void)state;
    static const float long_one[2] = {1e25f, 1}, short_one[2] = {1e-20f, 1};
    static const float gradients[8] = {1, 2, 0, 1, 1, -1, 2, 0.5f};
    static const float large[8] = {1e25f, 2e25f, 0, 1e25f, 1, -1, 2, 0.5f};
    static const struct {
        const char *text;
        const float *weights, *gradients;
        int fails;
    } rows[] = {
        {"excess", long_one, gradients, 1},
        {"metabalance", long_one, gradients, 1},
        {"moco", long_one, gradients, 1},
        {"{name: metabalance, losses: {name: fixed, weights: [1e25, 1]}}", NULL, gradients, 1},
        {"{name: metabalance, losses: dwa}", long_one, gradients, 1},
        {"graddrop", long_one, gradients, 0},
        {"graddrop", short_one, large, 0},
        {"metabalance", short_one, large, 0},
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        float direction[4];
        char before[1024], after[1024];
        struct bough_weighting *weighting;
        struct bough_weighed out = {.direction = direction};
        const struct bough_weighting_step step = {.losses = (const double[]){1, 2},
                                                  .gradients = rows[r].gradients};
        assert_ok(bough_weighting_open(
            &weighting, rows[r].text, 2,
            &(struct bough_weighting_options){.columns = 4, .task_weights = rows[r].weights}));
        const size_t size = bough_weighting_state_size(weighting);
        assert_true(size <= sizeof before);
        assert_ok(bough_weighting_state_save(weighting, before));
        if (rows[r].fails) {
            assert_fails(bough_weighting_step(weighting, &out, &step), BOUGH_DIVERGED,
                         "the gradient of task 0, as it is weighed, is too long");
            assert_ok(bough_weighting_state_save(weighting, after));
            assert_memory_equal(before, after, size);
        } else {
            assert_ok(bough_weighting_step(weighting, &out, &step));
            assert_true(isfinite(direction[0]));
        }
        bough_weighting_close(&weighting);
    }
}

// What comes out no number is an error, and so is a state that makes it so.
static void no_numbers(void **state)
{
    (void)state;
    static const float huge[4] = {3e38f, 0, 3e38f, 0};
    double weights[TASKS];
    float direction[COLUMNS], *learned;
    const float *slope;
    struct bough_weighting *weighting = open_as("equal", 2, 2);
    struct bough_weighed out = {.direction = direction};
    assert_fails(
        bough_weighting_step(weighting, &out, &(struct bough_weighting_step){.gradients = huge}),
        BOUGH_DIVERGED, "column 0 of the direction comes to inf");
    bough_weighting_close(&weighting);
    weighting = open_as("imtl_l", 2, 0);
    bough_weighting_learned(weighting, &learned, &slope);
    learned[1] = 1000;
    out = (struct bough_weighed){.weights = weights};
    assert_fails(bough_weighting_step(weighting, &out,
                                      &(struct bough_weighting_step){
                                          .losses = (const double[]){1, 2}, .gram = two_gram}),
                 BOUGH_DIVERGED, "the weight of task 1 comes to inf");
    bough_weighting_close(&weighting);
    for (size_t r = 0; r < bough__weightings.count; r++) {
        if (takes_the_model(bough__weightings.row[r]))
            continue;
        weighting = open_row(bough__weightings.row[r]);
        const size_t size = bough_weighting_state_size(weighting), step = sizeof(uint32_t);
        char *kept = malloc(2 * size);
        assert_non_null(kept);
        assert_ok(bough_weighting_state_save(weighting, kept));
        memset(kept + step, 0xff, size - step);
        if (size > step)
            assert_fails(bough_weighting_state_load(weighting, kept, size), BOUGH_DATA,
                         "a damaged state of ");
        assert_ok(bough_weighting_state_save(weighting, kept + size));
        if (size > step)
            assert_memory_not_equal(kept, kept + size, size);
        do_step(weighting, weights, direction, 0, -1);
        free(kept);
        bough_weighting_close(&weighting);
    }
}

// ---- Mistakes ----

static void mistakes_of_opening(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"cagard", "weighting.name: unknown weighting 'cagard'; did you mean cagrad?"},
        {"{name: cagrad, d: 1}", "weighting.d: unknown key"},
        {"{name: cagrad, c: x}", "weighting.c: 'x'; wanted a number"},
        {"{name: fixed, weights: [1]}", "1 for 2 tasks"},
        {"{name: fixed, weights: {0: 1, 2: 1}}", "unknown task"},
        {"{name: equal, losses: uncertainty}", "equal is none"},
        {"[", "weighting:"},
        {"graddrop", "wanted their columns"},
        {"moml", "gradients alone do not tell it"},
        {"krum", "krum is the mean, and 2 have a weight above 0"},
    };
    struct bough_weighting *weighting;
    const float negative[2] = {1, -1}, zeros[2] = {0, 0}, second[2] = {0, 1};
    const struct bough_weighting_options none = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_fails(bough_weighting_open(&weighting, rows[i].text, 2, &none), BOUGH_INVALID,
                     rows[i].message);
        assert_null(weighting);
    }
    assert_fails(bough_weighting_open(&weighting, "equal", 0, &none), BOUGH_INVALID, "0 tasks");
    assert_fails(bough_weighting_open(&weighting, "equal", 2,
                                      &(struct bough_weighting_options){.task_weights = negative}),
                 BOUGH_INVALID, "the weight of task 1 is -1; wanted a finite number, 0 or more");
    assert_fails(bough_weighting_open(&weighting, "equal", 2,
                                      &(struct bough_weighting_options){.task_weights = zeros}),
                 BOUGH_INVALID, "the weights of all tasks are 0; wanted one above 0");
    assert_fails(bough_weighting_open(&weighting, "pcd", 2,
                                      &(struct bough_weighting_options){.task_weights = second}),
                 BOUGH_INVALID, "pcd goes by task '0', whose weight is 0");
    bough_weighting_close(&weighting);
}

static void mistakes_of_a_step(void **state)
{
    (void)state;
    static const double losses[2] = {1, INFINITY}, gram[4] = {1, 0, 0, NAN};
    static const float gradients[6] = {1, 2, 3, 4, INFINITY, 6};
    double weights[2];
    float direction[3];
    struct bough_weighed out = {.weights = weights};
    struct bough_weighting *weighting = open_as("famo", 2, 0);
    struct bough_weighting_step step = {0};
    assert_fails(bough_weighting_step(weighting, &out, &step), BOUGH_INVALID, "the losses");
    assert_fails(bough_weighting_after(weighting, losses), BOUGH_INVALID, "no step");
    step.losses = losses;
    assert_fails(bough_weighting_step(weighting, &out, &step), BOUGH_DIVERGED, "task 1 is inf");
    bough_weighting_close(&weighting);
    weighting = open_as("mgda", 2, 3);
    step = (struct bough_weighting_step){0};
    assert_fails(bough_weighting_step(weighting, &out, &step), BOUGH_INVALID, "Gram matrix");
    step.gram = gram;
    assert_fails(bough_weighting_step(weighting, &out, &step), BOUGH_DIVERGED, "is nan");
    out.direction = direction;
    assert_fails(bough_weighting_step(weighting, &out, &step), BOUGH_INVALID, "no gradients");
    step = (struct bough_weighting_step){.gradients = gradients};
    assert_fails(bough_weighting_step(weighting, &out, &step), BOUGH_DIVERGED, "task 1");
    bough_weighting_close(&weighting);
    weighting = open_as("graddrop", 2, 3);
    out.direction = NULL;
    assert_fails(bough_weighting_step(weighting, &out, &step), BOUGH_INVALID, "a direction");
    bough_weighting_close(&weighting);
    bough_weighting_close(&weighting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_too_long_for_the_device),
        cmocka_unit_test(mistakes_of_opening),
        cmocka_unit_test(mistakes_of_a_step),
        cmocka_unit_test(squares_with_weights),
        cmocka_unit_test(no_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
