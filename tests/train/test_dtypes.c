// The same values in other element types give the same training.
#include "support/configs.h"

#include <stdio.h>
#include <string.h>

enum { ROWS = 8, WIDTH = 2 };

// Exact in all types: F16 and BF16 hold them too.
static const float input[ROWS * WIDTH] = {0, 1, 2, 3, -1, 0.5f, 1.5f, -2, 4, 0, 1, 1, -3, 2, 0, -1};
static const float number[ROWS] = {0, 1, -1, 0.5f, 2, -2, 1, 0};
static const uint8_t truth[ROWS] = {0, 1, 0, 1, 1, 0, 1, 0};

// `value` as an array of `dtype`.
static size_t encode(unsigned char *to, enum bough_dtype dtype, const float *value, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &value[i], sizeof bits);
        const uint32_t exponent = bits >> 23 & 255;
        const uint16_t brain = (uint16_t)(bits >> 16);
        const uint16_t half =
            (uint16_t)((bits >> 16 & 0x8000) | (exponent ? (exponent - 112) << 10 : 0) |
                       (bits >> 13 & 1023));
        if (dtype == BOUGH_F32)
            memcpy(to + 4 * i, &value[i], 4);
        else
            memcpy(to + 2 * i, dtype == BOUGH_F16 ? &half : &brain, 2);
    }
    return count * bough_dtype_size(dtype);
}

static const char *write_data(const char *name, enum bough_dtype inputs, enum bough_dtype numbers,
                              enum bough_dtype truths)
{
    static char path[512];
    unsigned char bytes[4 * ROWS * WIDTH];
    struct bough_tensor_writer *writer;
    const struct bough_shape wide = {2, {ROWS, WIDTH}}, column = {1, {ROWS}};
    snprintf(path, sizeof path, "%s/%s", test_folder(), name);
    assert_ok(bough_tensor_writer_create(&writer, path));
    assert_ok(bough_tensor_writer_declare(writer, "train/x", inputs, &wide));
    assert_ok(bough_tensor_writer_declare(writer, "train/number", numbers, &column));
    assert_ok(bough_tensor_writer_declare(writer, "train/truth", truths, &column));
    assert_ok(bough_tensor_writer_write(writer, bytes, encode(bytes, inputs, input, ROWS * WIDTH)));
    assert_ok(bough_tensor_writer_write(writer, bytes, encode(bytes, numbers, number, ROWS)));
    assert_ok(bough_tensor_writer_write(writer, truth, ROWS));
    assert_ok(bough_tensor_writer_commit(writer));
    bough_tensor_writer_destroy(&writer);
    return path;
}

static void keep_losses(void *user, const struct bough_event *event)
{
    if (event->kind == BOUGH_EVENT_EPOCH)
        memcpy(user, event->loss, 3 * sizeof(double));
}

static void train(double loss[3], const char *data)
{
    struct bough_config config =
        test_config("data: none\ninput: x\n"
                    "tasks:\n"
                    "  class: {target: truth, loss: cross_entropy, head: [linear: 2]}\n"
                    "  \"yes\": {target: truth, loss: binary_cross_entropy, head: [linear: 1]}\n"
                    "  number: {target: number, loss: mse, head: [linear: 1]}\n"
                    "train: {epochs: 3}\n",
                    NULL);
    test_config_use(&config, data);
    config.train.batch_size = ROWS;
    struct bough_run *run;
    assert_ok(bough_train(&run, &config,
                          &(struct bough_train_options){.observe = keep_losses, .user = loss}));
    bough_run_destroy(&run);
}

static void half_brain_and_bool_train_as_the_others(void **state)
{
    (void)state;
    double wanted[3], got[3];
    train(wanted, write_data("a", BOUGH_F32, BOUGH_F32, BOUGH_U8));
    train(got, write_data("b", BOUGH_F16, BOUGH_BF16, BOUGH_BOOL));
    assert_memory_equal(got, wanted, sizeof wanted);
    train(got, write_data("c", BOUGH_BF16, BOUGH_F16, BOUGH_BOOL));
    assert_memory_equal(got, wanted, sizeof wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(half_brain_and_bool_train_as_the_others, test_folder_begin,
                                        test_folder_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
