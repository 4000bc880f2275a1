// Configs read from YAML, their defaults, what is refused, overrides. The messages for mistakes in
// YAML are in tests/cli/config_errors.
#include "config/config_check.h"
#include "support/configs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum bough_status open_with(struct bough_config_file **file, const char *text,
                                   const char *override)
{
    return bough_config_file_open(file, test_config_write(test_folder(), text, strlen(text)),
                                  &override, override != NULL);
}

static void test_reads_the_example(void **state)
{
    (void)state;
    struct bough_config_file *file;
    assert_ok(open_with(&file, test_config_example, NULL));
    const struct bough_config *c = bough_config_file_config(file);
    char data[600];
    snprintf(data, sizeof data, "%s/multifashion.safetensors", test_folder());
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

// ---- Defaults ----

static void check_small(const struct bough_config *c)
{
    assert_string_equal(c->input.field, "image");
    assert_string_equal(c->weighting.name, "equal");
    assert_string_equal(c->optimizer.name, "adam");
    assert_float_equal(c->optimizer.lr, 1e-3f, 0);
    assert_float_equal(c->optimizer.beta2, 0.999f, 0);
    assert_float_equal(c->optimizer.eps, 1e-8f, 0);
    assert_string_equal(c->schedule.name, "constant");
    assert_int_equal(c->train.epochs, 1);
    assert_int_equal(c->train.batch_size, 64);
    assert_string_equal(c->train.early_stopping.metric, "mean");
}

static void test_resolve_gives_defaults(void **state)
{
    (void)state;
    struct bough_config resolved, again;
    assert_ok(bough_config_resolve(&resolved, &test_config_small));
    check_small(&resolved);
    assert_ptr_equal(resolved.trunk, test_config_small.trunk);
    assert_ptr_equal(resolved.tasks, test_config_small.tasks);
    assert_ok(bough_config_resolve(&again, &resolved));
    assert_memory_equal(&again, &resolved, sizeof again);
}

static void test_complete_reaches_layers_and_tasks(void **state)
{
    (void)state;
    struct bough__arena arena = {0};
    struct bough_config c, again;
    assert_ok(bough__config_complete(&c, &arena, &test_config_small, NULL));
    check_small(&c);
    assert_int_equal(c.trunk[0].stride[0], 3);
    assert_int_equal(c.trunk[0].stride[1], 2);
    assert_int_equal(c.trunk[1].stride[0], 1);
    assert_int_equal(c.trunk[1].dilation[1], 1);
    assert_int_equal(c.trunk[1].groups, 1);
    assert_float_equal(c.trunk[2].eps, 1e-5f, 0);
    assert_float_equal(c.trunk[2].momentum, 0.1f, 0);
    assert_float_equal(c.trunk[3].p, -1, 0); // a 0 that is no default stays below 0
    assert_float_equal(c.tasks[0].weight, 1, 0);
    assert_int_equal(c.tasks[0].metrics_count, 1);
    assert_string_equal(c.tasks[0].metrics[0], "mae");
    assert_ok(bough__config_complete(&again, &arena, &c, NULL));
    assert_memory_equal(again.trunk, c.trunk, c.trunk_count * sizeof *c.trunk);
    bough__arena_fini(&arena);
}

static void test_defaults_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        float lr, weight_decay, eps;
    } rows[] = {{"sgd", 1e-3f, 0, 0},
                {"adam", 1e-3f, 0, 1e-8f},
                {"adamw", 1e-3f, 0.01f, 1e-8f},
                {"rmsprop", 1e-2f, 0, 1e-8f},
                {"adagrad", 1e-2f, 0, 1e-10f}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bough_config c = test_config_small;
        c.optimizer.name = rows[i].name;
        assert_ok(bough_config_resolve(&c, &c));
        assert_float_equal(c.optimizer.lr, rows[i].lr, 0);
        assert_float_equal(c.optimizer.weight_decay, rows[i].weight_decay, 0);
        assert_float_equal(c.optimizer.eps, rows[i].eps, 0);
    }
}

// ---- Mistakes in the structs; those in YAML are in tests/cli/config_errors ----

static void test_refuses_structs(void **state)
{
    (void)state;
    struct bough_config c, out;
    static const float two[2] = {1, 1};
    struct bough_layer layer = {"relu", .channels = 3};
    struct bough_task task = test_config_small.tasks[0];
#define REFUSED(change, text)                                                                      \
    do {                                                                                           \
        c = test_config_small;                                                                     \
        change;                                                                                    \
        assert_fails(bough_config_resolve(&out, &c), BOUGH_INVALID, text);                         \
    } while (0)
    REFUSED(c.data = NULL, "data is missing");
    REFUSED(c.tasks_count = 0, "tasks is missing");
    REFUSED((c.trunk = &layer, c.trunk_count = 1), "trunk[0].relu.channels: relu does not read it");
    layer = (struct bough_layer){.kind = NULL};
    REFUSED((c.trunk = &layer, c.trunk_count = 1), "trunk[0]: kind is missing");
    layer = (struct bough_layer){.kind = "rellu"};
    REFUSED((c.trunk = &layer, c.trunk_count = 1), "did you mean relu?");
    layer = (struct bough_layer){"conv2d", .channels = 1, .kernel = {3, 0}};
    REFUSED((c.trunk = &layer, c.trunk_count = 1), "trunk[0].conv2d: kernel is missing");
    layer = (struct bough_layer){"dropout", .p = 1};
    REFUSED((c.trunk = &layer, c.trunk_count = 1), "trunk[0].dropout.p: 1; wanted 0 to below 1");
    REFUSED((c.trunk = NULL, c.trunk_count = 1), "trunk is missing");
    REFUSED(c.optimizer.lr = -1, "optimizer.lr: -1; wanted above 0");
    REFUSED(c.optimizer.momentum = 1, "optimizer.momentum: adam does not read it");
    REFUSED((c.optimizer.name = "sgd", c.optimizer.nesterov = BOUGH_ON), "optimizer.nesterov");
    REFUSED(c.train.epochs = -1, "train.epochs: -1");
    REFUSED((c.weighting.name = "fixed", c.weighting.weights = two, c.weighting.weights_count = 2),
            "weighting.weights: 2 weights for 1 tasks");
    REFUSED(c.train.early_stopping.metric = "a.accuracy", "train.early_stopping.metric");
    static const char *const bad[] = {"",   "a.b", "a/b", "a\"b", "a,b",   "a\nb",
                                      " a", "a=b", "a[0", "\xc3", "a\x7f", "a\xc2\x85"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        task.name = bad[i];
        REFUSED(c.tasks = &task, "wanted 1 to 63 bytes of UTF-8");
    }
    task.name = "höhe über 0 \xe6\xb7\xb1";
    c = test_config_small;
    c.tasks = &task;
    assert_ok(bough_config_resolve(&out, &c));
    task = test_config_small.tasks[0];
    task.metrics = (const char *const[]){"accuracy"};
    task.metrics_count = 1;
    REFUSED(c.tasks = &task, "tasks.a.metrics: unknown metric for this loss 'accuracy'");
#undef REFUSED
}

// ---- Overrides ----

static void test_overrides(void **state)
{
    (void)state;
    static const char *const overrides[] = {"trunk.0.conv2d.channels=16",
                                            "trunk[4].linear.bias=false",
                                            "trunk.6=relu",
                                            "trunk.7.dropout2d.p=0.25",
                                            "optimizer=sgd",
                                            "optimizer.momentum=0.9",
                                            "train.validation=null",
                                            "data=here.safetensors",
                                            "tasks.left.loss.label_smoothing=0.5",
                                            "trunk.1={linear: 3}"};
    struct bough_config_file *file;
    assert_ok(bough_config_file_open(
        &file, test_config_write(test_folder(), test_config_example, strlen(test_config_example)),
        overrides, sizeof overrides / sizeof *overrides));
    const struct bough_config *c = bough_config_file_config(file);
    assert_int_equal(c->trunk_count, 8);
    assert_int_equal(c->trunk[0].channels, 16);
    assert_int_equal(c->trunk[0].padding[0], 1);
    assert_int_equal(c->trunk[1].units, 3);
    assert_int_equal(c->trunk[4].units, 128); // the bare value stays
    assert_int_equal(c->trunk[4].bias, BOUGH_NO_BIAS);
    assert_string_equal(c->trunk[6].kind, "relu");
    assert_string_equal(c->trunk[7].kind, "dropout2d");
    assert_string_equal(c->optimizer.name, "sgd");
    assert_float_equal(c->optimizer.momentum, 0.9f, 0);
    assert_float_equal(c->train.validation, 0, 0); // an empty value is the default
    assert_string_equal(c->tasks[0].loss.name, "cross_entropy");
    assert_float_equal(c->tasks[0].loss.label_smoothing, 0.5f, 0);
    char *here = realpath(".", NULL), wanted[4200];
    snprintf(wanted, sizeof wanted, "%s/here.safetensors", here);
    assert_string_equal(c->data, wanted);
    free(here);
    bough_config_file_close(&file);
}

static void test_overrides_change_one_of_two_aliases(void **state)
{
    (void)state;
    static const char text[] = "data: /x\n"
                               "tasks:\n"
                               "  a: &t {target: a, loss: mse, head: &h [linear: 1]}\n"
                               "  b: *t\n"
                               "  c: {target: c, loss: mse, head: *h}\n";
    struct bough_config_file *file;
    assert_ok(open_with(&file, text, "tasks.b.head.0.linear=7"));
    const struct bough_config *c = bough_config_file_config(file);
    assert_int_equal(c->tasks_count, 3);
    assert_int_equal(c->tasks[0].head[0].units, 1);
    assert_int_equal(c->tasks[1].head[0].units, 7);
    assert_int_equal(c->tasks[2].head[0].units, 1);
    bough_config_file_close(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_the_example),
        cmocka_unit_test(test_resolve_gives_defaults),
        cmocka_unit_test(test_complete_reaches_layers_and_tasks),
        cmocka_unit_test(test_defaults_by_name),
        cmocka_unit_test(test_refuses_structs),
        cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_overrides_change_one_of_two_aliases),
    };
    return cmocka_run_group_tests(tests, test_folder_begin, test_folder_end);
}
