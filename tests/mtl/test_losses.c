// The weightings that go by losses alone and solve on the host: golden values
// (golden/losses.json), and what they do at the edges.
#include "mtl/weighting_support.h"

#include <math.h>
#include <string.h>

enum { TASKS = 3 };

static json_t *golden;

static int open_golden(void **state)
{
    golden = test_golden_open(state, "mtl/golden/losses.json");
    return golden == NULL;
}

// ---- Golden values ----

// [T] numbers; of losses [T, 2], null is not labelled.
static void read_numbers(float *to, const json_t *array, size_t stride)
{
    for (size_t t = 0; t < TASKS; t++) {
        const json_t *number = json_array_get(array, t);
        to[stride * t] = (float)json_number_value(number);
        if (stride == 2)
            to[2 * t + 1] = json_is_null(number) ? 0 : 8;
    }
}

static void check_step(struct solving *solving, const json_t *step, const float *factor)
{
    float losses[2 * TASKS], wanted[TASKS], weights[TASKS];
    read_numbers(losses, json_object_get(step, "losses"), 2);
    read_numbers(wanted, json_object_get(step, "gradient"), 1);
    solving->moment.epoch = (uint32_t)json_integer_value(json_object_get(step, "epoch"));
    assert_true(solving_step(solving, weights,
                             &(struct bough__measured){.losses = losses, .factor = factor}) == 0);
    for (size_t t = 0; t < TASKS; t++)
        if (losses[2 * t + 1] != 0)
            assert_float_equal(factor[t] * weights[t], wanted[t], 1e-6 * fabs((double)wanted[t]));
    if (!json_object_get(step, "after"))
        return;
    read_numbers(losses, json_object_get(step, "after"), 2);
    solving_after(solving, &(struct bough__measured){.losses = losses, .factor = factor});
}

static void check_row(const json_t *row)
{
    struct solving solving;
    float factor[TASKS];
    size_t at;
    json_t *step;
    const struct bough__choice choice =
        weighting_as(json_string_value(json_object_get(row, "weighting")));
    read_numbers(factor, json_object_get(row, "factor"), 1);
    solving_open(&solving, &choice, TASKS);
    json_array_foreach(json_object_get(row, "steps"), at, step) check_step(&solving, step, factor);
    solving_close(&solving);
}

static void match_golden_values(void **state)
{
    (void)state;
    size_t at;
    json_t *row;
    assert_true(json_array_size(json_object_get(golden, "rows")) > 0);
    json_array_foreach(json_object_get(golden, "rows"), at, row) check_row(row);
}

// ---- Every row ----

static int by_losses(size_t index, struct bough__choice *choice)
{
    const struct bough__weighting *row = (const void *)bough__weightings.row[index];
    if (row->needs != BOUGH_NEEDS_LOSSES || !row->solve)
        return 0;
    *choice = weighting_as(row->row.name);
    return 1;
}

// Epochs of two steps with the same losses.
static void take_steps(float *weights, struct solving *solving, const float *losses, int steps)
{
    for (int step = 0; step < steps; step++) {
        solving->moment.epoch = (uint32_t)(step / 2 + 1);
        solving_step(solving, weights, &(struct bough__measured){.losses = losses});
        if (solving->solver.weighting->after)
            solving_after(solving, &(struct bough__measured){.losses = losses});
    }
}

static void any_losses_give_finite_weights(void **state)
{
    (void)state;
    static const float losses[][TASKS] = {
        {0, 0, 0}, {1, 0, 2}, {-1, 3, 0}, {-1, -2, -3}, {1e-30f, 1, 1e30f}, {1, 1, 1},
    };
    struct bough__choice choice;
    for (size_t i = 0; i < bough__weightings.count; i++)
        for (size_t at = 0; by_losses(i, &choice) && at < sizeof losses / sizeof *losses; at++) {
            struct solving solving;
            float given[2 * TASKS], weights[TASKS];
            for (size_t t = 0; t < TASKS; t++) {
                given[2 * t] = losses[at][t];
                given[2 * t + 1] = 1;
            }
            solving_open(&solving, &choice, TASKS);
            take_steps(weights, &solving, given, 14);
            for (size_t t = 0; t < TASKS; t++)
                assert_true(isfinite(weights[t]));
            solving_close(&solving);
        }
}

// What seven epochs of two steps end with, of losses that move from step to step; and with the
// tasks' order turned round, if `turned`.
static void end_weights(float *weights, const struct bough__choice *choice, const float *factor,
                        int turned)
{
    struct solving solving;
    solving_open(&solving, choice, TASKS);
    for (int step = 0; step < 14; step++) {
        float losses[2 * TASKS];
        for (size_t t = 0; t < TASKS; t++) {
            const size_t task = turned ? TASKS - 1 - t : t;
            losses[2 * t] = (float)(task + 1) / (float)(1 + (size_t)step * (TASKS - task));
            losses[2 * t + 1] = 8;
        }
        const struct bough__measured measured = {.losses = losses, .factor = factor};
        solving.moment.epoch = (uint32_t)(step / 2 + 1);
        solving_step(&solving, weights, &measured);
        for (size_t t = 0; t < TASKS; t++)
            losses[2 * t] *= 0.5f + 0.125f * (float)(turned ? TASKS - 1 - t : t);
        if (solving.solver.weighting->after)
            solving_after(&solving, &measured);
    }
    solving_close(&solving);
}

static void order_does_not_matter(void **state)
{
    (void)state;
    struct bough__choice choice;
    for (size_t i = 0; i < bough__weightings.count; i++) {
        float weights[TASKS], turned[TASKS];
        if (!by_losses(i, &choice) || strcmp(choice.row->name, "rlw") == 0) // draws by task
            continue;
        end_weights(weights, &choice, NULL, 0);
        end_weights(turned, &choice, NULL, 1);
        for (size_t t = 0; t < TASKS; t++)
            assert_float_equal(weights[t], turned[TASKS - 1 - t], 1e-6 * fabs((double)weights[t]));
    }
}

// Of a row with preferences only the tasks' weights beside each other count.
static void preferences_have_no_size(void **state)
{
    (void)state;
    static const float some[TASKS] = {1, 0.5f, 2}, more[TASKS] = {4, 2, 8};
    struct bough__choice choice;
    for (size_t i = 0; i < bough__weightings.count; i++) {
        float weights[TASKS], others[TASKS];
        if (!by_losses(i, &choice) || !bough__weighting_of(&choice)->prefers)
            continue;
        end_weights(weights, &choice, some, 0);
        end_weights(others, &choice, more, 0);
        for (size_t t = 0; t < TASKS; t++)
            assert_float_equal(weights[t], 4 * others[t], 1e-6 * fabs((double)weights[t]));
    }
}

static void tasks_that_are_equal_weigh_the_same(void **state)
{
    (void)state;
    static const float losses[2 * TASKS] = {0.5f, 8, 0.5f, 8, 0.5f, 8};
    struct bough__choice choice;
    for (size_t i = 0; i < bough__weightings.count; i++) {
        struct solving solving;
        float weights[TASKS];
        if (!by_losses(i, &choice) || strcmp(choice.row->name, "rlw") == 0)
            continue;
        solving_open(&solving, &choice, TASKS);
        take_steps(weights, &solving, losses, 14);
        assert_true(weights[0] > 0 && weights[0] == weights[1] && weights[0] == weights[2]);
        solving_close(&solving);
    }
}

// Steps in which a task is not labelled leave what is kept of it.
static void a_missing_task_keeps_its_state(void **state)
{
    (void)state;
    static const float all[2 * TASKS] = {0.5f, 1, 2, 1, 4, 1};
    static const float none[2 * TASKS] = {0.5f, 1, 0, 0, 4, 1};
    struct bough__choice choice;
    for (size_t i = 0; i < bough__weightings.count; i++) {
        struct solving solving;
        float weights[TASKS];
        double kept[64];
        if (!by_losses(i, &choice))
            continue;
        solving_open(&solving, &choice, TASKS);
        take_steps(weights, &solving, all, 7);
        const size_t each = solving.solver.row_count / TASKS, size = each * sizeof *kept;
        assert_true(each * TASKS == solving.solver.row_count && each <= 64);
        memcpy(kept, solving.solver.state + each, size);
        take_steps(weights, &solving, none, 5);
        assert_memory_equal(kept, solving.solver.state + each, size);
        solving_close(&solving);
    }
}

// ---- Edges ----

static void first_step(float *weights, const char *text, const float *loss)
{
    const struct bough__choice choice = weighting_as(text);
    float losses[2 * TASKS];
    for (size_t t = 0; t < TASKS; t++) {
        losses[2 * t] = loss[t];
        losses[2 * t + 1] = 1;
    }
    assert_true(
        solve_choice(weights, &choice, &(struct bough__measured){.losses = losses}, TASKS) == 0);
}

static void losses_that_are_not_positive(void **state)
{
    (void)state;
    float weights[TASKS];
    first_step(weights, "scale_invariant", (float[]){-2, 0, 4});
    assert_true(weights[0] == 0.5f && weights[1] == 1e8f && weights[2] == 0.25f);
    first_step(weights, "chebyshev", (float[]){-2, -1, -1});
    assert_true(weights[0] == 0 && weights[1] == 0.5f && weights[2] == 0.5f);
    first_step(weights, "cosmos", (float[]){0, 0, 0});
    assert_true(weights[0] == 1 && weights[1] == 1 && weights[2] == 1);
    first_step(weights, "lbtw", (float[]){-1, 0, 3});
    assert_true(weights[0] == 1 && weights[1] == 1 && weights[2] == 1);
    first_step(weights, "famo", (float[]){-1, 1, 1}); // nothing but the log of 1e-8
    assert_float_equal(weights[0], 1, 1e-6);
}

static void losses_along_the_preference_are_summed(void **state)
{
    (void)state;
    float weights[TASKS];
    first_step(weights, "pbi", (float[]){0.3f, 0.3f, 0.3f});
    for (size_t t = 0; t < TASKS; t++)
        assert_float_equal(weights[t], 1, 1e-6);
}

static void draws_of_rlw(void **state)
{
    (void)state;
    enum { STEPS = 4000 };
    static const float losses[2 * TASKS] = {1, 1, 1, 1, 1, 1};
    const struct bough__choice choice = weighting_as("rlw");
    double sum = 0, squares = 0;
    struct solving solving;
    solving_open(&solving, &choice, TASKS);
    for (int step = 0; step < STEPS; step++) {
        float weights[TASKS];
        solving_step(&solving, weights, &(struct bough__measured){.losses = losses});
        const double apart = log((double)(weights[0] / weights[1])); // of variance 2
        sum += apart;
        squares += apart * apart;
        assert_float_equal(weights[0] + weights[1] + weights[2], 3, 1e-5);
    }
    solving_close(&solving);
    assert_float_equal(sum / STEPS, 0, 0.1);
    assert_float_equal(squares / STEPS, 2, 0.2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(match_golden_values),
        cmocka_unit_test(any_losses_give_finite_weights),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(preferences_have_no_size),
        cmocka_unit_test(tasks_that_are_equal_weigh_the_same),
        cmocka_unit_test(a_missing_task_keeps_its_state),
        cmocka_unit_test(losses_that_are_not_positive),
        cmocka_unit_test(losses_along_the_preference_are_summed),
        cmocka_unit_test(draws_of_rlw),
    };
    return cmocka_run_group_tests(tests, open_golden, test_golden_close);
}
