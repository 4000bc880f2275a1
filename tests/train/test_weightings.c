// Every weighting in training, and combinations: devices agree, and a run that is stopped within
// an epoch goes on as though it had not been.
#include "mtl/weighting.h"
#include "support/support.h"
#include "support/training.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { EPOCHS = 10, TASKS = 3, ROWS = 128 };

// What goes with a row; behind them stand all rows, each alone.
static const char *const combined[] = {
    "{name: mgda, losses: uncertainty}",
    "{name: mgda, on: representation}",
    "{name: mgda, every: 3}",
    "{name: gradvac, groups: tensor, every: 2}",
    "{name: mgda, losses: chebyshev}",
    "{name: nash, losses: {name: fixed, weights: [1, 2, 0.5]}}",
    "{name: nash, on: representation, every: 2, smoothing: 0.5}",
    "{name: dwa, smoothing: 0.9}",
    "{name: graddrop, losses: uncertainty}",
    "{name: auto_lambda, every: 2, losses: {name: fixed, weights: [1, 2, 0.5]}}",
    "{name: auto_lambda, primary: [0, 1, 0]}",
    "{name: forum, rho: 2, steps: 2, losses: {name: fixed, weights: [1, 2, 0.5]}}",
    "{name: mgda, losses: {name: fixed, weights: [1, 2, 0.5]}}",
    "{name: sdmgrad, losses: uncertainty, every: 2, smoothing: 0.5, groups: layer}",
};

enum { COMBINED = sizeof combined / sizeof *combined };

static size_t methods_count(void)
{
    return COMBINED + bough__weightings.count;
}

static const char *method_of(size_t index)
{
    if (index < COMBINED)
        return combined[index];
    return test_weighting(bough__weightings.row[index - COMBINED]);
}

static struct bough_config config_of(const char *method, const char *optimizer)
{
    char weighting[128];
    snprintf(weighting, sizeof weighting, "weighting=%s", method);
    return test_config_with(training_text, training_file, optimizer, weighting, NULL);
}

// ---- Devices ----

struct losses {
    double loss[EPOCHS][TASKS];
    int count;
};

static void keep_losses(void *user, const struct bough_event *event)
{
    struct losses *losses = user;
    if (event->kind == BOUGH_EVENT_EPOCH)
        memcpy(losses->loss[losses->count++], event->loss, sizeof losses->loss[0]);
}

// One batch an epoch, so that an epoch's loss is a step's.
static void ten_steps(struct losses *losses, struct bough_device *device, const char *method)
{
    struct bough_config config = config_of(method, "optimizer={name: sgd, lr: 0.01}");
    struct bough_run *run;
    config.train.epochs = EPOCHS;
    config.train.batch_size = ROWS;
    *losses = (struct losses){.count = 0};
    assert_ok(bough_train(
        &run, &config,
        &(struct bough_train_options){.device = device, .observe = keep_losses, .user = losses}));
    assert_int_equal(losses->count, EPOCHS);
    bough_run_destroy(&run);
}

static double sum_of(const double *loss)
{
    return loss[0] + loss[1] + loss[2];
}

static void ten_steps_agree(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t m = 0; m < methods_count(); m++) {
        struct losses c, other;
        ten_steps(&c, device[0], method_of(m));
        assert_true(sum_of(c.loss[EPOCHS - 1]) < sum_of(c.loss[0]));
        for (size_t d = 1; d < count; d++) {
            double worst = 0;
            ten_steps(&other, device[d], method_of(m));
            for (int i = 0; i < EPOCHS; i++)
                for (int t = 0; t < TASKS; t++)
                    worst = fmax(worst, fabs(other.loss[i][t] / c.loss[i][t] - 1));
            print_message("%s on %s: largest relative difference %.2g\n", method_of(m),
                          bough_device_info(device[d])->id, worst);
            assert_true(worst <= 1e-4);
        }
    }
}

// The weights that the host finds are what the backward pass starts from.
static void weights_of_one_change_nothing(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        struct losses equal, found;
        ten_steps(&equal, device[d], "equal");
        ten_steps(&found, device[d], "{name: lbtw, alpha: 0}");
        for (int i = 0; i < EPOCHS; i++)
            for (int t = 0; t < TASKS; t++)
                assert_float_equal(found.loss[i][t], equal.loss[i][t], 1e-6);
    }
}

// ---- Resuming ----

struct stopper {
    volatile int stop;
    int epoch;
};

static void stop_after_epoch(void *user, const struct bough_event *event)
{
    struct stopper *stopper = user;
    if (event->kind == BOUGH_EVENT_EPOCH && event->epoch == stopper->epoch)
        stopper->stop = 1;
}

// Two epochs, or until one step behind an epoch, 0 = the first step; or on from there.
static enum bough_status train(const char *dir, struct bough_device *device, const char *method,
                               int resume, int until)
{
    struct bough_config config = config_of(method, "optimizer.clip_norm=1");
    struct bough_run *run;
    struct stopper stopper = {.stop = until == 0, .epoch = until};
    struct bough_train_options options = {
        .device = device, .observe = stop_after_epoch, .user = &stopper, .stop = &stopper.stop};
    config.train.epochs = 2;
    config.train.batch_size = 48;
    *(resume ? &options.resume : &options.run_dir) = dir;
    const enum bough_status status = bough_train(&run, &config, &options);
    bough_run_destroy(&run);
    return status;
}

// What a training tells of its tasks' gradients and of its solves, but for the seconds.
static json_t *gradients_of(const char *dir)
{
    char path[600];
    snprintf(path, sizeof path, "%s/result.json", dir);
    json_t *result = json_load_file(path, 0, NULL);
    assert_non_null(result);
    json_t *gradients = json_incref(json_object_get(result, "gradients"));
    json_object_del(gradients, "solve_seconds");
    json_decref(result);
    return gradients;
}

static void same_gradients(const char *whole, const char *parts, int by_gram)
{
    json_t *a = gradients_of(whole), *b = gradients_of(parts);
    const json_t *solves = json_object_get(a, "solves");
    assert_true(a ? json_equal(a, b) : !b);
    assert_true(!by_gram || json_integer_value(json_object_get(solves, "count")) > 0);
    json_decref(a);
    json_decref(b);
}

static int is_by_gram(const char *method)
{
    const struct bough_config config = config_of(method, "optimizer.clip_norm=1");
    return bough__weighting_of(&config.weighting.choice)->needs == BOUGH_NEEDS_GRAM;
}

static void a_stopped_run_goes_on(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t m = 0; m < methods_count(); m++)
        for (size_t d = 0; d < count; d++) {
            char whole[512], parts[512];
            snprintf(whole, sizeof whole, "%s/whole-%d-%d", test_folder(), (int)m, (int)d);
            snprintf(parts, sizeof parts, "%s/parts-%d-%d", test_folder(), (int)m, (int)d);
            assert_ok(train(whole, device[d], method_of(m), 0, 2));
            assert_int_equal(train(parts, device[d], method_of(m), 0, 0), BOUGH_INTERRUPTED);
            assert_int_equal(train(parts, device[d], method_of(m), 1, 1), BOUGH_INTERRUPTED);
            assert_ok(train(parts, device[d], method_of(m), 1, 2));
            training_same_tensors(whole, parts, "last.safetensors");
            same_gradients(whole, parts, is_by_gram(method_of(m)));
        }
}

// Few rows: many weightings train on them.
static int start(void **state)
{
    test_folder_begin(state);
    training_file = training_data_of(test_folder(), ROWS);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_steps_agree),
        cmocka_unit_test(weights_of_one_change_nothing),
        cmocka_unit_test(a_stopped_run_goes_on),
    };
    return cmocka_run_group_tests(tests, start, training_end);
}
