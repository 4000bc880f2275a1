// Configs written as YAML, and read back.
#include "support/configs.h"

#include <stdio.h>
#include <stdlib.h>

static void test_round_trip_of_the_example(void **state)
{
    (void)state;
    struct bough_config c = test_config(test_config_example, NULL);
    test_config_round_trip(test_folder(), &c);
    c = test_config(test_config_small, NULL);
    test_config_round_trip(test_folder(), &c);
    c = test_config(test_config_small, "weighting=pbi", NULL); // a list by task that is left out
    test_config_round_trip(test_folder(), &c);
    c = test_config(test_config_small, "weighting={name: pbi, ideal: [-2]}", NULL);
    test_config_round_trip(test_folder(), &c);
}

static void test_round_trip_of_hard_values(void **state)
{
    (void)state;
    static const char *const fields[] = {
        "null", "true", "1e5",    "a: b", " x ", "\"q\"", "~", "- a",  "#c",  "a\nb", "é", "'",
        ".5",   "[1]",  "{a: 1}", "&a",   "*a",  "!t",    "%", "0x10", "yes", "\\",   "|", "@"};
    static const float numbers[] = {1e-45f, 3.4e38f, 0.1f, 16777216, 1.0f / 3, 1e-7f};
    enum { FIELDS = sizeof fields / sizeof *fields };
    for (size_t i = 0; i < FIELDS; i++) {
        char path[600];
        struct bough_config *read, c = test_config(test_config_small, NULL);
        struct bough__task task = c.tasks[0];
        task.target = fields[i];
        task.weight = numbers[i % 6];
        c.tasks = &task;
        struct bough__input input = c.inputs[0];
        input.field = fields[FIELDS - 1 - i];
        c.inputs = &input;
        c.optimizer.clip_norm = numbers[(i + 1) % 6];
        c.train.seed = UINT64_MAX - i;
        test_config_round_trip(test_folder(), &c);
        snprintf(path, sizeof path, "%s/first.yaml", test_folder());
        assert_ok(bough_config_open(&read, path, NULL, 0));
        assert_string_equal(read->tasks[0].target, fields[i]);
        assert_string_equal(read->inputs[0].field, input.field);
        assert_float_equal(read->tasks[0].weight, task.weight, 0);
        assert_float_equal(read->optimizer.clip_norm, c.optimizer.clip_norm, 0);
        assert_int_equal(read->train.seed, c.train.seed);
        bough_config_close(&read);
    }
}

// What is told of a weighting is what a config would say, and reads back to the same.
static void test_weightings_are_told(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"{name: equal, every: 1}", "equal"},
        {"{name: cagrad, c: 0.5, losses: equal, on: parameters}", "cagrad"},
        {"{every: 4, losses: {name: uncertainty}, name: cagrad}",
         "{name: cagrad, losses: uncertainty, every: 4}"},
        {"{name: pcgrad, losses: {name: dwa, temperature: 3}, groups: layer, smoothing: 0.5}",
         "{name: pcgrad, losses: {name: dwa, temperature: 3}, groups: layer, smoothing: 0.5}"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct bough_config *config, *again;
        char override[200], why[200] = "";
        snprintf(override, sizeof override, "weighting=%s", pairs[i][0]);
        const char *overrides[] = {override};
        assert_ok(bough_config_parse(&config, test_config_small, NULL, overrides, 1));
        assert_string_equal(bough_config_weighting(config), pairs[i][1]);
        snprintf(override, sizeof override, "weighting=%s", bough_config_weighting(config));
        assert_ok(bough_config_parse(&again, test_config_small, NULL, overrides, 1));
        if (!bough__config_same(config, again, why, sizeof why))
            fail_msg("%s: %s", override, why);
        bough_config_close(&config);
        bough_config_close(&again);
    }
}

static void test_save_refuses(void **state)
{
    (void)state;
    struct bough_config c = test_config(test_config_small, NULL);
    char path[600];
    snprintf(path, sizeof path, "%s/absent/c.yaml", test_folder());
    assert_fails(bough_config_save(&c, path), BOUGH_DATA, "absent/c.yaml");
    snprintf(path, sizeof path, "%s/c.yaml", test_folder());
    struct bough__input input = {.field = "\xff"};
    c.inputs = &input;
    assert_fails(bough_config_save(&c, path), BOUGH_INVALID, "cannot be written in YAML");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip_of_the_example),
        cmocka_unit_test(test_round_trip_of_hard_values),
        cmocka_unit_test(test_weightings_are_told),
        cmocka_unit_test(test_save_refuses),
    };
    return cmocka_run_group_tests(tests, test_folder_begin, test_folder_end);
}
