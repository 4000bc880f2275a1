// The quick functions against the C library's in double, and what they make of what is no number.
#include "op/quick_math.h"
#include "support/support.h"

#include <float.h>

static float exp_of(float x)
{
    return quick_exp(x);
}

static float log_of(float x)
{
    return quick_log(x);
}

static float log1p_of(float x)
{
    return quick_log1p(x);
}

static float tanh_of(float x)
{
    return quick_tanh(x);
}

static float below_of(float x)
{
    return quick_normal(x).below;
}

static float density_of(float x)
{
    return quick_normal(x).density;
}

static double below(double x)
{
    return 0.5 * erfc(-x * sqrt(0.5));
}

static double density(double x)
{
    return exp(-0.5 * x * x) / sqrt(2 * 3.14159265358979323846);
}

// Relative to the wanted value, or to `unit` where that is larger.
static void check(float (*quick)(float), double (*wanted)(double), double from, double to,
                  double relative, double unit)
{
    const int steps = 200003;
    double worst = 0, where = 0;
    for (int i = 0; i <= steps; i++) {
        const float x = (float)(from + (to - from) * i / steps);
        const double y = wanted((double)x);
        const double error = fabs((double)quick(x) - y) / fmax(fabs(y), fmax(unit, FLT_MIN));
        if (!(error <= worst)) {
            worst = error;
            where = (double)x;
        }
    }
    if (!(worst <= relative))
        fail_msg("error %g at %.9g, wanted at most %g", worst, where, relative);
}

static void errors_are_small(void **state)
{
    (void)state;
    check(exp_of, exp, -1, 1, 2e-7, 0);
    check(exp_of, exp, -87.3, 88.7, 2e-7, 0);
    check(exp_of, exp, -104, -87, 2e-7, 0);
    check(log_of, log, 1e-6, 3, 2e-7, 1);
    check(log_of, log, 1, 1e5, 2e-7, 1);
    check(log_of, log, 1e30, 3.4e38, 2e-7, 1);
    check(log1p_of, log1p, 0, 1, 3e-7, 0);
    check(log1p_of, log1p, 0, 1e-6, 3e-7, 0);
    check(tanh_of, tanh, -1, 1, 4e-7, 0);
    check(tanh_of, tanh, -20, 20, 4e-7, 0);
    check(tanh_of, tanh, -1e-5, 1e-5, 4e-7, 0);
    check(below_of, below, -13, 13, 6e-7, 0);
    check(density_of, density, -13, 13, 6e-7, 0);
    check(below_of, below, -1e-3, 1e-3, 6e-7, 0);
}

static void ends(void **state)
{
    (void)state;
    assert_true(quick_exp(-INFINITY) == 0.0f && quick_exp(-105.0f) == 0.0f);
    assert_true(quick_exp(INFINITY) == INFINITY && quick_exp(88.8f) == INFINITY);
    assert_true(quick_exp(0.0f) == 1.0f && quick_log(1.0f) == 0.0f && quick_log1p(0.0f) == 0.0f);
    assert_true(quick_log(INFINITY) == INFINITY);
    assert_true(quick_tanh(INFINITY) == 1.0f && quick_tanh(-INFINITY) == -1.0f);
    assert_true(quick_tanh(0.0f) == 0.0f && quick_tanh(1e-40f) == 1e-40f);
    assert_true(quick_normal(INFINITY).below == 1.0f && quick_normal(40.0f).density == 0.0f);
    assert_true(quick_normal(-INFINITY).below == 0.0f && quick_normal(-1e30f).below == 0.0f);
}

static void nan_stays_nan(void **state)
{
    (void)state;
    static const uint32_t bits[] = {0x7fc00000, 0xffc00000, 0x7fc00001, 0x7fffffff, 0xffffffff};
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
        const float x = quick_of_bits(bits[i]);
        assert_true(isnan(quick_exp(x)) && isnan(quick_log(x)) && isnan(quick_log1p(x)));
        assert_true(isnan(quick_tanh(x)));
        assert_true(isnan(quick_normal(x).below) && isnan(quick_normal(x).density));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_small),
        cmocka_unit_test(ends),
        cmocka_unit_test(nan_stays_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
