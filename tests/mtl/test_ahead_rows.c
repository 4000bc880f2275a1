// What weightings that look ahead learn from products of gradients: where these vanish, cancel, or
// are those of one task. Whole trainings are in tests/train/test_ahead.c.
#include "weighting_support.h"

#include <math.h>

enum { TASKS = 3 };

// Weights [n] of `steps` steps at a rate of 0.5; products `cross` [n, n].
static double learn(float *weights, const char *text, const float *cross, size_t n, int steps)
{
    static const float losses[2 * TASKS] = {1, 1, 1, 1, 1, 1};
    const struct bough__choice choice = weighting_as(text);
    struct solving solving;
    double residual = 0;
    solving_open(&solving, &choice, n);
    solving.moment.lr = 0.5f;
    for (int i = 0; i < steps; i++)
        residual =
            solving_step(&solving, weights,
                         &(struct bough__measured){
                             .losses = losses, .gram = cross, .cross = cross, .others = losses});
    solving_close(&solving);
    return residual;
}

static void are(const float *weights, const float *wanted, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_float_equal(weights[i], wanted[i], 1e-6);
}

// The first step of Adam is one of its rate, whatever the slope.
static void the_primary_tasks_decide(void **state)
{
    (void)state;
    static const float cross[TASKS * TASKS] = {1, 2, -3, -4, 1, 1, -2, -1, 1};
    float weights[TASKS];
    learn(weights, "{name: auto_lambda, lr: 0.01}", cross, TASKS, 1);
    are(weights, (float[]){0.09f, 0.11f, 0.09f}, TASKS);
    learn(weights, "{name: auto_lambda, lr: 0.01, primary: [1, 0, 0]}", cross, TASKS, 1);
    are(weights, (float[]){0.11f, 0.11f, 0.09f}, TASKS);
    learn(weights, "{name: auto_lambda, lr: 0.01, primary: {a: 1, b: 0, c: 4}}", cross, TASKS, 1);
    are(weights, (float[]){0.09f, 0.09f, 0.11f}, TASKS);
}

// Of two tasks all slopes by alpha lie on a line: alpha moves where they point the same way.
static void alpha_moves_where_all_want_it(void **state)
{
    (void)state;
    static const float same[4] = {4, 1, 3, 1}, apart[4] = {4, 1, 1, 3};
    float weights[2];
    assert_true(learn(weights, "{name: moml, lr: 0.5}", same, 2, 1) <= 1e-12);
    assert_float_equal(weights[0], 1 / (1 + exp(-1)), 1e-6);
    learn(weights, "{name: moml, lr: 0.5}", apart, 2, 5);
    are(weights, (float[]){0.5f, 0.5f}, 2);
}

static void nothing_is_learned_from_nothing(void **state)
{
    (void)state;
    static const float zeros[TASKS * TASKS];
    float weights[TASKS];
    learn(weights, "auto_lambda", zeros, TASKS, 5);
    are(weights, (float[]){0.1f, 0.1f, 0.1f}, TASKS);
    assert_float_equal(learn(weights, "moml", zeros, TASKS, 5), 0, 0);
    are(weights, (float[]){1.0f / 3, 1.0f / 3, 1.0f / 3}, TASKS);
}

// However much the other batch is against it, a loss is not made to grow.
static void weights_stay_above_0(void **state)
{
    (void)state;
    static const float against[1] = {-1}, against_each[4] = {-1, -1, -1, -1};
    float weights[2];
    learn(weights, "{name: auto_lambda, lr: 0.01}", against, 1, 100);
    assert_true(weights[0] > 0 && weights[0] <= 1.1e-6f);
    learn(weights, "{name: auto_lambda, lr: 0.01}", against_each, 2, 100);
    assert_true(weights[0] > 0 && weights[1] > 0 && weights[1] <= 1.1e-6f);
    learn(weights, "moml", against, 1, 100);
    assert_float_equal(weights[0], 1, 0);
}

// A solve gives such a task its last weight, for later batches.
static void a_task_without_labels_has_no_weight_ahead(void **state)
{
    (void)state;
    static const char *const rows[] = {"auto_lambda", "moml", "forum"};
    static const float cross[TASKS * TASKS] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    static const float all[2 * TASKS] = {1, 1, 1, 1, 1, 1}, some[2 * TASKS] = {1, 1, 0, 0, 1, 1};
    const struct bough__measured first = {.losses = all, .cross = cross, .others = all},
                                 second = {.losses = some, .cross = cross, .others = all};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct bough__choice choice = weighting_as(rows[i]);
        float last[TASKS], ahead[TASKS], now[TASKS];
        struct solving solving;
        solving_open(&solving, &choice, TASKS);
        solving.moment.lr = 0.5f;
        solving_step(&solving, last, &first);
        bough__solver_ahead(&solving.solver, ahead, &second, &solving.moment);
        solving_step(&solving, now, &second);
        assert_true(ahead[0] > 0 && ahead[1] == 0 && ahead[2] > 0);
        assert_true(last[1] > 0 && now[1] == last[1]);
        solving_close(&solving);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_primary_tasks_decide),
        cmocka_unit_test(alpha_moves_where_all_want_it),
        cmocka_unit_test(nothing_is_learned_from_nothing),
        cmocka_unit_test(weights_stay_above_0),
        cmocka_unit_test(a_task_without_labels_has_no_weight_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
