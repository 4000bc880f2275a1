// order_penalty: logits x [...], other [...] -> y [1], how far x's probabilities are above the
// others': the mean over elements of max(value (sigmoid(x) - sigmoid(other)), 0); below them, with
// a value under 0. The others are held constant.
#include "base/error.h"
#include "op/op.h"
#include "op/quick_math.h"

#include "cl/order_penalty_params.h"

// ---- Kernels ----

BOUGH_TWIN static void order_penalty_fwd(void *const *arg, const void *params, int64_t begin,
                                         int64_t end)
{
    const struct order_penalty_params *p = params;
    const float *x = arg[0], *other = arg[1];
    float *y = arg[2], sum = 0.0f;
    (void)begin, (void)end;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < p->elements; i++) {
        const float above = p->factor * (order_probability(x[i]) - order_probability(other[i]));
        sum += above > 0.0f ? above : 0.0f;
    }
    y[0] = p->elements ? sum / (float)p->elements : 0.0f;
}

BOUGH_TWIN static void order_penalty_bwd(void *const *arg, const void *params, int64_t begin,
                                         int64_t end)
{
    const struct order_penalty_params *p = params;
    const float *x = arg[0], *other = arg[1], *dy = arg[2];
    const float factor = p->factor, scale = dy[0] * factor / (float)p->elements;
    const int add = p->add;
    float *dx = arg[3];
#pragma omp simd
    for (int64_t i = begin; i < end; i++) {
        const float own = order_probability(x[i]), slope = scale * own * (1.0f - own);
        const float above = factor * (own - order_probability(other[i]));
        dx[i] = (add ? dx[i] : 0.0f) + (above > 0.0f ? slope : 0.0f);
    }
}

static const struct bough__kernel kernel_fwd = {
    "order_penalty_fwd", "order_penalty", order_penalty_fwd,
    BOUGH_GRID_ROWS,     .args = 3,       .params_size = sizeof(struct order_penalty_params)};
static const struct bough__kernel kernel_bwd = {
    "order_penalty_bwd", "order_penalty", order_penalty_bwd,
    BOUGH_GRID_ITEMS,    .args = 4,       .params_size = sizeof(struct order_penalty_params)};

// ---- The op ----

static enum bough_status order_penalty_shape(struct bough__op_need *need,
                                             const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape, *other = &call->x[1].shape;
    char text[2][128];
    need->y = (struct bough_shape){1, {1}};
    if (bough_shape_equal(x, other))
        return BOUGH_OK;
    return bough__fail(BOUGH_INVALID, "inputs %s and %s, wanted of one shape",
                       bough_shape_format(x, text[0], sizeof text[0]),
                       bough_shape_format(other, text[1], sizeof text[1]));
}

static struct order_penalty_params params_of(const struct bough__op_call *call)
{
    return (struct order_penalty_params){.factor = call->attr->value,
                                         .elements = (int)bough_shape_elements(&call->x[0].shape),
                                         .add = call->add_dx[0]};
}

static enum bough_status order_penalty_forward(struct bough__sequence *out,
                                               const struct bough__op_call *call)
{
    const struct order_penalty_params params = params_of(call);
    return BOUGH_KERNEL(out, &kernel_fwd, 1, params.elements, &params, call->x[0].span,
                        call->x[1].span, call->y.span);
}

static enum bough_status order_penalty_backward(struct bough__sequence *out,
                                                const struct bough__op_call *call)
{
    const struct order_penalty_params params = params_of(call);
    if (!call->dx[0].span.buffer)
        return BOUGH_OK;
    return BOUGH_KERNEL(out, &kernel_bwd, params.elements, 0, &params, call->x[0].span,
                        call->x[1].span, call->dy.span, call->dx[0].span);
}

const struct bough__op bough__op_order_penalty = {
    .name = "order_penalty",
    .inputs_min = 2,
    .inputs_max = 2,
    .flags = BOUGH__OP_BACKWARD_READS_X | BOUGH__OP_ACCUMULATES,
    .no_gradient = 1u << 1,
    .shape = order_penalty_shape,
    .forward = order_penalty_forward,
    .backward = order_penalty_backward,
};
