// softmax over the last dimension: x [..., K] -> y [..., K]
#include "base/error.h"
#include "cl/softmax_params.h"
#include "op/lanes.h"
#include "op/op.h"

BOUGH_TWIN static void softmax_fwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const int64_t classes = ((const struct softmax_params *)params)->classes;
    for (int64_t row = begin; row < end; row++) {
        row_softmax((float *)arg[1] + row * classes, (const float *)arg[0] + row * classes,
                    classes);
    }
}

BOUGH_TWIN static void softmax_bwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const int64_t classes = ((const struct softmax_params *)params)->classes;
    for (int64_t row = begin; row < end; row++) {
        const float *y = (const float *)arg[0] + row * classes;
        const float *dy = (const float *)arg[1] + row * classes;
        float *dx = (float *)arg[2] + row * classes;
        const float mean = row_dot(y, dy, classes);
#pragma omp simd
        for (int64_t c = 0; c < classes; c++)
            dx[c] = y[c] * (dy[c] - mean);
    }
}

static const struct bough__kernel kernel_fwd = {
    "softmax_fwd",   "softmax", softmax_fwd,
    BOUGH_GRID_ROWS, .args = 2, .params_size = sizeof(struct softmax_params)};
static const struct bough__kernel kernel_bwd = {
    "softmax_bwd",   "softmax", softmax_bwd,
    BOUGH_GRID_ROWS, .args = 3, .params_size = sizeof(struct softmax_params)};

static enum bough_status softmax_shape(struct bough__op_need *need,
                                       const struct bough__op_call *call)
{
    need->y = call->x[0].shape;
    if (need->y.rank < 1)
        return bough__fail(BOUGH_INVALID, "input [], wanted [..., K]");
    return BOUGH_OK;
}

static int classes(const struct bough__op_call *call)
{
    return (int)call->x[0].shape.dim[call->x[0].shape.rank - 1];
}

static int64_t rows(const struct bough__op_call *call)
{
    return classes(call) ? bough_shape_elements(&call->x[0].shape) / classes(call) : 0;
}

static enum bough_status softmax_forward(struct bough__sequence *out,
                                         const struct bough__op_call *call)
{
    const struct softmax_params params = {classes(call)};
    return BOUGH_KERNEL(out, &kernel_fwd, rows(call), bough_shape_elements(&call->x[0].shape),
                        &params, call->x[0].span, call->y.span);
}

static enum bough_status softmax_backward(struct bough__sequence *out,
                                          const struct bough__op_call *call)
{
    const struct softmax_params params = {classes(call)};
    if (!call->dx[0].span.buffer)
        return BOUGH_OK;
    return BOUGH_KERNEL(out, &kernel_bwd, rows(call), bough_shape_elements(&call->x[0].shape),
                        &params, call->y.span, call->dy.span, call->dx[0].span);
}

const struct bough__op bough__op_softmax = {
    .name = "softmax",
    .inputs_min = 1,
    .inputs_max = 1,
    .flags = BOUGH__OP_BACKWARD_READS_Y | BOUGH__OP_IN_PLACE,
    .shape = softmax_shape,
    .forward = softmax_forward,
    .backward = softmax_backward,
};
