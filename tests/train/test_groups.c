// Gradient groups: each layer or tensor weighed apart, against the public weighting that is given
// that part of each task's gradient. A task's gradient is what a step by it alone changes.
#include "support/support.h"
#include "support/training.h"

#include <bough/weighting.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TASKS = 3, MOST = 2048 };

static const char *const tensors[] = {"trunk.1.weight", "trunk.1.bias", "trunk.3.weight",
                                      "trunk.3.bias"};
enum { TENSORS = sizeof tensors / sizeof *tensors };

// The shared parameters, one tensor after the other.
struct trunk {
    float value[MOST];
    size_t first[TENSORS + 1];
};

static void read_trunk(struct trunk *trunk, const char *dir)
{
    char path[600];
    struct bough_tensor_file *file;
    snprintf(path, sizeof path, "%s/last.safetensors", dir);
    assert_ok(bough_tensor_file_open(&file, path));
    trunk->first[0] = 0;
    for (size_t i = 0; i < TENSORS; i++) {
        const struct bough_file_tensor *tensor = bough_tensor_file_find(file, tensors[i]);
        assert_non_null(tensor);
        const size_t first = trunk->first[i], count = tensor->bytes / sizeof(float);
        assert_true(first + count <= MOST);
        memcpy(trunk->value + first, tensor->data, tensor->bytes);
        trunk->first[i + 1] = first + count;
    }
    bough_tensor_file_close(&file);
}

// Steps of a whole batch, by plain descent.
static void train(struct trunk *trunk, struct bough_device *device, const char *weighting,
                  const char *rate, int steps)
{
    static int runs;
    char dir[512], optimizer[64];
    snprintf(dir, sizeof dir, "%s/run-%d", test_folder(), runs++);
    snprintf(optimizer, sizeof optimizer, "optimizer={name: sgd, lr: %s}", rate);
    struct bough_config config =
        test_config_with(training_text, training_file, weighting, optimizer,
                         "trunk=[flatten, linear: 8, tanh, linear: 6, tanh]", NULL);
    struct bough_run *run;
    config.train.epochs = steps;
    config.train.batch_size = TRAINING_ROWS;
    assert_ok(bough_train(&run, &config,
                          &(struct bough_train_options){.run_dir = dir, .device = device}));
    bough_run_destroy(&run);
    read_trunk(trunk, dir);
}

// By a learning rate of 1: the start less what stands behind a step.
static void gradients(float gradient[TASKS][MOST], struct trunk *start, struct bough_device *device)
{
    static const char *const alone[TASKS] = {"weighting={name: fixed, weights: [1, 0, 0]}",
                                             "weighting={name: fixed, weights: [0, 1, 0]}",
                                             "weighting={name: fixed, weights: [0, 0, 1]}"};
    static struct trunk after;
    train(start, device, "weighting=equal", "1e-30", 1);
    for (size_t t = 0; t < TASKS; t++) {
        train(&after, device, alone[t], "1", 1);
        for (size_t i = 0; i < start->first[TENSORS]; i++)
            gradient[t][i] = start->value[i] - after.value[i];
    }
}

// What the public weighting makes of `count` numbers of each gradient from `first` on.
static void weigh_part(float *direction, const char *method, float gradient[TASKS][MOST],
                       size_t first, size_t count)
{
    static float part[TASKS * MOST];
    struct bough_weighting *weighting;
    const struct bough_weighting_options options = {.columns = (int64_t)count};
    struct bough_weighed out = {.direction = direction + first};
    for (size_t t = 0; t < TASKS; t++)
        memcpy(part + t * count, gradient[t] + first, count * sizeof(float));
    assert_ok(bough_weighting_open(&weighting, method, TASKS, &options));
    assert_ok(
        bough_weighting_step(weighting, &out, &(struct bough_weighting_step){.gradients = part}));
    bough_weighting_close(&weighting);
}

static void each_part_by_itself(void **state)
{
    (void)state;
    static const struct {
        const char *method, *groups;
        size_t tensors; // of a group
    } cases[] = {{"mgda", "layer", 2},
                 {"mgda", "tensor", 1},
                 {"cagrad", "layer", 2},
                 {"mgda", "shared", TENSORS}};
    static float gradient[TASKS][MOST], direction[MOST];
    static struct trunk start, after;
    size_t count;
    struct bough_device *const *devices = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        gradients(gradient, &start, devices[d]);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            char text[128];
            for (size_t k = 0; k < TENSORS; k += cases[i].tensors)
                weigh_part(direction, cases[i].method, gradient, start.first[k],
                           start.first[k + cases[i].tensors] - start.first[k]);
            snprintf(text, sizeof text, "weighting={name: %s, groups: %s}", cases[i].method,
                     cases[i].groups);
            train(&after, devices[d], text, "1", 1);
            for (size_t k = 0; k < start.first[TENSORS]; k++)
                assert_float_equal(start.value[k] - after.value[k], direction[k], 2e-5);
        }
    }
}

static double distance(const struct trunk *a, const struct trunk *b)
{
    double most = 0;
    for (size_t i = 0; i < a->first[TENSORS]; i++)
        most = fmax(most, fabs((double)a->value[i] - (double)b->value[i]));
    return most;
}

// Between two solves each part keeps its own weights, while its gradients are new.
static void parts_keep_their_weights(void **state)
{
    (void)state;
    static struct trunk each, third, rare;
    struct bough_device *device = NULL;
    train(&each, device, "weighting={name: mgda, groups: layer}", "0.1", 4);
    train(&third, device, "weighting={name: mgda, groups: layer, every: 3}", "0.1", 4);
    train(&rare, device, "weighting={name: mgda, groups: layer, every: 99}", "0.1", 4);
    assert_true(distance(&each, &third) > 1e-6 && distance(&each, &rare) > 1e-6);
    assert_true(distance(&third, &rare) > 1e-6);
    assert_true(distance(&each, &third) < 0.05);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_by_itself),
        cmocka_unit_test(parts_keep_their_weights),
    };
    return cmocka_run_group_tests(tests, training_start, training_end);
}
