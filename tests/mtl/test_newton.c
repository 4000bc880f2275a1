// Newton's method for Gw = p w^-power over random Gram matrices of condition 1e8.
#include "mtl/gram_support.h"
#include "mtl/newton.h"

static void check(size_t n, double condition, double power)
{
    static double g[MOST * MOST];
    double w[MOST], p[MOST];
    size_t steps;
    void *work = malloc(bough__newton_work(n));
    make_gram(g, n, condition);
    for (size_t i = 0; i < n; i++)
        p[i] = 1 + 0.5 * draw();
    const double residual = bough__newton(w, g, p, power, n, work, &steps);
    free(work);
    assert_true(residual < 1e-12);
    for (size_t i = 0; i < n; i++) {
        const double wanted = p[i] * pow(w[i], -power);
        double slope = 0, size = 0;
        for (size_t j = 0; j < n; j++) {
            slope += g[i * n + j] * w[j];
            size += fabs(g[i * n + j]) * w[j];
        }
        assert_true(w[i] > 0);
        // Of large powers some gains are as small as the rounding of Gw.
        assert_float_equal(slope, wanted, power > 2 ? 1e-12 * size : 1e-8 * wanted);
    }
}

static void random_matrices(void **state)
{
    (void)state;
    static const double power[] = {1, 0.5, 2, 0.1, 5, 10};
    for (size_t n = 1; n <= MOST; n *= 2)
        for (size_t k = 0; k < sizeof power / sizeof *power; k++)
            for (double condition = 1; condition <= 1e8; condition *= 100)
                check(n, condition, power[k]);
}

// Of two tasks there is a closed form.
static void two_tasks(void **state)
{
    (void)state;
    static const double ones[2] = {1, 1};
    double work[64], w[2];
    size_t steps;
    for (int round = 0; round < 50; round++) {
        const double a = 1.01 + draw(), b = 1.01 + draw(), between = 0.99 * draw() * sqrt(a * b);
        const double g[4] = {a, between, between, b}, first = 1 / sqrt(a + between * sqrt(a / b));
        assert_true(sizeof work >= bough__newton_work(2));
        assert_true(bough__newton(w, g, ones, 1, 2, work, &steps) < 1e-12);
        assert_float_equal(w[0], first, 1e-9 * first);
        assert_float_equal(w[1], first * sqrt(a / b), 1e-9 * first * sqrt(a / b));
    }
}

// What is no Gram matrix is told.
static void not_definite(void **state)
{
    (void)state;
    static const double g[4] = {1, -1.5, -1.5, 1}, ones[2] = {1, 1};
    double work[64], w[2];
    size_t steps;
    assert_true(bough__newton(w, g, ones, 1, 2, work, &steps) > 0.1);
    assert_true(isfinite(w[0]) && isfinite(w[1]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_matrices),
        cmocka_unit_test(two_tasks),
        cmocka_unit_test(not_definite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
