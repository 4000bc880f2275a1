// The weightings that go by the gradients themselves, and krum: five steps against numpy and
// TorchJD (golden/gradients.json), and every device against plain C.
#include "mtl/weighting_support.h"

#include <math.h>
#include <string.h>

enum { STEPS = 5, SAMPLES = 16, MOST_TASKS = 16 };

static json_t *golden;

static int open_golden(void **state)
{
    golden = test_golden_open(state, "mtl/golden/gradients.json");
    return golden == NULL;
}

// ---- What golden/gradients.py makes too ----

struct made {
    int tasks, columns, gaps, factors;
};

static int is_missing(const struct made *made, int t, int step)
{
    return made->gaps && (t + step) % 4 == 0;
}

static void make_gradients(float *jacobian, const struct made *made, int step)
{
    for (int t = 0; t < made->tasks; t++)
        for (int i = 0; i < made->columns; i++) {
            const int k = (i * (37 + 2 * t + 4 * step) + 101 * t + 57 * step) % 257 - 128;
            const float value = ldexpf((float)k, t % 3 - 2 - 7);
            jacobian[t * made->columns + i] = is_missing(made, t, step) ? 0 : value;
        }
}

static void make_losses(float *losses, const struct made *made, int step)
{
    for (int t = 0; t < made->tasks; t++) {
        const int missing = is_missing(made, t, step);
        losses[2 * t] = missing ? 0 : (float)(1 + (3 * t + 5 * step) % 7) / 4;
        losses[2 * t + 1] = missing ? 0 : 8;
    }
}

// Gradients [STEPS, columns] of `device`; the caller frees them.
static float *run_steps(const struct bough__choice *choice, struct bough_device *device,
                        const struct made *made)
{
    static const float of_four[4] = {1, 0.5f, 2, 0.25f};
    float factor[MOST_TASKS], losses[2 * MOST_TASKS];
    const size_t columns = (size_t)made->columns;
    float *jacobian = malloc((size_t)made->tasks * columns * sizeof *jacobian);
    float *got = malloc(STEPS * columns * sizeof *got);
    struct weighing w;
    assert_non_null(jacobian);
    assert_non_null(got);
    for (int t = 0; t < made->tasks; t++)
        factor[t] = of_four[t % 4];
    weighing_init(&w, choice, device, made->factors ? factor : NULL, (size_t)made->tasks,
                  made->columns);
    for (int s = 1; s <= STEPS; s++) {
        make_gradients(jacobian, made, s);
        make_losses(losses, made, s);
        weighing_step(&w, got + (size_t)(s - 1) * columns,
                      &(struct step_state){.seed = {1, 2}, .step = (unsigned)s}, jacobian, losses);
    }
    weighing_fini(&w);
    free(jacobian);
    return got;
}

// ---- Against golden values ----

static int number_of(const json_t *row, const char *key)
{
    return (int)json_integer_value(json_object_get(row, key));
}

static struct bough__choice choice_of(const json_t *row)
{
    char text[128];
    const char *key;
    json_t *value;
    int length = snprintf(text, sizeof text, "{name: %s",
                          json_string_value(json_object_get(row, "weighting")));
    json_object_foreach(json_object_get(row, "options"), key, value) length += snprintf(
        text + length, sizeof text - (size_t)length, ", %s: %g", key, json_number_value(value));
    snprintf(text + length, sizeof text - (size_t)length, "}");
    return weighting_as(text);
}

static void check_row(struct bough_device *device, const json_t *row)
{
    const struct made made = {number_of(row, "tasks"), number_of(row, "columns"),
                              number_of(row, "gaps"), number_of(row, "factors")};
    const struct bough__choice choice = choice_of(row);
    float *got = run_steps(&choice, device, &made);
    for (int s = 0; s < STEPS; s++)
        for (int k = 0; k < SAMPLES; k++) {
            const json_t *samples = json_array_get(json_object_get(row, "gradient"), (size_t)s);
            const double wanted = json_number_value(json_array_get(samples, (size_t)k));
            const int at = k * (made.columns - 1) / (SAMPLES - 1);
            assert_float_equal(got[s * made.columns + at], wanted, 1e-5 * fmax(1, fabs(wanted)));
        }
    free(got);
}

static void matches_numpy(void **state)
{
    (void)state;
    size_t devices_count, at;
    json_t *row;
    struct bough_device *const *devices = test_devices(&devices_count);
    assert_true(json_array_size(json_object_get(golden, "rows")) > 0);
    for (size_t d = 0; d < devices_count; d++)
        json_array_foreach(json_object_get(golden, "rows"), at, row) check_row(devices[d], row);
    assert_int_equal(test_warnings(), 0);
}

static double solve_krum(float *weights, const struct bough__choice *krum, const float *gram,
                         size_t tasks)
{
    float losses[2 * MOST_TASKS];
    for (size_t i = 0; i < 2 * tasks; i++)
        losses[i] = 1;
    return solve_choice(weights, krum, &(struct bough__measured){.losses = losses, .gram = gram},
                        tasks);
}

static void krum_matches_torchjd(void **state)
{
    (void)state;
    size_t at;
    json_t *row;
    assert_true(json_array_size(json_object_get(golden, "krum")) > 0);
    json_array_foreach(json_object_get(golden, "krum"), at, row)
    {
        char text[64];
        float gram[MOST_TASKS * MOST_TASKS], weights[MOST_TASKS];
        const json_t *wanted = json_object_get(row, "weights"), *of = json_object_get(row, "gram");
        const size_t tasks = json_array_size(wanted);
        snprintf(text, sizeof text, "{name: krum, byzantine: %d, selected: %d}",
                 number_of(row, "byzantine"), number_of(row, "selected"));
        for (size_t i = 0; i < tasks * tasks; i++)
            gram[i] = (float)json_number_value(json_array_get(of, i));
        const struct bough__choice krum =
            weighting_of(text, tasks + 1); // of which one has no label
        assert_true(solve_krum(weights, &krum, gram, tasks) == 0);
        for (size_t t = 0; t < tasks; t++)
            assert_float_equal(weights[t], json_number_value(json_array_get(wanted, t)), 1e-7);
    }
}

// Where a step has labels of too few tasks to tell who is wrong, or of fewer than are wanted.
static void krum_of_few_tasks(void **state)
{
    (void)state;
    static const float gram[9] = {1, 0, 0, 0, 1, 0, 0, 0, 9};
    static const char *const texts[] = {"krum", "{name: krum, byzantine: 0, selected: 9}"};
    for (size_t i = 0; i < 2; i++) {
        float weights[3];
        const struct bough__choice krum = weighting_of(texts[i], 10);
        solve_krum(weights, &krum, gram, 3);
        for (size_t t = 0; t < 3; t++)
            assert_float_equal(weights[t], 1.0 / 3, 1e-7);
    }
}

// ---- Every row that takes gradients ----

// Twice on each device: the same bits; and what plain C finds, but for rounding. The last sizes cut
// a row of gradients into parts.
static void devices_agree(void **state)
{
    (void)state;
    static const struct made sizes[] = {
        {1, 1, 0, 0},  {2, 3, 1, 0},    {3, 31, 0, 1},   {4, 32, 1, 1},
        {8, 65, 1, 0}, {3, 4096, 0, 0}, {2, 4097, 1, 1}, {5, 40000, 1, 1},
    };
    size_t devices_count;
    struct bough_device *const *devices = test_devices(&devices_count);
    for (size_t i = 0; i < bough__weightings.count; i++) {
        const struct bough__weighting *row = (const void *)bough__weightings.row[i];
        if (row->needs != BOUGH_NEEDS_GRADIENTS || row == &bough__weighting_graddrop)
            continue;
        const struct bough__choice choice = weighting_as(row->row.name);
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            const size_t count = STEPS * (size_t)sizes[s].columns;
            float *wanted = run_steps(&choice, devices[0], &sizes[s]);
            for (size_t d = 0; d < devices_count; d++) {
                float *got = run_steps(&choice, devices[d], &sizes[s]);
                float *again = run_steps(&choice, devices[d], &sizes[s]);
                assert_memory_equal(got, again, count * sizeof *got);
                for (size_t k = 0; k < count; k++)
                    assert_float_equal(got[k], wanted[k], 1e-5f * fmaxf(1, fabsf(wanted[k])));
                free(got);
                free(again);
            }
            free(wanted);
        }
    }
}

// No gradients, none labelled, losses of 0 and below: all stays finite, and goes on.
static void stays_finite(void **state)
{
    (void)state;
    enum { TASKS = 3, COLUMNS = 5 };
    static const float losses[][2 * TASKS] = {
        {0, 0, 0, 0, 0, 0}, {0, 8, 0, 8, 0, 8}, {-1, 8, 2, 8, 0, 8}, {1e10f, 8, 1e-20f, 8, 1, 8}};
    static const float scales[][TASKS] = {{0, 0, 0}, {1e-19f, 1, 1e4f}, {1, 0, -1}, {1, 1, 1}};
    size_t devices_count;
    struct bough_device *const *devices = test_devices(&devices_count);
    for (size_t d = 0; d < devices_count; d++)
        for (size_t i = 0; i < bough__weightings.count; i++) {
            const struct bough__weighting *row = (const void *)bough__weightings.row[i];
            if (row->needs != BOUGH_NEEDS_GRADIENTS)
                continue;
            const struct bough__choice choice = weighting_as(row->row.name);
            struct weighing w;
            weighing_init(&w, &choice, devices[d], NULL, TASKS, COLUMNS);
            for (unsigned s = 0; s < 32; s++) {
                float jacobian[TASKS * COLUMNS], got[COLUMNS];
                for (int k = 0; k < TASKS * COLUMNS; k++)
                    jacobian[k] = scales[s / 4 % 4][k / COLUMNS] * (float)(k % COLUMNS - 1);
                weighing_step(&w, got, &(struct step_state){.step = s + 1}, jacobian,
                              losses[s % 4]);
                for (int k = 0; k < COLUMNS; k++)
                    assert_true(isfinite(got[k]));
            }
            weighing_fini(&w);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_numpy),     cmocka_unit_test(krum_matches_torchjd),
        cmocka_unit_test(krum_of_few_tasks), cmocka_unit_test(devices_agree),
        cmocka_unit_test(stays_finite),
    };
    return cmocka_run_group_tests(tests, open_golden, test_golden_close);
}
