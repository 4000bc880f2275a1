// linear: x [N, ..., D], weight [U, D], bias [U] or absent -> y [N, ..., U] = activation(x weight^T
// + bias)
#include "op/linear.h"

#include "base/error.h"
#include "cl/linear_params.h"
#include "op/activation.h"

// ---- The bias's gradient ----

BOUGH_IN_TWIN void add_row(float *sum, const float *dy, int64_t begin, int64_t end)
{
#pragma omp simd
    for (int64_t c = begin; c < end; c++)
        sum[c] += dy[c];
}

// A row of the launch is LINEAR_COLUMNS columns.
BOUGH_TWIN static void linear_bias_bwd(void *const *arg, const void *params, int64_t begin,
                                       int64_t end)
{
    const struct linear_params *p = params;
    const float *y = arg[1];
    float *dy = arg[0], *dbias = arg[2];
    const int64_t first = begin * LINEAR_COLUMNS;
    const int64_t last = end * LINEAR_COLUMNS < p->columns ? end * LINEAR_COLUMNS : p->columns;
    for (int64_t c = first; dbias && !p->add && c < last; c++)
        dbias[c] = 0.0f;
    for (int64_t r = 0; r < p->rows; r++) {
        const int64_t at = r * p->columns;
        if (y)
            activation_back(dy + at, dy + at, y + at, first, last, p->activation);
        if (dbias)
            add_row(dbias, dy + at, first, last);
    }
}

static const struct bough__kernel kernel_bias_bwd = {
    "linear_bias_bwd", "linear",  linear_bias_bwd,
    BOUGH_GRID_ROWS,   .args = 3, .params_size = sizeof(struct linear_params)};

// ---- Shape ----

static enum bough_status linear_shape(struct bough__op_need *need,
                                      const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape, *w = &call->x[1].shape;
    const struct bough_shape *b = &call->x[2].shape;
    char text[3][128];
    if (x->rank < 2 || w->rank != 2 || x->dim[x->rank - 1] != w->dim[1])
        return bough__fail(BOUGH_INVALID, "input %s and weight %s, wanted [N, ..., D] and [U, D]",
                           bough_shape_format(x, text[0], sizeof text[0]),
                           bough_shape_format(w, text[1], sizeof text[1]));
    if (call->inputs > 2 && (b->rank != 1 || b->dim[0] != w->dim[0]))
        return bough__fail(BOUGH_INVALID, "weight %s and bias %s, wanted [U, D] and [U]",
                           bough_shape_format(w, text[1], sizeof text[1]),
                           bough_shape_format(b, text[2], sizeof text[2]));
    need->y = *x;
    need->y.dim[x->rank - 1] = w->dim[0];
    return BOUGH_OK;
}

// ---- Passes ----

static int64_t rows(const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape;
    int64_t count = 1;
    for (int i = 0; i + 1 < x->rank; i++)
        count *= x->dim[i];
    return count;
}

static struct bough__matrix matrix(struct bough__span data, int64_t row, int64_t col)
{
    return (struct bough__matrix){.data = data, .row = {.stride = row}, .col = {.stride = col}};
}

static enum bough_status linear_forward(struct bough__sequence *out,
                                        const struct bough__op_call *call)
{
    const int64_t d = call->x[1].shape.dim[1], u = call->x[1].shape.dim[0];
    return bough__sequence_gemm(out, &(struct bough__gemm){
                                         .m = rows(call),
                                         .n = u,
                                         .k = d,
                                         .a = matrix(call->x[0].span, d, 1),
                                         .b = matrix(call->x[1].span, 1, d),
                                         .c = matrix(call->y.span, u, 1),
                                         .bias = call->x[2].span,
                                         .bias_axis = BOUGH_BIAS_PER_COL,
                                         .activation = call->attr->activation,
                                         .slope = call->attr->slope,
                                     });
}

static enum bough_status input_gradient(struct bough__sequence *out,
                                        const struct bough__op_call *call)
{
    const int64_t d = call->x[1].shape.dim[1], u = call->x[1].shape.dim[0];
    if (!call->dx[0].span.buffer)
        return BOUGH_OK;
    return bough__sequence_gemm(out, &(struct bough__gemm){
                                         .m = rows(call),
                                         .n = d,
                                         .k = u,
                                         .a = matrix(call->dy.span, u, 1),
                                         .b = matrix(call->x[1].span, d, 1),
                                         .c = matrix(call->dx[0].span, d, 1),
                                         .beta = call->add_dx[0] ? 1.0f : 0.0f,
                                     });
}

static enum bough_status weight_gradient(struct bough__sequence *out,
                                         const struct bough__op_call *call)
{
    const int64_t d = call->x[1].shape.dim[1], u = call->x[1].shape.dim[0];
    if (!call->dx[1].span.buffer)
        return BOUGH_OK;
    return bough__sequence_gemm(out, &(struct bough__gemm){
                                         .m = u,
                                         .n = d,
                                         .k = rows(call),
                                         .a = matrix(call->dy.span, 1, u),
                                         .b = matrix(call->x[0].span, d, 1),
                                         .c = matrix(call->dx[1].span, d, 1),
                                         .beta = call->add_dx[1] ? 1.0f : 0.0f,
                                     });
}

// dbias; dy taken through the activation, in place.
static enum bough_status bias_gradient(struct bough__sequence *out,
                                       const struct bough__op_call *call)
{
    const int64_t n = rows(call), u = call->x[1].shape.dim[0];
    const struct linear_params params = {(int)n, (int)u, call->add_dx[2],
                                         bough__fused_activation(call->attr)};
    const struct bough__span absent = {0};
    const int activated = call->attr->activation != BOUGH_LINEAR;
    if (!activated && !call->dx[2].span.buffer)
        return BOUGH_OK;
    return BOUGH_KERNEL(out, &kernel_bias_bwd, (u + LINEAR_COLUMNS - 1) / LINEAR_COLUMNS, n * u,
                        &params, call->dy.span, activated ? call->y.span : absent,
                        call->dx[2].span);
}

enum bough_status bough__bias_gradient(struct bough__sequence *out, struct bough__span dbias,
                                       struct bough__span dy, int64_t rows, int64_t units)
{
    const struct linear_params params = {(int)rows, (int)units, 0, {BOUGH_LINEAR, 0}};
    const struct bough__span absent = {0};
    return BOUGH_KERNEL(out, &kernel_bias_bwd, (units + LINEAR_COLUMNS - 1) / LINEAR_COLUMNS,
                        rows * units, &params, dy, absent, dbias);
}

static enum bough_status linear_backward(struct bough__sequence *out,
                                         const struct bough__op_call *call)
{
    enum bough_status status = BOUGH_OK;
    BOUGH_TRY(bias_gradient(out, call));
    BOUGH_TRY(weight_gradient(out, call));
    BOUGH_TRY(input_gradient(out, call));
done:
    return status;
}

const struct bough__op bough__op_linear = {
    .name = "linear",
    .inputs_min = 2,
    .inputs_max = 3,
    .flags = BOUGH__OP_BACKWARD_READS_X | BOUGH__OP_ACCUMULATES | BOUGH__OP_FUSES_ACTIVATION,
    .shape = linear_shape,
    .forward = linear_forward,
    .backward = linear_backward,
};
