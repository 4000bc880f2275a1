// Element-wise activations: x [any] -> y [same].
#include "op/op.h"

static enum bough_status same_shape(struct bough__op_need *need, const struct bough__op_call *call)
{
    need->y = call->x[0].shape;
    return BOUGH_OK;
}

static int64_t elements(const struct bough__op_call *call)
{
    return bough_shape_elements(&call->x[0].shape);
}

// relu: y = max(x, 0)

static void relu_fwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)params;
    const float *x = arg[0];
    float *y = arg[1];
    for (int64_t i = begin; i < end; i++)
        y[i] = x[i] < 0.0f ? 0.0f : x[i]; // NaN stays NaN
}

static void relu_bwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)params;
    const float *y = arg[0], *dy = arg[1];
    float *dx = arg[2];
    for (int64_t i = begin; i < end; i++)
        dx[i] = y[i] > 0.0f ? dy[i] : 0.0f;
}

static const struct bough__kernel kernel_relu_fwd = {
    "relu_fwd", "activation", relu_fwd, BOUGH_GRID_ITEMS, .args = 2};
static const struct bough__kernel kernel_relu_bwd = {
    "relu_bwd", "activation", relu_bwd, BOUGH_GRID_ITEMS, .args = 3};

static enum bough_status relu_forward(struct bough__sequence *out,
                                      const struct bough__op_call *call)
{
    return BOUGH_KERNEL(out, &kernel_relu_fwd, elements(call), 0, NULL, call->x[0].span,
                        call->y.span);
}

static enum bough_status relu_backward(struct bough__sequence *out,
                                       const struct bough__op_call *call)
{
    return BOUGH_KERNEL(out, &kernel_relu_bwd, elements(call), 0, NULL, call->y.span,
                        call->dy.span, call->dx[0].span);
}

const struct bough__op bough__op_relu = {
    .name = "relu",
    .inputs_min = 1,
    .inputs_max = 1,
    .flags = BOUGH__OP_BACKWARD_READS_Y | BOUGH__OP_IN_PLACE,
    .shape = same_shape,
    .forward = relu_forward,
    .backward = relu_backward,
};
