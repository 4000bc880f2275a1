// Weightings that look ahead, pinned against PyTorch (golden/ahead.json): what the other batch's
// losses do by the weights, the weights, the losses of every step and the parameters at the end, on
// every device.
#include "support/configs.h"
#include "train/runner.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 12, BATCH = 4, WIDTH = 5, TASKS = 3, MOST = 64, MOST_VALUES = 512 };

static json_t *golden;

static int open_golden(void **state)
{
    golden = test_golden_open(state, "train/golden/ahead.json");
    return golden == NULL;
}

static void read_floats(float *to, const json_t *from, size_t count)
{
    assert_int_equal(json_array_size(from), count);
    for (size_t i = 0; i < count; i++) {
        const json_t *number = json_array_get(from, i);
        to[i] = json_is_null(number) ? NAN : (float)json_number_value(number);
    }
}

// ---- The net and its data ----

static const char net_text[] =
    "data: none\n"
    "input: x\n"
    "trunk: [linear: 6, tanh, linear: 4, tanh]\n"
    "tasks:\n"
    "  a: {target: a, loss: mse, head: [linear: 1]}\n"
    "  b: {target: b, loss: cross_entropy, weight: 0.5, head: [linear: 5, tanh, linear: 3]}\n"
    "  c: {target: c, loss: mse, weight: 2, head: [linear: 2]}\n"
    "optimizer: {name: sgd, lr: 0.25, momentum: 0.5}\n"
    "train: {epochs: 1, batch_size: 4}\n";

struct net {
    float x[ROWS * WIDTH], a[ROWS], c[ROWS * 2];
    int32_t b[ROWS];
    struct bough_config config;
    struct bough__model *model;
    struct bough__split split;
    struct bough__runner *runner;
};

static void read_data(struct net *net)
{
    const json_t *data = json_object_get(golden, "data");
    read_floats(net->x, json_object_get(data, "x"), ROWS * WIDTH);
    read_floats(net->a, json_object_get(data, "a"), ROWS);
    read_floats(net->c, json_object_get(data, "c"), ROWS * 2);
    for (size_t i = 0; i < ROWS; i++)
        net->b[i] = (int32_t)json_integer_value(json_array_get(json_object_get(data, "b"), i));
}

static struct bough__span place_of(const struct net *net, const struct bough__param *param)
{
    return bough__span_at(net->model->params.block[param->block].value,
                          (size_t)param->offset * sizeof(float));
}

static void write_start(const struct net *net)
{
    float value[MOST];
    const struct bough__params *params = &net->model->params;
    const json_t *start = json_object_get(golden, "start");
    assert_int_equal((size_t)params->count, json_object_size(start));
    for (int32_t i = 0; i < params->count; i++) {
        const size_t count = (size_t)bough_shape_elements(&params->param[i].shape);
        assert_true(count <= MOST);
        read_floats(value, json_object_get(start, params->param[i].name), count);
        assert_ok(bough__write(place_of(net, &params->param[i]), value, count * sizeof *value));
    }
}

// `budget` 0: each batch is brought when it is wanted.
static void net_open_as(struct net *net, struct bough_device *device, const char *weighting,
                        uint64_t budget, const char *trunk)
{
    char override[128];
    read_data(net);
    const struct bough__column column[] = {
        {.host = net->x, .dtype = BOUGH_F32, .width = WIDTH},
        {.host = net->a, .dtype = BOUGH_F32, .width = 1},
        {.host = net->b, .dtype = BOUGH_I32, .width = 1},
        {.host = net->c, .dtype = BOUGH_F32, .width = 2},
    };
    snprintf(override, sizeof override, "weighting=%s", weighting);
    net->config = test_config(net_text, override, trunk, NULL);
    assert_ok(bough__model_create(&net->model, &net->config, &(struct bough_shape){1, {WIDTH}},
                                  device, NULL));
    net->split = (struct bough__split){0};
    assert_ok(bough__table_init(&net->split.table, device, column, 1 + TASKS, ROWS, BATCH, budget));
    assert_ok(bough__runner_create_one(&net->runner, net->model, &net->split, NULL, ROWS,
                                       BOUGH_TRAINING));
}

static void net_open(struct net *net, struct bough_device *device, const char *weighting,
                     uint64_t budget)
{
    net_open_as(net, device, weighting, budget, NULL);
    write_start(net);
}

static void net_close(struct net *net)
{
    bough__runner_destroy(&net->runner);
    bough__table_fini(&net->split.table);
    bough__model_destroy(&net->model);
}

// ---- A training ----

static void take_step(struct net *net, uint32_t step)
{
    struct step_state state = {.seed = {0}};
    bough__optimizer_set_step(&state, &net->config.optimizer, step + 1, 0.25f);
    assert_ok(bough__runner_begin(net->runner));
    assert_ok(bough__runner_step(net->runner, step % 3, &state));
}

// The largest difference, relative to the largest of the numbers wanted.
static double difference(const float *got, const json_t *wanted, size_t count)
{
    float number[MOST];
    double most = 0, worst = 0;
    read_floats(number, wanted, count);
    for (size_t i = 0; i < count; i++) {
        most = fmax(most, fabs((double)number[i]));
        worst = fmax(worst, fabs((double)got[i] - (double)number[i]));
    }
    return most > 0 ? worst / most : worst;
}

static double compare_losses(const struct net *net, const json_t *wanted)
{
    double loss[TASKS], weight[TASKS];
    float mean[TASKS];
    assert_ok(bough__runner_losses(net->runner, loss, weight));
    for (size_t t = 0; t < TASKS; t++)
        mean[t] = weight[t] > 0 ? (float)(loss[t] / weight[t]) : 0;
    return difference(mean, wanted, TASKS);
}

static double compare_cross(const struct net *net, const json_t *wanted)
{
    const struct bough__weigh_data *weigh = &net->runner->data.weigh;
    float cross[TASKS * TASKS];
    double worst = 0;
    assert_ok(bough__read(bough__weigh_at(weigh, weigh->at.cross), cross, sizeof cross));
    for (size_t t = 0; t < TASKS; t++)
        worst = fmax(worst, difference(cross + t * TASKS, json_array_get(wanted, t), TASKS));
    return worst;
}

// A 0 is of a task without a label, which has its last weight here.
static double compare_weights(const struct net *net, const json_t *wanted)
{
    float weights[TASKS];
    assert_ok(bough__read(bough__whole(net->runner->data.weigh.weights), weights, sizeof weights));
    for (size_t t = 0; t < TASKS; t++)
        if (json_number_value(json_array_get(wanted, t)) == 0)
            weights[t] = 0;
    return difference(weights, wanted, TASKS);
}

static double compare_end(const struct net *net, const json_t *wanted)
{
    const struct bough__params *params = &net->model->params;
    float value[MOST];
    double worst = 0;
    for (int32_t i = 0; i < params->count; i++) {
        const size_t count = (size_t)bough_shape_elements(&params->param[i].shape);
        assert_ok(bough__read(place_of(net, &params->param[i]), value, count * sizeof *value));
        worst =
            fmax(worst, difference(value, json_object_get(wanted, params->param[i].name), count));
    }
    return worst;
}

static void trains_as_pytorch(struct bough_device *device, const char *weighting,
                              const json_t *wanted, uint64_t budget)
{
    struct net net;
    const json_t *steps = json_object_get(wanted, "steps");
    double cross = 0, weights = 0, losses = 0;
    net_open(&net, device, weighting, budget);
    for (uint32_t i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i);
        take_step(&net, i);
        cross = fmax(cross, compare_cross(&net, json_object_get(step, "cross")));
        weights = fmax(weights, compare_weights(&net, json_object_get(step, "weights")));
        losses = fmax(losses, compare_losses(&net, json_object_get(step, "losses")));
    }
    const double end = compare_end(&net, json_object_get(wanted, "end"));
    print_message("%s on %s: relative difference of products %.2g, weights %.2g, losses %.2g, "
                  "parameters %.2g\n",
                  weighting, device->info.id, cross, weights, losses, end);
    assert_true(cross <= 1e-5 && weights <= 1e-5 && losses <= 1e-5 && end <= 1e-5);
    net_close(&net);
}

static void all_of(uint64_t (*budget)(const struct bough_device *device))
{
    size_t count;
    struct bough_device *const *devices = test_devices(&count);
    const char *weighting;
    json_t *wanted;
    for (size_t i = 0; i < count; i++)
        json_object_foreach(json_object_get(golden, "cases"), weighting, wanted)
            trains_as_pytorch(devices[i], weighting, wanted, budget(devices[i]));
    assert_int_equal(test_warnings(), 0);
}

static uint64_t none(const struct bough_device *device)
{
    (void)device;
    return 0;
}

static void resident(void **state)
{
    (void)state;
    all_of(bough__table_budget);
}

static void batch_by_batch(void **state)
{
    (void)state;
    all_of(none);
}

// ---- What is put back ----

// A few steps of a net that remembers and drops; all values, those of batch_norm too, which begin
// at `remembered`.
static size_t values_of(float *value, size_t *remembered, struct bough_device *device,
                        const char *weighting, uint32_t steps)
{
    struct net net;
    net_open_as(&net, device, weighting, bough__table_budget(device),
                "trunk=[linear: 6, batch_norm, tanh, dropout: 0.25, linear: 4, tanh]");
    for (uint32_t i = 0; i < steps; i++)
        take_step(&net, i);
    *remembered = (size_t)net.model->params.trained;
    const size_t count = (size_t)net.model->params.elements;
    assert_true(count <= MOST_VALUES);
    assert_ok(bough__read(bough__whole(net.model->params.value), value, count * sizeof *value));
    net_close(&net);
    return count;
}

// Weights of 1 that stay: the parameters go where they would go without a look ahead.
static void a_look_ahead_leaves_no_trace(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *devices = test_devices(&count);
    for (size_t i = 0; i < count; i++) {
        float equal[MOST_VALUES], ahead[MOST_VALUES];
        size_t remembered;
        const size_t values = values_of(equal, &remembered, devices[i], "equal", 3);
        assert_int_equal(values, values_of(ahead, &remembered, devices[i],
                                           "{name: auto_lambda, lr: 0, start: 1}", 3));
        for (size_t v = 0; v < values; v++)
            assert_float_equal(equal[v], ahead[v], 1e-5);
    }
}

// Nor do plain steps and the other batch in what batch_norm remembers of the own one.
static void a_first_step_remembers_its_own_batch(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *devices = test_devices(&count);
    for (size_t i = 0; i < count; i++) {
        float equal[MOST_VALUES], forum[MOST_VALUES];
        size_t remembered;
        const size_t values = values_of(equal, &remembered, devices[i], "equal", 1);
        assert_int_equal(values, values_of(forum, &remembered, devices[i], "forum", 1));
        assert_true(remembered < values);
        for (size_t v = remembered; v < values; v++)
            assert_float_equal(equal[v], forum[v], 1e-6);
    }
}

static void plain_steps_that_lead_nowhere_are_told_once(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *devices = test_devices(&count);
    for (size_t i = 0; i < count; i++) {
        struct net net;
        const float *weights;
        const int before = test_warnings();
        net_open(&net, devices[i], "{name: forum, inner_lr: 1e30}",
                 bough__table_budget(devices[i]));
        for (uint32_t step = 0; step < 3; step++)
            take_step(&net, step);
        const struct bough__weigh_data *weigh = &net.runner->data.weigh;
        assert_int_equal(test_warnings() - before, 1);
        assert_true(weigh->all_solves.count == 3 && weigh->all_solves.unsolved == 3);
        assert_ok(bough__weigh_told(&weights, weigh));
        for (size_t t = 0; t < TASKS; t++)
            assert_true(isfinite(weights[t]));
        net_close(&net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resident),
        cmocka_unit_test(batch_by_batch),
        cmocka_unit_test(a_look_ahead_leaves_no_trace),
        cmocka_unit_test(a_first_step_remembers_its_own_batch),
        cmocka_unit_test(plain_steps_that_lead_nowhere_are_told_once),
    };
    return cmocka_run_group_tests(tests, open_golden, test_golden_close);
}
