// gated_sum, a mixture of experts: x [N, E, D...], gate [N, E] -> y [N, D...],
// y[n] = sum over e of gate[n, e] x[n, e]. A gate [1, E] is every row's.
#include "base/error.h"
#include "cl/gated_sum_params.h"
#include "op/lanes.h"
#include "op/op.h"

// ---- Kernels ----

BOUGH_TWIN static void gated_sum_fwd(void *const *arg, const void *params, int64_t begin,
                                     int64_t end)
{
    const struct gated_sum_params *p = params;
    for (int64_t i = begin, length; i < end; i += length) {
        const int64_t row = i / p->width, at = i % p->width;
        const float *x = (const float *)arg[0] + row * p->experts * p->width + at;
        const float *gate = (const float *)arg[1] + row * p->gates;
        float *restrict y = (float *)arg[2] + i;
        length = p->width - at < end - i ? p->width - at : end - i;
        for (int64_t j = 0; j < length; j++)
            y[j] = gate[0] * x[j];
        for (int64_t e = 1; e < p->experts; e++) {
            const float *restrict next = x + e * p->width;
            const float factor = gate[e];
            for (int64_t j = 0; j < length; j++)
                y[j] += factor * next[j];
        }
    }
}

BOUGH_TWIN static void gated_sum_dx(void *const *arg, const void *params, int64_t begin,
                                    int64_t end)
{
    const struct gated_sum_params *p = params;
    for (int64_t i = begin, length; i < end; i += length) {
        const int64_t expert = i / p->width, row = expert / p->experts, at = i % p->width;
        const float *gate = (const float *)arg[0] + row * p->gates;
        const float factor = gate[expert - row * p->experts];
        const float *restrict dy = (const float *)arg[1] + row * p->width + at;
        float *restrict dx = (float *)arg[2] + i;
        length = p->width - at < end - i ? p->width - at : end - i;
        for (int64_t j = 0; j < length; j++)
            dx[j] = factor * dy[j] + (p->add ? dx[j] : 0.0f);
    }
}

BOUGH_TWIN static void gated_sum_dgate(void *const *arg, const void *params, int64_t begin,
                                       int64_t end)
{
    const struct gated_sum_params *p = params;
    float *dgate = arg[2];
    for (int64_t row = begin; row < end; row++) {
        const float *x = (const float *)arg[0] + row * p->width;
        const float *dy = (const float *)arg[1] + row / p->experts * p->width;
        const float dot = p->width ? row_dot(x, dy, p->width) : 0.0f;
        dgate[row] = dot + (p->add ? dgate[row] : 0.0f);
    }
}

static void gated_sum_dgate_end(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct gated_sum_end_params *p = params;
    const float *part = arg[0];
    float *dgate = arg[1];
    for (int64_t e = begin; e < end; e++) {
        float sum = p->add ? dgate[e] : 0.0f;
        for (int64_t row = 0; row < p->rows; row++)
            sum += part[row * p->experts + e];
        dgate[e] = sum;
    }
}

static const struct bough__kernel kernel_fwd = {
    "gated_sum_fwd",  "gated_sum", gated_sum_fwd,
    BOUGH_GRID_ITEMS, .args = 3,   .params_size = sizeof(struct gated_sum_params)};
static const struct bough__kernel kernel_dx = {
    "gated_sum_dx",   "gated_sum", gated_sum_dx,
    BOUGH_GRID_ITEMS, .args = 3,   .params_size = sizeof(struct gated_sum_params)};
static const struct bough__kernel kernel_dgate = {
    "gated_sum_dgate", "gated_sum", gated_sum_dgate,
    BOUGH_GRID_ROWS,   .args = 3,   .params_size = sizeof(struct gated_sum_params)};
static const struct bough__kernel kernel_dgate_end = {
    "gated_sum_dgate_end", "gated_sum", gated_sum_dgate_end,
    BOUGH_GRID_ROWS,       .args = 2,   .params_size = sizeof(struct gated_sum_end_params)};

// ---- The op ----

static int is_every_rows(const struct bough__op_call *call)
{
    return call->x[1].shape.dim[0] != call->x[0].shape.dim[0];
}

static enum bough_status gated_sum_shape(struct bough__op_need *need,
                                         const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape, *gate = &call->x[1].shape;
    char text[2][128];
    if (x->rank < 2 || gate->rank != 2 || (gate->dim[0] != x->dim[0] && gate->dim[0] != 1) ||
        gate->dim[1] != x->dim[1] || x->dim[1] < 1)
        return bough__fail(BOUGH_INVALID,
                           "inputs %s and %s, wanted [N, E, D...] and [N, E] or [1, E]",
                           bough_shape_format(x, text[0], sizeof text[0]),
                           bough_shape_format(gate, text[1], sizeof text[1]));
    need->y = (struct bough_shape){.rank = x->rank - 1, .dim = {x->dim[0]}};
    for (int i = 1; i < need->y.rank; i++)
        need->y.dim[i] = x->dim[i + 1];
    if (is_every_rows(call))
        need->scratch = (size_t)(x->dim[0] * x->dim[1]) * sizeof(float);
    return BOUGH_OK;
}

static struct gated_sum_params params_of(const struct bough__op_call *call, int input)
{
    const struct bough_shape *x = &call->x[0].shape;
    int64_t width = 1;
    for (int i = 2; i < x->rank; i++)
        width *= x->dim[i];
    return (struct gated_sum_params){.experts = (int)x->dim[1],
                                     .width = (int)width,
                                     .gates = is_every_rows(call) ? 0 : (int)x->dim[1],
                                     .add = call->add_dx[input]};
}

static enum bough_status gated_sum_forward(struct bough__sequence *out,
                                           const struct bough__op_call *call)
{
    const struct gated_sum_params params = params_of(call, 0);
    const int64_t elements = bough_shape_elements(&call->x[0].shape);
    return BOUGH_KERNEL(out, &kernel_fwd, bough_shape_elements(&call->y.shape), 2 * elements,
                        &params, call->x[0].span, call->x[1].span, call->y.span);
}

// Of a gate of its own for each row; else that of each row, and their sum.
static enum bough_status gate_gradient(struct bough__sequence *out,
                                       const struct bough__op_call *call)
{
    enum bough_status status;
    const int64_t *x = call->x[0].shape.dim;
    const int64_t work = 2 * bough_shape_elements(&call->x[0].shape);
    const int every = is_every_rows(call);
    struct gated_sum_params params = params_of(call, 1);
    const struct gated_sum_end_params end = {params.experts, (int)x[0], params.add};
    params.add = params.add && !every;
    BOUGH_TRY(BOUGH_KERNEL(out, &kernel_dgate, x[0] * x[1], work, &params, call->x[0].span,
                           call->dy.span, every ? call->scratch : call->dx[1].span));
    if (every)
        BOUGH_TRY(BOUGH_KERNEL(out, &kernel_dgate_end, x[1], x[0] * x[1], &end, call->scratch,
                               call->dx[1].span));
done:
    return status;
}

static enum bough_status gated_sum_backward(struct bough__sequence *out,
                                            const struct bough__op_call *call)
{
    enum bough_status status = BOUGH_OK;
    const int64_t elements = bough_shape_elements(&call->x[0].shape);
    const struct gated_sum_params params = params_of(call, 0);
    if (call->dx[1].span.buffer)
        BOUGH_TRY(gate_gradient(out, call));
    if (call->dx[0].span.buffer)
        BOUGH_TRY(BOUGH_KERNEL(out, &kernel_dx, elements, elements, &params, call->x[1].span,
                               call->dy.span, call->dx[0].span));
done:
    return status;
}

const struct bough__op bough__op_gated_sum = {
    .name = "gated_sum",
    .inputs_min = 2,
    .inputs_max = 2,
    .flags = BOUGH__OP_BACKWARD_READS_X | BOUGH__OP_ACCUMULATES,
    .shape = gated_sum_shape,
    .forward = gated_sum_forward,
    .backward = gated_sum_backward,
};
