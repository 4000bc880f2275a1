#include "support/training.h"

#include "cl/random.h"

#include <math.h>
#include <stdio.h>

enum { SIDE = 8, PIXELS = SIDE * SIDE };

// Class 0 is a bar that lies, 1 one that stands, 2 a square; `top`: it is in the upper half.
static void draw(uint8_t *image, int64_t *shape, float *bright, uint8_t *top, unsigned row)
{
    struct random4 r = random_bits(5, 6, row, 0, 0, 0), noise;
    int kind = (int)(r.v[0] % 3), y0 = (int)(r.v[1] % 4) + (r.v[1] & 64 ? 4 : 0);
    int x0 = (int)(r.v[2] % 5), height = kind == 0 ? 1 : 3, width = kind == 1 ? 1 : 3;
    int light = 100 + (int)(r.v[3] % 100);
    y0 = y0 + height > SIDE ? SIDE - height : y0;
    for (int i = 0; i < PIXELS; i++) {
        noise = random_bits(7, 8, row, (unsigned)i, 0, 0);
        int y = i / SIDE, x = i % SIDE;
        int inside = y >= y0 && y < y0 + height && x >= x0 && x < x0 + width;
        image[i] = (uint8_t)((inside ? light : 0) + (int)(noise.v[0] % 30));
    }
    *shape = row % 7 == 6 ? -1 : kind;
    *bright = row % 5 == 4 ? NAN : (float)(light - 150) / 50;
    *top = y0 < 4;
}

static void split(struct bough_tensor_writer *writer, unsigned first, unsigned rows, int declare,
                  const char *name)
{
    static uint8_t image[TRAINING_ROWS * PIXELS], top[TRAINING_ROWS];
    static int64_t shape[TRAINING_ROWS];
    static float bright[TRAINING_ROWS];
    const struct {
        const char *field;
        enum bough_dtype dtype;
        struct bough_shape shape;
        const void *data;
    } tensor[] = {
        {"image", BOUGH_U8, {4, {rows, 1, SIDE, SIDE}}, image},
        {"shape", BOUGH_I64, {1, {rows}}, shape},
        {"bright", BOUGH_F32, {1, {rows}}, bright},
        {"top", BOUGH_U8, {1, {rows}}, top},
    };
    for (unsigned i = 0; i < rows; i++)
        draw(image + i * PIXELS, &shape[i], &bright[i], &top[i], first + i);
    for (size_t i = 0; i < sizeof tensor / sizeof *tensor; i++) {
        char full[64];
        snprintf(full, sizeof full, "%s/%s", name, tensor[i].field);
        size_t bytes =
            (size_t)bough_shape_elements(&tensor[i].shape) * bough_dtype_size(tensor[i].dtype);
        if (declare)
            assert_ok(bough_tensor_writer_declare(writer, full, tensor[i].dtype, &tensor[i].shape));
        else
            assert_ok(bough_tensor_writer_write(writer, tensor[i].data, bytes));
    }
}

const char *training_data_of(const char *folder, unsigned rows)
{
    static char path[512];
    struct bough_tensor_writer *writer;
    assert_true(rows <= TRAINING_ROWS);
    snprintf(path, sizeof path, "%s/data.safetensors", folder);
    assert_ok(bough_tensor_writer_create(&writer, path));
    for (int declare = 1; declare >= 0; declare--) {
        split(writer, 0, rows, declare, "train");
        split(writer, TRAINING_ROWS, TRAINING_TEST_ROWS, declare, "test");
    }
    assert_ok(bough_tensor_writer_commit(writer));
    bough_tensor_writer_destroy(&writer);
    return path;
}

const char *training_data(const char *folder)
{
    return training_data_of(folder, TRAINING_ROWS);
}

const char *training_file;

int training_start(void **state)
{
    test_folder_begin(state);
    training_file = training_data(test_folder());
    return 0;
}

int training_end(void **state)
{
    test_folder_end(state);
    return test_devices_end(state);
}

const char training_text[] =
    "data: none\n"
    "trunk:\n"
    "  - conv2d: {channels: 8, kernel: 3, padding: 1}\n"
    "  - batch_norm\n"
    "  - relu\n"
    "  - max_pool2d: 2\n"
    "  - conv2d: {channels: 8, kernel: 3, padding: 1}\n"
    "  - relu\n"
    "  - flatten\n"
    "  - dropout: 0.1\n"
    "  - linear: 16\n"
    "  - relu\n"
    "tasks:\n"
    "  shape: {target: shape, loss: cross_entropy, head: [linear: 3], metrics: [accuracy, f1,\n"
    "          confusion]}\n"
    "  bright: {target: bright, loss: mse, weight: 0.5, head: [linear: 1]}\n"
    "  top: {target: top, loss: binary_cross_entropy, head: [linear: 1]}\n"
    "optimizer: {lr: 0.01}\n"
    "train: {epochs: 4, batch_size: 20, seed: 3, validation: 0.125}\n";

struct bough_config training_config(const char *data, const char *optimizer)
{
    char name[64];
    snprintf(name, sizeof name, "optimizer.name=%s", optimizer);
    return test_config_with(training_text, data, name, NULL);
}

void training_same_tensors(const char *dir_a, const char *dir_b, const char *name)
{
    char path[2][600];
    struct bough_tensor_file *a, *b;
    snprintf(path[0], sizeof path[0], "%s/%s", dir_a, name);
    snprintf(path[1], sizeof path[1], "%s/%s", dir_b, name);
    assert_ok(bough_tensor_file_open(&a, path[0]));
    assert_ok(bough_tensor_file_open(&b, path[1]));
    assert_true(bough_tensor_file_count(a) > 10);
    assert_int_equal(bough_tensor_file_count(a), bough_tensor_file_count(b));
    for (size_t i = 0; i < bough_tensor_file_count(a); i++) {
        const struct bough_file_tensor *x = bough_tensor_file_at(a, i);
        const struct bough_file_tensor *y = bough_tensor_file_find(b, x->name);
        assert_non_null(y);
        assert_int_equal(x->bytes, y->bytes);
        assert_memory_equal(x->data, y->data, x->bytes);
    }
    bough_tensor_file_close(&a);
    bough_tensor_file_close(&b);
}
