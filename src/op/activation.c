// Element-wise activations: x [any] -> y [same].
#include "base/error.h"
#include "cl/activation_params.h"
#include "op/op.h"
#include "op/quick_math.h"

static enum bough_status same_shape(struct bough__op_need *need, const struct bough__op_call *call)
{
    need->y = call->x[0].shape;
    return BOUGH_OK;
}

static enum bough_status forward(struct bough__sequence *out, const struct bough__op_call *call,
                                 const struct bough__kernel *kernel, const void *params)
{
    return BOUGH_KERNEL(out, kernel, bough_shape_elements(&call->x[0].shape), 0, params,
                        call->x[0].span, call->y.span);
}

// `from` is x or y, whichever the slope is told by.
static enum bough_status backward(struct bough__sequence *out, const struct bough__op_call *call,
                                  const struct bough__kernel *kernel, const void *params,
                                  struct bough__span from)
{
    if (!call->dx[0].span.buffer)
        return BOUGH_OK;
    return BOUGH_KERNEL(out, kernel, bough_shape_elements(&call->x[0].shape), 0, params, from,
                        call->dy.span, call->dx[0].span);
}

// ---- relu: y = max(x, 0) ----

BOUGH_TWIN static void relu_fwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)params;
    const float *x = arg[0];
    float *y = arg[1];
#pragma omp simd
    for (int64_t i = begin; i < end; i++)
        y[i] = x[i] < 0.0f ? 0.0f : x[i]; // NaN stays NaN
}

BOUGH_TWIN static void relu_bwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)params;
    const float *y = arg[0], *dy = arg[1];
    float *dx = arg[2];
#pragma omp simd
    for (int64_t i = begin; i < end; i++) {
        const float slope = dy[i]; // read in any case: a branch would be slower
        dx[i] = y[i] > 0.0f ? slope : 0.0f;
    }
}

static const struct bough__kernel kernel_relu_fwd = {"relu_fwd", "activation", relu_fwd,
                                                     BOUGH_GRID_ITEMS, .args = 2};
static const struct bough__kernel kernel_relu_bwd = {"relu_bwd", "activation", relu_bwd,
                                                     BOUGH_GRID_ITEMS, .args = 3};

static enum bough_status relu_forward(struct bough__sequence *out,
                                      const struct bough__op_call *call)
{
    return forward(out, call, &kernel_relu_fwd, NULL);
}

static enum bough_status relu_backward(struct bough__sequence *out,
                                       const struct bough__op_call *call)
{
    return backward(out, call, &kernel_relu_bwd, NULL, call->y.span);
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

// ---- leaky_relu: y = x above 0, value * x below; value at least 0, so that y tells x's sign ----

BOUGH_TWIN static void leaky_relu_fwd(void *const *arg, const void *params, int64_t begin,
                                      int64_t end)
{
    const struct leaky_relu_params *p = params;
    const float *x = arg[0], slope = p->slope;
    float *y = arg[1];
#pragma omp simd
    for (int64_t i = begin; i < end; i++)
        y[i] = x[i] < 0.0f ? slope * x[i] : x[i];
}

BOUGH_TWIN static void leaky_relu_bwd(void *const *arg, const void *params, int64_t begin,
                                      int64_t end)
{
    const struct leaky_relu_params *p = params;
    const float *y = arg[0], *dy = arg[1], slope = p->slope;
    float *dx = arg[2];
#pragma omp simd
    for (int64_t i = begin; i < end; i++)
        dx[i] = y[i] > 0.0f ? dy[i] : slope * dy[i];
}

static const struct bough__kernel kernel_leaky_relu_fwd = {
    "leaky_relu_fwd", "activation", leaky_relu_fwd,
    BOUGH_GRID_ITEMS, .args = 2,    .params_size = sizeof(struct leaky_relu_params)};
static const struct bough__kernel kernel_leaky_relu_bwd = {
    "leaky_relu_bwd", "activation", leaky_relu_bwd,
    BOUGH_GRID_ITEMS, .args = 3,    .params_size = sizeof(struct leaky_relu_params)};

static enum bough_status leaky_relu_shape(struct bough__op_need *need,
                                          const struct bough__op_call *call)
{
    if (!(call->attr->value >= 0.0f && isfinite(call->attr->value)))
        return bough__fail(BOUGH_INVALID, "slope %g, wanted at least 0", (double)call->attr->value);
    return same_shape(need, call);
}

static enum bough_status leaky_relu_forward(struct bough__sequence *out,
                                            const struct bough__op_call *call)
{
    return forward(out, call, &kernel_leaky_relu_fwd,
                   &(struct leaky_relu_params){call->attr->value});
}

static enum bough_status leaky_relu_backward(struct bough__sequence *out,
                                             const struct bough__op_call *call)
{
    return backward(out, call, &kernel_leaky_relu_bwd,
                    &(struct leaky_relu_params){call->attr->value}, call->y.span);
}

const struct bough__op bough__op_leaky_relu = {
    .name = "leaky_relu",
    .inputs_min = 1,
    .inputs_max = 1,
    .flags = BOUGH__OP_BACKWARD_READS_Y | BOUGH__OP_IN_PLACE,
    .shape = leaky_relu_shape,
    .forward = leaky_relu_forward,
    .backward = leaky_relu_backward,
};

// ---- gelu: y = x * P(a standard normal is below x) ----

BOUGH_TWIN static void gelu_fwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)params;
    const float *x = arg[0];
    float *y = arg[1];
#pragma omp simd
    for (int64_t i = begin; i < end; i++)
        y[i] = x[i] * quick_normal(x[i]).below;
}

BOUGH_TWIN static void gelu_bwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)params;
    const float *x = arg[0], *dy = arg[1];
    float *dx = arg[2];
#pragma omp simd
    for (int64_t i = begin; i < end; i++) {
        const struct quick_normal normal = quick_normal(x[i]);
        dx[i] = dy[i] * (normal.below + x[i] * normal.density);
    }
}

static const struct bough__kernel kernel_gelu_fwd = {"gelu_fwd", "activation", gelu_fwd,
                                                     BOUGH_GRID_ITEMS, .args = 2};
static const struct bough__kernel kernel_gelu_bwd = {"gelu_bwd", "activation", gelu_bwd,
                                                     BOUGH_GRID_ITEMS, .args = 3};

static enum bough_status gelu_forward(struct bough__sequence *out,
                                      const struct bough__op_call *call)
{
    return forward(out, call, &kernel_gelu_fwd, NULL);
}

static enum bough_status gelu_backward(struct bough__sequence *out,
                                       const struct bough__op_call *call)
{
    return backward(out, call, &kernel_gelu_bwd, NULL, call->x[0].span);
}

const struct bough__op bough__op_gelu = {
    .name = "gelu",
    .inputs_min = 1,
    .inputs_max = 1,
    .flags = BOUGH__OP_BACKWARD_READS_X,
    .shape = same_shape,
    .forward = gelu_forward,
    .backward = gelu_backward,
};

// ---- sigmoid: y = 1 / (1 + exp(-x)) ----

BOUGH_TWIN static void sigmoid_fwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)params;
    const float *x = arg[0];
    float *y = arg[1];
#pragma omp simd
    for (int64_t i = begin; i < end; i++)
        y[i] = 1.0f / (1.0f + quick_exp(-x[i]));
}

BOUGH_TWIN static void sigmoid_bwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)params;
    const float *y = arg[0], *dy = arg[1];
    float *dx = arg[2];
#pragma omp simd
    for (int64_t i = begin; i < end; i++)
        dx[i] = dy[i] * y[i] * (1.0f - y[i]);
}

static const struct bough__kernel kernel_sigmoid_fwd = {"sigmoid_fwd", "activation", sigmoid_fwd,
                                                        BOUGH_GRID_ITEMS, .args = 2};
static const struct bough__kernel kernel_sigmoid_bwd = {"sigmoid_bwd", "activation", sigmoid_bwd,
                                                        BOUGH_GRID_ITEMS, .args = 3};

static enum bough_status sigmoid_forward(struct bough__sequence *out,
                                         const struct bough__op_call *call)
{
    return forward(out, call, &kernel_sigmoid_fwd, NULL);
}

static enum bough_status sigmoid_backward(struct bough__sequence *out,
                                          const struct bough__op_call *call)
{
    return backward(out, call, &kernel_sigmoid_bwd, NULL, call->y.span);
}

const struct bough__op bough__op_sigmoid = {
    .name = "sigmoid",
    .inputs_min = 1,
    .inputs_max = 1,
    .flags = BOUGH__OP_BACKWARD_READS_Y | BOUGH__OP_IN_PLACE,
    .shape = same_shape,
    .forward = sigmoid_forward,
    .backward = sigmoid_backward,
};

// ---- tanh ----

BOUGH_TWIN static void tanh_fwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)params;
    const float *x = arg[0];
    float *y = arg[1];
#pragma omp simd
    for (int64_t i = begin; i < end; i++)
        y[i] = quick_tanh(x[i]);
}

BOUGH_TWIN static void tanh_bwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)params;
    const float *y = arg[0], *dy = arg[1];
    float *dx = arg[2];
#pragma omp simd
    for (int64_t i = begin; i < end; i++)
        dx[i] = dy[i] * (1.0f - y[i] * y[i]);
}

static const struct bough__kernel kernel_tanh_fwd = {"tanh_fwd", "activation", tanh_fwd,
                                                     BOUGH_GRID_ITEMS, .args = 2};
static const struct bough__kernel kernel_tanh_bwd = {"tanh_bwd", "activation", tanh_bwd,
                                                     BOUGH_GRID_ITEMS, .args = 3};

static enum bough_status tanh_forward(struct bough__sequence *out,
                                      const struct bough__op_call *call)
{
    return forward(out, call, &kernel_tanh_fwd, NULL);
}

static enum bough_status tanh_backward(struct bough__sequence *out,
                                       const struct bough__op_call *call)
{
    return backward(out, call, &kernel_tanh_bwd, NULL, call->y.span);
}

const struct bough__op bough__op_tanh = {
    .name = "tanh",
    .inputs_min = 1,
    .inputs_max = 1,
    .flags = BOUGH__OP_BACKWARD_READS_Y | BOUGH__OP_IN_PLACE,
    .shape = same_shape,
    .forward = tanh_forward,
    .backward = tanh_backward,
};
