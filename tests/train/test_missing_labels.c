// Batches in which tasks have no label: a training that is stopped behind any step goes on as
// though it had not been, whatever the next one holds; and batches that are fetched one by one
// train as those that lie on the device.
#include "mtl/weighting.h"
#include "support/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 20, STEPS = 12 };

// Of the seven batches one lacks all labels, two those of b, and one those of a and b.
static int make_data(void **state)
{
    (void)state;
    rows_fill();
    for (int n = 2 * BATCH; n < 6 * BATCH; n++) {
        const int batch = n / BATCH;
        rows_label[1][n] = NAN;
        if (batch == 3 || batch == 5)
            rows_label[0][n] = NAN;
        if (batch == 3)
            rows_label[2][n] = NAN;
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

static void net_open(struct rows_net *net, struct bough_device *device, const char *method,
                     int resident)
{
    rows_open(net, device, &(struct rows_want){method, BATCH, resident},
              "trunk=[linear: 5, batch_norm, tanh, dropout: 0.2, linear: 4]");
}

// Steps first..end-1, counted from 0.
static void run(struct rows_net *net, int first, int end)
{
    for (int i = first; i < end; i++)
        rows_step(net, i % net->runner->steps, (uint32_t)i + 1, 0.05f);
}

// All that a checkpoint keeps of it.
struct kept {
    float value[ROWS_MOST_VALUES];
    char *weighing;
    size_t bytes;
};

static void keep(struct kept *kept, const struct rows_net *net)
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

static void put_back(struct rows_net *net, const struct kept *kept)
{
    const struct bough__params *params = &net->model->params;
    assert_ok(bough__write(bough__whole(params->value), kept->value,
                           (size_t)params->elements * sizeof(float)));
    assert_int_equal(bough__weigh_state_bytes(&net->runner->data.weigh), kept->bytes);
    assert_ok(bough__weigh_state_write(&net->runner->data.weigh, kept->weighing));
}

static void same(const struct kept *a, const struct kept *b, const char *method, int at)
{
    for (size_t i = 0; i < ROWS_MOST_VALUES; i++)
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
    struct rows_net net;
    net_open(&net, device, method, step % 2);
    put_back(&net, at);
    run(&net, step, STEPS);
    keep(&parts, &net);
    rows_close(&net);
    same(end, &parts, method, step);
    free(parts.weighing);
}

static void train_and_stop(struct bough_device *device, const char *method, int apart)
{
    static struct kept at[STEPS], end;
    struct rows_net net;
    net_open(&net, device, method, 1);
    for (int i = 1; i < STEPS; i++) {
        run(&net, i - 1, i);
        keep(&at[i], &net);
    }
    run(&net, STEPS - 1, STEPS);
    keep(&end, &net);
    rows_close(&net);
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
