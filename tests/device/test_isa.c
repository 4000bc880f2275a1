// Which instruction set plain C multiplies with, and that BOUGH_ISA forces it.
#include "device/c/c_gemm.h"
#include "device/device.h"
#include "support/support.h"

#include <stdlib.h>
#include <string.h>

static const char *const sets[] = {"avx512", "avx2", "base"};

enum { SETS = 3, SIZE = 40 };

// What multiplies [m, k] by [k, n] on a device that is opened now.
static const char *implementation(int64_t batch)
{
    static char name[32];
    struct bough_device *c;
    struct bough__buffer *buffer;
    struct bough__launch *launch;
    assert_ok(bough_device_open(&c, "c"));
    assert_ok(bough__buffer_create(&buffer, c, 2 * SIZE * SIZE * sizeof(float)));
    const struct bough__matrix x = {.data = {buffer, 0},
                                    .row = {.stride = SIZE},
                                    .col = {.stride = 1},
                                    .batch_stride = SIZE * SIZE};
    const struct bough__gemm gemm = {
        .m = SIZE, .n = SIZE, .k = SIZE, .batch = batch, .alpha = 1, .a = x, .b = x, .c = x};
    assert_ok(bough__launch_gemm(&launch, c, &gemm));
    snprintf(name, sizeof name, "%s", launch->implementation);
    bough__launch_destroy(&launch);
    bough__buffer_destroy(&buffer);
    bough_device_close(&c);
    return name;
}

static int has(const char *set)
{
    struct bough_device *c;
    setenv("BOUGH_ISA", set, 1);
    enum bough_status status = bough_device_open(&c, "c");
    if (status == BOUGH_OK)
        bough_device_close(&c);
    else
        assert_fails(status, BOUGH_DEVICE, "BOUGH_ISA");
    return status == BOUGH_OK;
}

static void every_set_of_the_processor_runs_where_it_is_forced(void **state)
{
    (void)state;
    for (int i = 0; i < SETS; i++) {
        if (!has(sets[i])) {
            printf("skipped: instruction set %s: not of this processor\n", sets[i]);
            continue;
        }
        assert_string_equal(implementation(2), sets[i]);
        assert_string_equal(implementation(1), i == 0 ? "small" : sets[i]);
    }
    assert_true(has("base"));
}

static void the_best_one_runs_else(void **state)
{
    (void)state;
    int best = 0;
    while (!has(sets[best]))
        best++;
    unsetenv("BOUGH_ISA");
    assert_string_equal(implementation(2), sets[best]);
    setenv("BOUGH_ISA", "", 1);
    assert_string_equal(implementation(2), sets[best]);
}

static void a_set_that_there_is_not_is_an_error(void **state)
{
    (void)state;
    struct bough_device *c;
    setenv("BOUGH_ISA", "avx1024", 1);
    assert_fails(bough_device_open(&c, "c"), BOUGH_DEVICE,
                 "BOUGH_ISA is \"avx1024\", and this processor has:");
    assert_non_null(strstr(bough_last_error(), " base"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_set_of_the_processor_runs_where_it_is_forced),
        cmocka_unit_test(the_best_one_runs_else),
        cmocka_unit_test(a_set_that_there_is_not_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
