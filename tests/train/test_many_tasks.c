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
    assert_ok(bough__table_init(&net->split.table, device, column, 1 + want->tasks, want->rows,
                                want->rows, bough__table_budget(device)));
    assert_ok(bough__runner_create(&net->runner, net->model, &net->split, NULL, want->rows,
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
    const struct bough__step *step = &net.runner->full;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(launches_do_not_grow_with_the_tasks),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
