// gradnorm: its weights step by step against torch (golden/gradnorm.json), and what it does where
// the formulas say nothing.
#include "mtl/weighting_support.h"

#include <math.h>

enum { MOST = 8 };

static json_t *golden;

static int open_golden(void **state)
{
    golden = test_golden_open(state, "mtl/golden/gradnorm.json");
    return golden == NULL;
}

struct run {
    struct bough__arena arena;
    struct bough__solver solver;
    struct bough__choice choice;
    size_t tasks;
    uint32_t step;
};

static void begin(struct run *run, const char *text, size_t tasks)
{
    *run = (struct run){.choice = weighting_as(text), .tasks = tasks};
    assert_ok(bough__solver_init(&run->solver, &run->arena, &run->choice, tasks, 0));
}

// losses [tasks, 2]; the gradients are at right angles.
static void step(struct run *run, float *weights, const float *losses, const float *norms,
                 uint32_t epoch)
{
    float gram[MOST * MOST] = {0};
    double residual;
    for (size_t t = 0; t < run->tasks; t++)
        gram[t * run->tasks + t] = norms[t] * norms[t];
    bough__solver_run(&run->solver, weights, &residual,
                      &(struct bough__measured){.losses = losses, .gram = gram},
                      &(struct bough__moment){.seed = {1, 2}, .step = ++run->step, .epoch = epoch});
    for (size_t t = 0; t < run->tasks; t++)
        assert_true(isfinite(weights[t]));
}

static double number(const json_t *row, const char *key)
{
    return json_number_value(json_object_get(row, key));
}

static float at(const json_t *row, const char *key, size_t step, size_t task)
{
    const json_t *numbers = json_array_get(json_object_get(row, key), step);
    return (float)json_number_value(json_array_get(numbers, task));
}

static void check_row(const json_t *row)
{
    struct run run;
    char text[96];
    const json_t *wanted = json_object_get(row, "weights");
    snprintf(text, sizeof text, "{name: gradnorm, alpha: %g, lr: %g}", number(row, "alpha"),
             number(row, "lr"));
    begin(&run, text, json_array_size(json_array_get(wanted, 0)));
    for (size_t k = 0; k < json_array_size(wanted); k++) {
        float losses[2 * MOST], norms[MOST], weights[MOST];
        for (size_t t = 0; t < run.tasks; t++) {
            losses[2 * t] = at(row, "losses", k, t);
            losses[2 * t + 1] = 1;
            norms[t] = at(row, "norms", k, t);
        }
        step(&run, weights, losses, norms, k < (size_t)number(golden, "first") ? 1 : 2);
        for (size_t t = 0; t < run.tasks; t++)
            assert_float_equal(weights[t], at(row, "weights", k, t), 1e-6);
    }
    bough__arena_fini(&run.arena);
}

static void matches_torch(void **state)
{
    (void)state;
    const json_t *rows = json_object_get(golden, "rows");
    assert_true(json_array_size(rows) > 0);
    for (size_t i = 0; i < json_array_size(rows); i++)
        check_row(json_array_get(rows, i));
}

// A task with small gradients that lags gets more, as long as its sum is the number of tasks.
static void a_task_that_lags_gets_more(void **state)
{
    (void)state;
    static const float first[4] = {1, 1, 1, 1}, then[4] = {0.1f, 1, 1, 1}, norms[2] = {4, 1};
    struct run run;
    float weights[2];
    begin(&run, "gradnorm", 2);
    step(&run, weights, first, norms, 1);
    assert_true(weights[0] == 1 && weights[1] == 1);
    for (int i = 0; i < 50; i++)
        step(&run, weights, then, norms, 2);
    assert_true(weights[1] > 1.5f);
    assert_float_equal(weights[0] + weights[1], 2, 1e-6);
    bough__arena_fini(&run.arena);
}

// A task without labels goes on afterwards from where it was, and moves no other.
static void a_missing_task_changes_nothing(void **state)
{
    (void)state;
    static const float all[6] = {1, 1, 2, 1, 3, 1}, norms[3] = {1, 2, 4}, none[3] = {1, 2, 0};
    static const float some[6] = {0.5f, 1, 1.5f, 1, 0, 0};
    struct run three, two;
    float weights[3], others[2], last = 0;
    begin(&three, "gradnorm", 3);
    begin(&two, "gradnorm", 2);
    for (int i = 0; i < 8; i++) {
        step(&three, weights, i ? some : all, i ? none : norms, i ? 2 : 1);
        step(&two, others, i ? some : all, norms, i ? 2 : 1);
        assert_float_equal(weights[0], others[0], 1e-6);
        assert_float_equal(weights[1], others[1], 1e-6);
        assert_true(weights[2] > 0 && (i == 0 || weights[2] == last));
        last = weights[2];
    }
    step(&three, weights, all, norms, 2);
    assert_float_equal(weights[0] + weights[1] + weights[2], 3, 1e-6);
    bough__arena_fini(&three.arena);
    bough__arena_fini(&two.arena);
}

static void losses_and_gradients_of_any_kind(void **state)
{
    (void)state;
    static const float losses[][4] = {
        {0, 1, 0, 1}, {-1, 1, 2, 1}, {1, 1, -1, 1},
        {0, 1, 1, 1}, {0, 0, 1, 1},  {1e30f, 1, 1e-30f, 1},
    };
    static const float norms[][2] = {{0, 0}, {0, 1}, {1e-15f, 1e15f}};
    enum { LOSSES = sizeof losses / sizeof *losses, NORMS = sizeof norms / sizeof *norms };
    for (size_t i = 0; i < LOSSES * LOSSES * NORMS; i++) {
        struct run run;
        float weights[2];
        begin(&run, "gradnorm", 2);
        for (uint32_t k = 0; k < 3; k++)
            step(&run, weights, losses[k ? i / LOSSES % LOSSES : i % LOSSES],
                 norms[i / LOSSES / LOSSES], k ? 2 : 1);
        bough__arena_fini(&run.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_torch),
        cmocka_unit_test(a_task_that_lags_gets_more),
        cmocka_unit_test(a_missing_task_changes_nothing),
        cmocka_unit_test(losses_and_gradients_of_any_kind),
    };
    return cmocka_run_group_tests(tests, open_golden, test_golden_close);
}
