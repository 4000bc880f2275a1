// Dropout while training: y = 0 with probability attr.value, else x / (1 - attr.value); all 0 where
// that is 1. The backward pass draws the same mask again: nothing is saved.
//   dropout     x [any] -> y, by element
//   dropout2d   x [N, C, ...] -> y, by channel of a sample
//   activation_dropout   dropout(activation(x)) by one launch; a gelu, relu or leaky_relu, whose
//               slope x tells
// Reads of attr: value, stream, and the last one activation and slope. Reads of the step's state:
// seed, step.
#include "op/activation.h"

#include "base/error.h"
#include "cl/dropout_params.h"
#include "cl/step.h"

static enum bough_status check(const struct bough__op_call *call)
{
    const float p = call->attr->value;
    if (!(p >= 0.0f && p <= 1.0f))
        return bough__fail(BOUGH_INVALID, "probability %g, wanted 0 to 1", (double)p);
    return BOUGH_OK;
}

static struct dropout_params params_of(const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape;
    const int64_t elements = bough_shape_elements(x);
    const int64_t rows = x->rank < 2 ? 1 : x->dim[0] * x->dim[1];
    const float p = call->attr->value;
    return (struct dropout_params){
        .stream = call->attr->stream,
        .p = p,
        .scale = p < 1.0f ? 1.0f / (1.0f - p) : 0.0f,
        .full = (int)(elements / 4),
        .tail = (int)(elements % 4),
        .plane = (int)(rows ? elements / rows : 0),
        .activation = bough__fused_activation(call->attr),
    };
}

// ---- By element: item i takes elements 4 i to 4 i + 3 ----

BOUGH_IN_TWIN void drop(float *y, const float *x, const struct step_state step,
                        const struct dropout_params p, int64_t begin, int64_t end)
{
    const int64_t full = end < p.full ? end : p.full;
#pragma omp simd
    for (int64_t i = begin; i < full; i++) {
        const struct random4 draw =
            dropout_draw(step.seed[0], step.seed[1], step.step, p.stream, (unsigned int)i);
        const float a = x[4 * i], b = x[4 * i + 1], c = x[4 * i + 2], d = x[4 * i + 3];
        y[4 * i] = dropout_value(a, draw.v[0], p.p, p.scale);
        y[4 * i + 1] = dropout_value(b, draw.v[1], p.p, p.scale);
        y[4 * i + 2] = dropout_value(c, draw.v[2], p.p, p.scale);
        y[4 * i + 3] = dropout_value(d, draw.v[3], p.p, p.scale);
    }
    for (int64_t i = full; i < end; i++) {
        const struct random4 draw =
            dropout_draw(step.seed[0], step.seed[1], step.step, p.stream, (unsigned int)i);
        for (int j = 0; j < p.tail; j++)
            y[4 * i + j] = dropout_value(x[4 * i + j], draw.v[j], p.p, p.scale);
    }
}

BOUGH_TWIN static void dropout(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    drop(arg[2], arg[0], *(const struct step_state *)arg[1], *(const struct dropout_params *)params,
         begin, end); // y may be x
}

static const struct bough__kernel kernel_dropout = {
    "dropout",        "dropout", dropout,
    BOUGH_GRID_ITEMS, .args = 3, .params_size = sizeof(struct dropout_params)};

static enum bough_status dropout_shape(struct bough__op_need *need,
                                       const struct bough__op_call *call)
{
    need->y = call->x[0].shape;
    return check(call);
}

static enum bough_status dropout_apply(struct bough__sequence *out,
                                       const struct bough__op_call *call, struct bough__span from,
                                       struct bough__span to)
{
    const struct dropout_params params = params_of(call);
    const int64_t items = params.full + (params.tail > 0);
    return BOUGH_KERNEL(out, &kernel_dropout, items, 16 * items, &params, from, call->step, to);
}

static enum bough_status dropout_forward(struct bough__sequence *out,
                                         const struct bough__op_call *call)
{
    return dropout_apply(out, call, call->x[0].span, call->y.span);
}

static enum bough_status dropout_backward(struct bough__sequence *out,
                                          const struct bough__op_call *call)
{
    return dropout_apply(out, call, call->dy.span, call->dx[0].span);
}

const struct bough__op bough__op_dropout = {
    .name = "dropout",
    .inputs_min = 1,
    .inputs_max = 1,
    .flags = BOUGH__OP_IN_PLACE,
    .shape = dropout_shape,
    .forward = dropout_forward,
    .backward = dropout_backward,
};

// ---- With an activation before it ----

BOUGH_TWIN static void activation_dropout_fwd(void *const *arg, const void *params, int64_t begin,
                                              int64_t end)
{
    const struct dropout_params *p = params;
    for (int64_t at = begin, next; at < end; at = next) {
        next = end - at < DROPOUT_BLOCK ? end : at + DROPOUT_BLOCK;
        activate(arg[2], arg[0], dropout_element(*p, (int)at), dropout_element(*p, (int)next),
                 p->activation);
        drop(arg[2], arg[2], *(const struct step_state *)arg[1], *p, at, next);
    }
}

// dx may be dy.
BOUGH_TWIN static void activation_dropout_bwd(void *const *arg, const void *params, int64_t begin,
                                              int64_t end)
{
    const struct dropout_params *p = params;
    for (int64_t at = begin, next; at < end; at = next) {
        next = end - at < DROPOUT_BLOCK ? end : at + DROPOUT_BLOCK;
        drop(arg[3], arg[2], *(const struct step_state *)arg[1], *p, at, next);
        activation_back(arg[3], arg[3], arg[0], dropout_element(*p, (int)at),
                        dropout_element(*p, (int)next), p->activation);
    }
}

static const struct bough__kernel kernel_activation_fwd = {
    "activation_dropout_fwd", "dropout", activation_dropout_fwd,
    BOUGH_GRID_ITEMS,         .args = 3, .params_size = sizeof(struct dropout_params)};
static const struct bough__kernel kernel_activation_bwd = {
    "activation_dropout_bwd", "dropout", activation_dropout_bwd,
    BOUGH_GRID_ITEMS,         .args = 4, .params_size = sizeof(struct dropout_params)};

static enum bough_status activation_dropout_forward(struct bough__sequence *out,
                                                    const struct bough__op_call *call)
{
    const struct dropout_params params = params_of(call);
    const int64_t items = params.full + (params.tail > 0);
    return BOUGH_KERNEL(out, &kernel_activation_fwd, items, 16 * items, &params, call->x[0].span,
                        call->step, call->y.span);
}

static enum bough_status activation_dropout_backward(struct bough__sequence *out,
                                                     const struct bough__op_call *call)
{
    const struct dropout_params params = params_of(call);
    const int64_t items = params.full + (params.tail > 0);
    return BOUGH_KERNEL(out, &kernel_activation_bwd, items, 16 * items, &params, call->x[0].span,
                        call->step, call->dy.span, call->dx[0].span);
}

const struct bough__op bough__op_activation_dropout = {
    .name = "activation_dropout",
    .inputs_min = 1,
    .inputs_max = 1,
    .flags = BOUGH__OP_BACKWARD_READS_X,
    .shape = dropout_shape,
    .forward = activation_dropout_forward,
    .backward = activation_dropout_backward,
};

// ---- By channel: one row per channel of a sample ----

BOUGH_TWIN static void dropout2d(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct dropout_params p = *(const struct dropout_params *)params;
    const struct step_state *step = arg[1];
    for (int64_t row = begin; row < end; row++) {
        const struct random4 draw =
            dropout_draw(step->seed[0], step->seed[1], step->step, p.stream, (unsigned int)row);
        const float *x = (const float *)arg[0] + row * p.plane; // may be y
        float *y = (float *)arg[2] + row * p.plane;
        for (int i = 0; i < p.plane; i++)
            y[i] = dropout_value(x[i], draw.v[0], p.p, p.scale);
    }
}

static const struct bough__kernel kernel_dropout2d = {
    "dropout2d",     "dropout", dropout2d,
    BOUGH_GRID_ROWS, .args = 3, .params_size = sizeof(struct dropout_params)};

static enum bough_status dropout2d_shape(struct bough__op_need *need,
                                         const struct bough__op_call *call)
{
    char x[128];
    need->y = call->x[0].shape;
    if (need->y.rank < 2)
        return bough__fail(BOUGH_INVALID, "input %s, wanted [N, C, ...]",
                           bough_shape_format(&need->y, x, sizeof x));
    return check(call);
}

static enum bough_status dropout2d_apply(struct bough__sequence *out,
                                         const struct bough__op_call *call, struct bough__span from,
                                         struct bough__span to)
{
    const struct dropout_params params = params_of(call);
    const int64_t *x = call->x[0].shape.dim;
    return BOUGH_KERNEL(out, &kernel_dropout2d, x[0] * x[1], bough_shape_elements(&call->y.shape),
                        &params, from, call->step, to);
}

static enum bough_status dropout2d_forward(struct bough__sequence *out,
                                           const struct bough__op_call *call)
{
    return dropout2d_apply(out, call, call->x[0].span, call->y.span);
}

static enum bough_status dropout2d_backward(struct bough__sequence *out,
                                            const struct bough__op_call *call)
{
    return dropout2d_apply(out, call, call->dy.span, call->dx[0].span);
}

const struct bough__op bough__op_dropout2d = {
    .name = "dropout2d",
    .inputs_min = 1,
    .inputs_max = 1,
    .flags = BOUGH__OP_IN_PLACE,
    .shape = dropout2d_shape,
    .forward = dropout2d_forward,
    .backward = dropout2d_backward,
};
