// What holds for the rows that go by projections and components of the Gram matrix, and no golden
// value tells (those: test_gram_rows.c).
#include "cl/random.h"
#include "mtl/weighting_support.h"

#include <math.h>

enum { MOST = 16 };

static const char *const rows[] = {
    "pcgrad",
    "gradvac",
    "imtl_g",
    "config",
    "gradnorm",
    "aligned",
    "{name: aligned, scale: median}",
    "{name: aligned, scale: rmse}",
};
enum { ROWS = sizeof rows / sizeof *rows, DRAWS_NOTHING = 2, CANCEL_OPPOSITES = 4 };

static unsigned drawn;

static float draw(void)
{
    return 2 * random_unit(random_bits(4, 2, drawn++, 0, 0, 0).v[0]) - 1;
}

// Of `tasks` gradients of so many columns.
static void make_gram(float *gram, size_t tasks, size_t columns)
{
    float j[MOST * MOST];
    for (size_t i = 0; i < tasks * columns; i++)
        j[i] = draw() + 0.25f;
    for (size_t i = 0; i < tasks * tasks; i++) {
        gram[i] = 0;
        for (size_t c = 0; c < columns; c++)
            gram[i] += j[i / tasks * columns + c] * j[i % tasks * columns + c];
    }
}

// Whatever comes, weights are numbers.
static void weights_are_finite(void **state)
{
    (void)state;
    static const float grams[][4] = {
        {0, 0, 0, 0},
        {0, 0, 0, 3},
        {2, 2, 2, 2},
        {2, -2, -2, 2},
        {2, -4, -4, 8},
        {1, 1e4f, 1e4f, 1e8f},
        {1e-30f, 0, 0, 1e30f},
        {1, -1e-9f, -1e-9f, 0},
        {1, 1.000001f, 1.000001f, 1},
        {1, -1.000001f, -1.000001f, 1},
    };
    for (size_t r = 0; r < ROWS; r++)
        for (size_t i = 0; i < sizeof grams / sizeof *grams; i++) {
            float weights[2];
            const double residual = solve_as(weights, rows[r], grams[i], NULL, 2);
            assert_true(residual >= 0 && residual < BOUGH__SOLVED);
            assert_true(isfinite(weights[0]) && isfinite(weights[1]));
        }
}

static void equal_gradients_weigh_the_same(void **state)
{
    (void)state;
    float gram[MOST * MOST], weights[MOST];
    for (size_t i = 0; i < MOST * MOST; i++)
        gram[i] = 3;
    for (size_t r = 0; r < ROWS; r++)
        for (size_t tasks = 1; tasks <= MOST; tasks++) {
            solve_as(weights, rows[r], gram, NULL, tasks);
            assert_true(weights[0] > 0);
            for (size_t t = 1; t < tasks; t++)
                assert_float_equal(weights[t], weights[0], 1e-6);
        }
}

// The first rows leave nothing of opposite gradients.
static void opposite_gradients_move_nothing(void **state)
{
    (void)state;
    static const float gram[4] = {4, -2, -2, 1}; // g1 = -2 g2
    for (size_t r = 0; r < CANCEL_OPPOSITES; r++) {
        float weights[2];
        solve_as(weights, rows[r], gram, NULL, 2);
        assert_float_equal(2 * weights[0] - weights[1], 0, 1e-6);
    }
}

static void order_does_not_matter(void **state)
{
    (void)state;
    float gram[MOST * MOST], turned[MOST * MOST], weights[MOST], others[MOST];
    for (size_t r = DRAWS_NOTHING; r < ROWS; r++)
        for (size_t tasks = 2; tasks <= 8; tasks++) {
            make_gram(gram, tasks, tasks + 4);
            for (size_t i = 0; i < tasks * tasks; i++)
                turned[tasks * tasks - 1 - i] = gram[i];
            solve_as(weights, rows[r], gram, NULL, tasks);
            solve_as(others, rows[r], turned, NULL, tasks);
            for (size_t t = 0; t < tasks; t++)
                assert_float_equal(weights[t], others[tasks - 1 - t],
                                   1e-5f * (1 + fabsf(weights[t])));
        }
}

// imtl_g and config: a task's gradient on another scale weighs as much less.
static void scales_do_not_turn_the_direction(void **state)
{
    (void)state;
    static const char *const names[] = {"imtl_g", "config"};
    float gram[9], scaled[9], weights[3], others[3];
    for (size_t r = 0; r < 2; r++)
        for (size_t columns = 2; columns <= 5; columns++) { // of rank 2, too
            make_gram(gram, 3, columns);
            for (size_t i = 0; i < 9; i++)
                scaled[i] = gram[i] * (i / 3 == 1 ? 1024.0f : 1) * (i % 3 == 1 ? 1024.0f : 1);
            solve_as(weights, names[r], gram, NULL, 3);
            solve_as(others, names[r], scaled, NULL, 3);
            const float factor = others[0] / weights[0];
            assert_float_equal(others[1] * 1024, weights[1] * factor,
                               1e-4f * fabsf(weights[1] * factor));
            assert_float_equal(others[2], weights[2] * factor, 1e-4f * fabsf(others[2]));
        }
}

static void tasks_weights_are_preferences(void **state)
{
    (void)state;
    // Of the losses times 3 and 1: gradients of length 2 and 1, at right angles, are theirs.
    static const float gram[4] = {36, 0, 0, 1}, losses[4] = {3, 1, 1, 1}, factor[2] = {3, 1};
    const struct bough__measured measured = {.losses = losses, .factor = factor, .gram = gram};
    float weights[2];
    struct bough__choice choice = weighting_as("aligned");
    solve_choice(weights, &choice, &measured, 2);
    assert_float_equal(3 * weights[0], 0.5 * 1.5 / 2, 1e-6); // of length 1 each, mean by preference
    assert_float_equal(weights[1], 0.5 * 0.5, 1e-6);
    choice = weighting_as("config");
    solve_choice(weights, &choice, &measured, 2);
    const float along = 3 * weights[0] * 2, other = weights[1]; // projections on unit gradients
    assert_float_equal(along / other, 3, 1e-5);
    assert_float_equal(hypotf(along, other), (2 * 3 + 1) / sqrtf(10), 1e-5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_finite),
        cmocka_unit_test(equal_gradients_weigh_the_same),
        cmocka_unit_test(opposite_gradients_move_nothing),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(scales_do_not_turn_the_direction),
        cmocka_unit_test(tasks_weights_are_preferences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
