// Stacks in one launch: kernels here, with their ops in tests/op on every device; products as one.
#include "device/affine_kernel.h"
#include "device/gemm_stack.h"
#include "device/sequence.h"
#include "support/support.h"

#include <stdlib.h>

static struct bough_device *open_c(void)
{
    struct bough_device *device;
    assert_ok(bough_device_open(&device, "c"));
    return device;
}

// y[s] = 3 x + 1 for each s of a stack, with room between them that stays as it was.
static void run_stack(struct bough_device *device, int64_t count, int64_t stack)
{
    enum { ROOM = 3 };
    const size_t floats = (size_t)((count + ROOM) * stack);
    float *data = malloc(floats * sizeof *data);
    assert_non_null(data);
    for (size_t i = 0; i < floats; i++)
        data[i] = (float)(i % 1000);
    struct bough__buffer *x, *y;
    assert_ok(bough__buffer_create(&x, device, floats * sizeof *data));
    assert_ok(bough__buffer_create(&y, device, floats * sizeof *data));
    assert_ok(bough__write(bough__whole(x), data, floats * sizeof *data));
    assert_ok(bough__write(bough__whole(y), data, floats * sizeof *data));
    struct affine params = {3, 1};
    struct bough__sequence sequence = {.device = device, .stack = stack};
    struct bough__kernel_call call = {.kernel = &kernel_affine,
                                      .arg = {bough__whole(x), bough__whole(NULL), bough__whole(y)},
                                      .params = &params,
                                      .count = count};
    call.arg[2].stride = (size_t)(count + ROOM) * sizeof *data;
    assert_ok(bough__sequence_kernel(&sequence, &call));
    assert_int_equal(sequence.count, 1);
    assert_true(sequence.launch[0]->bytes == 4.0 * (double)(count * (stack + 1)));
    assert_ok(bough__sequence_run(&sequence));
    assert_ok(bough__read(bough__whole(y), data, floats * sizeof *data));
    for (int64_t i = 0; i < (int64_t)floats; i++) {
        const int64_t at = i % (count + ROOM);
        assert_true(data[i] == (at < count ? 3 * (float)(at % 1000) + 1 : (float)(i % 1000)));
    }
    bough__sequence_fini(&sequence);
    bough__buffer_destroy(&x);
    bough__buffer_destroy(&y);
    free(data);
}

static void plain_c_runs_stacks(void **state)
{
    (void)state;
    struct bough_device *device = open_c();
    run_stack(device, 5, 3);
    run_stack(device, 5000, 7);
    run_stack(device, 100003, 2);
    bough_device_close(&device);
}

// Of the gradient of a linear layer's weight, or of its input.
static struct bough__gemm product(struct bough__buffer *buffer, size_t a, size_t b, size_t c)
{
    struct bough__gemm gemm = {.m = 20,
                               .n = 30,
                               .k = 5,
                               .a = {.row = {.stride = 5}, .col = {.stride = 1}},
                               .b = {.row = {.stride = 30}, .col = {.stride = 1}},
                               .c = {.row = {.stride = 30}, .col = {.stride = 1}}};
    gemm.a.data = (struct bough__span){.buffer = buffer, .stride = a};
    gemm.b.data = (struct bough__span){.buffer = buffer, .stride = b};
    gemm.c.data = (struct bough__span){.buffer = buffer, .stride = c};
    return gemm;
}

static void products_become_one(void **state)
{
    (void)state;
    struct bough__buffer buffer = {.size = 1 << 20};
    struct bough__gemm all, gemm = product(&buffer, 400, 0, 2400);
    assert_true(bough__gemm_of_stack(&all, &gemm, 4)); // rows that follow one another
    assert_true(all.m == 80 && all.n == 30 && all.batch <= 1 && all.a.row.inner == 0);
    gemm = product(&buffer, 400, 0, 2440);
    assert_true(bough__gemm_of_stack(&all, &gemm, 4)); // C apart
    assert_true(all.m == 80 && all.c.row.inner == 20 && all.c.row.outer == 610);
    gemm = product(&buffer, 0, 40, 40); // columns that do
    gemm.n = 10;
    gemm.b.row.stride = gemm.c.row.stride = 120;
    assert_true(bough__gemm_of_stack(&all, &gemm, 4));
    assert_true(all.n == 40 && all.m == 20);
    gemm = product(&buffer, 400, 600, 2400); // both move
    assert_true(bough__gemm_of_stack(&all, &gemm, 4));
    assert_true(all.batch == 4 && all.a.batch_stride == 100 && all.c.batch_stride == 600);
    gemm.batch = 2;
    assert_false(bough__gemm_of_stack(&all, &gemm, 4));
    gemm = product(&buffer, 402, 600, 2400); // no whole floats
    assert_false(bough__gemm_of_stack(&all, &gemm, 4));
    assert_true(bough__gemm_in_stack(&gemm, 2).a.data.offset == 804);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_c_runs_stacks),
        cmocka_unit_test(products_become_one),
    };
    return cmocka_run_group_tests_name("stack", tests, NULL, test_devices_end);
}
