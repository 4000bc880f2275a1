// The learning rate of every step against PyTorch's (golden/schedule.json).
#include "nn/schedule.h"
#include "support/configs.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static json_t *golden;

static int open_golden(void **state)
{
    golden = test_golden_open(state, "nn/golden/schedule.json");
    return golden == NULL;
}

static double option(const json_t *row, const char *key)
{
    return json_number_value(json_object_get(row, key));
}

// A row holds what its schedule reads, and more.
static struct bough__scheduling schedule_of(const json_t *row)
{
    const char *name = json_string_value(json_object_get(row, "name"));
    const struct bough__row *schedule = bough__family_find(&bough__schedules, name);
    char text[500];
    snprintf(text, sizeof text, "schedule={name: %s", name);
    for (size_t i = 0; i < schedule->options.count; i++) {
        const char *key = schedule->options.option[i].name;
        if (json_object_get(row, key))
            snprintf(text + strlen(text), sizeof text - strlen(text), ", %s: %.9g", key,
                     option(row, key));
    }
    snprintf(text + strlen(text), sizeof text - strlen(text), ", warmup: %.9g}",
             option(row, "warmup"));
    return test_config(test_config_small, text, NULL).schedule;
}

static const struct bough__plateau fresh = {.best = -INFINITY, .scale = 1};

static double rate_at(const struct bough__scheduling *schedule, int epoch, int step, int steps,
                      int epochs, const struct bough__plateau *plateau)
{
    double progress = epoch + (double)step / steps;
    return bough__schedule_lr(schedule, option(golden, "lr"), progress, progress + 1.0 / steps,
                              epochs, plateau);
}

static void check_row(const json_t *row)
{
    const struct bough__scheduling schedule = schedule_of(row);
    const json_t *rates = json_object_get(row, "rates"), *values = json_object_get(row, "values");
    int epochs = (int)option(row, "epochs"), steps = (int)option(golden, "steps");
    struct bough__plateau plateau = fresh;
    assert_int_equal(json_array_size(rates), epochs * steps);
    for (int i = 0; i < epochs * steps; i++) {
        double wanted = json_number_value(json_array_get(rates, (size_t)i));
        double got = rate_at(&schedule, i / steps, i % steps, steps, epochs, &plateau);
        if (!(fabs(got - wanted) <= 1e-12)) {
            char *text = json_dumps(row, JSON_COMPACT);
            fail_msg("step %d: %.17g, wanted %.17g: %.100s", i, got, wanted, text);
        }
        const json_t *value = json_array_get(values, (size_t)(i / steps));
        if (i % steps == steps - 1 && value)
            bough__plateau_update(&plateau, &schedule,
                                  json_is_null(value) ? NAN : json_number_value(value));
    }
}

static void matches_pytorch(void **state)
{
    (void)state;
    size_t at;
    json_t *row;
    assert_true(json_array_size(json_object_get(golden, "rows")) > 10);
    json_array_foreach(json_object_get(golden, "rows"), at, row) check_row(row);
}

// A warm-up that ends within a step: from above 0 up to the rate, evenly.
static void a_warmup_of_a_fraction_of_a_step(void **state)
{
    (void)state;
    const struct bough__scheduling schedule =
        test_config(test_config_small, "schedule.warmup=0.875", NULL).schedule;
    const double wanted[] = {0.25 / 0.875, 0.5 / 0.875, 0.75 / 0.875, 1, 1};
    for (int i = 0; i < 5; i++)
        assert_float_equal(rate_at(&schedule, i / 4, i % 4, 4, 2, &fresh),
                           option(golden, "lr") * wanted[i], 1e-12);
}

// A run that was resumed for more epochs, or fewer, never gets a rate out of bounds.
static void the_cosine_ends_at_its_lowest(void **state)
{
    (void)state;
    const struct bough__scheduling schedule =
        test_config(test_config_small, "schedule={name: cosine, min_lr: 0.125}", NULL).schedule;
    for (int epoch = 5; epoch < 8; epoch++)
        assert_float_equal(rate_at(&schedule, epoch, 1, 4, 5, &fresh), 0.125, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_pytorch),
        cmocka_unit_test(a_warmup_of_a_fraction_of_a_step),
        cmocka_unit_test(the_cosine_ends_at_its_lowest),
    };
    return cmocka_run_group_tests(tests, open_golden, test_golden_close);
}
