#include "op/recurrent.h"

#include "base/error.h"
#include "op/padding.h"

// ---- Shape ----

// Inputs before the lengths.
static int before_lengths(const struct bough__recurrent *kind)
{
    return kind->gates == GRU_GATES ? 3 : 2;
}

static int fits(const struct bough__op_call *call, const struct bough__recurrent *kind)
{
    const struct bough_shape *gx = &call->x[0].shape, *w = &call->x[1].shape;
    const struct bough_shape *bias = &call->x[2].shape;
    const int before = before_lengths(kind);
    if (gx->rank != 3 || w->rank != 3 || (w->dim[0] != 1 && w->dim[0] != 2) || w->dim[2] < 1 ||
        w->dim[1] != kind->gates * w->dim[2] || gx->dim[2] != w->dim[0] * w->dim[1])
        return 0;
    if (kind->gates == GRU_GATES &&
        (bias->rank != 2 || bias->dim[0] != w->dim[0] || bias->dim[1] != w->dim[2]))
        return 0;
    return call->inputs == before || bough__has_lengths(call, before);
}

static struct recurrent_params params_of(const struct bough__op_call *call,
                                         const struct bough__recurrent *kind)
{
    const int64_t *gx = call->x[0].shape.dim, *w = call->x[1].shape.dim;
    // About 16 blocks; fewer rows would read weight_hh too often, more leave threads without work.
    int64_t rows = (gx[0] * w[0] / 16 + 7) / 8 * 8;
    rows = rows < 8 ? 8 : rows > RECURRENT_MOST_ROWS ? RECURRENT_MOST_ROWS : rows;
    return (struct recurrent_params){
        .batch = (int)gx[0],
        .length = (int)gx[1],
        .units = (int)w[2],
        .directions = (int)w[0],
        .gates = kind->gates,
        .saves = kind->saves,
        .rows = (int)rows,
        .blocks = (int)((gx[0] + rows - 1) / rows),
    };
}

static int64_t wide_of(const struct recurrent_params *p)
{
    return (p->units + (int64_t)RECURRENT_WIDE - 1) / RECURRENT_WIDE * RECURRENT_WIDE;
}

// Scratch: weight_hh packed, the states of all blocks, and dgates where dgx has no room for them.
static int64_t packed_floats(const struct recurrent_params *p)
{
    return p->directions * p->gates * wide_of(p) * wide_of(p);
}

static int64_t state_floats(const struct recurrent_params *p)
{
    return (int64_t)p->directions * p->blocks * p->rows * RECURRENT_STATES * wide_of(p);
}

enum bough_status bough__recurrent_shape(struct bough__op_need *need,
                                         const struct bough__op_call *call,
                                         const struct bough__recurrent *kind)
{
    const struct bough_shape *gx = &call->x[0].shape, *w = &call->x[1].shape;
    char text[2][128];
    if (!fits(call, kind))
        return bough__fail(BOUGH_INVALID, "inputs %s and %s, wanted %s",
                           bough_shape_format(gx, text[0], sizeof text[0]),
                           bough_shape_format(w, text[1], sizeof text[1]), kind->wanted);
    const struct recurrent_params p = params_of(call, kind);
    const int64_t positions = gx->dim[0] * gx->dim[1];
    need->y = (struct bough_shape){3, {gx->dim[0], gx->dim[1], w->dim[0] * w->dim[2]}};
    need->saved = (size_t)(positions * w->dim[0] * w->dim[2] * kind->saves) * sizeof(float);
    need->scratch =
        (size_t)(packed_floats(&p) + state_floats(&p) + positions * gx->dim[2]) * sizeof(float);
    return BOUGH_OK;
}

// ---- Passes ----

static struct bough__span floats_behind(struct bough__span span, int64_t floats)
{
    return bough__span_at(span, (size_t)floats * sizeof(float));
}

static enum bough_status pack(struct bough__sequence *out, const struct bough__op_call *call,
                              const struct recurrent_params *p, int backward)
{
    const struct recurrent_pack_params params = {p->units, p->directions, p->gates, backward};
    const int64_t weights = bough_shape_elements(&call->x[1].shape);
    return BOUGH_KERNEL(out, &bough__recurrent_pack, p->directions * wide_of(p) / 8, weights,
                        &params, call->x[1].span, call->scratch);
}

// About how many elements a sweep touches: a product is worth a sixteenth.
static int64_t sweep_work(const struct bough__op_call *call)
{
    return bough_shape_elements(&call->x[0].shape) * (1 + call->x[1].shape.dim[2] / 16);
}

enum bough_status bough__recurrent_forward(struct bough__sequence *out,
                                           const struct bough__op_call *call,
                                           const struct bough__recurrent *kind)
{
    enum bough_status status;
    const struct bough__span none = {0};
    const struct recurrent_params p = params_of(call, kind);
    BOUGH_TRY(pack(out, call, &p, 0));
    BOUGH_TRY(BOUGH_KERNEL(out, kind->forward, p.directions * p.blocks, sweep_work(call), &p,
                           call->x[0].span, call->scratch,
                           kind->gates == GRU_GATES ? call->x[2].span : none,
                           bough__lengths(call, before_lengths(kind)), call->saved, call->y.span,
                           floats_behind(call->scratch, packed_floats(&p))));
done:
    return status;
}

static struct bough__matrix matrix(struct bough__span data, int64_t row, int64_t col, int64_t batch)
{
    return (struct bough__matrix){
        .data = data, .row = {.stride = row}, .col = {.stride = col}, .batch_stride = batch};
}

// dgates of all positions, transposed, times h before them.
static enum bough_status weight_gradient(struct bough__sequence *out,
                                         const struct bough__op_call *call,
                                         const struct recurrent_params *p,
                                         struct bough__span dgates)
{
    const int64_t h = p->units, gates = p->gates * h, saves = p->saves * h;
    const int64_t positions = (int64_t)p->batch * p->length;
    if (!call->dx[1].span.buffer)
        return BOUGH_OK;
    return bough__sequence_gemm(
        out, &(struct bough__gemm){
                 .m = gates,
                 .n = h,
                 .k = positions,
                 .batch = p->directions,
                 .a = matrix(dgates, 1, p->directions * gates, gates),
                 .b = matrix(floats_behind(call->saved, saves - h), saves, 1, positions * saves),
                 .c = matrix(call->dx[1].span, h, 1, gates * h),
             });
}

enum bough_status bough__recurrent_backward(struct bough__sequence *out,
                                            const struct bough__op_call *call,
                                            const struct bough__recurrent *kind)
{
    enum bough_status status;
    const struct recurrent_params p = params_of(call, kind);
    const int is_gru = kind->gates == GRU_GATES;
    const struct bough__span none = {0}, state = floats_behind(call->scratch, packed_floats(&p));
    const struct bough__span dgates = call->dx[0].span.buffer && !is_gru
                                          ? call->dx[0].span
                                          : floats_behind(state, state_floats(&p));
    BOUGH_TRY(pack(out, call, &p, 1));
    BOUGH_TRY(BOUGH_KERNEL(out, kind->backward, p.directions * p.blocks, sweep_work(call), &p,
                           call->scratch, bough__lengths(call, before_lengths(kind)), call->saved,
                           call->dy.span, state, is_gru ? call->dx[0].span : none, dgates));
    BOUGH_TRY(weight_gradient(out, call, &p, dgates));
    if (is_gru && call->dx[2].span.buffer)
        BOUGH_TRY(BOUGH_KERNEL(out, &bough__gru_bias_bwd, p.directions * p.units,
                               bough_shape_elements(&call->x[0].shape) / 3, &p, dgates,
                               call->dx[2].span));
done:
    return status;
}
