#include "op/pool.h"

#include "base/error.h"

static enum bough_status mismatch(const struct bough__op_call *call, const char *why)
{
    char x[128];
    return bough__fail(BOUGH_INVALID, "input %s: %s",
                       bough_shape_format(&call->x[0].shape, x, sizeof x), why);
}

enum bough_status bough__pool_check_image(const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape;
    if (x->rank != 4)
        return mismatch(call, "wants [N, C, H, W]");
    if (x->dim[2] < 1 || x->dim[3] < 1)
        return mismatch(call, "the image is empty");
    return BOUGH_OK;
}

enum bough_status bough__pool_shape(struct bough__op_need *need, const struct bough__op_call *call)
{
    enum bough_status status = bough__pool_check_image(call);
    if (status != BOUGH_OK)
        return status;
    const struct bough__attr *attr = call->attr;
    need->y = call->x[0].shape;
    for (int i = 0; i < 2; i++) {
        if (attr->kernel[i] < 1 || attr->stride[i] < 1)
            return mismatch(call, "kernel and stride must be 1 or more");
        if (attr->padding[i] < 0 || attr->padding[i] > attr->kernel[i] / 2)
            return mismatch(call, "padding must be 0 to half the kernel");
        const int64_t padded = need->y.dim[2 + i] + 2 * (int64_t)attr->padding[i];
        if (padded < attr->kernel[i])
            return mismatch(call, "the kernel is larger than the padded image");
        if (padded > INT32_MAX / 2)
            return mismatch(call, "the padded image is above 2^30");
        need->y.dim[2 + i] = (padded - attr->kernel[i]) / attr->stride[i] + 1;
    }
    return BOUGH_OK;
}

struct pool_params bough__pool_params(const struct bough__op_call *call)
{
    const struct bough__attr *attr = call->attr;
    const int64_t *x = call->x[0].shape.dim, *y = call->y.shape.dim;
    return (struct pool_params){
        {(int)x[2], (int)y[2], attr->kernel[0], attr->stride[0], attr->padding[0]},
        {(int)x[3], (int)y[3], attr->kernel[1], attr->stride[1], attr->padding[1]},
        attr->activation == BOUGH_RELU};
}
