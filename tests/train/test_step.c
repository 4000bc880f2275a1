// What a step costs beside its arithmetic: its launches, counted; what moves between host and
// device; the memory of its plan, which all batches of a model share.
#include "config/config.h"
#include "graph/plan.h"
#include "support/support.h"
#include "train/runner.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_TASKS = 3 };

struct net {
    struct bough_config *config;
    struct bough__model *model;
    struct bough__split split; // without targets on the host
    void *column[1 + MOST_TASKS];
};

static void fill(void *to, enum bough_dtype dtype, int64_t count)
{
    assert_non_null(to);
    for (int64_t i = 0; i < count; i++)
        if (dtype == BOUGH_U8)
            ((uint8_t *)to)[i] = (uint8_t)(i * 37);
        else if (dtype == BOUGH_I32)
            ((int32_t *)to)[i] = (int32_t)(i % 2);
        else
            ((float *)to)[i] = (float)(i * 37 % 17) / 8 - 1;
}

// A data set's model, and rows: bytes for images, else floats; targets as the losses want them.
static void net_open(struct net *net, struct bough_device *device, const char *name, int64_t rows,
                     int batch, const struct bough_shape *sample)
{
    struct bough__column column[1 + MOST_TASKS] = {
        {.dtype = sample->rank > 1 ? BOUGH_U8 : BOUGH_F32, .width = bough_shape_elements(sample)}};
    char path[512];
    *net = (struct net){.config = NULL};
    snprintf(path, sizeof path, "%s/datasets/%s/config.yaml", TEST_SOURCE_DIR, name);
    assert_ok(bough_config_open(&net->config, path, NULL, 0));
    net->config->train.batch_size = batch;
    assert_ok(bough__model_create(&net->model, net->config, sample, device, NULL));
    size_t tasks = net->config->tasks_count;
    assert_true(tasks <= MOST_TASKS);
    for (size_t t = 0; t < tasks; t++) {
        int classes = net->model->loss[t]->target == BOUGH_TARGET_CLASS;
        column[1 + t].dtype = classes ? BOUGH_I32 : BOUGH_F32;
        column[1 + t].width = classes ? 1 : net->model->width[t];
    }
    for (size_t c = 0; c <= tasks; c++) {
        int64_t elements = rows * column[c].width;
        net->column[c] = malloc((size_t)elements * bough_dtype_size(column[c].dtype));
        fill(net->column[c], column[c].dtype, elements);
        column[c].host = net->column[c];
    }
    net->split = (struct bough__split){0};
    assert_ok(bough__table_init(&net->split.table, device, column, 1 + (int)tasks, rows, rows,
                                bough__table_budget(device)));
}

static void net_close(struct net *net)
{
    bough__table_fini(&net->split.table);
    bough__model_destroy(&net->model);
    for (int c = 0; c <= MOST_TASKS; c++)
        free(net->column[c]);
    bough_config_close(&net->config);
}

static struct bough__runner *runner_of(struct net *net, enum bough__purpose purpose)
{
    struct bough__runner *runner;
    assert_ok(bough__runner_create_one(&runner, net->model, &net->split, NULL,
                                       net->split.table.rows, purpose));
    assert_ok(bough__runner_begin(runner));
    return runner;
}

static void run(struct bough__runner *runner, int64_t index)
{
    struct step_state state = {.seed = {0}};
    bough__optimizer_set_step(&state, &runner->data.model->config->optimizer, (uint32_t)index + 1,
                              0.01f);
    assert_ok(bough__runner_step(runner, index, &state));
}

static const struct bough_shape vector = {1, {100}}, image = {3, {1, 28, 28}};

// One batch: gather; four GEMMs forward; losses; of each layer backward the bias, the weight and,
// but for the first, the input; the update.
static void a_step_is_few_launches(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        struct net net;
        net_open(&net, device[d], "regression-and-classes", 200, 100, &vector);
        struct bough__runner *training = runner_of(&net, BOUGH_TRAINING);
        struct bough__runner *evaluation = runner_of(&net, BOUGH_EVALUATION);
        run(training, 0);
        const struct bough__counts before = device[d]->counts;
        run(training, 1);
        const struct bough__counts after = device[d]->counts;
        assert_int_equal(after.launches - before.launches, 18);
        assert_int_equal(bough__runner_made(evaluation, 0, 0)->sequence.count, 6);
        assert_int_equal(after.reads, before.reads);
        assert_int_equal(after.writes - before.writes, 1);
        assert_int_equal(after.bytes_written - before.bytes_written, sizeof(struct step_state));
        bough__runner_destroy(&training);
        bough__runner_destroy(&evaluation);
        net_close(&net);
    }
}

// What is left of a device's self-test once a step of that net is prepared.
static int untested(struct bough_device *device, const char *name, const struct bough_shape *sample)
{
    struct net net;
    net_open(&net, device, name, 10, 10, sample);
    struct bough__runner *runner = runner_of(&net, BOUGH_TRAINING);
    bough__runner_destroy(&runner);
    net_close(&net);
    return (int)device->untested;
}

static void only_a_net_with_convolutions_tests_them(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        device[d]->untested = BOUGH_SELFTEST_WINDOWS;
        assert_int_equal(untested(device[d], "regression-and-classes", &vector),
                         BOUGH_SELFTEST_WINDOWS);
        assert_int_equal(untested(device[d], "mnist-cnn", &image), 0);
    }
}

// The parameters after three steps of an epoch of one batch, whose order is told anew before each
// or not.
static void train_one_batch(struct bough_device *device, int anew, float *value, size_t bytes)
{
    enum { ROWS = 100, LAUNCHES = 18 };
    struct net net;
    net_open(&net, device, "regression-and-classes", ROWS, ROWS, &vector);
    struct bough__runner *training = runner_of(&net, BOUGH_TRAINING);
    int32_t order[ROWS];
    for (int32_t i = 0; i < ROWS; i++)
        order[i] = i;
    for (int i = 0; i < 3; i++) {
        const uint64_t before = device->counts.launches;
        if (anew)
            assert_ok(bough__runner_order(training, 0, order));
        run(training, 0);
        assert_int_equal(device->counts.launches - before, LAUNCHES - (i && !anew));
    }
    assert_true(bytes <= (size_t)net.model->params.elements * sizeof(float));
    assert_ok(bough__read(bough__whole(net.model->params.value), value, bytes));
    bough__runner_destroy(&training);
    net_close(&net);
}

static void the_only_batch_is_brought_once(void **state)
{
    enum { VALUES = 6000 };
    static float once[VALUES], anew[VALUES];
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        train_one_batch(device[d], 0, once, sizeof once);
        train_one_batch(device[d], 1, anew, sizeof anew);
        assert_memory_equal(once, anew, sizeof once);
    }
}

static void a_convolution_takes_little_memory(void **state)
{
    (void)state;
    size_t count, unshared;
    struct net net;
    net_open(&net, test_devices(&count)[0], "mnist-cnn", 300, 256, &image);
    struct bough__runner *runner = runner_of(&net, BOUGH_TRAINING);
    size_t bytes = bough__plan_bytes(bough__runner_made(runner, 0, 0)->plan, &unshared);
    print_message("mnist-cnn at 256: %zu of %zu bytes\n", bytes, unshared);
    assert_true(bytes <= unshared * 6 / 10);
    assert_int_equal(bough__runner_made(runner, 0, 0)->sequence.count, 78);
    bough__runner_destroy(&runner);
    net_close(&net);
}

static struct bough__buffer *memory_of(const struct bough__step *step)
{
    return bough__plan_value(step->plan, step->scores[0]).span.buffer;
}

static void all_batches_share_memory(void **state)
{
    (void)state;
    size_t count;
    struct net net;
    net_open(&net, test_devices(&count)[0], "regression-and-classes", 130, 100, &vector);
    struct bough__runner *training = runner_of(&net, BOUGH_TRAINING);
    struct bough__runner *evaluation = runner_of(&net, BOUGH_EVALUATION);
    assert_int_equal(bough__runner_made(training, 1, 0)->rows, 30);
    assert_ptr_equal(memory_of(bough__runner_made(training, 0, 0)), net.model->memory);
    assert_ptr_equal(memory_of(bough__runner_made(training, 1, 0)), net.model->memory);
    assert_ptr_equal(memory_of(bough__runner_made(evaluation, 0, 0)), net.model->memory);
    assert_ptr_equal(memory_of(bough__runner_made(evaluation, 1, 0)), net.model->memory);
    bough__runner_destroy(&training);
    bough__runner_destroy(&evaluation);
    net_close(&net);
}

// The parameters after three steps, with evaluations between them or without.
static void train(struct bough_device *device, int evaluate, float *value, size_t bytes)
{
    struct net net;
    net_open(&net, device, "regression-and-classes", 130, 100, &vector);
    struct bough__runner *training = runner_of(&net, BOUGH_TRAINING);
    struct bough__runner *evaluation = runner_of(&net, BOUGH_EVALUATION);
    for (int64_t i = 0; i < 3; i++) {
        run(training, i % 2);
        if (evaluate)
            run(evaluation, 1 - i % 2);
    }
    assert_true(bytes <= (size_t)net.model->params.elements * sizeof(float));
    assert_ok(bough__read(bough__whole(net.model->params.value), value, bytes));
    bough__runner_destroy(&training);
    bough__runner_destroy(&evaluation);
    net_close(&net);
}

static void an_evaluation_disturbs_no_training(void **state)
{
    enum { VALUES = 6000 };
    static float with[VALUES], without[VALUES];
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        train(device[d], 1, with, sizeof with);
        train(device[d], 0, without, sizeof without);
        assert_memory_equal(with, without, sizeof with);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_is_few_launches),
        cmocka_unit_test(only_a_net_with_convolutions_tests_them),
        cmocka_unit_test(the_only_batch_is_brought_once),
        cmocka_unit_test(a_convolution_takes_little_memory),
        cmocka_unit_test(all_batches_share_memory),
        cmocka_unit_test(an_evaluation_disturbs_no_training),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
