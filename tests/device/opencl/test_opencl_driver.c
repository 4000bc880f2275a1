// Lists of launches that take the one driver or the other, and lists that mix them: the same
// values, in order. And PoCL's basic driver is no device of its own.
#include "device/opencl/opencl_support.h"

#include "cl/elementwise_params.h"

#include <stdlib.h>

enum { COUNT = 1000 };

static struct bough_device *device;

// The C twin is never used.
static void add_fwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)arg, (void)params, (void)begin, (void)end;
    fail();
}

static const struct bough__kernel kernel_add = {
    "add_fwd",        "elementwise", add_fwd,
    BOUGH_GRID_ITEMS, .args = 3,     .params_size = sizeof(struct add_params)};

// y = y + x, prepared for lists of `flops`
static struct bough__launch *add(struct bough__buffer *x, struct bough__buffer *y, double flops)
{
    struct bough__launch *launch;
    const struct add_params plain = {.add = {0}};
    assert_ok(bough__expect(device, flops));
    assert_ok(bough__launch_kernel(
        &launch, device,
        &(struct bough__kernel_call){.kernel = &kernel_add,
                                     .params = &plain,
                                     .count = COUNT,
                                     .arg = {bough__whole(y), bough__whole(x), bough__whole(y)}}));
    return launch;
}

static void drivers_mix(void **state)
{
    (void)state;
    static float x[COUNT], y[COUNT];
    struct bough__buffer *buffer[2];
    struct bough__launch *launch[4];
    if (!device)
        skip();
    for (int i = 0; i < COUNT; i++)
        x[i] = (float)i;
    for (int b = 0; b < 2; b++)
        assert_ok(bough__buffer_create(&buffer[b], device, sizeof x));
    // x, then y = x, 2 x, 4 x, ...: each launch reads what the one before it wrote.
    for (int l = 0; l < 4; l++)
        launch[l] = add(buffer[l % 2], buffer[(l + 1) % 2], l == 1 || l == 2 ? 1 : 1e12);
    assert_ok(bough__write(bough__whole(buffer[0]), x, sizeof x));
    assert_ok(bough__fill_zero(bough__whole(buffer[1]), sizeof x));
    for (int round = 0; round < 2; round++)
        assert_ok(bough__run(device, launch, 4));
    assert_ok(bough__read(bough__whole(buffer[0]), y, sizeof y));
    // (a, b) becomes (a + b, b) or (a, a + b): eight turns from (1, 0) end at (34, 21).
    for (int i = 0; i < COUNT; i++)
        assert_true(y[i] == 34 * x[i]);
    struct bough__timing timing[4];
    assert_ok(bough__run_timed(device, launch, 4, timing));
    assert_ok(bough__read(bough__whole(buffer[1]), y, sizeof y));
    for (int i = 0; i < COUNT; i++)
        assert_true(y[i] == 144 * x[i]);
    for (int l = 0; l < 4; l++)
        bough__launch_destroy(&launch[l]);
    for (int b = 0; b < 2; b++)
        bough__buffer_destroy(&buffer[b]);
}

static void basic_is_hidden(void **state)
{
    (void)state;
    if (!device || getenv("POCL_DEVICES"))
        skip();
    assert_null(strstr(device->info.name, "basic-"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drivers_mix),
        cmocka_unit_test(basic_is_hidden),
    };
    device = opencl_open();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (device)
        bough_device_close(&device);
    return failed;
}
