// What does not depend on the machine: FLOPs, counts, and that every op has its rows.
#include "support/support.h"

#include "bench/numbers.h"
#include "cl/random.h"
#include "op/op.h"

#include <bough/bough.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- Numbers ----

static void numbers_fill_their_range(void **state)
{
    (void)state;
    enum { COUNT = 10001 };
    static float x[COUNT + 1], other[COUNT];
    double sum = 0;
    int same = 0, low = 0;
    x[COUNT] = 7;
    bough__numbers_fill(x, COUNT, 3, -1, 9);
    bough__numbers_fill(other, COUNT, 4, -1, 9);
    assert_true(x[COUNT] == 7);
    for (int i = 0; i < COUNT; i++) {
        assert_true(x[i] >= -1 && x[i] < 9);
        sum += (double)x[i];
        low += x[i] < 0;
        same += x[i] == other[i];
    }
    assert_float_equal(sum / COUNT, 4, 0.1); // the deviation of the mean is 0.03
    assert_in_range(low, 900, 1100);         // of one number in ten: 30
    assert_in_range(same, 0, 10);
    assert_true(x[6] == -1 + 10 * random_unit(random_bits(3, 0, 1, 0, 0, 0).v[2]));
}

// ---- A step ----

enum { ROWS = 100 };

// Digits 28 x 28 of noise.
static const char *write_data(const char *folder)
{
    static char path[256];
    static uint8_t image[ROWS][28][28];
    static int64_t label[ROWS];
    const struct bough_file_tensor tensor[] = {
        {"train/image", BOUGH_U8, {4, {ROWS, 1, 28, 28}}, image, sizeof image},
        {"train/label", BOUGH_I64, {1, {ROWS}}, label, sizeof label},
    };
    for (int i = 0; i < ROWS; i++) {
        float pixel[28 * 28];
        bough__numbers_fill(pixel, 28 * 28, (uint32_t)i, 0, 256);
        for (int p = 0; p < 28 * 28; p++)
            image[i][p / 28][p % 28] = (uint8_t)pixel[p];
        label[i] = i % 10;
    }
    struct bough_tensor_writer *writer;
    snprintf(path, sizeof path, "%s/digits.safetensors", folder);
    assert_ok(bough_tensor_writer_create(&writer, path));
    for (int i = 0; i < 2; i++)
        assert_ok(
            bough_tensor_writer_declare(writer, tensor[i].name, tensor[i].dtype, &tensor[i].shape));
    for (int i = 0; i < 2; i++)
        assert_ok(bough_tensor_writer_write(writer, tensor[i].data, tensor[i].bytes));
    assert_ok(bough_tensor_writer_commit(writer));
    bough_tensor_writer_destroy(&writer);
    return path;
}

// Forward, and the gradients of every weight and of every input but the first.
static double flops_of_sample(int scores)
{
    const double conv1 = 2.0 * 28 * 28 * 32 * 9, conv2 = 2.0 * 14 * 14 * 64 * 32 * 9;
    const double linear = 2.0 * 3136 * 128, heads = 2.0 * 128 * scores;
    return 2 * conv1 + 3 * (conv2 + linear + heads);
}

static void count_step(const char *data, const char *regime, int scores)
{
    const char *const set[] = {data, "train.batch_size=4", regime};
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    struct bough_config *config;
    assert_ok(
        bough_config_open(&config, TEST_SOURCE_DIR "/datasets/mnist-cnn/config.yaml", set, 3));
    for (size_t i = 0; i < count; i++) {
        struct bough_step_bench step;
        const struct bough_bench_options options = {.device = device[i], .seconds = 1e-3};
        assert_ok(bough_bench_step(&step, config, &options));
        assert_true(flops_of_sample(10 + 2 + 2) == 24998400);
        assert_true(step.flops == 4 * flops_of_sample(scores));
        assert_int_equal(step.batch, 4);
        assert_true(step.seconds > 0 && step.feeding > 0);
        assert_true(step.launches >= 5 && step.launches <= 60);
        assert_true(step.reads == 0 && step.writes >= 1 && step.writes <= 2);
        assert_true(step.planned > 0 && step.values >= 4 * 4 * 32 * 14 * 14);
    }
    bough_config_close(&config);
}

static void step_counts(void **state)
{
    (void)state;
    char data[300];
    snprintf(data, sizeof data, "data=%s", write_data(test_folder_create()));
    count_step(data, "train.regime=joint", 10 + 2 + 2);
    count_step(data, "train.regime=independent", 10); // of the first task
    test_folder_remove();
}

// ---- Rows ----

struct seen {
    char name[256][64];
    struct bough_bench_row row[256];
    size_t count;
};

static void see(void *user, const struct bough_bench_row *row)
{
    struct seen *seen = user;
    assert_true(seen->count < 256);
    assert_true(row->seconds > 0 && row->bytes > 0);
    snprintf(seen->name[seen->count], sizeof seen->name[0], "%s", row->name);
    seen->row[seen->count++] = *row;
}

static const struct bough_bench_row *find(const struct seen *seen, const char *op, const char *pass)
{
    char name[64];
    snprintf(name, sizeof name, "%s %s", op, pass);
    for (size_t i = 0; i < seen->count; i++)
        if (strcmp(seen->name[i], name) == 0)
            return &seen->row[i];
    return NULL;
}

static void every_op_has_rows(void **state)
{
    (void)state;
    static struct seen seen;
    size_t count;
    const struct bough__op *const *op = bough__op_all(&count);
    assert_ok(
        bough_bench_ops(&(struct bough_bench_options){.seconds = 1e-4, .row = see, .user = &seen}));
    for (size_t i = 0; i < count; i++) {
        const int wanted = !(op[i]->flags & BOUGH__OP_VIEW);
        assert_true((find(&seen, op[i]->name, "forward") != NULL) == wanted);
        const int back = wanted && ~op[i]->no_gradient & ((1u << op[i]->inputs_max) - 1);
        assert_true((find(&seen, op[i]->name, "backward") != NULL) == back);
    }
    const double product = 2.0 * 256 * 512 * 512, image = 4.0 * 64 * 32 * 28 * 28;
    assert_true(find(&seen, "linear", "forward")->flops == product);
    assert_true(find(&seen, "linear", "backward")->flops == 2 * product);
    assert_true(find(&seen, "relu", "forward")->bytes == 2 * image);
    assert_true(find(&seen, "relu", "backward")->bytes == 3 * image);
    assert_true(find(&seen, "multiply", "backward")->bytes == 5 * image);
}

static void products(void **state)
{
    (void)state;
    static struct seen seen;
    const struct bough_gemm_shape shape[] = {{5, 7, 9}, {64, 32, 16}, {5, 0, 9}};
    const struct bough_bench_options options = {.seconds = 1e-4, .row = see, .user = &seen};
    assert_ok(bough_bench_gemm(&options, shape, 2));
    assert_int_equal(seen.count, 2);
    const struct bough_bench_row *row = &seen.row[0];
    assert_true(row->m == 5 && row->n == 7 && row->k == 9 && row->batch == 1);
    assert_true(row->flops == 2 * 5 * 7 * 9 && row->bytes == 4 * (5 * 7 + 5 * 9 + 9 * 7));
    assert_fails(bough_bench_gemm(&options, shape, 3), BOUGH_INVALID, "gemm: 5,0,9");
}

// Every size is checked before the device is written to.
static void products_too_large(void **state)
{
    (void)state;
    static const struct {
        struct bough_gemm_shape shape;
        const char *says;
    } product[] = {
        {{INT64_C(1) << 62, 1, 1}, "gemm: 4611686018427387904,1,1: linear: input"},
        {{(INT64_C(1) << 62) + 1, 1, 1}, "[4611686018427387905, 1], wanted at most 2147483647"},
        {{1, INT64_MAX, INT64_MAX}, "wanted at most 2147483647 elements"},
        {{INT64_C(1) << 31, 1, 2}, "gemm: 2147483648,1,2: linear: input [2147483648, 1]"},
        {{1000000000, 1, 1000000000}, "output [1000000000, 1000000000], wanted at most 2147483647"},
    };
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t i = 0; i < count; i++) {
        const struct bough_bench_options options = {.device = device[i], .seconds = 1e-4};
        const struct bough__counts before = device[i]->counts;
        for (size_t p = 0; p < sizeof product / sizeof *product; p++)
            assert_fails(bough_bench_gemm(&options, &product[p].shape, 1), BOUGH_INVALID,
                         product[p].says);
        assert_int_equal(device[i]->counts.writes, before.writes);
    }
}

// Of one buffer, and of all of them.
static void products_beyond_the_device(void **state)
{
    (void)state;
    const struct bough_gemm_shape shape = {32, 16, 8};
    struct bough_device *device;
    assert_ok(bough_device_open(&device, "c"));
    const struct bough_bench_options options = {.device = device, .seconds = 1e-4};
    const uint64_t writes = device->counts.writes;
    device->info.max_buffer = 2047;
    assert_fails(bough_bench_gemm(&options, &shape, 1), BOUGH_DEVICE,
                 "gemm: 32,16,8: device c: a buffer of 2048 bytes is wanted, the largest is 2047");
    device->info.max_buffer = device->info.memory = 4096;
    assert_fails(bough_bench_gemm(&options, &shape, 1), BOUGH_DEVICE,
                 "buffers of more than 4096 bytes are wanted");
    assert_int_equal(device->counts.writes, writes);
    bough_device_close(&device);
}

// The products of three nets and the squares: half a second, but minutes where memory is checked.
static void standard_list(void **state)
{
    (void)state;
    static struct seen seen;
    const struct bough_bench_options options = {.seconds = 1e-4, .row = see, .user = &seen};
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
    if (getenv("BOUGH_TEST_TINY"))
        skip();
    assert_ok(bough_bench_gemm(&options, NULL, 0));
    for (size_t i = 0; i < seen.count; i++) {
        const struct bough_bench_row *row = &seen.row[i];
        assert_true(row->flops == 2.0 * (double)(row->m * row->n * row->k));
    }
    const struct bough_bench_row *conv = find(&seen, "mnist-cnn 64 conv2", "forward");
    assert_true(conv->m == 64 && conv->n == 64 * 14 * 14 && conv->k == 32 * 9);
    conv = find(&seen, "lenet 256 conv2", "dx");
    assert_true(conv->m == 10 && conv->n == 256 * 12 * 12 && conv->k == 20 * 25);
    conv = find(&seen, "mnist-cnn 256 conv1", "dweight");
    assert_true(conv->m == 32 && conv->n == 9 && conv->k == 256 * 28 * 28);
    assert_null(find(&seen, "mnist-cnn 256 conv1", "dx"));
    assert_non_null(find(&seen, "2048 x 2048", "x 2048"));
}

static void ceilings(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t i = count, cpus = 0; i-- > 0;) {
        const enum bough_device_type type = bough_device_info(device[i])->type;
        struct bough_ceiling ceiling;
        if ((type == BOUGH_DEVICE_C || type == BOUGH_DEVICE_CPU) && cpus++)
            continue; // plain C's, again
        assert_ok(bough_bench_ceiling(&ceiling, device[i]));
        assert_true(ceiling.gflops > 0 && ceiling.gbs > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_fill_their_range),
        cmocka_unit_test(step_counts),
        cmocka_unit_test(every_op_has_rows),
        cmocka_unit_test(products),
        cmocka_unit_test(products_too_large),
        cmocka_unit_test(products_beyond_the_device),
        cmocka_unit_test(standard_list),
        cmocka_unit_test(ceilings),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
