// Every architecture under every kind of weighting: three steps, the same on every device. And each
// goes on bit for bit.
#include "support/training.h"

#include "data/tensor_file.h"
#include "mtl/architecture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Two tasks that every architecture takes: events.
static const char text[] =
    "data: none\n"
    "trunk: [conv2d: {channels: 4, kernel: 3}, relu, max_pool2d: 2, flatten, linear: 6, tanh]\n"
    "tasks:\n"
    "  first: {target: top, loss: binary_cross_entropy, head: [linear: 1]}\n"
    "  second: {target: top, loss: binary_cross_entropy, head: [linear: 1]}\n"
    "optimizer: {name: sgd, lr: 0.1, momentum: 0.9}\n"
    "train: {epochs: 1, batch_size: 128, seed: 3, validation: 0}\n";

// One by nothing, by losses, by what is learned, by the Gram matrix of parameters and of
// representations, by the gradients themselves, and by another batch.
static const char *const weightings[] = {
    "weighting=equal",
    "weighting=dwa",
    "weighting=uncertainty",
    "weighting=cagrad",
    "weighting={name: mgda, on: representation}",
    "weighting=pcgrad",
    "weighting=graddrop",
    "weighting=modo",
};
enum { WEIGHTINGS = sizeof weightings / sizeof *weightings };

static struct bough_config config_of(const struct bough__row *architecture, const char *weighting,
                                     const char *epochs)
{
    char override[100];
    snprintf(override, sizeof override, "architecture=%s", architecture->name);
    return test_config_with(text, training_file, override, weighting, epochs, NULL);
}

static const char *run_dir(const char *name, size_t number)
{
    static char path[4][512];
    static int next;
    next = (next + 1) % 4;
    snprintf(path[next], sizeof path[next], "%s/%s-%zu", test_folder(), name, number);
    return path[next];
}

static void train(const struct bough_config *config, const char *dir, struct bough_device *device)
{
    struct bough_run *run;
    const struct bough_train_options options = {.device = device, .run_dir = dir};
    assert_ok(bough_train(&run, config, &options));
    bough_run_destroy(&run);
}

static struct bough_tensor_file *model_in(const char *dir)
{
    char path[600];
    struct bough_tensor_file *file;
    snprintf(path, sizeof path, "%s/model.safetensors", dir);
    assert_ok(bough_tensor_file_open(&file, path));
    return file;
}

static void compare(const char *dir, const char *other, const char *what, const char *weighting)
{
    struct bough_tensor_file *a = model_in(dir), *b = model_in(other);
    assert_int_equal(bough_tensor_file_count(a), bough_tensor_file_count(b));
    for (size_t i = 0; i < bough_tensor_file_count(a); i++) {
        const struct bough_file_tensor *x = bough_tensor_file_at(a, i),
                                       *y = bough_tensor_file_find(b, x->name);
        const float *one = x->data, *two = y->data;
        float most = 1e-2f, off = 0;
        for (size_t j = 0; j < x->bytes / sizeof(float); j++) {
            most = fmaxf(most, fabsf(one[j]));
            off = fmaxf(off, fabsf(one[j] - two[j]));
        }
        if (!(off <= 1e-5f * most))
            fail_msg("%s, %s: %s is off by %g of %g", what, weighting, x->name, (double)off,
                     (double)most);
    }
    bough_tensor_file_close(&a);
    bough_tensor_file_close(&b);
}

static void every_architecture_goes_with_every_weighting(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t i = 0; i < bough__architectures.count; i++)
        for (size_t w = 0; w < WEIGHTINGS; w++)
            for (size_t d = 0; d < count; d++) {
                const struct bough__row *row = bough__architectures.row[i];
                const struct bough_config config = config_of(row, weightings[w], "train.epochs=1");
                const char *dir = run_dir(row->name, 10 * w + d);
                train(&config, dir, device[d]);
                if (d)
                    compare(run_dir(row->name, 10 * w), dir, row->name, weightings[w]);
            }
}

// ---- A trunk for each group ----

static struct bough_config grouped(const char *weighting, const char *weight)
{
    return test_config_with(
        text, training_file, "architecture={name: hard_sharing, groups: [1, 1, 2]}",
        "tasks.alone={target: top, loss: binary_cross_entropy, head: [linear: 1]}", weight,
        weighting, NULL);
}

static void same_values(const char *dir, const char *other, const char *name)
{
    struct bough_tensor_file *a = model_in(dir), *b = model_in(other);
    const struct bough_file_tensor *x = bough_tensor_file_find(a, name),
                                   *y = bough_tensor_file_find(b, name);
    assert_memory_equal(x->data, y->data, x->bytes);
    bough_tensor_file_close(&a);
    bough_tensor_file_close(&b);
}

// Its gradient of the other group's trunk, 0, is not one that could be followed: a task of weight 0
// takes no part in either training.
static void a_task_alone_has_no_say_in_another_trunk(void **state)
{
    (void)state;
    static const char *const by_gradients[] = {
        "weighting=mgda",
        "weighting={name: mgda, groups: layer}",
        "weighting={name: mgda, on: representation}",
        "weighting=cagrad",
        "weighting=pcgrad",
        "weighting=graddrop",
        "weighting=modo",
    };
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t w = 0; w < sizeof by_gradients / sizeof *by_gradients; w++)
        for (size_t d = 0; d < count; d++) {
            const char *with = run_dir("with", 100 * w + d),
                       *without = run_dir("without", 100 * w + d);
            const struct bough_config all = grouped(by_gradients[w], "tasks.alone.weight=1"),
                                      two = grouped(by_gradients[w], "tasks.alone.weight=0");
            train(&all, with, device[d]);
            train(&two, without, device[d]);
            same_values(with, without, "trunks.1.0.weight");
            same_values(with, without, "first.0.weight");
            if (d)
                compare(run_dir("with", 100 * w), with, "groups", by_gradients[w]);
        }
}

// ---- They go on ----

static void stop_after_the_first_epoch(void *user, const struct bough_event *event)
{
    if (event->kind == BOUGH_EVENT_EPOCH)
        *(volatile int *)user = 1;
}

static void every_architecture_resumes_bit_for_bit(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t i = 0; i < bough__architectures.count; i++)
        for (size_t d = 0; d < count; d++) {
            const struct bough__row *row = bough__architectures.row[i];
            const struct bough_config config = config_of(row, "weighting=cagrad", "train.epochs=3");
            const char *whole = run_dir("whole", 100 * i + d);
            const char *stopped = run_dir("stopped", 100 * i + d);
            volatile int stop = 0;
            struct bough_run *run;
            const struct bough_train_options options = {.device = device[d],
                                                        .run_dir = stopped,
                                                        .observe = stop_after_the_first_epoch,
                                                        .user = (void *)&stop,
                                                        .stop = &stop};
            train(&config, whole, device[d]);
            assert_fails(bough_train(&run, &config, &options), BOUGH_INTERRUPTED,
                         "after step 1 of");
            assert_ok(bough_train(
                &run, NULL, &(struct bough_train_options){.device = device[d], .resume = stopped}));
            bough_run_destroy(&run);
            training_same_tensors(whole, stopped, "last.safetensors");
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_architecture_goes_with_every_weighting),
        cmocka_unit_test(a_task_alone_has_no_say_in_another_trunk),
        cmocka_unit_test(every_architecture_resumes_bit_for_bit),
    };
    return cmocka_run_group_tests(tests, training_start, training_end);
}
