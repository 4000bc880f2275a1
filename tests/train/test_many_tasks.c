// Many tasks: the launches of a step do not grow with them beyond their heads, and the products of
// their gradients take less memory than the gradients would.
#include "base/strings.h"
#include "support/configs.h"
#include "train/runner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TASKS = 128 };

struct net {
    struct bough_config config;
    struct bough__model *model;
    struct bough__split split; // without targets on the host
    struct bough__runner *runner;
    float *x, *y;
};

// What is trained: `rows` of a batch, and as many tasks behind the trunk.
struct want {
    const char *trunk, *weighting;
    struct bough_shape sample;
    enum bough__jacobian jacobian;
    int tasks, rows;
};

static struct bough_config config_of(const struct want *want)
{
    static char text[MOST_TASKS * 64 + 1000];
    text[0] = '\0';
    bough__append(text, sizeof text,
                  "data: none\ntrunk: [%s]\nweighting: %s\n"
                  "optimizer: {name: sgd, lr: 0.01, clip_norm: 1}\n"
                  "train: {epochs: 1, batch_size: %d}\ntasks:\n",
                  want->trunk, want->weighting, want->rows);
    for (int t = 0; t < want->tasks; t++)
        bough__append(text, sizeof text, "  t%d: {target: y, loss: mse, head: [linear: 1]}\n", t);
    return test_config(text, NULL);
}

static void fill(struct net *net, const struct want *want, int64_t width)
{
    net->x = calloc((size_t)(want->rows * width), sizeof(float));
    net->y = calloc((size_t)(want->rows * want->tasks), sizeof(float));
    assert_true(net->x && net->y);
    for (int64_t i = 0; i < want->rows * width; i++)
        net->x[i] = (float)(i * 37 % 101) / 50 - 1;
    for (int i = 0; i < want->rows * want->tasks; i++)
        net->y[i] = sinf((float)i);
}

static void net_open(struct net *net, struct bough_device *device, const struct want *want)
{
    struct bough__column column[1 + MOST_TASKS];
    int64_t width = bough_shape_elements(&want->sample);
    *net = (struct net){.config = config_of(want)};
    fill(net, want, width);
    column[0] = (struct bough__column){.host = net->x, .dtype = BOUGH_F32, .width = width};
    for (int t = 0; t < want->tasks; t++)
        column[1 + t] =
            (struct bough__column){.host = net->y + t * want->rows, .dtype = BOUGH_F32, .width = 1};
    assert_ok(bough__model_create(&net->model, &net->config, &want->sample, device, NULL));
    net->model->jacobian = want->jacobian;
    net->split = (struct bough__split){0};
    assert_ok(bough__table_init(&net->split.table, device, column, 1 + want->tasks, want->rows,
                                want->rows, bough__table_budget(device)));
    assert_ok(bough__runner_create_one(&net->runner, net->model, &net->split, NULL, want->rows,
                                       BOUGH_TRAINING));
}

static void net_close(struct net *net)
{
    bough__runner_destroy(&net->runner);
    bough__table_fini(&net->split.table);
    bough__model_destroy(&net->model);
    free(net->x);
    free(net->y);
}

// ---- Launches ----

// What each task has of its own: labels, a head, a loss.
static int is_of_each_task(const struct bough__stage *stage)
{
    static const char *const names[] = {"feed", "forward", "losses", "heads"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(stage->name, names[i]) == 0)
            return 1;
    return 0;
}

// Of each other stage, "sweep 20 gram 1 ...".
static void launches_of(char *text, size_t size, struct bough_device *device, struct want want,
                        int tasks)
{
    struct net net;
    want.tasks = tasks;
    net_open(&net, device, &want);
    const struct bough__step *step = bough__runner_made(net.runner, 0, 0);
    text[0] = '\0';
    for (int i = 0; i < step->stages; i++) {
        const struct bough__stage *stage = &step->stage[i];
        if (!is_of_each_task(stage))
            bough__append(text, size, "%s %zu ", stage->name, stage->end - stage->first);
    }
    net_close(&net);
}

static void launches_do_not_grow_with_the_tasks(void **state)
{
    static const struct want wants[] = {
        {.weighting = "mgda", .jacobian = BOUGH_JACOBIAN_KEPT},
        {.weighting = "mgda", .jacobian = BOUGH_JACOBIAN_NOT_KEPT},
        {.weighting = "graddrop"},
    };
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t w = 0; w < sizeof wants / sizeof *wants; w++)
        for (size_t d = 0; d < count; d++) {
            struct want want = wants[w];
            char few[300], many[300];
            want.trunk = "conv2d: {channels: 8, kernel: 3, padding: 1}, batch_norm, relu, "
                         "max_pool2d: 2, conv2d: {channels: 8, kernel: 3}, gelu, avg_pool2d: 2, "
                         "dropout2d, flatten, linear: 20, layer_norm, tanh, dropout, linear: 9";
            want.sample = (struct bough_shape){3, {1, 12, 12}};
            want.rows = 10;
            launches_of(few, sizeof few, device[d], want, 2);
            launches_of(many, sizeof many, device[d], want, 8);
            print_message("%s: %s\n", bough_device_info(device[d])->id, few);
            assert_non_null(strstr(few, "sweep"));
            assert_string_equal(few, many);
        }
}

// ---- A million shared parameters ----

static void take_step(const struct net *net)
{
    struct step_state state = {.seed = {5}};
    bough__optimizer_set_step(&state, &net->config.optimizer, 1, 0.01f);
    assert_ok(bough__runner_begin(net->runner));
    assert_ok(bough__runner_step(net->runner, 0, &state));
}

static void weights_are_found(const struct net *net)
{
    float weight[MOST_TASKS];
    double sum = 0;
    assert_ok(bough__read(bough__whole(net->runner->data.weigh.weights), weight, sizeof weight));
    for (int t = 0; t < MOST_TASKS; t++) {
        assert_true(weight[t] >= 0);
        sum += (double)weight[t];
    }
    assert_float_equal(sum, 1, 1e-4);
}

// The plan is smaller than the Jacobian would be.
static void check_memory(const struct net *net, int in_groups)
{
    size_t unshared;
    const size_t shared = (size_t)net->runner->data.weigh.columns;
    const size_t jacobian = MOST_TASKS * shared * sizeof(float);
    const size_t bytes = bough__plan_bytes(bough__runner_made(net->runner, 0, 0)->plan, &unshared);
    const size_t group = bough__plan_group(bough__runner_made(net->runner, 0, 0)->plan);
    print_message("%s, batch %d: %zu shared, plan %zu MB, Jacobian %zu MB, %zu tasks at a time\n",
                  bough_device_info(net->model->device)->id, net->config.train.batch_size, shared,
                  bytes >> 20, jacobian >> 20, group);
    assert_true(shared >= 1000000);
    assert_null(net->runner->data.weigh.jacobian);
    assert_int_equal(group < MOST_TASKS, in_groups);
    assert_true(bytes < jacobian);
}

static void check_many(struct bough_device *device, const struct want *want, int in_groups)
{
    static const int rows[] = {64, 4};
    for (int i = 0; i < 2; i++) {
        struct net net;
        struct want with = *want;
        with.rows = rows[i];
        net_open(&net, device, &with);
        check_memory(&net, in_groups);
        if (i == 1 && !getenv("BOUGH_TEST_TINY")) {
            take_step(&net);
            weights_are_found(&net);
        }
        net_close(&net);
    }
}

// The stacks of a net of linear layers are small beside its parameters, those of images are not.
static void many_tasks_take_less_memory_than_their_gradients(void **state)
{
    static const struct want linear = {.trunk = "linear: 1000, relu, linear: 220, relu",
                                       .weighting = "mgda",
                                       .sample = {1, {784}},
                                       .tasks = MOST_TASKS};
    static const struct want images = {
        .trunk = "conv2d: {channels: 32, kernel: 3, padding: 1}, relu, max_pool2d: 2, "
                 "conv2d: {channels: 64, kernel: 3, padding: 1}, relu, max_pool2d: 2, "
                 "flatten, linear: 320, relu",
        .weighting = "mgda",
        .sample = {3, {1, 28, 28}},
        .tasks = MOST_TASKS};
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        check_many(device[d], &linear, 0);
        check_many(device[d], &images, 1);
    }
}

// ---- The machine ----

// The last bits of a training go by what is kept and by how many tasks are swept at a time: the
// same on a device of any memory.
static void nothing_goes_by_the_memory_of_the_device(void **state)
{
    static const struct want want = {.trunk = "linear: 300, relu",
                                     .weighting = "mgda",
                                     .sample = {1, {300}},
                                     .tasks = 8,
                                     .rows = 800};
    (void)state;
    size_t count;
    struct bough_device *device = test_devices(&count)[0];
    const uint64_t memory = device->info.memory;
    struct net net;
    device->info.memory = 32 << 20;
    net_open(&net, device, &want);
    assert_non_null(net.runner->data.weigh.jacobian);
    assert_int_equal(bough__plan_group(bough__runner_made(net.runner, 0, 0)->plan), want.tasks);
    net_close(&net);
    device->info.memory = memory;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(launches_do_not_grow_with_the_tasks),
        cmocka_unit_test(many_tasks_take_less_memory_than_their_gradients),
        cmocka_unit_test(nothing_goes_by_the_memory_of_the_device),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
