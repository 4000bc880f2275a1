// What chooses experts in DSelect-k (Hazimeh et al., NeurIPS 2021).
//   dselect          z [k, bits] -> y [1, k, E], of E = attr.shape[0] experts, bits = ceil(log2 E):
//                    selector i weighs expert e by the product over b of S(z[i, b]) where bit b of
//                    e is 1, the highest first, else 1 - S(z[i, b]); S is the smooth step of width
//                    attr.value
//   dselect_penalty  y [..., E] -> [1]: attr.value times the sum over all selectors of
//                    -sum over e of y[e] log(y[e] + 1e-6); where E is no power of two, plus that of
//                    1 / (1e-6 + the sum over e of y[e])
#include "base/error.h"
#include "cl/dselect_params.h"
#include "op/op.h"
#include "op/quick_math.h"

// ---- Kernels ----

static void dselect_fwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct dselect_params p = *(const struct dselect_params *)params;
    for (int64_t i = begin; i < end; i++) {
        const float *z = (const float *)arg[0] + i / p.experts * p.bits;
        const int expert = (int)(i % p.experts);
        float product = 1.0f;
        for (int b = 0; b < p.bits; b++)
            product *= dselect_factor(p, z[b], expert, b);
        ((float *)arg[1])[i] = product;
    }
}

static void dselect_bwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct dselect_params p = *(const struct dselect_params *)params;
    for (int64_t i = begin; i < end; i++) {
        const int64_t selector = i / p.bits;
        const int bit = (int)(i % p.bits);
        const float *z = (const float *)arg[0] + selector * p.bits;
        const float *dy = (const float *)arg[1] + selector * p.experts;
        float sum = 0.0f;
        for (int e = 0; e < p.experts; e++) {
            float product = dy[e];
            for (int b = 0; b < p.bits; b++)
                if (b != bit)
                    product *= dselect_factor(p, z[b], e, b);
            sum += dselect_bit(p, e, bit) ? product : -product;
        }
        ((float *)arg[2])[i] = sum * smooth_step_slope(z[bit], p.gamma);
    }
}

BOUGH_TWIN static void dselect_penalty_fwd(void *const *arg, const void *params, int64_t begin,
                                           int64_t end)
{
    const struct dselect_penalty_params p = *(const struct dselect_penalty_params *)params;
    const float *x = arg[0];
    float entropy = 0.0f, reach = 0.0f;
    if (begin == end)
        return;
    for (int i = 0; i < p.selectors; i++, x += p.experts) {
        float sum = 0.0f;
        for (int e = 0; e < p.experts; e++) {
            entropy -= x[e] * quick_log(x[e] + DSELECT_EPS);
            sum += x[e];
        }
        reach += 1.0f / (sum + DSELECT_EPS);
    }
    *(float *)arg[1] = p.entropy * entropy + (p.reach ? reach : 0.0f);
}

BOUGH_TWIN static void dselect_penalty_bwd(void *const *arg, const void *params, int64_t begin,
                                           int64_t end)
{
    const struct dselect_penalty_params p = *(const struct dselect_penalty_params *)params;
    const float factor = *(const float *)arg[1];
    for (int64_t i = begin; i < end; i++) {
        const float *x = (const float *)arg[0] + i * p.experts;
        float *dx = (float *)arg[2] + i * p.experts;
        float sum = DSELECT_EPS;
        for (int e = 0; e < p.experts; e++)
            sum += x[e];
        const float reach = p.reach ? 1.0f / (sum * sum) : 0.0f;
        for (int e = 0; e < p.experts; e++) {
            const float above = x[e] + DSELECT_EPS;
            const float slope = -p.entropy * (quick_log(above) + x[e] / above) - reach;
            dx[e] = factor * slope + (p.add ? dx[e] : 0.0f);
        }
    }
}

static const struct bough__kernel kernel_fwd = {
    "dselect_fwd",    "dselect", dselect_fwd,
    BOUGH_GRID_ITEMS, .args = 2, .params_size = sizeof(struct dselect_params)};
static const struct bough__kernel kernel_bwd = {
    "dselect_bwd",    "dselect", dselect_bwd,
    BOUGH_GRID_ITEMS, .args = 3, .params_size = sizeof(struct dselect_params)};
static const struct bough__kernel kernel_penalty_fwd = {
    "dselect_penalty_fwd", "dselect", dselect_penalty_fwd,
    BOUGH_GRID_ITEMS,      .args = 2, .params_size = sizeof(struct dselect_penalty_params)};
static const struct bough__kernel kernel_penalty_bwd = {
    "dselect_penalty_bwd", "dselect", dselect_penalty_bwd,
    BOUGH_GRID_ITEMS,      .args = 3, .params_size = sizeof(struct dselect_penalty_params)};

// ---- dselect ----

static struct dselect_params params_of(const struct bough__op_call *call)
{
    struct dselect_params params = {.experts = (int)call->attr->shape.dim[0],
                                    .gamma = call->attr->value};
    while ((int64_t)1 << params.bits < params.experts)
        params.bits++;
    return params;
}

static enum bough_status dselect_shape(struct bough__op_need *need,
                                       const struct bough__op_call *call)
{
    const struct bough_shape *z = &call->x[0].shape;
    const struct dselect_params p = params_of(call);
    char text[128];
    if (p.experts < 2 || z->rank != 2 || z->dim[1] != p.bits)
        return bough__fail(BOUGH_INVALID, "input %s of %d experts, wanted [k, %d] of two or more",
                           bough_shape_format(z, text, sizeof text), p.experts, p.bits);
    need->y = (struct bough_shape){3, {1, z->dim[0], p.experts}};
    return BOUGH_OK;
}

static enum bough_status dselect_forward(struct bough__sequence *out,
                                         const struct bough__op_call *call)
{
    const struct dselect_params params = params_of(call);
    const int64_t items = bough_shape_elements(&call->y.shape);
    return BOUGH_KERNEL(out, &kernel_fwd, items, items * params.bits, &params, call->x[0].span,
                        call->y.span);
}

static enum bough_status dselect_backward(struct bough__sequence *out,
                                          const struct bough__op_call *call)
{
    const struct dselect_params params = params_of(call);
    const int64_t items = bough_shape_elements(&call->x[0].shape);
    return BOUGH_KERNEL(out, &kernel_bwd, items, items * params.experts * params.bits, &params,
                        call->x[0].span, call->dy.span, call->dx[0].span);
}

const struct bough__op bough__op_dselect = {
    .name = "dselect",
    .inputs_min = 1,
    .inputs_max = 1,
    .flags = BOUGH__OP_BACKWARD_READS_X,
    .shape = dselect_shape,
    .forward = dselect_forward,
    .backward = dselect_backward,
};

// ---- dselect_penalty ----

static struct dselect_penalty_params penalty_params_of(const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape;
    const int experts = (int)x->dim[x->rank - 1];
    return (struct dselect_penalty_params){.selectors = (int)(bough_shape_elements(x) / experts),
                                           .experts = experts,
                                           .entropy = call->attr->value,
                                           .reach = (experts & (experts - 1)) != 0,
                                           .add = call->add_dx[0]};
}

static enum bough_status penalty_shape(struct bough__op_need *need,
                                       const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape;
    char text[128];
    if (x->rank < 1 || x->dim[x->rank - 1] < 1)
        return bough__fail(BOUGH_INVALID, "input %s, wanted [..., E]",
                           bough_shape_format(x, text, sizeof text));
    need->y = (struct bough_shape){1, {1}};
    return BOUGH_OK;
}

static enum bough_status penalty_forward(struct bough__sequence *out,
                                         const struct bough__op_call *call)
{
    const struct dselect_penalty_params params = penalty_params_of(call);
    return BOUGH_KERNEL(out, &kernel_penalty_fwd, 1, bough_shape_elements(&call->x[0].shape),
                        &params, call->x[0].span, call->y.span);
}

static enum bough_status penalty_backward(struct bough__sequence *out,
                                          const struct bough__op_call *call)
{
    const struct dselect_penalty_params params = penalty_params_of(call);
    return BOUGH_KERNEL(out, &kernel_penalty_bwd, params.selectors,
                        bough_shape_elements(&call->x[0].shape), &params, call->x[0].span,
                        call->dy.span, call->dx[0].span);
}

const struct bough__op bough__op_dselect_penalty = {
    .name = "dselect_penalty",
    .inputs_min = 1,
    .inputs_max = 1,
    .flags = BOUGH__OP_BACKWARD_READS_X | BOUGH__OP_ACCUMULATES,
    .shape = penalty_shape,
    .forward = penalty_forward,
    .backward = penalty_backward,
};
