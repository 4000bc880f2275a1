// A training step pinned against PyTorch (golden/step.json): all gradients of the first step, the
// losses of ten, what batch_norm remembers, and an evaluation with it, on every device.
#include "support/configs.h"
#include "train/runner.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 12, STEPS = 10, TASKS = 3, PIXELS = 2 * 10 * 10, MOST = 2048 };

static json_t *golden, *golden_uncertainty;

static int open_golden(void **state)
{
    golden = test_golden_open(state, "train/golden/step.json");
    golden_uncertainty = test_golden_open(state, "train/golden/step_uncertainty.json");
    return golden == NULL || golden_uncertainty == NULL;
}

static int close_golden(void **state)
{
    json_decref(golden_uncertainty);
    *state = golden;
    return test_golden_close(state);
}

static const json_t *member(const char *part, const char *name)
{
    const json_t *value = json_object_get(json_object_get(golden, part), name);
    if (!value)
        fail_msg("golden/step.json has no %s of %s", part, name);
    return value;
}

// ---- The data ----

static uint8_t image[ROWS * PIXELS];
static int32_t shape[ROWS];
static float bright[ROWS * 2], top[ROWS * 3];

static void read_floats(float *to, const json_t *from, size_t count)
{
    assert_int_equal(json_array_size(from), count);
    for (size_t i = 0; i < count; i++) {
        const json_t *number = json_array_get(from, i);
        to[i] = json_is_null(number) ? NAN : (float)json_number_value(number);
    }
}

static void read_data(void)
{
    const json_t *pixels = member("data", "image"), *labels = member("data", "shape");
    assert_int_equal(json_array_size(pixels), ROWS * PIXELS);
    assert_int_equal(json_array_size(labels), ROWS);
    for (size_t i = 0; i < ROWS * PIXELS; i++)
        image[i] = (uint8_t)json_integer_value(json_array_get(pixels, i));
    for (size_t i = 0; i < ROWS; i++)
        shape[i] = (int32_t)json_integer_value(json_array_get(labels, i));
    read_floats(bright, member("data", "bright"), ROWS * 2);
    read_floats(top, member("data", "top"), ROWS * 3);
}

// ---- The net ----

static const char net_text[] =
    "data: none\n"
    "input: {normalize: {mean: [0.375, 0.5], std: [0.25, 0.5]}}\n"
    "trunk:\n"
    "  - conv2d: {channels: 6, kernel: 3, padding: 1, bias: false}\n"
    "  - batch_norm\n"
    "  - relu\n"
    "  - max_pool2d: 2\n"
    "  - conv2d: {channels: 8, kernel: 3, stride: 2, padding: 1, groups: 2}\n"
    "  - gelu\n"
    "  - flatten\n"
    "  - linear: 16\n"
    "  - layer_norm\n"
    "  - tanh\n"
    "tasks:\n"
    "  shape: {target: shape, loss: {name: cross_entropy, class_weights: [1, 0.5, 2, 1.25],\n"
    "          label_smoothing: 0.125}, head: [linear: 4]}\n"
    "  bright: {target: bright, loss: mse, weight: 0.5, head: [linear: 8, relu, linear: 2]}\n"
    "  top: {target: top, loss: binary_cross_entropy, weight: 2, head: [linear: 3]}\n"
    "train: {epochs: 1}\n";

static struct bough_config config_with(const char *optimizer, const char *weighting)
{
    struct bough_config config = test_config(net_text, optimizer, weighting, NULL);
    config.train.batch_size = ROWS;
    return config;
}

// ---- A training on a device ----

struct training {
    struct bough_device *device;
    struct bough_config config;
    struct bough__model *model;
    struct bough__split split;
    struct bough__runner *runner;
};

static void split_init(struct training *training)
{
    const struct bough__column column[] = {
        {.host = image, .dtype = BOUGH_U8, .width = PIXELS},
        {.host = shape, .dtype = BOUGH_I32, .width = 1},
        {.host = bright, .dtype = BOUGH_F32, .width = 2},
        {.host = top, .dtype = BOUGH_F32, .width = 3},
    };
    read_data();
    training->split = (struct bough__split){0};
    assert_ok(bough__table_init(&training->split.table, training->device, column, 1 + TASKS, ROWS,
                                ROWS, bough__table_budget(training->device)));
}

static struct bough__span place_of(struct bough__span block, const struct bough__param *param)
{
    return bough__span_at(block, (size_t)param->offset * sizeof(float));
}

static void write_start(const struct bough__params *params)
{
    float value[MOST];
    const json_t *start = json_object_get(golden, "start");
    size_t found = 0;
    for (int32_t i = 0; i < params->count; i++) {
        const struct bough__param *param = &params->param[i];
        if (!json_object_get(start, param->name)) // what a weighting learns
            continue;
        found++;
        size_t count = (size_t)bough_shape_elements(&param->shape);
        assert_true(count <= MOST);
        read_floats(value, member("start", param->name), count);
        assert_ok(bough__write(place_of(params->block[param->block].value, param), value,
                               count * sizeof *value));
    }
    assert_int_equal(found, json_object_size(start));
}

static void training_init(struct training *training, struct bough_device *device,
                          const char *optimizer, const char *weighting)
{
    const struct bough_shape sample = {3, {2, 10, 10}};
    *training = (struct training){.device = device, .config = config_with(optimizer, weighting)};
    assert_ok(bough__model_create(&training->model, &training->config, &sample, device, NULL));
    split_init(training);
    assert_ok(bough__runner_create_one(&training->runner, training->model, &training->split, NULL,
                                       ROWS, BOUGH_TRAINING));
    write_start(&training->model->params);
}

static void training_fini(struct training *training)
{
    bough__runner_destroy(&training->runner);
    bough__table_fini(&training->split.table);
    bough__model_destroy(&training->model);
}

static void run_batch(struct bough__runner *runner, struct step_state *state, double *loss)
{
    double weight[TASKS];
    assert_ok(bough__runner_begin(runner));
    assert_ok(bough__runner_step(runner, 0, state));
    assert_ok(bough__runner_losses(runner, loss, weight));
    for (size_t t = 0; t < TASKS; t++) {
        const json_t *wanted = json_array_get(json_object_get(golden, "weights"), t);
        assert_float_equal(weight[t], json_number_value(wanted), 1e-6);
        loss[t] /= weight[t];
    }
}

static void step(struct training *training, uint32_t number, double *loss)
{
    const struct bough__optimization *optimizer = &training->config.optimizer;
    struct step_state state = {.seed = {0}};
    bough__optimizer_set_step(&state, optimizer, number, bough__optimizer_lr(optimizer));
    run_batch(training->runner, &state, loss);
}

static void evaluate(struct training *training, double *loss)
{
    struct bough__runner *runner;
    struct step_state state = {.step = 1};
    assert_ok(bough__runner_create_one(&runner, training->model, &training->split, NULL, ROWS,
                                       BOUGH_EVALUATION));
    run_batch(runner, &state, loss);
    bough__runner_destroy(&runner);
}

// ---- Comparing ----

// The largest normalised mean square error of the tensors that `part` names.
static double compare(const struct training *training, const json_t *part, int gradients)
{
    const struct bough__params *params = &training->model->params;
    float got[MOST], wanted[MOST];
    double worst = 0;
    size_t found = 0;
    for (int32_t i = 0; i < params->count; i++) {
        const struct bough__param *param = &params->param[i];
        const struct bough__param_block *block = &params->block[param->block];
        const json_t *golden_values = json_object_get(part, param->name);
        size_t count = (size_t)bough_shape_elements(&param->shape);
        if (!golden_values)
            continue;
        read_floats(wanted, golden_values, count);
        assert_ok(bough__read(place_of(gradients ? block->gradient : block->value, param), got,
                              count * sizeof *got));
        worst = fmax(worst, test_nmse(got, wanted, count));
        found++;
    }
    assert_true(found > 0 && found == json_object_size(part));
    return worst;
}

static double compare_losses(const double *loss, const json_t *wanted)
{
    double worst = 0;
    for (size_t t = 0; t < TASKS; t++) {
        double value = json_real_value(json_array_get(wanted, t));
        worst = fmax(worst, fabs(loss[t] / value - 1));
    }
    return worst;
}

// ---- The tests ----

static void trains_as_pytorch(struct bough_device *device, const char *optimizer, double tolerance)
{
    struct training training;
    double loss[TASKS], gradients = 0, worst = 0;
    training_init(&training, device, optimizer, "weighting=equal");
    const char *name = training.config.optimizer.choice.row->name;
    const json_t *wanted = json_object_get(golden, name);
    const json_t *losses = json_object_get(wanted, "losses");
    assert_int_equal(json_array_size(losses), STEPS);
    for (uint32_t i = 0; i < STEPS; i++) {
        step(&training, i + 1, loss);
        worst = fmax(worst, compare_losses(loss, json_array_get(losses, i)));
        if (i == 0)
            gradients = compare(&training, json_object_get(golden, "gradients"), 1);
    }
    double remembered = compare(&training, json_object_get(wanted, "remembered"), 0);
    evaluate(&training, loss);
    double evaluated = compare_losses(loss, json_object_get(wanted, "evaluated"));
    printf("%s on %s: NMSE of gradients %.2g, of running statistics %.2g; relative difference of "
           "losses %.2g, in evaluation %.2g\n",
           name, device->info.id, gradients, remembered, worst, evaluated);
    assert_true(gradients <= 1e-10);
    assert_true(worst <= tolerance);
    assert_true(evaluated <= tolerance);
    assert_true(remembered <= 1e-9);
    training_fini(&training);
}

static void on_every_device(const char *optimizer, double tolerance)
{
    size_t count;
    struct bough_device *const *devices = test_devices(&count);
    for (size_t i = 0; i < count; i++)
        trains_as_pytorch(devices[i], optimizer, tolerance);
    assert_int_equal(test_warnings(), 0);
}

static void sgd(void **state)
{
    (void)state;
    on_every_device("optimizer={name: sgd, lr: 0.05, momentum: 0.875, weight_decay: 0.0625}", 1e-5);
}

static void adam_with_clipping(void **state)
{
    (void)state;
    on_every_device("optimizer={name: adam, lr: 0.01, clip_norm: 0.5}", 1e-4);
}

// ---- Weighed by uncertainty ----

// The weights that the losses' gradients are about to get, from the log variances.
static void check_weights(const struct training *training, const json_t *wanted)
{
    static const float factor[TASKS] = {1, 0.5f, 2};
    float s[TASKS];
    assert_ok(bough__read(bough__model_learned(training->model)->value, s, sizeof s));
    for (size_t t = 0; t < TASKS; t++)
        assert_float_equal(0.5f * expf(-s[t]) * factor[t],
                           json_number_value(json_array_get(wanted, t)), 1e-5);
}

static void uncertainty(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *devices = test_devices(&count);
    const json_t *losses = json_object_get(golden_uncertainty, "losses");
    const json_t *weights = json_object_get(golden_uncertainty, "weights");
    assert_int_equal(json_array_size(losses), STEPS);
    for (size_t i = 0; i < count; i++) {
        struct training training;
        double loss[TASKS];
        training_init(&training, devices[i], "optimizer={name: sgd, lr: 0.05, momentum: 0.875}",
                      "weighting=uncertainty");
        for (uint32_t at = 0; at < STEPS; at++) {
            check_weights(&training, json_array_get(weights, at));
            step(&training, at + 1, loss);
            assert_true(compare_losses(loss, json_array_get(losses, at)) <= 1e-5);
        }
        training_fini(&training);
    }
    assert_int_equal(test_warnings(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uncertainty),
        cmocka_unit_test(sgd),
        cmocka_unit_test(adam_with_clipping),
    };
    return cmocka_run_group_tests(tests, open_golden, close_golden);
}
