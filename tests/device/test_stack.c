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

// affine, and how many are done together is added to each.
static void affine_stack(void *const *arg, const size_t *stride, int64_t members,
                         const void *params, int64_t begin, int64_t end)
{
    const struct affine *p = params;
    const struct affine one = {p->factor, p->term + (float)members};
    for (int64_t s = 0; s < members; s++) {
        void *const moved[] = {arg[0], arg[1], (char *)arg[2] + (size_t)s * stride[2]};
        affine(moved, &one, begin, end);
    }
}

static int64_t two(void)
{
    return 2;
}

static int64_t one(void)
{
    return 1;
}

// How many are done together, number `s` among them: 0 where it is alone, as the first of an odd
// stack that is cut into pairs.
static int64_t together(const struct bough__kernel *kernel, int64_t stack, int64_t s)
{
    return kernel->run_stack && kernel->together() == 2 && (stack % 2 == 0 || s > 0) ? 2 : 0;
}

// y[s] = 3 x + 1 for each s of a stack, and what affine_stack adds, with room between them that
// stays as it was.
static void run_stack(struct bough_device *device, const struct bough__kernel *kernel,
                      int64_t count, int64_t stack)
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
    struct bough__kernel_call call = {.kernel = kernel,
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
        const int64_t at = i % (count + ROOM), added = together(kernel, stack, i / (count + ROOM));
        assert_true(data[i] == (float)(at < count ? 3 * (at % 1000) + 1 + added : i % 1000));
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
    run_stack(device, &kernel_affine, 5, 3);
    run_stack(device, &kernel_affine, 5000, 7);
    run_stack(device, &kernel_affine, 100003, 2);
    bough_device_close(&device);
}

static void plain_c_does_members_of_a_stack_together(void **state)
{
    (void)state;
    struct bough_device *device = open_c();
    struct bough__kernel kernel = kernel_affine;
    kernel.run_stack = affine_stack;
    kernel.together = two;
    for (int64_t stack = 1; stack <= 7; stack++) {
        run_stack(device, &kernel, 5, stack);
        run_stack(device, &kernel, 20003, stack);
    }
    kernel.together = one;
    run_stack(device, &kernel, 5, 1);
    run_stack(device, &kernel, 20003, 4);
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
        cmocka_unit_test(plain_c_does_members_of_a_stack_together),
        cmocka_unit_test(products_become_one),
    };
    return cmocka_run_group_tests_name("stack", tests, NULL, test_devices_end);
}
