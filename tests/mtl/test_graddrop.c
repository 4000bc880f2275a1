// graddrop against numpy with the same random numbers (golden/graddrop.json), on every device.
#include "mtl/weighting_support.h"

#include <math.h>

enum { MOST = 8 * 130 };

static json_t *golden;

static int open_golden(void **state)
{
    golden = test_golden_open(state, "mtl/golden/graddrop.json");
    return golden == NULL;
}

static size_t read_row(float *to, const json_t *array)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        to[i] = (float)json_number_value(json_array_get(array, i));
    return json_array_size(array);
}

static void check_row(struct bough_device *device, const json_t *row)
{
    char text[64];
    snprintf(text, sizeof text, "{name: graddrop, leak: %g}",
             json_number_value(json_object_get(row, "leak")));
    const struct bough__choice choice = weighting_as(text);
    const json_t *seed = json_object_get(row, "seed"), *rows = json_object_get(row, "jacobian");
    const struct step_state step = {
        .seed = {(unsigned)json_integer_value(json_array_get(seed, 0)),
                 (unsigned)json_integer_value(json_array_get(seed, 1))},
        .step = (unsigned)json_integer_value(json_object_get(row, "step")),
    };
    float jacobian[MOST], wanted[MOST], got[MOST];
    const size_t tasks = json_array_size(rows);
    const size_t columns = read_row(wanted, json_object_get(row, "gradient"));
    for (size_t t = 0; t < tasks; t++)
        assert_int_equal(read_row(jacobian + t * columns, json_array_get(rows, t)), columns);
    weigh_gradients(got, &choice, device, &step, jacobian, NULL, tasks, (int64_t)columns);
    for (size_t i = 0; i < columns; i++)
        assert_float_equal(got[i], wanted[i], 2e-6f);
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

// What all tasks agree on is kept, and a number that is not finite is not dropped in silence.
static void keeps_what_agrees(void **state)
{
    (void)state;
    enum { COLUMNS = 4099 };
    size_t devices_count;
    struct bough_device *const *devices = test_devices(&devices_count);
    const struct bough__choice choice = weighting_as("graddrop");
    float *jacobian = malloc(3 * COLUMNS * sizeof *jacobian);
    float *got = malloc(COLUMNS * sizeof *got);
    assert_non_null(jacobian);
    assert_non_null(got);
    for (int i = 0; i < 3 * COLUMNS; i++)
        jacobian[i] = (i % COLUMNS) % 2 ? 0.25f : -0.25f;
    jacobian[COLUMNS + 5] = NAN;
    for (size_t d = 0; d < devices_count; d++)
        for (unsigned step = 1; step < 4; step++) {
            const struct step_state state_of = {.seed = {1, 2}, .step = step};
            weigh_gradients(got, &choice, devices[d], &state_of, jacobian, NULL, 3, COLUMNS);
            for (int i = 0; i < COLUMNS; i++)
                assert_true(i == 5 ? isnan(got[i]) : got[i] == 3 * jacobian[i]);
        }
    free(jacobian);
    free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_numpy),
        cmocka_unit_test(keeps_what_agrees),
    };
    return cmocka_run_group_tests(tests, open_golden, test_golden_close);
}
