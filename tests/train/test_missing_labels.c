// Batches in which tasks have no label: a training that is stopped behind any step goes on as
// though it had not been, whatever the next one holds; and batches that are fetched one by one
// train as those that lie on the device.
#include "mtl/weighting.h"
#include "support/configs.h"
#include "train/runner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TASKS = 3, ROWS = 130, WIDTH = 7, BATCH = 20, STEPS = 12, MOST_VALUES = 512 };

static float x[ROWS][WIDTH], y[TASKS][ROWS];

// Of the seven batches one lacks all labels, two those of b, and one those of a and b.
static int make_data(void **state)
{
    (void)state;
    for (int n = 0; n < ROWS; n++) {
        const int batch = n / BATCH;
        for (int i = 0; i < WIDTH; i++)
            x[n][i] = (float)((n * 37 + i * 11) % 17) / 8 - 1;
        for (int t = 0; t < TASKS; t++)
            y[t][n] = sinf((float)(n * (t + 2)));
        if (batch >= 2 && batch <= 5)
            y[1][n] = NAN;
        if (batch == 3 || batch == 5)
            y[0][n] = NAN;
        if (batch == 3)
            y[2][n] = NAN;
    }
    return 0;
}

static const char *const combined[] = {
    "{name: mgda, every: 2}",
    "{name: mgda, every: 3, smoothing: 0.5}",
    "{name: mgda, groups: layer, every: 2}",
    "{name: mgda, on: representation, every: 2}",
    "{name: gradvac, groups: tensor, every: 2, losses: geometric}",
    "{name: nash, losses: uncertainty, every: 2}",
    "{name: sdmgrad, every: 2, losses: uncertainty, groups: layer}",
    "{name: modo, every: 3, losses: dwa}",
    "{name: moml, every: 2}",
    "{name: dwa, smoothing: 0.9}",
    "{name: graddrop, losses: uncertainty}",
};
enum { COMBINED = sizeof combined / sizeof *combined };

static const char *method_of(size_t index)
{
    return index < COMBINED ? combined[index]
                            : test_weighting(bough__weightings.row[index - COMBINED]);
}

// ---- A net ----

struct net {
    struct bough_config config;
    struct bough__model *model;
    struct bough__split split;
    struct bough__runner *runner;
};

static void net_open(struct net *net, struct bough_device *device, const char *method, int resident)
{
    char weighting[160];
    struct bough__column column[1 + TASKS] = {{.host = x, .dtype = BOUGH_F32, .width = WIDTH}};
    snprintf(weighting, sizeof weighting, "weighting=%s", method);
    *net = (struct net){
        .config = test_config("data: none\n"
                              "trunk: [linear: 5, batch_norm, tanh, dropout: 0.2, linear: 4]\n"
                              "optimizer: {name: sgd, lr: 0.05, clip_norm: 0.7}\n"
                              "train: {batch_size: 20}\n"
                              "tasks:\n"
                              "  a: {target: y, loss: mse, head: [linear: 1]}\n"
                              "  b: {target: y, loss: mse, weight: 0.5, head: [linear: 1]}\n"
                              "  c: {target: y, loss: mse, head: [linear: 1]}\n",
                              weighting, NULL)};
    for (int t = 0; t < TASKS; t++)
        column[1 + t] = (struct bough__column){.host = y[t], .dtype = BOUGH_F32, .width = 1};
    assert_ok(bough__model_create(&net->model, &net->config, &(struct bough_shape){1, {WIDTH}},
                                  device, NULL));
    assert_true(net->model->params.elements <= MOST_VALUES);
    assert_ok(bough__table_init(&net->split.table, device, column, 1 + TASKS, ROWS, BATCH,
                                resident ? bough__table_budget(device) : 0));
    assert_ok(
        bough__runner_create(&net->runner, net->model, &net->split, NULL, ROWS, BOUGH_TRAINING));
    assert_ok(bough__runner_begin(net->runner));
}

static void net_close(struct net *net)
{
    bough__runner_destroy(&net->runner);
    bough__table_fini(&net->split.table);
    bough__model_destroy(&net->model);
}

// Steps first..end-1, counted from 0.
static void run(struct net *net, int first, int end)
{
    for (int i = first; i < end; i++) {
        struct step_state state = {.seed = {5}};
        bough__optimizer_set_step(&state, &net->config.optimizer, (uint32_t)i + 1, 0.05f);
        assert_ok(bough__runner_step(net->runner, i % net->runner->steps, &state));
    }
}

// All that a checkpoint keeps of it.
struct kept {
    float value[MOST_VALUES];
    char *weighing;
    size_t bytes;
};

static void keep(struct kept *kept, const struct net *net)
{
    const struct bough__params *params = &net->model->params;
    memset(kept->value, 0, sizeof kept->value);
    assert_ok(bough__read(bough__whole(params->value), kept->value,
                          (size_t)params->elements * sizeof(float)));
    kept->bytes = bough__weigh_state_bytes(&net->runner->data.weigh);
    kept->weighing = calloc(1, kept->bytes + 1);
    assert_non_null(kept->weighing);
    assert_ok(bough__weigh_state_read(&net->runner->data.weigh, kept->weighing));
}

static void put_back(struct net *net, const struct kept *kept)
{
    const struct bough__params *params = &net->model->params;
    assert_ok(bough__write(bough__whole(params->value), kept->value,
                           (size_t)params->elements * sizeof(float)));
    assert_int_equal(bough__weigh_state_bytes(&net->runner->data.weigh), kept->bytes);
    assert_ok(bough__weigh_state_write(&net->runner->data.weigh, kept->weighing));
}

static void same(const struct kept *a, const struct kept *b, const char *method, int at)
{
    for (size_t i = 0; i < MOST_VALUES; i++)
        assert_true(isfinite(a->value[i]));
    if (memcmp(a->value, b->value, sizeof a->value) != 0 ||
        memcmp(a->weighing, b->weighing, a->bytes) != 0)
        fail_msg("%s, stopped behind step %d: another training", method, at);
}

// ---- Tests ----

static void goes_on_from(struct bough_device *device, const char *method, const struct kept *at,
                         int step, const struct kept *end)
{
    static struct kept parts;
    struct net net;
    net_open(&net, device, method, step % 2);
    put_back(&net, at);
    run(&net, step, STEPS);
    keep(&parts, &net);
    net_close(&net);
    same(end, &parts, method, step);
    free(parts.weighing);
}

static void train_and_stop(struct bough_device *device, const char *method, int apart)
{
    static struct kept at[STEPS], end;
    struct net net;
    net_open(&net, device, method, 1);
    for (int i = 1; i < STEPS; i++) {
        run(&net, i - 1, i);
        keep(&at[i], &net);
    }
    run(&net, STEPS - 1, STEPS);
    keep(&end, &net);
    net_close(&net);
    for (int i = 1; i < STEPS; i++) {
        if (i % apart == 0)
            goes_on_from(device, method, &at[i], i, &end);
        free(at[i].weighing);
    }
    free(end.weighing);
}

static void a_stop_changes_nothing(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *devices = test_devices(&count);
    for (size_t d = 0; d < count; d++)
        for (size_t i = 0; i < COMBINED + bough__weightings.count; i++)
            train_and_stop(devices[d], method_of(i), d ? 5 : 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_stop_changes_nothing)};
    return cmocka_run_group_tests(tests, make_data, test_devices_end);
}
