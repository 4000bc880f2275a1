// The first OpenCL device of this machine, opened without the self-test of the front.
#ifndef BOUGH_TEST_OPENCL_SUPPORT_H
#define BOUGH_TEST_OPENCL_SUPPORT_H

#include "device/device.h"
#include "support/support.h"

#include <stdio.h>
#include <string.h>

// NULL, after a line that says so, where there is none.
static inline struct bough_device *opencl_open(void)
{
    struct bough_device_info list[16];
    struct bough_device *device = NULL;
    char note[512] = "";
    size_t backends, count = 0;
    const struct bough__backend *const *backend = bough__backends(&backends, note, sizeof note);
    if (backends > 1)
        assert_ok(backend[1]->list(list, 16, &count, note, sizeof note));
    for (size_t i = 0; i < count && i < 16 && !device; i++)
        if (!list[i].refused[0])
            assert_ok(backend[1]->open(&device, list[i].id));
    if (device)
        printf("device %s: %s\n", device->info.id, device->info.name);
    else
        test_no_opencl(note);
    if (!device)
        printf("skipped: no OpenCL device: %s\n", note);
    return device;
}

// Oclgrind interprets: everything is to be tiny there.
static inline int opencl_is_slow(const struct bough_device *device)
{
    return strstr(bough_device_info(device)->name, "Oclgrind") != NULL;
}

#endif
