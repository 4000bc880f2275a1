// A kernel to test devices with: y = factor x + term. Its second argument is absent.
#ifndef BOUGH_TEST_AFFINE_KERNEL_H
#define BOUGH_TEST_AFFINE_KERNEL_H

#include "device/device.h"
#include "support/support.h"

struct affine {
    float factor, term;
};

static void affine(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct affine *p = params;
    const float *x = arg[0];
    float *y = arg[2];
    assert_null(arg[1]);
    for (int64_t i = begin; i < end; i++)
        y[i] = x[i] * p->factor + p->term;
}

// A twin for plain C alone; what OpenCL kernels do is tested with their ops.
static const struct bough__kernel kernel_affine = {
    "affine", "none", affine, BOUGH_GRID_ITEMS, .args = 3, .params_size = sizeof(struct affine)};

#endif
