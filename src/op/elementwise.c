// Element-wise arithmetic on inputs of one shape.
#include "base/error.h"
#include "cl/elementwise_params.h"
#include "op/op.h"

static enum bough_status same_shape(struct bough__op_need *need, const struct bough__op_call *call)
{
    const struct bough_shape *a = &call->x[0].shape, *b = &call->x[call->inputs - 1].shape;
    char text[2][128];
    if (!bough_shape_equal(a, b))
        return bough__fail(BOUGH_INVALID, "inputs %s and %s, wanted of one shape",
                           bough_shape_format(a, text[0], sizeof text[0]),
                           bough_shape_format(b, text[1], sizeof text[1]));
    need->y = *a;
    return BOUGH_OK;
}

static int64_t elements(const struct bough__op_call *call)
{
    return bough_shape_elements(&call->x[0].shape);
}

// ---- Kernels ----

BOUGH_TWIN static void scale_run(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct scale_params *p = params;
    const float *x = arg[0], factor = p->factor;
    float *y = arg[1];
    if (p->add) {
#pragma omp simd
        for (int64_t i = begin; i < end; i++)
            y[i] += factor * x[i];
    } else {
#pragma omp simd
        for (int64_t i = begin; i < end; i++)
            y[i] = factor * x[i];
    }
}

BOUGH_TWIN static void add_fwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)params;
    const float *a = arg[0], *b = arg[1];
    float *y = arg[2];
#pragma omp simd
    for (int64_t i = begin; i < end; i++)
        y[i] = a[i] + b[i];
}

BOUGH_TWIN static void multiply_run(void *const *arg, const void *params, int64_t begin,
                                    int64_t end)
{
    const struct multiply_params *p = params;
    const float *a = arg[0], *b = arg[1];
    float *y = arg[2];
    if (p->add) {
#pragma omp simd
        for (int64_t i = begin; i < end; i++)
            y[i] += a[i] * b[i];
    } else {
#pragma omp simd
        for (int64_t i = begin; i < end; i++)
            y[i] = a[i] * b[i];
    }
}

static const struct bough__kernel kernel_scale = {
    "scale",          "elementwise", scale_run,
    BOUGH_GRID_ITEMS, .args = 2,     .params_size = sizeof(struct scale_params)};
static const struct bough__kernel kernel_add_fwd = {"add_fwd", "elementwise", add_fwd,
                                                    BOUGH_GRID_ITEMS, .args = 3};
static const struct bough__kernel kernel_multiply = {
    "multiply",       "elementwise", multiply_run,
    BOUGH_GRID_ITEMS, .args = 3,     .params_size = sizeof(struct multiply_params)};

// dx[input] = factor * dy, if it is wanted.
static enum bough_status scaled_gradient(struct bough__sequence *out,
                                         const struct bough__op_call *call, int input, float factor)
{
    if (!call->dx[input].span.buffer)
        return BOUGH_OK;
    const struct scale_params params = {factor, call->add_dx[input]};
    return BOUGH_KERNEL(out, &kernel_scale, elements(call), 0, &params, call->dy.span,
                        call->dx[input].span);
}

// ---- add: y = x[0] + x[1] ----

static enum bough_status add_forward(struct bough__sequence *out, const struct bough__op_call *call)
{
    return BOUGH_KERNEL(out, &kernel_add_fwd, elements(call), 0, NULL, call->x[0].span,
                        call->x[1].span, call->y.span);
}

// The first input last: its dx may be dy.
static enum bough_status add_backward(struct bough__sequence *out,
                                      const struct bough__op_call *call)
{
    enum bough_status status;
    BOUGH_TRY(scaled_gradient(out, call, 1, 1.0f));
    BOUGH_TRY(scaled_gradient(out, call, 0, 1.0f));
done:
    return status;
}

const struct bough__op bough__op_add = {
    .name = "add",
    .inputs_min = 2,
    .inputs_max = 2,
    .flags = BOUGH__OP_ACCUMULATES | BOUGH__OP_IN_PLACE,
    .shape = same_shape,
    .forward = add_forward,
    .backward = add_backward,
};

// ---- multiply: y = x[0] * x[1] ----

static enum bough_status multiply_forward(struct bough__sequence *out,
                                          const struct bough__op_call *call)
{
    return BOUGH_KERNEL(out, &kernel_multiply, elements(call), 0, &(struct multiply_params){0},
                        call->x[0].span, call->x[1].span, call->y.span);
}

static enum bough_status multiply_backward(struct bough__sequence *out,
                                           const struct bough__op_call *call)
{
    enum bough_status status = BOUGH_OK;
    for (int i = 0; i < 2; i++) {
        const struct multiply_params params = {call->add_dx[i]};
        if (call->dx[i].span.buffer)
            BOUGH_TRY(BOUGH_KERNEL(out, &kernel_multiply, elements(call), 0, &params, call->dy.span,
                                   call->x[1 - i].span, call->dx[i].span));
    }
done:
    return status;
}

const struct bough__op bough__op_multiply = {
    .name = "multiply",
    .inputs_min = 2,
    .inputs_max = 2,
    .flags = BOUGH__OP_BACKWARD_READS_X | BOUGH__OP_ACCUMULATES,
    .shape = same_shape,
    .forward = multiply_forward,
    .backward = multiply_backward,
};

// ---- scale: y = value * x ----

static enum bough_status scale_forward(struct bough__sequence *out,
                                       const struct bough__op_call *call)
{
    const struct scale_params params = {.factor = call->attr->value};
    return BOUGH_KERNEL(out, &kernel_scale, elements(call), 0, &params, call->x[0].span,
                        call->y.span);
}

static enum bough_status scale_backward(struct bough__sequence *out,
                                        const struct bough__op_call *call)
{
    return scaled_gradient(out, call, 0, call->attr->value);
}

const struct bough__op bough__op_scale = {
    .name = "scale",
    .inputs_min = 1,
    .inputs_max = 1,
    .flags = BOUGH__OP_ACCUMULATES | BOUGH__OP_IN_PLACE,
    .shape = same_shape,
    .forward = scale_forward,
    .backward = scale_backward,
};
