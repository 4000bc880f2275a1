// Losses by element: scores [any], targets [same] -> y [2]. A target NaN is none.
//   binary_cross_entropy  the scores are logits, the targets in [0, 1]
//   mse, l1               squared and absolute difference
//   huber                 half the square below a difference of `value`, a straight line above
#include "base/error.h"
#include "op/loss_mean.h"

#include <math.h>

typedef float formula(float x, float t, float delta);

// ---- Kernels: inlined, so that each loss gets a loop of its own ----

BOUGH_IN_TWIN void sum_chunks(void *const *arg, const struct value_loss_params *p, int64_t begin,
                              int64_t end, formula *value)
{
    const float *x = arg[0], *t = arg[1], delta = p->delta;
    float *part = arg[2];
    for (int64_t chunk = begin; chunk < end; chunk++) {
        const int64_t first = chunk * LOSS_CHUNK;
        const int64_t last = first + LOSS_CHUNK < p->elements ? first + LOSS_CHUNK : p->elements;
        float sum = 0.0f, weight = 0.0f;
#pragma omp simd reduction(+ : sum, weight)
        for (int64_t i = first; i < last; i++) {
            const float of_x = value(x[i], t[i], delta); // in any case: a branch would be slower
            sum += isnan(t[i]) ? 0.0f : of_x;
            weight += isnan(t[i]) ? 0.0f : 1.0f;
        }
        part[chunk] = sum;
        part[p->chunks + chunk] = weight;
    }
}

BOUGH_IN_TWIN void slopes(void *const *arg, const struct value_loss_params *p, int64_t begin,
                          int64_t end, formula *slope)
{
    const float *x = arg[0], *t = arg[1], *y = arg[2], *dy = arg[3];
    float *dx = arg[4];
    const float factor = dy[0] / y[1], delta = p->delta;
#pragma omp simd
    for (int64_t i = begin; i < end; i++) {
        const float value = factor * slope(x[i], t[i], delta); // in any case, as above
        dx[i] = isnan(t[i]) ? 0.0f : value;
    }
}

// ---- The op ----

static struct value_loss_params params_of(const struct bough__op_call *call)
{
    const int64_t elements = bough_shape_elements(&call->x[0].shape);
    return (struct value_loss_params){.elements = (int)elements,
                                      .chunks = (int)((elements + LOSS_CHUNK - 1) / LOSS_CHUNK),
                                      .delta = call->attr->value};
}

static enum bough_status value_shape(struct bough__op_need *need, const struct bough__op_call *call)
{
    char text[2][128];
    if (!bough_shape_equal(&call->x[0].shape, &call->x[1].shape))
        return bough__fail(BOUGH_INVALID, "scores %s and targets %s, wanted of one shape",
                           bough_shape_format(&call->x[0].shape, text[0], sizeof text[0]),
                           bough_shape_format(&call->x[1].shape, text[1], sizeof text[1]));
    if (call->x[1].dtype != BOUGH_F32)
        return bough__fail(BOUGH_INVALID, "targets of type %s, wanted F32",
                           bough_dtype_name(call->x[1].dtype));
    need->y = (struct bough_shape){1, {2}};
    need->scratch = 2 * (size_t)params_of(call).chunks * sizeof(float);
    return BOUGH_OK;
}

static enum bough_status huber_shape(struct bough__op_need *need, const struct bough__op_call *call)
{
    if (!(call->attr->value > 0.0f && isfinite(call->attr->value)))
        return bough__fail(BOUGH_INVALID, "delta %g, wanted above 0", (double)call->attr->value);
    return value_shape(need, call);
}

static enum bough_status forward(struct bough__sequence *out, const struct bough__op_call *call,
                                 const struct bough__kernel *kernel)
{
    const struct value_loss_params params = params_of(call);
    enum bough_status status;
    BOUGH_TRY(BOUGH_KERNEL(out, kernel, params.chunks, params.elements, &params, call->x[0].span,
                           call->x[1].span, call->scratch));
    BOUGH_TRY(bough__loss_mean(out, params.chunks, call->scratch, call->y.span));
done:
    return status;
}

static enum bough_status backward(struct bough__sequence *out, const struct bough__op_call *call,
                                  const struct bough__kernel *kernel)
{
    const struct value_loss_params params = params_of(call);
    if (!call->dx[0].span.buffer)
        return BOUGH_OK;
    return BOUGH_KERNEL(out, kernel, params.elements, 0, &params, call->x[0].span, call->x[1].span,
                        call->y.span, call->dy.span, call->dx[0].span);
}

// The kernels and the row of one loss, from its formulas in cl/loss.h.
#define VALUE_LOSS(loss, shape_)                                                                   \
    BOUGH_TWIN static void loss##_fwd(void *const *arg, const void *params, int64_t begin,         \
                                      int64_t end)                                                 \
    {                                                                                              \
        sum_chunks(arg, params, begin, end, loss##_value);                                         \
    }                                                                                              \
    BOUGH_TWIN static void loss##_bwd(void *const *arg, const void *params, int64_t begin,         \
                                      int64_t end)                                                 \
    {                                                                                              \
        slopes(arg, params, begin, end, loss##_slope);                                             \
    }                                                                                              \
    static const struct bough__kernel kernel_##loss##_fwd = {                                      \
        #loss "_fwd",    "loss",    loss##_fwd,                                                    \
        BOUGH_GRID_ROWS, .args = 3, .params_size = sizeof(struct value_loss_params)};              \
    static const struct bough__kernel kernel_##loss##_bwd = {                                      \
        #loss "_bwd",     "loss",    loss##_bwd,                                                   \
        BOUGH_GRID_ITEMS, .args = 5, .params_size = sizeof(struct value_loss_params)};             \
    static enum bough_status loss##_forward(struct bough__sequence *out,                           \
                                            const struct bough__op_call *call)                     \
    {                                                                                              \
        return forward(out, call, &kernel_##loss##_fwd);                                           \
    }                                                                                              \
    static enum bough_status loss##_backward(struct bough__sequence *out,                          \
                                             const struct bough__op_call *call)                    \
    {                                                                                              \
        return backward(out, call, &kernel_##loss##_bwd);                                          \
    }                                                                                              \
    const struct bough__op bough__op_##loss = {                                                    \
        .name = #loss,                                                                             \
        .inputs_min = 2,                                                                           \
        .inputs_max = 2,                                                                           \
        .flags = BOUGH__OP_BACKWARD_READS_X | BOUGH__OP_BACKWARD_READS_Y,                          \
        .no_gradient = 1u << 1,                                                                    \
        .shape = shape_,                                                                           \
        .forward = loss##_forward,                                                                 \
        .backward = loss##_backward,                                                               \
    }

VALUE_LOSS(binary_cross_entropy, value_shape);
VALUE_LOSS(mse, value_shape);
VALUE_LOSS(l1, value_shape);
VALUE_LOSS(huber, huber_shape);
