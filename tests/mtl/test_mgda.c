// mgda: golden values, and the conditions of optimality over random Gram matrices.
#include "cl/random.h"
#include "mtl/weighting_support.h"

#include <math.h>
#include <string.h>

enum { MOST = 128 };

static unsigned drawn;

static float draw(void)
{
    return 2 * random_unit(random_bits(1, 2, drawn++, 0, 0, 0).v[0]) - 1;
}

// ---- Golden values ----

static void two_tasks(void **state)
{
    (void)state;
    static const struct {
        float gram[4];
        double wanted;
    } rows[] = {
        {{18, -22, -22, 38}, 0.6}, {{4, 0, 0, 1}, 0.2}, {{1, 2, 2, 9}, 1}, {{9, 2, 2, 1}, 0},
        {{3, 3, 3, 3}, 0.5},       {{0, 0, 0, 0}, 0.5}, {{0, 0, 0, 5}, 1}, {{1, -1, -1, 1}, 0.5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        float weights[2];
        assert_true(solve_as(weights, "mgda", rows[i].gram, NULL, 2) < 1e-15);
        assert_float_equal(weights[0], rows[i].wanted, 1e-7);
        assert_float_equal(weights[1], 1 - rows[i].wanted, 1e-7);
    }
}

static void normalizers(void **state)
{
    (void)state;
    static const float gram[4] = {4, 0, 0, 1}, losses[4] = {4, 8, 1, 8};
    static const struct {
        const char *name;
        double wanted; // of the first: G22 / (G11 + G22), divided by the normalisers
    } rows[] = {{"none", 0.2}, {"l2", 0.5}, {"loss", 0.8}, {"loss+", 16.0 / 17}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        float weights[2];
        char text[64];
        snprintf(text, sizeof text, "{name: mgda, normalize: %s}", rows[i].name);
        solve_as(weights, text, gram, losses, 2);
        assert_float_equal(weights[0], rows[i].wanted, 1e-6);
    }
}

// ---- Random Gram matrices ----

// Of `tasks` gradients of so many columns, on average not zero, so that not all tasks weigh.
static void make_gram(float *gram, size_t tasks, size_t columns)
{
    static float j[MOST * 2 * MOST];
    for (size_t i = 0; i < tasks * columns; i++)
        j[i] = draw() + 0.125f;
    for (size_t a = 0; a < tasks; a++)
        for (size_t b = 0; b < tasks; b++) {
            double sum = 0;
            for (size_t i = 0; i < columns; i++)
                sum += (double)j[a * columns + i] * (double)j[b * columns + i];
            gram[a * tasks + b] = (float)sum;
        }
}

// Gw is least, and the same, where a weight is above 0.
static void check_optimal(const float *weights, const float *gram, size_t tasks, double within)
{
    double slope[MOST], value = 0, sum = 0, scale = 0;
    for (size_t i = 0; i < tasks; i++) {
        slope[i] = 0;
        for (size_t j = 0; j < tasks; j++)
            slope[i] += (double)gram[i * tasks + j] * (double)weights[j];
        value += (double)weights[i] * slope[i];
        sum += (double)weights[i];
        scale = fmax(scale, (double)gram[i * tasks + i]);
    }
    assert_float_equal(sum, 1, 1e-6);
    for (size_t i = 0; i < tasks; i++) {
        assert_true(weights[i] >= 0);
        assert_true(slope[i] >= value - within * scale);
        assert_true(weights[i] < 1e-5f || slope[i] <= value + within * scale);
    }
}

static void random_matrices(void **state)
{
    (void)state;
    static const size_t tasks[] = {1, 2, 3, 8, 64, 128};
    static float gram[MOST * MOST];
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        for (size_t columns = 1; columns <= 2 * MOST; columns *= 4) {
            float weights[MOST];
            make_gram(gram, tasks[i], columns);
            const double residual = solve_as(weights, "mgda", gram, NULL, tasks[i]);
            assert_true(residual >= 0 && residual < BOUGH__SOLVED);
            check_optimal(weights, gram, tasks[i], 4e-6);
        }
}

static void order_does_not_matter(void **state)
{
    (void)state;
    enum { TASKS = 8 };
    float gram[TASKS * TASKS], turned[TASKS * TASKS], weights[TASKS], others[TASKS];
    for (int round = 0; round < 20; round++) {
        make_gram(gram, TASKS, 32);
        for (size_t i = 0; i < TASKS * TASKS; i++) // task 7 - t in the place of t
            turned[TASKS * TASKS - 1 - i] = gram[i];
        solve_as(weights, "mgda", gram, NULL, TASKS);
        solve_as(others, "mgda", turned, NULL, TASKS);
        for (size_t t = 0; t < TASKS; t++)
            assert_float_equal(weights[t], others[TASKS - 1 - t], 1e-6);
    }
}

static void gradients_that_are_equal_or_zero(void **state)
{
    (void)state;
    enum { TASKS = 5 };
    float gram[TASKS * TASKS], weights[TASKS];
    for (size_t i = 0; i < TASKS * TASKS; i++)
        gram[i] = 2;
    solve_as(weights, "mgda", gram, NULL, TASKS);
    check_optimal(weights, gram, TASKS, 1e-6);
    make_gram(gram, TASKS, 9);
    for (size_t t = 0; t < TASKS; t++)
        gram[2 * TASKS + t] = gram[t * TASKS + 2] = 0;
    assert_true(solve_as(weights, "mgda", gram, NULL, TASKS) < 1e-15);
    for (size_t t = 0; t < TASKS; t++)
        assert_true(weights[t] == (t == 2 ? 1.0f : 0.0f));
    memset(gram, 0, sizeof gram);
    solve_as(weights, "mgda", gram, NULL, TASKS);
    for (size_t t = 0; t < TASKS; t++)
        assert_float_equal(weights[t], 0.2, 1e-7);
}

// A task of which nothing is labelled would stop the others: it has no gradient.
static void a_missing_task_weighs_nothing(void **state)
{
    (void)state;
    static const float gram[9] = {18, 0, -22, 0, 0, 0, -22, 0, 38};
    static const float losses[6] = {1, 4, 0, 0, 1, 2}, none[6];
    float weights[3];
    solve_as(weights, "mgda", gram, losses, 3);
    assert_float_equal(weights[0], 0.6, 1e-7);
    assert_true(weights[1] == 0);
    assert_float_equal(weights[2], 0.4, 1e-7);
    solve_as(weights, "mgda", gram, none, 3);
    for (size_t t = 0; t < 3; t++)
        assert_true(weights[t] == 0);
}

// A square that is rounded to 0 beside products that are not: weights of sum 1 all the same.
static void squares_that_vanish(void **state)
{
    (void)state;
    static const float gram[9] = {0, -1e-33f, 0, -1e-33f, 1e-20f, 0, 0, 0, 1e-20f};
    float weights[3];
    solve_as(weights, "mgda", gram, NULL, 3);
    assert_float_equal(weights[0] + weights[1] + weights[2], 1, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_tasks),
        cmocka_unit_test(normalizers),
        cmocka_unit_test(random_matrices),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(gradients_that_are_equal_or_zero),
        cmocka_unit_test(a_missing_task_weighs_nothing),
        cmocka_unit_test(squares_that_vanish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
