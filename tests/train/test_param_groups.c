// Parameters by patterns of their names: what is frozen stays, and thaws when it is said; rates of
// their own; and all goes on bit for bit.
#include "support/training.h"

#include "data/tensor_file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t device_number; // of the runs' folders

static const char *dir_of(const char *name)
{
    static char path[8][512];
    static int next;
    next = (next + 1) % 8;
    snprintf(path[next], sizeof path[next], "%s/%s-%zu", test_folder(), name, device_number);
    return path[next];
}

// Trains into a folder of that name; in batches of all rows, so that an epoch is a step.
static void train(const char *name, struct bough_device *device, const char *epochs,
                  const char *groups, const char *optimizer)
{
    char rule[300], rounds[40];
    struct bough_run *run;
    snprintf(rule, sizeof rule, "parameters=%s", groups);
    snprintf(rounds, sizeof rounds, "train.epochs=%s", epochs);
    const struct bough_config config =
        test_config_with(training_text, training_file, rule, rounds, optimizer,
                         "train.batch_size=384", "train.validation=0", NULL);
    assert_ok(bough_train(
        &run, &config, &(struct bough_train_options){.device = device, .run_dir = dir_of(name)}));
    bough_run_destroy(&run);
}

// Whether a parameter is the same in the models of two runs.
static int is_same(const char *a, const char *b, const char *name)
{
    const char *dir[2] = {a, b};
    struct bough_tensor_file *file[2];
    const struct bough_file_tensor *tensor[2];
    for (int i = 0; i < 2; i++) {
        char path[600];
        snprintf(path, sizeof path, "%s/model.safetensors", dir_of(dir[i]));
        assert_ok(bough_tensor_file_open(&file[i], path));
        assert_non_null(tensor[i] = bough_tensor_file_find(file[i], name));
    }
    assert_int_equal(tensor[0]->bytes, tensor[1]->bytes);
    const int same = memcmp(tensor[0]->data, tensor[1]->data, tensor[0]->bytes) == 0;
    bough_tensor_file_close(&file[0]);
    bough_tensor_file_close(&file[1]);
    return same;
}

static const char adam[] = "optimizer={name: adam, lr: 0.01}";

static void what_is_frozen_stays_until_it_thaws(void **state)
{
    (void)state;
    static const char all[] = "{\"*\": {freeze: true}}", trunk[] = "{trunk.*: {freeze: true}}",
                      thawed[] = "{trunk.*: {freeze: true, thaw: 1}}",
                      but_one[] = "{trunk.*: {freeze: true}, trunk.8.*: {}}";
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        device_number = d;
        train("start", device[d], "1", all, adam);
        train("frozen", device[d], "2", trunk, adam);
        train("thawing", device[d], "1", thawed, adam);
        train("thawed", device[d], "2", thawed, adam);
        train("but-one", device[d], "2", but_one, adam);
        assert_true(is_same("start", "frozen", "trunk.0.weight"));
        assert_true(is_same("start", "frozen", "trunk.1.running_mean"));
        assert_false(is_same("start", "frozen", "shape.0.weight"));
        assert_true(is_same("start", "thawing", "trunk.0.weight"));
        assert_false(is_same("start", "thawed", "trunk.0.weight"));
        assert_false(is_same("start", "thawed", "trunk.1.running_mean"));
        assert_true(is_same("start", "but-one", "trunk.0.weight"));
        assert_false(is_same("start", "but-one", "trunk.8.weight"));
    }
}

static float *read_param(const char *run, const char *name, size_t *count)
{
    char path[600];
    struct bough_tensor_file *file;
    snprintf(path, sizeof path, "%s/model.safetensors", dir_of(run));
    assert_ok(bough_tensor_file_open(&file, path));
    const struct bough_file_tensor *tensor = bough_tensor_file_find(file, name);
    assert_non_null(tensor);
    float *value = malloc(tensor->bytes);
    assert_non_null(value);
    memcpy(value, tensor->data, tensor->bytes);
    *count = tensor->bytes / sizeof *value;
    bough_tensor_file_close(&file);
    return value;
}

// The first step of adam is as long as the rate, whenever it is taken.
static void what_thaws_begins_as_at_the_first_step(void **state)
{
    (void)state;
    static const char groups[] = "{trunk.*: {freeze: true, thaw: 9}}";
    size_t count;
    struct bough_device *device = test_devices(&count)[0];
    train("before", device, "9", groups, adam);
    train("behind", device, "10", groups, adam);
    float *before = read_param("before", "trunk.8.bias", &count);
    float *behind = read_param("behind", "trunk.8.bias", &count);
    for (size_t i = 0; i < count; i++) {
        const float moved = fabsf(behind[i] - before[i]);
        if (moved > 0.0101f || (moved > 0 && moved < 0.009f))
            fail_msg("number %zu moved by %g", i, (double)moved);
    }
    free(before);
    free(behind);
}

static void a_part_of_a_layer_may_be_frozen(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *device = test_devices(&count)[0];
    train("all", device, "1", "{\"*\": {freeze: true}}", adam);
    train("part", device, "1", "{trunk.0.weight: {freeze: true}}", adam);
    assert_true(is_same("all", "part", "trunk.0.weight"));
    assert_false(is_same("all", "part", "trunk.0.bias"));
}

// Also of norms that each task has for itself, of one trunk.
static void frozen_norms_keep_what_they_remember(void **state)
{
    (void)state;
    struct bough_run *run;
    size_t count;
    struct bough_device *device = test_devices(&count)[0];
    const struct bough_config config = test_config_with(
        training_text, training_file, "architecture=adapters", "parameters={\"*\": {freeze: true}}",
        "trunk=[flatten, linear: 8, relu, linear: 8, batch_norm]", "train.epochs=1", NULL);
    assert_ok(
        bough_train(&run, &config,
                    &(struct bough_train_options){.device = device, .run_dir = dir_of("norms")}));
    bough_run_destroy(&run);
    float *mean = read_param("norms", "streams.top.4.running_mean", &count);
    for (size_t i = 0; i < count; i++)
        assert_true(mean[i] == 0);
    free(mean);
}

// A step of SGD goes as far as the rate says.
static void rates_are_by_pattern(void **state)
{
    (void)state;
    static const char slow[] = "optimizer={name: sgd, lr: 0.05}",
                      fast[] = "optimizer={name: sgd, lr: 0.1}",
                      clipped[] = "optimizer={name: sgd, lr: 0.1, clip_norm: 1e9}";
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        device_number = d;
        train("slow", device[d], "1", "{}", slow);
        train("fast", device[d], "1", "{}", fast);
        train("mixed", device[d], "1", "{trunk.*: {lr: 0.5}, top.*: {lr: 0.5}}", clipped);
        assert_true(is_same("slow", "mixed", "trunk.0.weight"));
        assert_true(is_same("slow", "mixed", "trunk.8.bias"));
        assert_true(is_same("slow", "mixed", "top.0.weight"));
        assert_true(is_same("fast", "mixed", "shape.0.weight"));
        assert_false(is_same("fast", "mixed", "trunk.0.weight"));
        assert_false(is_same("slow", "mixed", "bright.0.weight"));
    }
}

static void a_run_goes_on_across_a_thaw(void **state)
{
    (void)state;
    static const char groups[] = "{trunk.*: {freeze: true, thaw: 2, lr: 0.1}}";
    struct bough_run *run;
    static const char *const more[] = {"train.epochs=4"};
    char path[600];
    size_t count;
    struct bough_device *device = test_devices(&count)[0];
    struct bough_config *config;
    train("whole", device, "4", groups, adam);
    train("begun", device, "1", groups, adam);
    snprintf(path, sizeof path, "%s/config.yaml", dir_of("begun"));
    assert_ok(bough_config_open(&config, path, more, 1));
    assert_ok(bough_train(
        &run, config, &(struct bough_train_options){.device = device, .resume = dir_of("begun")}));
    bough_run_destroy(&run);
    bough_config_close(&config);
    training_same_tensors(dir_of("whole"), dir_of("begun"), "last.safetensors");
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[][3] = {
        {"parameters={trunk.9.*: {lr: 2}}", "weighting=equal",
         "parameters.trunk.9.*: fits no parameter; they are called trunk.0.weight, ..., "
         "top.0.bias"},
        {"parameters={weighting.*: {lr: 2}}", "weighting=uncertainty",
         "parameters.weighting.*: fits no parameter; they are called trunk.0.weight, ..., "
         "top.0.bias"},
        {"parameters={trunk.1.running_*: {freeze: true}}", "weighting=equal",
         "parameters.trunk.1.running_*: fits only what batch_norm remembers, which stays where its "
         "bias is frozen; wanted a pattern that fits that too"},
        {"parameters={trunk.*: {freeze: true}}", "weighting=mgda",
         "parameters: all that tasks share is frozen, and mgda goes by its gradients; wanted "
         "equal, "
         "or no freeze"},
        {"parameters={trunk.*: {freeze: true, thaw: 3}, trunk.8.*: {freeze: true, thaw: 2}}",
         "weighting=mgda",
         "all that tasks share is frozen until 2 epochs are done, and mgda goes by its gradients; "
         "wanted equal until then, or no freeze"},
        {"parameters={trunk.*: {freeze: true, thaw: 1}}", "diagnostics=true",
         "is frozen until 1 epoch is done, and diagnostics goes by its gradients; wanted no "
         "diagnostics until then, or no freeze"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const struct bough_config config =
            test_config_with(training_text, training_file, wrong[i][0], wrong[i][1], NULL);
        struct bough_run *run;
        assert_fails(bough_train(&run, &config, NULL), BOUGH_INVALID, wrong[i][2]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_frozen_stays_until_it_thaws),
        cmocka_unit_test(what_thaws_begins_as_at_the_first_step),
        cmocka_unit_test(a_part_of_a_layer_may_be_frozen),
        cmocka_unit_test(frozen_norms_keep_what_they_remember),
        cmocka_unit_test(rates_are_by_pattern),
        cmocka_unit_test(a_run_goes_on_across_a_thaw),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return cmocka_run_group_tests(tests, training_start, training_end);
}
