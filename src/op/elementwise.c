// Element-wise arithmetic on inputs of one shape.
#include "base/error.h"
#include "cl/elementwise_params.h"
#include "op/activation.h"

#include "cl/logit_and.h"

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
    const struct add_params *p = params;
    const float *a = arg[0], *b = arg[1];
    float *y = arg[2];
#pragma omp simd
    for (int64_t i = begin; i < end; i++)
        y[i] = a[i] + b[i];
    if (p->activation.kind != BOUGH_LINEAR)
        activate(y, y, begin, end, p->activation);
}

// The first input last: its dx may be dy.
BOUGH_TWIN static void add_bwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct add_params *p = params;
    const float *dy = arg[0], *y = arg[1] ? arg[1] : dy; // no matter which, without an activation
    for (int input = 1; input >= 0; input--)
        if (arg[2 + input])
            activation_back_to(arg[2 + input], dy, y, begin, end, p->activation, p->add[input]);
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

BOUGH_TWIN static void logit_and_fwd(void *const *arg, const void *params, int64_t begin,
                                     int64_t end)
{
    const float *a = arg[0], *b = arg[1];
    float *y = arg[2];
    (void)params;
#pragma omp simd
    for (int64_t i = begin; i < end; i++)
        y[i] = logit_and(a[i], b[i]);
}

// Of a; that of b is the same with the two exchanged.
BOUGH_TWIN static void logit_and_bwd(void *const *arg, const void *params, int64_t begin,
                                     int64_t end)
{
    const struct logit_and_params *p = params;
    const float *a = arg[0], *b = arg[1], *dy = arg[2];
    float *da = arg[3];
#pragma omp simd
    for (int64_t i = begin; i < end; i++)
        da[i] = (p->add ? da[i] : 0.0f) + dy[i] * logit_and_slope(a[i], b[i]);
}

static const struct bough__kernel kernel_scale = {
    "scale",          "elementwise", scale_run,
    BOUGH_GRID_ITEMS, .args = 2,     .params_size = sizeof(struct scale_params)};
static const struct bough__kernel kernel_add_fwd = {
    "add_fwd",        "elementwise", add_fwd,
    BOUGH_GRID_ITEMS, .args = 3,     .params_size = sizeof(struct add_params)};
static const struct bough__kernel kernel_add_bwd = {
    "add_bwd",        "elementwise", add_bwd,
    BOUGH_GRID_ITEMS, .args = 4,     .params_size = sizeof(struct add_params)};
static const struct bough__kernel kernel_multiply = {
    "multiply",       "elementwise", multiply_run,
    BOUGH_GRID_ITEMS, .args = 3,     .params_size = sizeof(struct multiply_params)};
static const struct bough__kernel kernel_logit_and_fwd = {
    "logit_and_fwd", "elementwise", logit_and_fwd, BOUGH_GRID_ITEMS, .args = 3};
static const struct bough__kernel kernel_logit_and_bwd = {
    "logit_and_bwd",  "elementwise", logit_and_bwd,
    BOUGH_GRID_ITEMS, .args = 4,     .params_size = sizeof(struct logit_and_params)};

// ---- add: y = activation(x[0] + x[1]) ----

static enum bough_status add_forward(struct bough__sequence *out, const struct bough__op_call *call)
{
    const struct add_params params = {bough__fused_activation(call->attr), {0}};
    return BOUGH_KERNEL(out, &kernel_add_fwd, elements(call), 0, &params, call->x[0].span,
                        call->x[1].span, call->y.span);
}

static enum bough_status add_backward(struct bough__sequence *out,
                                      const struct bough__op_call *call)
{
    const struct add_params params = {bough__fused_activation(call->attr),
                                      {call->add_dx[0], call->add_dx[1]}};
    const struct bough__span absent = {0};
    return BOUGH_KERNEL(out, &kernel_add_bwd, elements(call), 0, &params, call->dy.span,
                        params.activation.kind ? call->y.span : absent, call->dx[0].span,
                        call->dx[1].span);
}

const struct bough__op bough__op_add = {
    .name = "add",
    .inputs_min = 2,
    .inputs_max = 2,
    .flags = BOUGH__OP_ACCUMULATES | BOUGH__OP_IN_PLACE | BOUGH__OP_FUSES_ACTIVATION,
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
    const struct scale_params params = {call->attr->value, call->add_dx[0]};
    if (!call->dx[0].span.buffer)
        return BOUGH_OK;
    return BOUGH_KERNEL(out, &kernel_scale, elements(call), 0, &params, call->dy.span,
                        call->dx[0].span);
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

// ---- logit_and: y, the logit of sigmoid(x[0]) sigmoid(x[1]) ----

static enum bough_status logit_and_forward(struct bough__sequence *out,
                                           const struct bough__op_call *call)
{
    return BOUGH_KERNEL(out, &kernel_logit_and_fwd, elements(call), 0, NULL, call->x[0].span,
                        call->x[1].span, call->y.span);
}

static enum bough_status logit_and_backward(struct bough__sequence *out,
                                            const struct bough__op_call *call)
{
    enum bough_status status = BOUGH_OK;
    for (int i = 0; i < 2; i++) {
        const struct logit_and_params params = {call->add_dx[i]};
        if (call->dx[i].span.buffer)
            BOUGH_TRY(BOUGH_KERNEL(out, &kernel_logit_and_bwd, elements(call), 0, &params,
                                   call->x[i].span, call->x[1 - i].span, call->dy.span,
                                   call->dx[i].span));
    }
done:
    return status;
}

const struct bough__op bough__op_logit_and = {
    .name = "logit_and",
    .inputs_min = 2,
    .inputs_max = 2,
    .flags = BOUGH__OP_BACKWARD_READS_X | BOUGH__OP_ACCUMULATES,
    .shape = same_shape,
    .forward = logit_and_forward,
    .backward = logit_and_backward,
};
