// flatten, reshape, rows: x in another shape. No data moves.
#include "base/error.h"
#include "op/op.h"

// flatten: x [N, ...] -> y [N, D]
static enum bough_status flatten_shape(struct bough__op_need *need,
                                       const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape;
    if (x->rank < 1)
        return bough__fail(BOUGH_INVALID, "input [], wanted [N, ...]");
    need->y = (struct bough_shape){2, {x->dim[0], bough_shape_row(x)}};
    return BOUGH_OK;
}

const struct bough__op bough__op_flatten = {
    .name = "flatten",
    .inputs_min = 1,
    .inputs_max = 1,
    .flags = BOUGH__OP_VIEW | BOUGH__OP_ENDS_SEQUENCE,
    .shape = flatten_shape,
};

// Whether a sample of `count` elements has that shape.
static int holds(const struct bough_shape *sample, int64_t count)
{
    int64_t elements = 1;
    for (int i = 0; i < sample->rank; i++)
        if (sample->dim[i] < 0 || __builtin_mul_overflow(elements, sample->dim[i], &elements))
            return 0;
    return elements == count;
}

// reshape: x [N, ...] -> y [N, shape], shape being of one sample
static enum bough_status reshape_shape(struct bough__op_need *need,
                                       const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape, *sample = &call->attr->shape;
    char text[2][128];
    if (sample->rank < 0 || sample->rank >= BOUGH_MAX_RANK)
        return bough__fail(BOUGH_INVALID, "a sample of rank %d, wanted 0..%d", sample->rank,
                           BOUGH_MAX_RANK - 1);
    if (x->rank < 1 || !holds(sample, bough_shape_row(x)))
        return bough__fail(BOUGH_INVALID, "input %s, wanted [N, ...] with samples of shape %s",
                           bough_shape_format(x, text[0], sizeof text[0]),
                           bough_shape_format(sample, text[1], sizeof text[1]));
    need->y = bough_shape_samples(sample, x->dim[0]);
    return BOUGH_OK;
}

const struct bough__op bough__op_reshape = {
    .name = "reshape",
    .inputs_min = 1,
    .inputs_max = 1,
    .flags = BOUGH__OP_VIEW | BOUGH__OP_ENDS_SEQUENCE,
    .shape = reshape_shape,
};

// rows: x [..., K] -> y [N, K]
static enum bough_status rows_shape(struct bough__op_need *need, const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape;
    need->y = (struct bough_shape){2, {1, x->rank ? x->dim[x->rank - 1] : 1}};
    for (int i = 0; i + 1 < x->rank; i++)
        need->y.dim[0] *= x->dim[i];
    return BOUGH_OK;
}

const struct bough__op bough__op_rows = {
    .name = "rows",
    .inputs_min = 1,
    .inputs_max = 1,
    .flags = BOUGH__OP_VIEW | BOUGH__OP_ENDS_SEQUENCE,
    .shape = rows_shape,
};
