// The front: which device is opened, what is checked, buffers, kernels, the self-test.
#include "device/device.h"
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void every_device_passes_its_selftest(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t i = 0; i < count; i++) {
        char report[2048];
        assert_ok(bough_device_selftest(device[i], report, sizeof report));
        printf("%s", report);
        assert_non_null(strstr(report, "gemm windows transposed"));
        assert_non_null(strstr(report, "softmax"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_device_passes_its_selftest),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    test_devices_close();
    return failed;
}
