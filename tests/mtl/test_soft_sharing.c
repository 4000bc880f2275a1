// Soft sharing: the gradient of the distance between trunks, by the formula; and trunks that come
// the nearer the larger alpha is.
#include "support/training.h"

#include "data/tensor_file.h"
#include "train/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TASKS = 3, MOST = 400 };

// Heads of three sizes, so that the trunks lie unevenly; a norm, whose statistics are no part.
static const char text[] = "data: none\n"
                           "trunk: [linear: 7, batch_norm, tanh, linear: 3]\n"
                           "tasks:\n"
                           "  a: {target: a, loss: mse, head: [linear: 2]}\n"
                           "  b: {target: b, loss: mse, head: [linear: 9, linear: 1]}\n"
                           "  c: {target: c, loss: mse, head: [linear: 1]}\n";

// Numbers of parameters of a block whose names begin so.
static int64_t numbers_of(const struct bough__params *params, int32_t block, const char *with)
{
    int64_t size = 0;
    for (int32_t i = 0; i < params->count; i++) {
        const struct bough__param *param = &params->param[i];
        if (param->block == block && strncmp(param->name, with, strlen(with)) == 0)
            size += bough_shape_elements(&param->shape);
    }
    return size;
}

// The gradient before is 1 everywhere. Stems that are a task's own stand before its trunk.
static void check_gradient(struct bough_device *device, const char *architecture, int l1)
{
    const double alpha = 0.25;
    const struct bough_config config =
        test_config(text, architecture,
                    "inputs={x: , y: {stem: [linear: 5, tanh]}, z: {stem: [linear: 3, "
                    "linear: 5]}}",
                    "tasks.a.inputs=[x]", "tasks.b.inputs=[y]", "tasks.c.inputs=[z]", NULL);
    const struct bough_shape sample[] = {{1, {5}}, {1, {4}}, {1, {1}}};
    struct bough__model *model;
    struct bough__sequence sequence = {.device = device};
    float value[MOST], gradient[MOST], trunk[TASKS][MOST];
    assert_ok(bough__model_create(&model, &config, sample, device, NULL));
    const struct bough__params *params = &model->params;
    const size_t bytes = (size_t)params->trained * sizeof(float);
    assert_true(params->trained <= MOST);
    for (int64_t i = 0; i < params->trained; i++)
        gradient[i] = 1;
    assert_ok(bough__write(bough__whole(params->gradient), gradient, bytes));
    assert_ok(bough__model_regularize(model, &sequence));
    assert_ok(bough__sequence_run(&sequence));
    assert_ok(bough__read(bough__whole(params->value), value, bytes));
    assert_ok(bough__read(bough__whole(params->gradient), gradient, bytes));
    const int64_t size = 7 * 5 + 7 + 2 * 7 + 3 * 7 + 3;
    int64_t first[TASKS];
    for (int32_t t = 0; t < TASKS; t++) {
        const int64_t begin = (int64_t)(params->block[t + 1].value.offset / sizeof(float));
        first[t] = begin + numbers_of(params, t + 1, "stems.");
        assert_int_equal(numbers_of(params, t + 1, "trunks."), size);
        assert_int_equal(first[t] > begin, t > 0);
        memcpy(trunk[t], value + first[t], (size_t)size * sizeof(float));
        for (int64_t i = begin; i < begin + params->block[t + 1].size; i++)
            assert_true((i >= first[t] && i < first[t] + size) || gradient[i] == 1);
    }
    for (int32_t t = 0; t < TASKS; t++)
        for (int64_t i = 0; i < size; i++) {
            double wanted = 1;
            for (int j = 0; j < TASKS; j++) {
                const double apart = (double)trunk[t][i] - (double)trunk[j][i];
                wanted += l1 ? alpha * ((apart > 0) - (apart < 0)) : 2 * alpha * apart;
            }
            assert_true(fabs((double)gradient[first[t] + i] - wanted) < 1e-6);
        }
    bough__sequence_fini(&sequence);
    bough__model_destroy(&model);
}

static void the_gradient_is_that_of_the_distance(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        check_gradient(device[d], "architecture={name: soft_sharing, alpha: 0.25}", 0);
        check_gradient(device[d], "architecture={name: soft_sharing, alpha: 0.25, norm: l1}", 1);
    }
}

static void trunks_of_other_sizes_are_refused(void **state)
{
    (void)state;
    const struct bough_config config = test_config(text, "architecture=soft_sharing",
                                                   "inputs={x: , y: }", "tasks.c.inputs=[y]", NULL);
    const struct bough_shape sample[] = {{1, {5}}, {1, {4}}};
    size_t count;
    struct bough__sequence sequence = {.device = test_devices(&count)[0]};
    struct bough__model *model;
    assert_ok(bough__model_create(&model, &config, sample, sequence.device, NULL));
    assert_fails(bough__model_regularize(model, &sequence), BOUGH_INVALID,
                 "architecture soft_sharing: the trunks of 'a' and 'c' have 108 and 73 numbers");
    bough__sequence_fini(&sequence);
    bough__model_destroy(&model);
}

static void nothing_is_launched_where_nothing_is_shared(void **state)
{
    (void)state;
    static const char *const overrides[] = {"architecture={name: soft_sharing, alpha: 0}",
                                            "architecture=hard_sharing", "train.regime=parallel"};
    for (size_t i = 0; i < 3; i++) {
        const struct bough_config config = test_config(text, overrides[i], NULL);
        const struct bough_shape sample = {1, {5}};
        size_t count;
        struct bough__sequence sequence = {.device = test_devices(&count)[0]};
        struct bough__model *model;
        assert_ok(bough__model_create(&model, &config, &sample, sequence.device, NULL));
        assert_ok(bough__model_regularize(model, &sequence));
        assert_int_equal(sequence.count, 0);
        bough__sequence_fini(&sequence);
        bough__model_destroy(&model);
    }
}

// ---- A training ----

// The sum over pairs of the squared distance between the first layers of the trunks, trained with
// that alpha.
static double distance(struct bough_device *device, const char *alpha)
{
    static const char *const task[TASKS] = {"shape", "bright", "top"};
    char folder[512], name[100], path[600], override[100];
    struct bough_tensor_file *file;
    struct bough_run *run;
    float *weight[TASKS];
    double sum = 0;
    snprintf(folder, sizeof folder, "%s/alpha-%s", test_folder(), alpha);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    snprintf(override, sizeof override, "architecture={name: soft_sharing, alpha: %s}", alpha);
    struct bough_config config =
        test_config_with(training_text, training_file, override, "optimizer={name: sgd, lr: 0.02}",
                         "train.epochs=3", "train.seed=3", NULL);
    assert_ok(bough_train(&run, &config,
                          &(struct bough_train_options){.device = device, .run_dir = folder}));
    bough_run_destroy(&run);
    assert_ok(bough_tensor_file_open(&file, path));
    size_t count = 0;
    for (size_t t = 0; t < TASKS; t++) {
        snprintf(name, sizeof name, "trunks.%s.0.weight", task[t]);
        const struct bough_file_tensor *tensor = bough_tensor_file_find(file, name);
        void *bytes;
        assert_non_null(tensor);
        assert_ok(bough__tensor_load(&bytes, file, tensor));
        weight[t] = bytes;
        count = tensor->bytes / sizeof(float);
    }
    for (size_t a = 0; a < TASKS; a++)
        for (size_t b = 0; b < a; b++)
            for (size_t i = 0; i < count; i++)
                sum += pow((double)weight[a][i] - (double)weight[b][i], 2);
    for (size_t t = 0; t < TASKS; t++)
        free(weight[t]);
    bough_tensor_file_close(&file);
    return sum;
}

static void the_distance_falls_as_alpha_grows(void **state)
{
    (void)state;
    static const char *const alpha[] = {"0", "0.01", "0.1", "1"};
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    double first = 0, last = INFINITY;
    for (size_t i = 0; i < sizeof alpha / sizeof *alpha; i++) {
        const double found = distance(device[0], alpha[i]);
        if (!(found < 0.9 * last))
            fail_msg("alpha %s: the trunks are %g apart, %g with the alpha before", alpha[i], found,
                     last);
        last = found;
        first = i ? first : found;
    }
    assert_true(last < first / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gradient_is_that_of_the_distance),
        cmocka_unit_test(trunks_of_other_sizes_are_refused),
        cmocka_unit_test(nothing_is_launched_where_nothing_is_shared),
        cmocka_unit_test(the_distance_falls_as_alpha_grows),
    };
    return cmocka_run_group_tests(tests, training_start, training_end);
}
