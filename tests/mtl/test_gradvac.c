// gradvac: what it keeps from step to step (golden values: test_gram_rows.c).
#include "mtl/weighting_support.h"

#include <math.h>

struct run {
    struct bough__arena arena;
    struct bough__solver solver;
    struct bough__choice choice;
    uint32_t step;
};

static void begin(struct run *run, const char *text)
{
    *run = (struct run){.choice = weighting_as(text)};
    assert_ok(bough__solver_init(&run->solver, &run->arena, &run->choice, 3, 0));
}

// A step of three tasks with gradients of length 1.
static void step(struct run *run, float *weights, const float *losses, float ab, float ac, float bc)
{
    static const float ones[6] = {1, 1, 1, 1, 1, 1};
    const float gram[9] = {1, ab, ac, ab, 1, bc, ac, bc, 1};
    const struct bough__measured measured = {.losses = losses ? losses : ones, .gram = gram};
    double residual;
    bough__solver_run(&run->solver, weights, &residual, &measured,
                      &(struct bough__moment){.seed = {1, 2}, .step = ++run->step, .epoch = 1});
    assert_true(residual == 0);
    for (size_t t = 0; t < 3; t++)
        assert_true(isfinite(weights[t]));
}

static const float without_c[6] = {1, 1, 1, 1, 0, 0};

// The first task's gradient is brought up to the cosine 0.8 of before, and the second's to its.
static void brings_the_cosine_up(void **state)
{
    (void)state;
    struct run run;
    float weights[3];
    begin(&run, "{name: gradvac, beta: 1}");
    step(&run, weights, without_c, 0.8f, 0, 0);
    assert_true(weights[0] == 1 && weights[1] == 1 && weights[2] == 0);
    step(&run, weights, without_c, 0.5f, 0, 0);
    const double more = weights[1] - 1.0f, along = 0.5 + more, size = sqrt(1 + more + more * more);
    assert_float_equal(along / size, 0.8, 1e-6);
    assert_float_equal(weights[0], weights[1], 1e-6);
    bough__arena_fini(&run.arena);
}

static void a_missing_task_keeps_its_means(void **state)
{
    (void)state;
    struct run run, other;
    float weights[3], others[3];
    begin(&run, "gradvac");
    begin(&other, "gradvac");
    step(&run, weights, NULL, 0.1f, 0.9f, 0.5f);
    step(&other, others, NULL, 0.1f, 0.9f, 0.5f);
    const double mean = run.solver.state[2];
    step(&run, weights, without_c, 0.7f, 0, 0);
    assert_true(run.solver.state[2] == mean && mean == 0.5 * (double)0.9f);
    assert_true(run.solver.state[1] != other.solver.state[1]);
    bough__arena_fini(&run.arena);
    bough__arena_fini(&other.arena);
}

// Rounding must not blow up where gradients were parallel for long.
static void parallel_gradients_stay(void **state)
{
    (void)state;
    struct run run;
    float weights[3];
    begin(&run, "gradvac");
    for (int i = 0; i < 100; i++) {
        step(&run, weights, NULL, i % 2 ? 1 : 0.9999999f, i % 3 ? 1 : 1.0000001f, 1);
        for (size_t t = 0; t < 3; t++)
            assert_float_equal(weights[t], 1, 2);
    }
    step(&run, weights, NULL, 1, 1, 1);
    for (size_t t = 0; t < 3; t++)
        assert_float_equal(weights[t], 1, 1e-6);
    bough__arena_fini(&run.arena);
}

// The mean of the cosines comes to -1, and a cosine may be rounded to just below it.
static void opposite_gradients_stay_finite(void **state)
{
    (void)state;
    struct run run;
    float weights[3];
    begin(&run, "{name: gradvac, beta: 1}");
    for (int i = 0; i < 100; i++) {
        step(&run, weights, NULL, i % 2 ? -1 : -1.0000001f, 0, 0);
        for (size_t t = 0; t < 3; t++)
            assert_true(isfinite(weights[t]));
    }
    bough__arena_fini(&run.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opposite_gradients_stay_finite),
        cmocka_unit_test(brings_the_cosine_up),
        cmocka_unit_test(a_missing_task_keeps_its_means),
        cmocka_unit_test(parallel_gradients_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
