// A class and a number for every pixel: losses, missing labels and metrics count positions.
#include "support/configs.h"
#include "support/support.h"

#include <bough/train.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 24, SIDE = 6, PIXELS = SIDE * SIDE, ALL = ROWS * PIXELS };

static struct {
    float image[ALL], number[2 * ALL]; // [ROWS, 1, SIDE, SIDE], [ROWS, 2, SIDE, SIDE]
    int32_t label[ALL];
    int64_t labelled;
} data;

// A pixel's class is by its brightness; every third has none, and so has every number of a column.
static void make_data(void)
{
    data.labelled = 0;
    for (int i = 0; i < ALL; i++) {
        const float x = (float)(i * 37 % 101) / 50 - 1;
        const int n = i / PIXELS, pixel = i % PIXELS;
        data.image[i] = x;
        data.label[i] = i % 3 == 1 ? -1 : x < -0.4f ? 0 : x < 0.4f ? 1 : 2;
        data.labelled += data.label[i] >= 0;
        data.number[2 * n * PIXELS + pixel] = pixel % SIDE == 2 ? NAN : 2 * x;
        data.number[(2 * n + 1) * PIXELS + pixel] = 1 - x;
    }
}

static const char *write_data(void)
{
    static char path[512];
    static const char *const splits[] = {"train", "test"};
    const struct bough_shape image = {4, {ROWS, 1, SIDE, SIDE}}, label = {3, {ROWS, SIDE, SIDE}},
                             number = {4, {ROWS, 2, SIDE, SIDE}};
    struct bough_tensor_writer *writer;
    snprintf(path, sizeof path, "%s/pixels.safetensors", test_folder());
    make_data();
    assert_ok(bough_tensor_writer_create(&writer, path));
    for (int s = 0; s < 2; s++) {
        char name[3][64];
        snprintf(name[0], sizeof name[0], "%s/image", splits[s]);
        snprintf(name[1], sizeof name[1], "%s/label", splits[s]);
        snprintf(name[2], sizeof name[2], "%s/number", splits[s]);
        assert_ok(bough_tensor_writer_declare(writer, name[0], BOUGH_F32, &image));
        assert_ok(bough_tensor_writer_declare(writer, name[1], BOUGH_I32, &label));
        assert_ok(bough_tensor_writer_declare(writer, name[2], BOUGH_F32, &number));
    }
    for (int s = 0; s < 2; s++) {
        assert_ok(bough_tensor_writer_write(writer, data.image, sizeof data.image));
        assert_ok(bough_tensor_writer_write(writer, data.label, sizeof data.label));
        assert_ok(bough_tensor_writer_write(writer, data.number, sizeof data.number));
    }
    assert_ok(bough_tensor_writer_commit(writer));
    bough_tensor_writer_destroy(&writer);
    return path;
}

static const char text[] =
    "data: none\ninput: image\n"
    "trunk: [conv2d: {channels: 8, kernel: 1}, relu]\n"
    "tasks:\n"
    "  class: {target: label, loss: cross_entropy, head: [conv2d: {channels: 3, kernel: 1}],\n"
    "    metrics: [accuracy, confusion]}\n"
    "  number: {target: number, loss: mse, head: [conv2d: {channels: 2, kernel: 1}],\n"
    "    metrics: [mse, r2]}\n"
    "optimizer: {name: adam, lr: 0.02}\n"
    "train: {epochs: 60, batch_size: 7, seed: 1}\n";

static void check_scores(const struct bough_result *result)
{
    const struct bough_metrics *test = result->test;
    int64_t counted = 0, right = 0;
    for (int i = 0; i < 9; i++) {
        counted += test->confusion[0].count[i];
        right += i % 4 ? 0 : test->confusion[0].count[i];
    }
    const double accuracy = bough_metrics_find(test, "class", "accuracy");
    assert_int_equal(counted, data.labelled);
    assert_true(accuracy == (double)right / (double)counted && accuracy > 0.9);
    assert_true(bough_metrics_find(test, "class", "loss") < 0.5);
    const double loss = bough_metrics_find(test, "number", "loss"),
                 mse = bough_metrics_find(test, "number", "mse");
    assert_true(loss < 0.05 && fabs(loss - mse) < 1e-4 * mse);
    assert_true(bough_metrics_find(test, "number", "r2") > 0.9);
}

static void a_class_and_numbers_for_every_pixel(void **state)
{
    (void)state;
    const char *path = write_data();
    struct bough_config config = test_config(text, NULL);
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    char dir[600];
    test_config_use(&config, path);
    snprintf(dir, sizeof dir, "%s/run", test_folder());
    for (size_t d = 0; d < count; d++) {
        struct bough_run *run;
        assert_ok(bough_train(
            &run, &config,
            &(struct bough_train_options){.device = device[d], .run_dir = d ? NULL : dir}));
        check_scores(bough_run_result(run));
        bough_run_destroy(&run);
    }
    assert_fails(bough_predict(dir, &(struct bough_predict_options){.data = path, .out = "no.csv"}),
                 BOUGH_INVALID,
                 "tasks.class has scores at 36 positions a row, and a row of the CSV takes one");
}

static void labels_must_have_the_positions_of_the_scores(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"tasks.class.head=[conv2d: {channels: 4, kernel: [3, 1]}]",
         "cross_entropy of 24 positions a row wants as many integer classes"},
        {"tasks.number.target={field: number, standardize: true}",
         "mean and std are for scores [N, K], and the head gives 36 positions a row"},
    };
    const char *path = write_data();
    for (int i = 0; i < 2; i++) {
        struct bough_config config = test_config(text, wrong[i][0], NULL);
        struct bough_run *run;
        test_config_use(&config, path);
        assert_fails(bough_train(&run, &config, NULL), BOUGH_INVALID, wrong[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_class_and_numbers_for_every_pixel, test_folder_begin,
                                        test_folder_end),
        cmocka_unit_test_setup_teardown(labels_must_have_the_positions_of_the_scores,
                                        test_folder_begin, test_folder_end),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
