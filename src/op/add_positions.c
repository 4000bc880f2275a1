// add_positions: what each position of a sequence is told of its place.
//   x         [N, L, D]
//   place     [M, D]      M at least L
//   lengths   [N]         I32, input 2, absent where inputs == 2
//   y         [N, L, D]   x[n, l] + place[l], and 0 behind the row's length
// Saves the lengths.
#include "base/error.h"
#include "cl/positions_params.h"
#include "op/padding.h"

#include <string.h>

// ---- Kernels ----

// A row of the launch is a row of the batch; y may be x.
BOUGH_TWIN static void add_positions_fwd(void *const *arg, const void *params, int64_t begin,
                                         int64_t end)
{
    const struct positions_params *p = params;
    const float *place = arg[1];
    const int64_t all = (int64_t)p->length * p->width;
    for (int64_t n = begin; n < end; n++) {
        const int64_t length = row_length(arg[2], n, p->length), count = length * p->width;
        const float *x = (const float *)arg[0] + n * all;
        float *y = (float *)arg[4] + n * all;
        ((int32_t *)arg[3])[n] = (int32_t)length;
#pragma omp simd
        for (int64_t i = 0; i < count; i++)
            y[i] = x[i] + place[i];
        memset(y + count, 0, (size_t)(all - count) * sizeof *y);
    }
}

// dx may be dy.
BOUGH_TWIN static void add_positions_dx(void *const *arg, const void *params, int64_t begin,
                                        int64_t end)
{
    const struct positions_params *p = params;
    const int64_t all = (int64_t)p->length * p->width;
    for (int64_t n = begin; n < end; n++) {
        const int64_t count = (int64_t)((const int32_t *)arg[0])[n] * p->width;
        float *dx = (float *)arg[2] + n * all;
        memmove(dx, (const float *)arg[1] + n * all, (size_t)count * sizeof *dx);
        memset(dx + count, 0, (size_t)(all - count) * sizeof *dx);
    }
}

// A row of the launch is a place.
BOUGH_TWIN static void add_positions_dplace(void *const *arg, const void *params, int64_t begin,
                                            int64_t end)
{
    const struct positions_params *p = params;
    const int32_t *length = arg[0];
    for (int64_t l = begin; l < end; l++) {
        float *restrict dplace = (float *)arg[2] + l * p->width;
        memset(dplace, 0, (size_t)p->width * sizeof *dplace);
        for (int64_t n = 0; n < p->batch; n++) {
            const float *restrict dy = (const float *)arg[1] + (n * p->length + l) * p->width;
            if (l >= length[n])
                continue;
#pragma omp simd
            for (int64_t i = 0; i < p->width; i++)
                dplace[i] += dy[i];
        }
    }
}

static const struct bough__kernel kernel_fwd = {
    "add_positions_fwd", "add_positions", add_positions_fwd,
    BOUGH_GRID_ROWS,     .args = 5,       .params_size = sizeof(struct positions_params)};
static const struct bough__kernel kernel_dx = {
    "add_positions_dx", "add_positions", add_positions_dx,
    BOUGH_GRID_ROWS,    .args = 3,       .params_size = sizeof(struct positions_params)};
static const struct bough__kernel kernel_dplace = {
    "add_positions_dplace", "add_positions", add_positions_dplace,
    BOUGH_GRID_ROWS,        .args = 3,       .params_size = sizeof(struct positions_params)};

// ---- The op ----

static enum bough_status add_positions_shape(struct bough__op_need *need,
                                             const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape, *place = &call->x[1].shape;
    char text[2][128];
    if (x->rank != 3 || place->rank != 2 || x->dim[2] != place->dim[1] ||
        (call->inputs > 2 && !bough__has_lengths(call, 2)))
        return bough__fail(BOUGH_INVALID, "inputs %s and %s, wanted [N, L, D], [M, D], lengths [N]",
                           bough_shape_format(x, text[0], sizeof text[0]),
                           bough_shape_format(place, text[1], sizeof text[1]));
    if (x->dim[1] > place->dim[0])
        return bough__fail(BOUGH_INVALID, "a sequence of %lld positions, wanted at most %lld",
                           (long long)x->dim[1], (long long)place->dim[0]);
    need->y = *x;
    need->saved = (size_t)x->dim[0] * sizeof(int32_t);
    return BOUGH_OK;
}

static struct positions_params params_of(const struct bough__op_call *call)
{
    const int64_t *x = call->x[0].shape.dim;
    return (struct positions_params){(int)x[0], (int)x[1], (int)x[2]};
}

static enum bough_status add_positions_forward(struct bough__sequence *out,
                                               const struct bough__op_call *call)
{
    const struct positions_params params = params_of(call);
    return BOUGH_KERNEL(out, &kernel_fwd, params.batch, bough_shape_elements(&call->y.shape),
                        &params, call->x[0].span, call->x[1].span, bough__lengths(call, 2),
                        call->saved, call->y.span);
}

static enum bough_status add_positions_backward(struct bough__sequence *out,
                                                const struct bough__op_call *call)
{
    enum bough_status status = BOUGH_OK;
    const struct positions_params params = params_of(call);
    const int64_t work = bough_shape_elements(&call->y.shape);
    if (call->dx[1].span.buffer)
        BOUGH_TRY(BOUGH_KERNEL(out, &kernel_dplace, call->x[1].shape.dim[0], work, &params,
                               call->saved, call->dy.span, call->dx[1].span));
    if (call->dx[0].span.buffer)
        BOUGH_TRY(BOUGH_KERNEL(out, &kernel_dx, params.batch, work, &params, call->saved,
                               call->dy.span, call->dx[0].span));
done:
    return status;
}

const struct bough__op bough__op_add_positions = {
    .name = "add_positions",
    .inputs_min = 2,
    .inputs_max = 3,
    .flags = BOUGH__OP_IN_PLACE,
    .no_gradient = 1 << 2,
    .shape = add_positions_shape,
    .forward = add_positions_forward,
    .backward = add_positions_backward,
};
