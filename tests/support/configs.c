#include "support/configs.h"

#include <stdarg.h>
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

const char test_config_small[] =
    "data: x.safetensors\n"
    "trunk: [max_pool2d: {kernel: [3, 2]}, conv2d: {channels: 4, kernel: 3}, batch_norm,\n"
    "        dropout: 0]\n"
    "tasks: {a: {target: a, loss: l1, head: [relu, linear: 10]}}\n";

enum { MOST_CONFIGS = 4096, MOST_OVERRIDES = 16 };

static struct bough_config *opened[MOST_CONFIGS];
static size_t opened_count;

static void close_all(void)
{
    for (size_t i = 0; i < opened_count; i++)
        bough_config_close(&opened[i]);
}

static struct bough_config open_text(const char *text, va_list more)
{
    const char *override[MOST_OVERRIDES];
    size_t count = 0;
    while ((override[count] = va_arg(more, const char *)) != NULL)
        assert_true(++count < MOST_OVERRIDES);
    assert_true(opened_count < MOST_CONFIGS);
    if (!opened_count)
        atexit(close_all);
    assert_ok(bough_config_parse(&opened[opened_count], text, NULL, override, count));
    return *opened[opened_count++];
}

struct bough_config test_config(const char *text, ...)
{
    va_list more;
    va_start(more, text);
    struct bough_config config = open_text(text, more);
    va_end(more);
    return config;
}

struct bough_config test_config_with(const char *text, const char *data, ...)
{
    va_list more;
    va_start(more, data);
    struct bough_config config = open_text(text, more);
    va_end(more);
    test_config_use(&config, data);
    return config;
}

void test_config_use(struct bough_config *config, const char *data)
{
    config->data = ((const char **)config->set)[0] = data;
}

struct bough_config test_layers(const char *layers)
{
    char trunk[1000];
    snprintf(trunk, sizeof trunk, "trunk=[%s]", layers);
    return test_config(test_config_small, trunk, NULL);
}

struct bough__choice test_loss(const char *loss)
{
    char override[1000];
    snprintf(override, sizeof override, "tasks.a.loss=%s", loss);
    return test_config(test_config_small, override, NULL).tasks[0].loss;
}

const char *test_weighting(const struct bough__row *row)
{
    static const char *const rows[][2] = {
        {"fixed", "{name: fixed, weights: [1, 2, 0.5]}"},
        {"krum", "{name: krum, byzantine: 0, selected: 2}"},
        // 5, its default, lets a loss grow that is small beside others.
        {"pbi", "{name: pbi, theta: 0.1}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(row->name, rows[i][0]) == 0)
            return rows[i][1];
    return row->name;
}

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
    struct bough_config *read;
    snprintf(first, sizeof first, "%s/first.yaml", folder);
    snprintf(second, sizeof second, "%s/second.yaml", folder);
    assert_ok(bough_config_save(config, first));
    assert_ok(bough_config_open(&read, first, NULL, 0));
    assert_ok(bough_config_save(read, second));
    bough_config_close(&read);
    char *a = test_config_text(first), *b = test_config_text(second);
    assert_string_equal(a, b);
    free(a);
    free(b);
}
