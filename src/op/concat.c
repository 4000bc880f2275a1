// concat: x[0], x[1], ... along attr.axis -> y; the other dimensions agree.
#include "base/error.h"
#include "cl/concat_params.h"
#include "op/op.h"

#include <string.h>

// ---- Kernels ----

// Where element i of a part lies in the whole; `run` receives how many follow it in one piece,
// before `end`.
BOUGH_IN_TWIN int64_t place(const struct concat_params *p, int64_t i, int64_t end, int64_t *run)
{
    const int64_t rest = p->size - i % p->size;
    *run = rest < end - i ? rest : end - i;
    return i / p->size * p->stride + p->at + i % p->size;
}

static void concat_put(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const float *part = arg[0];
    float *whole = arg[1];
    for (int64_t i = begin, run; i < end; i += run) {
        const int64_t at = place(params, i, end, &run);
        memcpy(whole + at, part + i, (size_t)run * sizeof(float));
    }
}

BOUGH_TWIN static void concat_take(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct concat_params *p = params;
    const float *whole = arg[0];
    float *part = arg[1];
    for (int64_t i = begin, run; i < end; i += run) {
        const int64_t at = place(p, i, end, &run);
        if (!p->add)
            memcpy(part + i, whole + at, (size_t)run * sizeof(float));
        for (int64_t j = 0; p->add && j < run; j++)
            part[i + j] += whole[at + j];
    }
}

static const struct bough__kernel kernel_put = {
    "concat_put",     "concat",  concat_put,
    BOUGH_GRID_ITEMS, .args = 2, .params_size = sizeof(struct concat_params)};
static const struct bough__kernel kernel_take = {
    "concat_take",    "concat",  concat_take,
    BOUGH_GRID_ITEMS, .args = 2, .params_size = sizeof(struct concat_params)};

// ---- The op ----

// Elements per step of the axis.
static int64_t inner(const struct bough_shape *shape, int axis)
{
    int64_t elements = 1;
    for (int i = axis + 1; i < shape->rank; i++)
        elements *= shape->dim[i];
    return elements;
}

static struct concat_params part_params(const struct bough__op_call *call, int input)
{
    const int axis = call->attr->axis;
    const int64_t step = inner(&call->x[0].shape, axis);
    int64_t at = 0, all = 0;
    for (int i = 0; i < call->inputs; i++) {
        at += i < input ? call->x[i].shape.dim[axis] : 0;
        all += call->x[i].shape.dim[axis];
    }
    return (struct concat_params){.size = (int)(call->x[input].shape.dim[axis] * step),
                                  .stride = (int)(all * step),
                                  .at = (int)(at * step),
                                  .add = call->add_dx[input]};
}

static enum bough_status concat_shape(struct bough__op_need *need,
                                      const struct bough__op_call *call)
{
    const int axis = call->attr->axis;
    char text[2][128];
    need->y = call->x[0].shape;
    if (axis < 0 || axis >= need->y.rank)
        return bough__fail(BOUGH_INVALID, "axis %d of input %s", axis,
                           bough_shape_format(&need->y, text[0], sizeof text[0]));
    for (int i = 1; i < call->inputs; i++) {
        struct bough_shape other = call->x[i].shape;
        other.dim[axis] = call->x[0].shape.dim[axis];
        if (!bough_shape_equal(&other, &call->x[0].shape))
            return bough__fail(BOUGH_INVALID, "inputs %s and %s, wanted equal but for axis %d",
                               bough_shape_format(&call->x[0].shape, text[0], sizeof text[0]),
                               bough_shape_format(&call->x[i].shape, text[1], sizeof text[1]),
                               axis);
        need->y.dim[axis] += call->x[i].shape.dim[axis];
    }
    return BOUGH_OK;
}

static enum bough_status concat_forward(struct bough__sequence *out,
                                        const struct bough__op_call *call)
{
    enum bough_status status = BOUGH_OK;
    for (int i = 0; i < call->inputs; i++) {
        const struct concat_params params = part_params(call, i);
        BOUGH_TRY(BOUGH_KERNEL(out, &kernel_put, bough_shape_elements(&call->x[i].shape), 0,
                               &params, call->x[i].span, call->y.span));
    }
done:
    return status;
}

static enum bough_status concat_backward(struct bough__sequence *out,
                                         const struct bough__op_call *call)
{
    enum bough_status status = BOUGH_OK;
    for (int i = 0; i < call->inputs; i++) {
        const struct concat_params params = part_params(call, i);
        if (call->dx[i].span.buffer)
            BOUGH_TRY(BOUGH_KERNEL(out, &kernel_take, bough_shape_elements(&call->x[i].shape), 0,
                                   &params, call->dy.span, call->dx[i].span));
    }
done:
    return status;
}

const struct bough__op bough__op_concat = {
    .name = "concat",
    .inputs_min = 1,
    .inputs_max = BOUGH_MAX_INPUTS,
    .flags = BOUGH__OP_ACCUMULATES,
    .shape = concat_shape,
    .forward = concat_forward,
    .backward = concat_backward,
};
