// Configs read from YAML, their defaults, what is refused, overrides. The messages for mistakes in
// YAML are in tests/cli/config_errors.
#include "config/config.h"
#include "support/configs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A number of a row's options, by their key.
static float number_of(const struct bough__choice *choice, const char *key)
{
    const struct bough__option *option = bough__option_find(&choice->row->options, key);
    assert_non_null(option);
    const char *place = (const char *)choice->options + option->offset;
    if (option->type == BOUGH__OPTION_INT || option->type == BOUGH__OPTION_PAIR ||
        option->type == BOUGH__OPTION_SWITCH)
        return (float)*(const int32_t *)(const void *)place;
    return *(const float *)(const void *)place;
}

static void test_reads_the_example(void **state)
{
    (void)state;
    struct bough_config *c;
    assert_ok(bough_config_open(
        &c, test_config_write(test_folder(), test_config_example, strlen(test_config_example)),
        NULL, 0));
    char data[600];
    snprintf(data, sizeof data, "%s/multifashion.safetensors", test_folder());
    assert_string_equal(c->data, data);
    assert_int_equal(c->inputs[0].channels, 1);
    assert_float_equal(c->inputs[0].mean[0], 0.286f, 0);
    assert_float_equal(c->inputs[0].std[0], 0.353f, 0);
    assert_int_equal(c->trunk_count, 6);
    assert_string_equal(c->trunk[0].row->name, "conv2d");
    assert_float_equal(number_of(&c->trunk[0], "channels"), 32, 0);
    assert_float_equal(number_of(&c->trunk[0], "kernel"), 3, 0);
    assert_string_equal(c->trunk[1].row->name, "relu");
    assert_float_equal(number_of(&c->trunk[4], "units"), 128, 0);
    assert_float_equal(number_of(&c->trunk[5], "p"), 0, 0);
    assert_int_equal(c->tasks_count, 2);
    const struct bough__task *left = &c->tasks[0], *right = &c->tasks[1];
    assert_string_equal(left->name, "left");
    assert_string_equal(left->target, "left");
    assert_string_equal(left->loss.row->name, "cross_entropy");
    assert_int_equal(left->metrics_count, 2);
    assert_string_equal(left->metrics[1], "f1");
    assert_string_equal(right->target, "label");
    assert_int_equal(right->map_count, 3);
    assert_int_equal(right->map[2], -1);
    assert_float_equal(number_of(&right->loss, "label_smoothing"), 0.1f, 0);
    assert_float_equal(number_of(&right->head[0], "bias"), 0, 0);
    assert_string_equal(c->weighting.choice.row->name, "fixed");
    assert_string_equal(c->optimizer.choice.row->name, "adamw");
    assert_float_equal(bough__optimizer_lr(&c->optimizer), 0.01f, 0);
    assert_float_equal(number_of(&c->optimizer.choice, "weight_decay"), 0, 0);
    assert_float_equal(number_of(&c->optimizer.choice, "betas"), 0.8f, 0);
    assert_float_equal(number_of(&c->schedule.choice, "patience"), 0, 0);
    assert_int_equal(c->train.epochs, 5);
    assert_int_equal(c->train.seed, 1);
    assert_float_equal(c->train.validation, 0.1f, 0);
    assert_int_equal(c->train.early_stopping.patience, 3);
    bough_config_close(&c);
    assert_null(c);
}

// ---- Defaults ----

static void test_defaults(void **state)
{
    (void)state;
    const struct bough_config c = test_config(test_config_small, NULL);
    char *here = realpath(".", NULL), wanted[4200];
    snprintf(wanted, sizeof wanted, "%s/x.safetensors", here);
    assert_string_equal(bough_config_data(&c), wanted);
    free(here);
    assert_string_equal(bough_config_input_field(&c, 0), "image");
    assert_string_equal(c.architecture.row->name, "hard_sharing");
    assert_string_equal(c.weighting.choice.row->name, "equal");
    assert_string_equal(c.schedule.choice.row->name, "constant");
    assert_int_equal(c.train.epochs, 1);
    assert_int_equal(c.train.batch_size, 64);
    assert_string_equal(c.train.early_stopping.metric, "mean");
    assert_float_equal(number_of(&c.trunk[0], "stride"), 3, 0); // the kernel
    assert_float_equal(number_of(&c.trunk[1], "stride"), 1, 0);
    assert_float_equal(number_of(&c.trunk[1], "groups"), 1, 0);
    assert_float_equal(number_of(&c.trunk[2], "eps"), 1e-5f, 0);
    assert_float_equal(number_of(&c.trunk[2], "momentum"), 0.1f, 0);
    assert_float_equal(number_of(&c.trunk[3], "p"), 0, 0);
    assert_float_equal(c.tasks[0].weight, 1, 0);
    assert_int_equal(c.tasks[0].metrics_count, 1);
    assert_string_equal(c.tasks[0].metrics[0], "mae");
}

static void test_defaults_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        float lr, weight_decay;
    } rows[] = {{"sgd", 1e-3f, 0},
                {"adam", 1e-3f, 0},
                {"adamw", 1e-3f, 0.01f},
                {"rmsprop", 1e-2f, 0},
                {"adagrad", 1e-2f, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char override[64];
        snprintf(override, sizeof override, "optimizer=%s", rows[i].name);
        const struct bough_config c = test_config(test_config_small, override, NULL);
        assert_float_equal(number_of(&c.optimizer.choice, "lr"), rows[i].lr, 0);
        assert_float_equal(number_of(&c.optimizer.choice, "weight_decay"), rows[i].weight_decay, 0);
    }
}

// ---- Mistakes that a text in memory may hold; more are in tests/cli/config_errors ----

static void test_refuses(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"trunk=[relu: {channels: 3}]", "trunk[0].relu.channels: not a key of relu"},
        {"trunk=[rellu]", "did you mean relu?"},
        {"trunk=[conv2d: {channels: 1}]", "trunk[0].conv2d: kernel is missing"},
        {"optimizer.lr=-1", "optimizer.lr: '-1'; wanted a number, above 0"},
        {"optimizer.momentum=1", "optimizer.momentum: not a key of adam"},
        {"optimizer={name: adam, momentum: 0}", "optimizer.momentum: not a key of adam"},
        {"optimizer={name: sgd, nesterov: true}", "optimizer.nesterov: it needs a momentum"},
        {"weighting={name: fixed, weights: [1, 2]}", "weighting.weights: 2 for 1 task;"},
        {"train.early_stopping.metric=a.accuracy", "train.early_stopping.metric"},
        {"tasks.a.metrics=accuracy", "tasks.a.metrics: unknown metric for this loss 'accuracy'"},
        {"tasks={}", "tasks is missing"},
        {"tasks.a.weight=0", "tasks: no task has a weight above 0"},
        {"optimizer.lr=1e-60", "optimizer.lr: '1e-60' is 0 in float; wanted a number, above 0"},
        {"tasks.a.weight=-1e-60", "tasks.a.weight: '-1e-60'; wanted a number, 0 or more"},
        {"weighting={cagrad: {c: 0.4}}",
         "weighting.cagrad: unknown key; wanted {name: cagrad, ...}"},
        {"optimizer={adam: {lr: 1}}", "optimizer.adam: unknown key; wanted {name: adam, ...}"},
        {"optimizer.lr=1e39", "optimizer.lr: '1e39' is inf in float; wanted a number, above 0"},
        {"weighting={name: mgda, smoothing: 0.99999999}",
         "weighting.smoothing: '0.99999999' is 1 in float; wanted a number, 0 to below 1"},
        {"weighting={name: mgda, smoothing: 1.00000001}", "'1.00000001'; wanted a number, 0 to"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct bough_config *c;
        assert_fails(bough_config_parse(&c, test_config_small, NULL, &wrong[i][0], 1),
                     BOUGH_INVALID, wrong[i][1]);
        assert_null(c);
    }
}

static const char four_tasks[] = "data: x\n"
                                 "tasks:\n"
                                 "  a: {target: y, loss: mse, head: [linear: 1], weight: 0}\n"
                                 "  b: {target: y, loss: mse, head: [linear: 1]}\n"
                                 "  c: {target: y, loss: mse, head: [linear: 1], weight: 2}\n"
                                 "  d: {target: y, loss: mse, head: [linear: 1]}\n";

// With other weights of a, b and d, and that weighting.
static enum bough_status open_four(const char *weights, const char *weighting)
{
    struct bough_config *c;
    char text[4][80];
    const char *override[4] = {text[0], text[1], text[2], text[3]};
    snprintf(text[0], sizeof text[0], "tasks.a.weight=%c", weights[0]);
    snprintf(text[1], sizeof text[1], "tasks.b.weight=%c", weights[1]);
    snprintf(text[2], sizeof text[2], "tasks.d.weight=%c", weights[2]);
    snprintf(text[3], sizeof text[3], "weighting=%s", weighting);
    const enum bough_status status = bough_config_parse(&c, four_tasks, NULL, override, 4);
    bough_config_close(&c);
    return status;
}

static void test_weightings_that_lack_tasks(void **state)
{
    (void)state;
    static const char *const wrong[][3] = {
        {"011", "metabalance",
         "weighting: metabalance goes by task 'a', whose weight is 0; wanted"},
        {"011", "pcd", "weighting: pcd goes by task 'a', whose weight is 0; wanted above 0"},
        {"111", "{name: pcd, losses: {name: fixed, weights: [0, 1, 1, 1]}}", "goes by task 'a'"},
        {"101", "{name: auto_lambda, primary: [1, 2, 0, 0]}", "auto_lambda goes by task 'b'"},
        {"111", "{name: krum, byzantine: 2}",
         "weighting.byzantine: of fewer than byzantine + 3 tasks krum is the mean, and 4 have a "
         "weight above 0; wanted at most 1"},
        {"101", "krum", "krum is the mean, and 3 have a weight above 0; wanted at most 0"},
        {"100", "krum", "krum is the mean, and 2 have a weight above 0"},
        {"111", "{name: krum, selected: 5}",
         "weighting.selected: of no more tasks than selected krum is the mean, and 4 have a weight "
         "above 0; wanted at most 3"},
        {"111", "{name: krum, selected: 4}", "weighting.selected: of no more tasks than selected"},
        {"100", "trimmed_mean", "weighting.trim: of fewer than 3 tasks trimmed_mean is the mean"},
        {"111", "{name: fixed, weights: [0, 0, 0, 0]}", "weighting: no task has a weight above 0"},
        {"100", "{name: mgda, losses: {name: fixed, weights: [0, 1, 0, 1]}}", "no task has a weig"},
    };
    static const char *const right[][2] = {
        {"101", "metabalance"},
        {"110", "pcd"},
        {"011", "auto_lambda"},
        {"011", "{name: auto_lambda, primary: [0, 1, 0, 0]}"},
        {"111", "{name: krum, selected: 3}"},
        {"101", "{name: krum, byzantine: 0, selected: 2}"},
        {"101", "{name: trimmed_mean, trim: 9}"},
        {"100", "{name: trimmed_mean, trim: 0}"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_fails(open_four(wrong[i][0], wrong[i][1]), BOUGH_INVALID, wrong[i][2]);
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        assert_ok(open_four(right[i][0], right[i][1]));
}

static void test_names_of_tasks(void **state)
{
    (void)state;
    static const char *const bad[] = {"a.b", "a/b", "a\\\"b", "a,b",    "a\\nb",
                                      " a",  "a=b", "a[0",    "a\\x7f", "a\\x85"};
    static const char task[] = "{target: a, loss: l1, head: [linear: 1]}";
    char text[300];
    struct bough_config *c;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "data: x\ntasks: {\"%s\": %s}\n", bad[i], task);
        assert_fails(bough_config_parse(&c, text, NULL, NULL, 0), BOUGH_INVALID,
                     "wanted 1 to 63 bytes of UTF-8");
    }
    snprintf(text, sizeof text, "data: x\ntasks: {höhe über 0 \xe6\xb7\xb1: %s}\n", task);
    assert_ok(bough_config_parse(&c, text, NULL, NULL, 0));
    bough_config_close(&c);
}

// ---- Inputs ----

static void test_inputs(void **state)
{
    (void)state;
    struct bough_config c = test_config(
        test_config_small, "inputs={b: , a: {field: x, type: ids}, c: y}",
        "inputs.b.normalize={mean: [1, 2], std: [3, 4]}", "inputs.d.type=numbers", NULL);
    static const char *const wanted[][2] = {{"b", "b"}, {"a", "x"}, {"c", "y"}, {"d", "d"}};
    assert_int_equal(bough_config_inputs(&c), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(c.inputs[i].name, wanted[i][0]);
        assert_string_equal(bough_config_input_field(&c, i), wanted[i][1]);
        assert_int_equal(bough__input_is_ids(&c.inputs[i]), i == 1);
    }
    assert_int_equal(c.inputs[0].channels, 2);
    assert_float_equal(c.inputs[0].std[1], 4, 0);
    test_config_round_trip(test_folder(), &c);
    c = test_config(test_config_small, "input={field: x, type: ids}", "inputs=null", NULL);
    assert_int_equal(bough_config_inputs(&c), 1);
    assert_null(c.inputs[0].name);
    assert_true(bough__input_is_ids(&c.inputs[0]));
    test_config_round_trip(test_folder(), &c);
}

static void test_inputs_with_stems(void **state)
{
    (void)state;
    const struct bough_config c =
        test_config(test_config_small,
                    "inputs={a: {stem: [linear: 4, tanh], optional: true}, b: {present: has}, c: }",
                    "join=gate", NULL);
    assert_int_equal(c.inputs[0].stem_count, 2);
    assert_string_equal(c.inputs[0].stem[1].row->name, "tanh");
    assert_int_equal(c.inputs[1].stem_count, 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(c.inputs[i].optional, i < 2);
    assert_string_equal(c.inputs[1].present, "has");
    assert_string_equal(c.join.row->name, "gate");
    assert_string_equal(test_config(test_config_small, NULL).join.row->name, "concat");
    test_config_round_trip(test_folder(), &c);
}

// One without a name is written as it was given.
static void test_the_short_form_stays(void **state)
{
    (void)state;
    const struct bough_config c = test_config(test_config_small, "input=x", NULL);
    char path[600];
    snprintf(path, sizeof path, "%s/short.yaml", test_folder());
    assert_ok(bough_config_save(&c, path));
    char *text = test_config_text(path);
    assert_non_null(strstr(
        text, "\ninput:\n  field: x\n  vocabulary: 0\n  stem: []\n  optional: false\njoin:\n"));
    free(text);
}

static void test_inputs_that_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"{input: a, inputs: {b: }}", "config:2: inputs: given beside input; wanted one"},
        {"{inputs: {}}", "config:2: inputs: none; wanted one or more"},
        {"{inputs: a}", "config:2: inputs: 'a'; wanted a mapping from names to inputs"},
        {"{inputs: {a: , b: , a: }}", "inputs.a: given twice"},
        {"{inputs: {a: {feld: x}}}", "inputs.a.feld: unknown key; did you mean field?"},
        {"{inputs: {a: {type: id}}}", "inputs.a.type: unknown type 'id'; did you mean ids?"},
        {"{inputs: {\"a.b\": }}", "input name 'a.b'; wanted 1 to 63 bytes"},
        {"{inputs: {a: {type: ids, normalize: auto}}}", "inputs.a.normalize: numbers are normal"},
        {"{input: {type: ids, normalize: {std: 2}}}", "input.normalize: numbers are normalized"},
        {"{inputs: {a: {normalize: {mean: [1, 2], std: 1}}}}", "inputs.a.normalize.std: 1 number,"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[300];
        struct bough_config *c;
        snprintf(text, sizeof text,
                 "{data: x, tasks: {t: {target: t, loss: l1, head: [linear: 1]}},\n%s",
                 wrong[i][0] + 1);
        assert_fails(bough_config_parse(&c, text, NULL, NULL, 0), BOUGH_INVALID, wrong[i][1]);
        assert_null(c);
    }
}

// ---- Comparing ----

static void test_tells_the_first_difference(void **state)
{
    (void)state;
    static const char *const changes[][2] = {
        {"optimizer.lr=0.5", "optimizer.lr: 0.001, not 0.5"},
        {"optimizer=sgd", "optimizer.name: adam, not sgd"},
        {"trunk.0.max_pool2d.stride=1", "trunk[0].max_pool2d.stride: [3, 2], not [1, 1]"},
        {"trunk.4=relu", "trunk: 4 entries, not 5 entries"},
        {"tasks.a.loss=mse", "tasks.a.loss.name: l1, not mse"},
        {"tasks.a.target.map=[1, 0]", "tasks.a.target.map: [], not [1, 0]"},
        {"input.field=x", "input.field: image, not x"},
        {"input.type=ids", "input.type: nothing, not ids"},
        {"input.stem=[relu]", "input.stem: 0 entries, not 1 entries"},
        {"join=sum", "join.name: concat, not sum"},
        {"inputs={a: , b: }", "inputs: 1 entries, not 2 entries"},
        {"inputs={image: }", "inputs: nothing, not image"},
    };
    const struct bough_config a = test_config(test_config_small, NULL);
    char text[300];
    assert_true(bough__config_same(&a, &a, text, sizeof text));
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const struct bough_config b = test_config(test_config_small, changes[i][0], NULL);
        assert_false(bough__config_same(&a, &b, text, sizeof text));
        assert_string_equal(text, changes[i][1]);
    }
}

// Behind what fits into a message, too.
static void test_compares_long_lists_to_their_ends(void **state)
{
    (void)state;
    enum { ENTRIES = 300 };
    char map[2][1000] = {"tasks.a.target.map=[", "tasks.a.target.map=["}, text[300];
    for (int i = 0; i < 2; i++)
        for (int e = 0; e < ENTRIES; e++)
            snprintf(map[i] + strlen(map[i]), sizeof map[i] - strlen(map[i]), "%d%s",
                     i && e == ENTRIES - 1, e < ENTRIES - 1 ? ", " : "]");
    const struct bough_config a = test_config(test_config_small, map[0], NULL);
    const struct bough_config b = test_config(test_config_small, map[1], NULL);
    assert_true(bough__config_same(&a, &a, text, sizeof text));
    assert_false(bough__config_same(&a, &b, text, sizeof text));
    assert_string_equal(text, "tasks.a.target.map[299]: 0, not 1");
}

// ---- Overrides ----

// The options of the former go, what the row has too and what belongs to no row stays; what an
// override gives is held against the row.
static void test_an_override_of_a_name_takes_its_options_along(void **state)
{
    (void)state;
    static const char text[] = "data: x\ntasks: {a: {target: a, loss: l1, head: [linear: 1]}}\n"
                               "optimizer: {name: sgd, lr: 0.5, momentum: 0.9, clip_norm: 2}\n";
    static const char *const overrides[] = {"optimizer.name=adam", "optimizer.momentum=0.5"};
    static const char *const unknown[] = {"optimizer.name=adam", "optimizer.momentun=0.5"};
    struct bough_config *c;
    assert_ok(bough_config_parse(&c, text, NULL, overrides, 1));
    assert_string_equal(c->optimizer.choice.row->name, "adam");
    assert_float_equal(number_of(&c->optimizer.choice, "lr"), 0.5, 0);
    assert_float_equal(c->optimizer.clip_norm, 2, 0);
    bough_config_close(&c);
    assert_fails(bough_config_parse(&c, text, NULL, overrides, 2), BOUGH_INVALID,
                 "optimizer.momentum: not a key of adam");
    assert_fails(bough_config_parse(&c, text, NULL, unknown, 2), BOUGH_INVALID,
                 "optimizer.momentun: unknown key");
}

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
    struct bough_config *c;
    assert_ok(bough_config_open(
        &c, test_config_write(test_folder(), test_config_example, strlen(test_config_example)),
        overrides, sizeof overrides / sizeof *overrides));
    assert_int_equal(c->trunk_count, 8);
    assert_float_equal(number_of(&c->trunk[0], "channels"), 16, 0);
    assert_float_equal(number_of(&c->trunk[0], "padding"), 1, 0);
    assert_float_equal(number_of(&c->trunk[1], "units"), 3, 0);
    assert_float_equal(number_of(&c->trunk[4], "units"), 128, 0); // the bare value stays
    assert_float_equal(number_of(&c->trunk[4], "bias"), 0, 0);
    assert_string_equal(c->trunk[6].row->name, "relu");
    assert_string_equal(c->trunk[7].row->name, "dropout2d");
    assert_string_equal(c->optimizer.choice.row->name, "sgd");
    assert_float_equal(number_of(&c->optimizer.choice, "momentum"), 0.9f, 0);
    assert_float_equal(c->train.validation, 0, 0); // an empty value is the default
    assert_string_equal(c->tasks[0].loss.row->name, "cross_entropy");
    assert_float_equal(number_of(&c->tasks[0].loss, "label_smoothing"), 0.5f, 0);
    char *here = realpath(".", NULL), wanted[4200];
    snprintf(wanted, sizeof wanted, "%s/here.safetensors", here);
    assert_string_equal(c->data, wanted);
    free(here);
    bough_config_close(&c);
}

static void test_overrides_change_one_of_two_aliases(void **state)
{
    (void)state;
    static const char text[] = "data: /x\n"
                               "tasks:\n"
                               "  a: &t {target: a, loss: mse, head: &h [linear: 1]}\n"
                               "  b: *t\n"
                               "  c: {target: c, loss: mse, head: *h}\n";
    const struct bough_config c = test_config(text, "tasks.b.head.0.linear=7", NULL);
    assert_int_equal(c.tasks_count, 3);
    assert_float_equal(number_of(&c.tasks[0].head[0], "units"), 1, 0);
    assert_float_equal(number_of(&c.tasks[1].head[0], "units"), 7, 0);
    assert_float_equal(number_of(&c.tasks[2].head[0], "units"), 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_the_example),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_defaults_by_name),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_weightings_that_lack_tasks),
        cmocka_unit_test(test_names_of_tasks),
        cmocka_unit_test(test_inputs),
        cmocka_unit_test(test_inputs_with_stems),
        cmocka_unit_test(test_the_short_form_stays),
        cmocka_unit_test(test_inputs_that_are_refused),
        cmocka_unit_test(test_tells_the_first_difference),
        cmocka_unit_test(test_compares_long_lists_to_their_ends),
        cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_an_override_of_a_name_takes_its_options_along),
        cmocka_unit_test(test_overrides_change_one_of_two_aliases),
    };
    return cmocka_run_group_tests(tests, test_folder_begin, test_folder_end);
}
