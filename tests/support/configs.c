#include "support/configs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char test_config_example[] =
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

static const struct bough_layer relu_and_linear[] = {{.kind = "relu"}, {"linear", .units = 10}};
static const struct bough_layer pools[] = {{"max_pool2d", .kernel = {3, 2}},
                                           {"conv2d", .channels = 4, .kernel = {3, 3}},
                                           {.kind = "batch_norm"},
                                           {"dropout", .p = -5}};
static const struct bough_task one_task[] = {
    {.name = "a", .target = "a", .loss.name = "l1", .head = relu_and_linear, .head_count = 2}};
const struct bough_config test_config_small = {
    .data = "x.safetensors", .trunk = pools, .trunk_count = 4, .tasks = one_task, .tasks_count = 1};

const char *test_config_write(const char *folder, const char *text, size_t size)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/c.yaml", folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    fclose(file);
    return path;
}

char *test_config_text(const char *path)
{
    static char text[1 << 16];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return strdup(text);
}

void test_config_round_trip(const char *folder, const struct bough_config *config)
{
    char first[600], second[600];
    struct bough_config_file *file;
    snprintf(first, sizeof first, "%s/first.yaml", folder);
    snprintf(second, sizeof second, "%s/second.yaml", folder);
    assert_ok(bough_config_save(config, first));
    assert_ok(bough_config_file_open(&file, first, NULL, 0));
    assert_ok(bough_config_save(bough_config_file_config(file), second));
    bough_config_file_close(&file);
    char *a = test_config_text(first), *b = test_config_text(second);
    assert_string_equal(a, b);
    free(a);
    free(b);
}
