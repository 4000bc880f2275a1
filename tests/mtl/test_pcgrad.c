// pcgrad: what no golden value tells (those: test_gram_rows.c).
#include "mtl/weighting_support.h"

#include <math.h>

static void sum_and_mean(void **state)
{
    (void)state;
    static const float gram[4] = {18, -22, -22, 38};
    float weights[2];
    assert_true(solve_as(weights, "pcgrad", gram, NULL, 2) == 0);
    assert_float_equal(weights[0], 1 + 22.0 / 18, 1e-6);
    assert_float_equal(weights[1], 1 + 22.0 / 38, 1e-6);
    solve_as(weights, "{name: pcgrad, reduction: mean}", gram, NULL, 2);
    assert_float_equal(weights[0], 0.5 + 11.0 / 18, 1e-6);
    assert_float_equal(weights[1], 0.5 + 11.0 / 38, 1e-6);
}

static void edges(void **state)
{
    (void)state;
    static const struct {
        float gram[4], wanted[2];
    } rows[] = {
        {{3, 3, 3, 3}, {1, 1}},     // equal: nothing opposes
        {{2, -4, -4, 8}, {3, 1.5}}, // opposite: nothing is left, g1 = -g2 / 2
        {{0, 0, 0, 5}, {1, 1}},     // one of 0
        {{0, 0, 0, 0}, {1, 1}},
        {{0, -1e-9f, -1e-9f, 5}, {1 + 2e-10f, 1}}, // no Gram matrix but for rounding
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        float weights[2];
        solve_as(weights, "pcgrad", rows[i].gram, NULL, 2);
        assert_float_equal(weights[0], rows[i].wanted[0], 1e-6);
        assert_float_equal(weights[1], rows[i].wanted[1], 1e-6);
    }
}

// Three gradients of which each opposes the others unequally: the order of a step decides, and
// comes back with the step.
static void order_is_the_steps(void **state)
{
    (void)state;
    static const float gram[9] = {4, -1, -2, -1, 4, -3, -2, -3, 9}, losses[6] = {1, 1, 1, 1, 1, 1};
    const struct bough__choice choice = weighting_as("pcgrad");
    struct bough__arena arena = {0};
    struct bough__solver solver;
    float first = 0, weights[3];
    double residual;
    int differ = 0;
    assert_ok(bough__solver_init(&solver, &arena, &choice, 3, 0));
    for (uint32_t step = 1; step <= 20; step++) {
        const struct bough__measured measured = {.losses = losses, .gram = gram};
        struct bough__moment moment = {.seed = {1, 2}, .step = step, .epoch = 1};
        bough__solver_run(&solver, weights, &residual, &measured, &moment);
        moment.step = 1;
        if (step > 1)
            differ += weights[0] != first;
        bough__solver_run(&solver, weights, &residual, &measured, &moment);
        assert_true(step == 1 || weights[0] == first);
        first = weights[0];
    }
    assert_true(differ > 4 && differ < 19);
    bough__arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sum_and_mean),
        cmocka_unit_test(edges),
        cmocka_unit_test(order_is_the_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
