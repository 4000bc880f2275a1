// A step with other batches of the epoch before its own: which they are, that their gradients are
// what is solved by, and that nothing else knows of them.
#include "support/configs.h"
#include "train/runner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TASKS = 3, ROWS = 130, WIDTH = 7, MOST = 512, STEPS = 7 };

static float x[ROWS][WIDTH], y[TASKS][ROWS];

static int make_data(void **state)
{
    (void)state;
    for (int n = 0; n < ROWS; n++) {
        for (int i = 0; i < WIDTH; i++)
            x[n][i] = (float)((n * 37 + i * 11) % 17) / 8 - 1;
        for (int t = 0; t < TASKS; t++)
            y[t][n] = sinf((float)(n * (t + 2)));
        if (n / 20 == 2) // of the third batch of 20
            y[1][n] = NAN;
    }
    return 0;
}

struct net {
    struct bough_config config;
    struct bough__model *model;
    struct bough__split split;
    struct bough__runner *runner;
};

struct want {
    const char *weighting;
    int batch, resident;
};

static void net_open(struct net *net, struct bough_device *device, const struct want *want)
{
    struct bough__column column[1 + TASKS] = {{.host = x, .dtype = BOUGH_F32, .width = WIDTH}};
    char weighting[128], batch[64];
    snprintf(weighting, sizeof weighting, "weighting=%s", want->weighting);
    snprintf(batch, sizeof batch, "train.batch_size=%d", want->batch);
    *net = (struct net){
        .config = test_config("data: none\n"
                              "trunk: [linear: 5, tanh, linear: 4]\n"
                              "optimizer: {name: sgd, lr: 0.05}\n"
                              "train: {epochs: 1}\n"
                              "tasks:\n"
                              "  a: {target: y, loss: mse, head: [linear: 1]}\n"
                              "  b: {target: y, loss: mse, weight: 0.5, head: [linear: 1]}\n"
                              "  c: {target: y, loss: mse, head: [linear: 1]}\n",
                              weighting, batch, NULL)};
    for (int t = 0; t < TASKS; t++)
        column[1 + t] = (struct bough__column){.host = y[t], .dtype = BOUGH_F32, .width = 1};
    assert_ok(bough__model_create(&net->model, &net->config, &(struct bough_shape){1, {WIDTH}},
                                  device, NULL));
    assert_ok(bough__table_init(&net->split.table, device, column, 1 + TASKS, ROWS, want->batch,
                                want->resident ? bough__table_budget(device) : 0));
    assert_int_equal(net->split.table.resident, want->resident);
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

static void run(struct net *net, int64_t index, uint32_t number, float lr)
{
    struct step_state state = {.seed = {5}};
    bough__optimizer_set_step(&state, &net->config.optimizer, number, lr);
    assert_ok(bough__runner_step(net->runner, index, &state));
}

// ---- The gradients of other batches ----

// Of the rows from `first` on, with the parameters as they start.
static int64_t gradients(float (*jacobian)[MOST], struct bough_device *device,
                         const char *weighting, int first, int rows)
{
    struct net net;
    net_open(&net, device, &(struct want){weighting, rows, 1});
    const struct bough__weigh_data *weigh = &net.runner->data.weigh;
    const int64_t columns = weigh->columns;
    assert_true(columns <= MOST && first % rows == 0);
    run(&net, first / rows, 1, 0);
    for (int t = 0; t < TASKS; t++)
        assert_ok(
            bough__read(bough__span_at(bough__weigh_jacobian(weigh, 0), (size_t)t * weigh->stride),
                        jacobian[t], (size_t)columns * sizeof(float)));
    net_close(&net);
    return columns;
}

static void check_products(const float *cross, struct bough_device *device, const char *weighting,
                           int first, int second, int rows)
{
    static float j[TASKS][MOST], k[TASKS][MOST];
    const int64_t columns = gradients(j, device, weighting, first, rows);
    gradients(k, device, weighting, second, rows);
    for (int t = 0; t < TASKS; t++)
        for (int u = 0; u < TASKS; u++) {
            double sum = 0, size = 0;
            for (int64_t i = 0; i < columns; i++) {
                sum += (double)j[t][i] * (double)k[u][i];
                size += fabs((double)j[t][i] * (double)k[u][i]);
            }
            if (!(fabs((double)cross[t * TASKS + u] - sum) <= 1e-5 * size))
                fail_msg("%s, batches at %d and %d, tasks %d and %d: %g, wanted %g", weighting,
                         first, second, t, u, (double)cross[t * TASKS + u], sum);
        }
}

// Batches of 20, six of them full: the others lie two and four further on.
static void are_those_of_batches_further_on(void **state)
{
    (void)state;
    static const char *const methods[][2] = {
        {"modo", "mgda"},
        {"{name: modo, losses: uncertainty}", "{name: mgda, losses: uncertainty}"},
    };
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t m = 0; m < sizeof methods / sizeof *methods; m++)
        for (size_t d = 0; d < count; d++) {
            struct net net;
            net_open(&net, device[d], &(struct want){methods[m][0], 20, 1});
            const float *cross = net.runner->data.weigh.host + net.runner->data.weigh.at.cross;
            for (int i = 0; i < STEPS; i++) {
                run(&net, i, (uint32_t)i + 1, 0);
                const int last = i == STEPS - 1;
                if (i != 2) // whose own batch has no labels of b: it takes no part
                    check_products(cross, device[d], methods[m][1], (i + 2) % 6 * 20,
                                   (i + 4) % 6 * 20, last ? 10 : 20);
            }
            net_close(&net);
        }
}

// ---- What knows nothing of them ----

struct outcome {
    double loss[TASKS], weight[TASKS];
    float score[TASKS][ROWS], value[MOST];
};

static void train(struct outcome *outcome, struct bough_device *device, const struct want *want,
                  int steps, float lr)
{
    struct net net;
    float *score[TASKS];
    int64_t rows = ROWS;
    net_open(&net, device, want);
    for (int i = 0; i < steps; i++) {
        if (i % STEPS == 0)
            assert_ok(bough__runner_begin(net.runner));
        run(&net, i % STEPS, (uint32_t)i + 1, lr);
    }
    assert_ok(bough__runner_losses(net.runner, outcome->loss, outcome->weight));
    assert_ok(bough__runner_scores(net.runner, score, &rows));
    assert_int_equal(rows, ROWS);
    for (int t = 0; t < TASKS; t++) {
        memcpy(outcome->score[t], score[t], sizeof outcome->score[t]);
        free(score[t]);
    }
    const size_t bytes = (size_t)net.model->params.elements * sizeof(float);
    assert_true(bytes <= sizeof outcome->value);
    memset(outcome->value, 0, sizeof outcome->value);
    assert_ok(bough__read(bough__whole(net.model->params.value), outcome->value, bytes));
    net_close(&net);
}

static void the_account_has_the_own_batches_alone(void **state)
{
    (void)state;
    static const char *const methods[][2] = {
        {"sdmgrad", "mgda"}, {"{name: modo, losses: dwa}", "{name: mgda, losses: dwa}"}};
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t m = 0; m < 2; m++)
        for (size_t d = 0; d < count; d++) {
            static struct outcome with, without;
            train(&with, device[d], &(struct want){methods[m][0], 20, 1}, STEPS, 0);
            train(&without, device[d], &(struct want){methods[m][1], 20, 1}, STEPS, 0);
            assert_memory_equal(&with, &without, sizeof with);
            assert_true(with.weight[0] == ROWS && with.weight[1] == ROWS - 20);
        }
}

// Batch by batch, where the data are not on the device: the same training.
static void data_need_not_be_there(void **state)
{
    (void)state;
    static const char *const methods[] = {"sdmgrad", "{name: modo, every: 3, losses: uncertainty}",
                                          "mgda"};
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t m = 0; m < sizeof methods / sizeof *methods; m++)
        for (size_t d = 0; d < count; d++) {
            static struct outcome there, brought;
            train(&there, device[d], &(struct want){methods[m], 20, 1}, 2 * STEPS, 0.05f);
            train(&brought, device[d], &(struct want){methods[m], 20, 0}, 2 * STEPS, 0.05f);
            assert_memory_equal(&there, &brought, sizeof there);
        }
}

// An epoch of one batch, which meets itself, or of two.
static void few_steps_an_epoch_will_do(void **state)
{
    (void)state;
    static const int batches[] = {ROWS, 2 * ROWS, 65, 100};
    size_t count;
    for (size_t b = 0; b < sizeof batches / sizeof *batches; b++) {
        struct net net;
        net_open(&net, test_devices(&count)[0], &(struct want){"sdmgrad", batches[b], 1});
        for (int i = 0; i < 4; i++)
            run(&net, i % net.runner->steps, (uint32_t)i + 1, 0.05f);
        net_close(&net);
    }
}

// A step that keeps the last weights goes without them.
static void every_spares_them(void **state)
{
    (void)state;
    size_t count;
    struct net net;
    struct bough_device *device = test_devices(&count)[0];
    uint64_t launches[4];
    net_open(&net, device, &(struct want){"{name: sdmgrad, every: 2}", 20, 1});
    for (int i = 0; i < 4; i++) {
        const uint64_t before = device->counts.launches;
        run(&net, i, (uint32_t)i + 1, 0.05f);
        launches[i] = device->counts.launches - before;
    }
    assert_true(launches[0] == launches[2] && launches[1] == launches[3]);
    assert_true(launches[1] < launches[0] / 2);
    net_close(&net);
}

// Behind a step's last batch the one that the next step takes first: of one that keeps the last
// weights, its own.
static void the_next_batch_is_prepared(void **state)
{
    (void)state;
    static const struct {
        const char *weighting;
        int apart; // how much further on a step begins that finds weights
    } cases[] = {{"{name: modo, every: 2}", 2}, {"{name: auto_lambda, every: 2}", 0}, {"mgda", 0}};
    size_t count;
    struct bough_device *device = test_devices(&count)[0];
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct net net;
        net_open(&net, device, &(struct want){cases[c].weighting, 20, 0});
        for (int next = 1; next < STEPS; next++) {
            const int others_first = cases[c].apart && next % 2 == 0;
            run(&net, next - 1, (uint32_t)next, 0.05f);
            assert_int_equal(net.runner->feed.prepared,
                             20 * (others_first ? (next + cases[c].apart) % 6 : next));
        }
        net_close(&net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_those_of_batches_further_on),
        cmocka_unit_test(the_account_has_the_own_batches_alone),
        cmocka_unit_test(data_need_not_be_there),
        cmocka_unit_test(few_steps_an_epoch_will_do),
        cmocka_unit_test(every_spares_them),
        cmocka_unit_test(the_next_batch_is_prepared),
    };
    return cmocka_run_group_tests(tests, make_data, test_devices_end);
}
