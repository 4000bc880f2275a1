// Configs: what is read, what is refused and in which words, defaults, overrides, saving, fuzzing.
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char example[] =
    "data: multifashion.safetensors\n"
    "input: {field: image, normalize: {mean: 0.2860, std: 0.3530}}\n"
    "trunk:\n"
    "  - conv2d: {channels: 32, kernel: 3, padding: 1}\n"
    "  - relu\n"
    "  - max_pool2d: 2\n"
    "  - flatten\n"
    "  - linear: 128\n"
    "  - dropout: 0\n"
    "tasks:\n"
    "  left:  {target: left,  loss: cross_entropy, head: [linear: 10], metrics: [accuracy, f1]}\n"
    "  right:\n"
    "    target: {field: label, map: [0, 1, -1]}\n"
    "    loss: {name: cross_entropy, class_weights: [1, 2], label_smoothing: 0.1}\n"
    "    head: [linear: {units: 2, bias: false, init: {name: normal, std: 0.02}}]\n"
    "weighting: {name: fixed, weights: {right: 0.5, left: 1.0}}\n"
    "optimizer: {name: adamw, lr: 1e-2, weight_decay: 0, betas: [0.8, 0.99]}\n"
    "schedule: {name: plateau, patience: 0}\n"
    "train: {epochs: 5, batch_size: 128, seed: 1, validation: 0.1, early_stopping: {patience: "
    "3}}\n";

static const char *folder;

static const char *write_config(const char *text, size_t size)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/c.yaml", folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    fclose(file);
    return path;
}

static enum bough_status open_with(struct bough_config_file **file, const char *text,
                                   const char *override)
{
    return bough_config_file_open(file, write_config(text, strlen(text)), &override,
                                  override != NULL);
}

static int setup(void **state)
{
    (void)state;
    folder = test_folder_create();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_folder_remove();
    return 0;
}

static void test_reads_the_example(void **state)
{
    (void)state;
    struct bough_config_file *file;
    assert_ok(open_with(&file, example, NULL));
    const struct bough_config *c = bough_config_file_config(file);
    char data[600];
    snprintf(data, sizeof data, "%s/multifashion.safetensors", folder);
    assert_string_equal(c->data, data);
    assert_int_equal(c->input.channels, 1);
    assert_float_equal(c->input.mean[0], 0.286f, 0);
    assert_float_equal(c->input.std[0], 0.353f, 0);
    assert_int_equal(c->trunk_count, 6);
    assert_string_equal(c->trunk[0].kind, "conv2d");
    assert_int_equal(c->trunk[0].channels, 32);
    assert_int_equal(c->trunk[0].kernel[0], 3);
    assert_int_equal(c->trunk[0].kernel[1], 3);
    assert_int_equal(c->trunk[0].padding[1], 1);
    assert_string_equal(c->trunk[1].kind, "relu");
    assert_int_equal(c->trunk[2].kernel[1], 2);
    assert_int_equal(c->trunk[4].units, 128);
    assert_true(c->trunk[5].p < 0);
    assert_int_equal(c->tasks_count, 2);
    const struct bough_task *left = &c->tasks[0], *right = &c->tasks[1];
    assert_string_equal(left->name, "left");
    assert_string_equal(left->target, "left");
    assert_string_equal(left->loss.name, "cross_entropy");
    assert_int_equal(left->metrics_count, 2);
    assert_string_equal(left->metrics[1], "f1");
    assert_string_equal(right->target, "label");
    assert_int_equal(right->map_count, 3);
    assert_int_equal(right->map[2], -1);
    assert_int_equal(right->loss.class_weights_count, 2);
    assert_float_equal(right->loss.class_weights[1], 2, 0);
    assert_float_equal(right->loss.label_smoothing, 0.1f, 0);
    assert_int_equal(right->head[0].bias, BOUGH_NO_BIAS);
    assert_string_equal(right->head[0].init.name, "normal");
    assert_float_equal(right->head[0].init.std, 0.02f, 0);
    assert_int_equal(c->weighting.weights_count, 2);
    assert_float_equal(c->weighting.weights[0], 1, 0);
    assert_float_equal(c->weighting.weights[1], 0.5f, 0);
    assert_string_equal(c->optimizer.name, "adamw");
    assert_float_equal(c->optimizer.lr, 0.01f, 0);
    assert_true(c->optimizer.weight_decay < 0);
    assert_float_equal(c->optimizer.beta1, 0.8f, 0);
    assert_float_equal(c->optimizer.beta2, 0.99f, 0);
    assert_true(c->schedule.patience < 0);
    assert_int_equal(c->train.epochs, 5);
    assert_int_equal(c->train.seed, 1);
    assert_float_equal(c->train.validation, 0.1f, 0);
    assert_int_equal(c->train.early_stopping.patience, 3);
    bough_config_file_close(&file);
    assert_null(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_the_example),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
