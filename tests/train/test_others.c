// A step with other batches of the epoch before its own: which they are, that their gradients are
// what is solved by, and that nothing else knows of them.
#include "support/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TASKS = ROWS_TASKS, MOST = ROWS_MOST_VALUES, STEPS = 7 };

static int make_data(void **state)
{
    (void)state;
    rows_fill();
    for (int n = 40; n < 60; n++) // of the third batch of 20
        rows_label[1][n] = NAN;
    return 0;
}

// ---- The gradients of other batches ----

// Of the rows from `first` on, with the parameters as they start.
static int64_t gradients(float (*jacobian)[MOST], struct bough_device *device,
                         const char *weighting, int first, int rows)
{
    struct rows_net net;
    rows_open(&net, device, &(struct rows_want){weighting, rows, 1}, NULL);
    const struct bough__weigh_data *weigh = &net.runner->data.weigh;
    const int64_t columns = weigh->columns;
    assert_true(columns <= MOST && first % rows == 0);
    rows_step(&net, first / rows, 1, 0);
    for (int t = 0; t < TASKS; t++)
        assert_ok(
            bough__read(bough__span_at(bough__weigh_jacobian(weigh, 0), (size_t)t * weigh->stride),
                        jacobian[t], (size_t)columns * sizeof(float)));
    rows_close(&net);
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
            struct rows_net net;
            rows_open(&net, device[d], &(struct rows_want){methods[m][0], 20, 1}, NULL);
            const struct bough__weigh_data *weigh = &net.runner->data.weigh;
            const float *cross = weigh->host + weigh->at.cross;
            for (int i = 0; i < STEPS; i++) {
                rows_step(&net, i, (uint32_t)i + 1, 0);
                const int last = i == STEPS - 1;
                if (i != 2) // whose own batch has no labels of b: it takes no part
                    check_products(cross, device[d], methods[m][1], (i + 2) % 6 * 20,
                                   (i + 4) % 6 * 20, last ? 10 : 20);
            }
            rows_close(&net);
        }
}

// ---- What knows nothing of them ----

struct outcome {
    double loss[TASKS], weight[TASKS];
    float score[TASKS][ROWS], value[MOST];
};

static void train(struct outcome *outcome, struct bough_device *device,
                  const struct rows_want *want, int steps, float lr)
{
    struct rows_net net;
    float *score[TASKS];
    int64_t rows[TASKS];
    rows_open(&net, device, want, NULL);
    for (int i = 0; i < steps; i++) {
        if (i % STEPS == 0)
            assert_ok(bough__runner_begin(net.runner));
        rows_step(&net, i % STEPS, (uint32_t)i + 1, lr);
    }
    assert_ok(bough__runner_losses(net.runner, outcome->loss, outcome->weight));
    assert_ok(bough__runner_scores(net.runner, score, rows));

    for (int t = 0; t < TASKS; t++) {
        assert_int_equal(rows[t], ROWS);
        memcpy(outcome->score[t], score[t], sizeof outcome->score[t]);
        free(score[t]);
    }
    memset(outcome->value, 0, sizeof outcome->value);
    assert_ok(bough__read(bough__whole(net.model->params.value), outcome->value,
                          (size_t)net.model->params.elements * sizeof(float)));
    rows_close(&net);
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
            train(&with, device[d], &(struct rows_want){methods[m][0], 20, 1}, STEPS, 0);
            train(&without, device[d], &(struct rows_want){methods[m][1], 20, 1}, STEPS, 0);
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
            train(&there, device[d], &(struct rows_want){methods[m], 20, 1}, 2 * STEPS, 0.05f);
            train(&brought, device[d], &(struct rows_want){methods[m], 20, 0}, 2 * STEPS, 0.05f);
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
        struct rows_net net;
        rows_open(&net, test_devices(&count)[0], &(struct rows_want){"sdmgrad", batches[b], 1},
                  NULL);
        for (int i = 0; i < 4; i++)
            rows_step(&net, i % net.runner->steps, (uint32_t)i + 1, 0.05f);
        rows_close(&net);
    }
}

// A step that keeps the last weights goes without them.
static void every_spares_them(void **state)
{
    (void)state;
    size_t count;
    struct rows_net net;
    struct bough_device *device = test_devices(&count)[0];
    uint64_t launches[4];
    rows_open(&net, device, &(struct rows_want){"{name: sdmgrad, every: 2}", 20, 1}, NULL);
    for (int i = 0; i < 4; i++) {
        const uint64_t before = device->counts.launches;
        rows_step(&net, i, (uint32_t)i + 1, 0.05f);
        launches[i] = device->counts.launches - before;
    }
    assert_true(launches[0] == launches[2] && launches[1] == launches[3]);
    assert_true(launches[1] < launches[0] / 2);
    rows_close(&net);
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
        struct rows_net net;
        rows_open(&net, device, &(struct rows_want){cases[c].weighting, 20, 0}, NULL);
        for (int next = 1; next < STEPS; next++) {
            const int others_first = cases[c].apart && next % 2 == 0;
            rows_step(&net, next - 1, (uint32_t)next, 0.05f);
            assert_int_equal(net.runner->data.source->feed.prepared,
                             20 * (others_first ? (next + cases[c].apart) % 6 : next));
        }
        rows_close(&net);
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
