// The weightings that need nothing measured, and what holds for every row.
#include "mtl/weighting_support.h"

#include <math.h>
#include <string.h>

static void equal_gives_every_loss_one(void **state)
{
    (void)state;
    float weight[3] = {0, 5, 9};
    bough__weighting_equal.start(weight, weighting_as("equal").options, 3);
    assert_true(weight[0] == 1 && weight[1] == 1 && weight[2] == 1);
}

static void fixed_gives_what_it_was_given(void **state)
{
    (void)state;
    float weight[3];
    bough__weighting_fixed.start(
        weight, weighting_as("{name: fixed, weights: {b: 4, a: 0.25, c: 1}}").options, 3);
    assert_true(weight[0] == 0.25f && weight[1] == 4 && weight[2] == 1);
    bough__weighting_fixed.start(weight, weighting_as("{name: fixed, weights: [0, 2, 3]}").options,
                                 3);
    assert_true(weight[0] == 0 && weight[1] == 2 && weight[2] == 3);
}

// ---- Every row ----

enum { TASKS = 3, COLUMNS = 70 };

static struct bough__choice choice_of(size_t index)
{
    return weighting_as(test_weighting(bough__weightings.row[index]));
}

static float jacobian[TASKS * COLUMNS];

// The gradient of the trunk that a row makes of the first `tasks` rows of the Jacobian.
static void combine(float *gradient, const float *weights, size_t tasks)
{
    for (size_t i = 0; i < COLUMNS; i++) {
        gradient[i] = 0;
        for (size_t t = 0; t < tasks; t++)
            gradient[i] += weights[t] * jacobian[t * COLUMNS + i];
    }
}

static void weigh_losses(float *weights, const struct bough__choice *choice,
                         struct bough_device *device, const float *losses, size_t tasks)
{
    const struct bough__weighting *weighting = bough__weighting_of(choice);
    struct bough__buffer *buffer[4];
    struct bough__sequence sequence = {.device = device};
    float params[TASKS], gradient[TASKS];
    const size_t count = weighting->params ? weighting->params(params, choice->options, tasks) : 0;
    struct bough__weigh weigh = {
        .options = choice->options,
        .tasks = tasks,
        .losses = put(&buffer[0], device, losses, 2 * tasks * sizeof(float)),
        .params = put(&buffer[1], device, params, sizeof params),
        .weights = put(&buffer[2], device, params, sizeof params),
        .params_gradient = put(&buffer[3], device, params, sizeof params),
    };
    assert_true(count <= TASKS);
    assert_ok(weighting->write(&sequence, &weigh));
    assert_ok(bough__sequence_run(&sequence));
    assert_ok(bough__read(weigh.weights, weights, tasks * sizeof *weights));
    assert_ok(bough__read(weigh.params_gradient, gradient, sizeof gradient));
    for (size_t i = 0; i < count; i++)
        assert_true(isfinite(gradient[i]) && (losses[2 * i + 1] != 0 || gradient[i] == 0));
    bough__sequence_fini(&sequence);
    for (size_t i = 0; i < 4; i++)
        bough__buffer_destroy(&buffer[i]);
}

static void solve(float *weights, const struct bough__choice *choice, const float *losses,
                  size_t tasks)
{
    float gram[TASKS * TASKS] = {0};
    for (size_t i = 0; i < tasks * tasks; i++)
        for (size_t c = 0; c < COLUMNS; c++)
            gram[i] += jacobian[i / tasks * COLUMNS + c] * jacobian[i % tasks * COLUMNS + c];
    solve_choice(weights, choice, &(struct bough__measured){.losses = losses, .gram = gram}, tasks);
}

static void trunk_gradient(float *gradient, const struct bough__choice *choice,
                           struct bough_device *device, const float *losses, size_t tasks)
{
    const struct bough__weighting *weighting = bough__weighting_of(choice);
    const struct step_state step = {.seed = {1, 2}, .step = 3};
    float weights[TASKS] = {0};
    if (weighting->needs == BOUGH_NEEDS_GRADIENTS) {
        weigh_gradients(gradient, choice, device, &step, jacobian, losses, tasks, COLUMNS);
        return;
    }
    if (weighting->needs == BOUGH_NEEDS_NOTHING)
        weighting->start(weights, choice->options, tasks);
    else if (weighting->solve)
        solve(weights, choice, losses, tasks);
    else
        weigh_losses(weights, choice, device, losses, tasks);
    combine(gradient, weights, tasks);
}

static void make_jacobian(void)
{
    for (int i = 0; i < TASKS * COLUMNS; i++)
        jacobian[i] = (float)(i * 37 % 101) / 50 - 1;
}

// One task alone gets its gradient, but for a factor.
static void one_task_is_the_plain_gradient(void **state)
{
    (void)state;
    static const float losses[2] = {0.5f, 8};
    size_t devices_count;
    struct bough_device *const *devices = test_devices(&devices_count);
    make_jacobian();
    for (size_t d = 0; d < devices_count; d++)
        for (size_t i = 0; i < bough__weightings.count; i++) {
            const struct bough__choice choice = choice_of(i);
            float got[COLUMNS];
            trunk_gradient(got, &choice, devices[d], losses, 1);
            const float factor = got[0] / jacobian[0];
            assert_true(factor > 0);
            for (size_t c = 0; c < COLUMNS; c++)
                assert_float_equal(got[c], factor * jacobian[c], 1e-6);
        }
}

// A task of which nothing is labelled has a loss of 0 and a gradient of 0: the others go on as
// though it were not there.
static void a_missing_task_changes_nothing(void **state)
{
    (void)state;
    static const float losses[2 * TASKS] = {0.5f, 8, 2, 4, 0, 0};
    size_t devices_count;
    struct bough_device *const *devices = test_devices(&devices_count);
    make_jacobian();
    memset(jacobian + 2 * COLUMNS, 0, COLUMNS * sizeof *jacobian);
    for (size_t d = 0; d < devices_count; d++)
        for (size_t i = 0; i < bough__weightings.count; i++) {
            const struct bough__choice choice = choice_of(i);
            float with[COLUMNS], without[COLUMNS];
            trunk_gradient(with, &choice, devices[d], losses, 3);
            trunk_gradient(without, &choice, devices[d], losses, 2);
            for (size_t c = 0; c < COLUMNS; c++) {
                assert_true(isfinite(with[c]));
                assert_float_equal(with[c], without[c], 1e-6);
            }
        }
}

static int lines_of(const char *text)
{
    int lines = 1;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static void rows_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < bough__weightings.count; i++) {
        const struct bough__choice choice = choice_of(i);
        const struct bough__weighting *row = bough__weighting_of(&choice);
        assert_ptr_equal(choice.row, bough__weightings.row[i]);
        assert_int_equal(row->start != NULL, row->needs == BOUGH_NEEDS_NOTHING);
        assert_int_equal((row->start != NULL) + (row->write != NULL) + (row->solve != NULL), 1);
        assert_true(row->solve || row->needs != BOUGH_NEEDS_GRAM);
        assert_true(row->write || row->needs != BOUGH_NEEDS_GRADIENTS);
        assert_true(row->solve || !row->scratch);
        assert_true(row->write || !row->params);
        assert_true(row->rule && row->advice && lines_of(row->rule) <= 3);
        assert_true(!row->blind || !row->prefers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_gives_every_loss_one),
        cmocka_unit_test(fixed_gives_what_it_was_given),
        cmocka_unit_test(rows_are_whole),
        cmocka_unit_test(one_task_is_the_plain_gradient),
        cmocka_unit_test(a_missing_task_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
