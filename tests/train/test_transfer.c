// A task is added to a trained model: on what is frozen the others' numbers stay, bit for bit.
#include "support/training.h"

#include "data/tensor_file.h"

#include <stdio.h>
#include <string.h>

static const char added[] =
    "tasks.more={target: top, loss: binary_cross_entropy, head: [linear: 4, "
    "relu, linear: 1]}";
static const char frozen[] = "parameters={trunk.*: {freeze: true}, shape.*: {freeze: true}, "
                             "bright.*: {freeze: true}, top.*: {freeze: true}}";

static void train(const char *dir, struct bough_device *device, const char *one, const char *two,
                  const char *three)
{
    struct bough_run *run;
    const struct bough_config config =
        test_config_with(training_text, training_file, "train.epochs=2", one, two, three, NULL);
    assert_ok(bough_train(&run, &config,
                          &(struct bough_train_options){.device = device, .run_dir = dir}));
    bough_run_destroy(&run);
}

static void the_others_numbers_stay(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        char base[512], more[512], path[2][600], from[600];
        struct bough_tensor_file *file[2];
        snprintf(base, sizeof base, "%s/base-%zu", test_folder(), d);
        snprintf(more, sizeof more, "%s/more-%zu", test_folder(), d);
        snprintf(from, sizeof from, "from=\"%s\"", base);
        train(base, device[d], NULL, NULL, NULL);
        train(more, device[d], added, frozen, from);
        snprintf(path[0], sizeof path[0], "%s/model.safetensors", base);
        snprintf(path[1], sizeof path[1], "%s/model.safetensors", more);
        for (int i = 0; i < 2; i++)
            assert_ok(bough_tensor_file_open(&file[i], path[i]));
        assert_int_equal(bough_tensor_file_count(file[1]), bough_tensor_file_count(file[0]) + 4);
        for (size_t i = 0; i < bough_tensor_file_count(file[0]); i++) {
            const struct bough_file_tensor *was = bough_tensor_file_at(file[0], i);
            const struct bough_file_tensor *is = bough_tensor_file_find(file[1], was->name);
            assert_non_null(is);
            assert_int_equal(was->bytes, is->bytes);
            assert_memory_equal(was->data, is->data, was->bytes);
        }
        bough_tensor_file_close(&file[0]);
        bough_tensor_file_close(&file[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_others_numbers_stay),
    };
    return cmocka_run_group_tests(tests, training_start, training_end);
}
