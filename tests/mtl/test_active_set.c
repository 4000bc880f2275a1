// The active set over random Gram matrices of condition 1e8, and where nothing can hold.
#include "mtl/active_set.h"
#include "mtl/gram_support.h"

static int run(struct bough__active_set *set, double dependence)
{
    set->dependence = dependence;
    set->work = malloc(bough__active_set_work(set->n));
    const int holds = bough__active_set_run(set);
    free(set->work);
    return holds;
}

static void check(size_t n, double condition)
{
    static double g[MOST * MOST];
    double b[MOST], z[MOST];
    struct bough__active_set set = {.n = n, .g = g, .b = b, .z = z};
    make_gram(g, n, condition);
    for (size_t i = 0; i < n; i++)
        b[i] = draw();
    assert_true(run(&set, 1e-14));
    assert_true(set.residual < 1e-12);
    for (size_t i = 0; i < n; i++) {
        double slack = -b[i], size = fabs(b[i]);
        for (size_t j = 0; j < n; j++) {
            slack += g[i * n + j] * z[j];
            size += fabs(g[i * n + j]) * z[j];
        }
        assert_true(z[i] >= 0 && slack >= -1e-12 * size);
        assert_true(z[i] == 0 || fabs(slack) <= 1e-12 * size);
    }
}

static void random_matrices(void **state)
{
    (void)state;
    for (size_t n = 1; n <= MOST; n *= 2)
        for (double condition = 1; condition <= 1e8; condition *= 100)
            for (int round = 0; round < 5; round++)
                check(n, condition);
}

// More rows than dimensions: some are in the span of the active ones.
static void rows_that_depend(void **state)
{
    (void)state;
    enum { ROWS = 40, DIMENSIONS = 5 };
    static double g[ROWS * ROWS], j[ROWS * DIMENSIONS];
    double b[ROWS], z[ROWS];
    struct bough__active_set set = {.n = ROWS, .g = g, .b = b, .z = z};
    for (int round = 0; round < 20; round++) {
        for (size_t i = 0; i < ROWS; i++) {
            b[i] = draw();
            for (size_t k = 0; k < DIMENSIONS; k++)
                j[i * DIMENSIONS + k] = k ? draw() : 1;
        }
        for (size_t i = 0; i < ROWS * ROWS; i++) {
            g[i] = 0;
            for (size_t k = 0; k < DIMENSIONS; k++)
                g[i] += j[i / ROWS * DIMENSIONS + k] * j[i % ROWS * DIMENSIONS + k];
        }
        assert_true(run(&set, 1e-12));
        assert_true(set.residual < 1e-11);
    }
}

static void what_cannot_hold(void **state)
{
    (void)state;
    static const double opposed[4] = {1, -2, -2, 4}, b[2] = {1, -1}, zero[1] = {0};
    double z[2];
    struct bough__active_set set = {.n = 2, .g = opposed, .b = b, .z = z};
    assert_false(run(&set, 1e-12));
    assert_true(z[1] > 0);
    assert_float_equal(z[0] / z[1], 2, 1e-12);
    set = (struct bough__active_set){.n = 1, .g = zero, .b = b, .z = z};
    assert_false(run(&set, 1e-12));
    set = (struct bough__active_set){.n = 1, .g = zero, .b = zero, .z = z};
    assert_true(run(&set, 1e-12));
    assert_true(z[0] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_matrices),
        cmocka_unit_test(rows_that_depend),
        cmocka_unit_test(what_cannot_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
