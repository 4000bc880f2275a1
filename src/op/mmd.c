// How far the rows of two inputs are from each other, as samples of two distributions. Each input
// is [N, D], y is [1].
//   mean_distance  x, other: the mean square of the distance between two of all 2 N rows. Without
//                  gradient.
//   mmd            x, other, mean [1]: value times the squared maximum mean discrepancy with a
//                  mixture of Gaussian kernels, as means over all pairs: k(x, x) + k(other, other)
//                  - 2 k(x, other) with k(a, b) the mean over widths of
//                  exp(-|a - b|^2 / (width mean)). `other` and `mean` are held constant.
#include "base/error.h"
#include "op/part_sum.h"
#include "op/quick_math.h"

#include "cl/mmd_params.h"

// ---- Kernels ----

BOUGH_TWIN static void column_spread(void *const *arg, const void *params, int64_t begin,
                                     int64_t end)
{
    const struct mmd_params *p = params;
    const float *x = arg[0], *other = arg[1];
    float *part = arg[2];
    for (int64_t c = begin; c < end; c++) {
        float sum = 0.0f, squares = 0.0f;
        for (int64_t r = 0; r < p->rows; r++)
            sum += x[r * p->columns + c] + other[r * p->columns + c];
        const float mean = sum / (float)(2 * p->rows);
        for (int64_t r = 0; r < p->rows; r++) {
            const float a = x[r * p->columns + c] - mean, b = other[r * p->columns + c] - mean;
            squares += a * a + b * b;
        }
        part[c] = squares;
    }
}

BOUGH_IN_TWIN float row_distance(const float *a, const float *b, int64_t length)
{
    float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
    for (int64_t c = 0; c < length; c++)
        sum += (a[c] - b[c]) * (a[c] - b[c]);
    return sum;
}

// A row of the launch is a row of x, or of `other` behind them, against all others.
BOUGH_TWIN static void mmd_fwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct mmd_params *p = params;
    const float *from[] = {arg[0], arg[1]}, *mean = arg[2];
    float *slope = arg[3], *part = arg[4];
    for (int64_t row = begin; row < end; row++) {
        const int64_t side = row / p->rows, rows = p->rows;
        const float *a = from[side] + row % rows * p->columns;
        float sum = 0.0f;
        for (int64_t j = 0; j < 2 * rows; j++) {
            const float sign = j / rows == side ? 1.0f : -1.0f;
            const float distance =
                row_distance(a, from[j / rows] + j % rows * p->columns, p->columns);
            const struct mmd_kernel k = mmd_kernel(p->width, p->widths, distance, mean[0]);
            sum += sign * k.value;
            if (side == 0)
                slope[row * 2 * rows + j] = sign * k.slope;
        }
        part[row] = sum;
    }
}

BOUGH_TWIN static void mmd_bwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct mmd_back_params *p = params;
    const float *from[] = {arg[0], arg[1]}, *slope = arg[2], *dy = arg[3];
    for (int64_t i = begin, length; i < end; i += length) {
        const int64_t row = i / p->columns, at = i % p->columns;
        const float *x = from[0] + i;
        float *dx = (float *)arg[4] + i;
        length = p->columns - at < end - i ? p->columns - at : end - i;
        for (int64_t c = 0; c < length && !p->add; c++)
            dx[c] = 0.0f;
        for (int64_t j = 0; j < 2 * p->rows; j++) {
            const float factor = dy[0] * p->factor * slope[row * 2 * p->rows + j];
            const float *b = from[j / p->rows] + j % p->rows * p->columns + at;
#pragma omp simd
            for (int64_t c = 0; c < length; c++)
                dx[c] += factor * (x[c] - b[c]);
        }
    }
}

static const struct bough__kernel kernel_spread = {
    "column_spread",  "mmd",     column_spread,
    BOUGH_GRID_ITEMS, .args = 3, .params_size = sizeof(struct mmd_params)};
static const struct bough__kernel kernel_fwd = {
    "mmd_fwd",       "mmd",     mmd_fwd,
    BOUGH_GRID_ROWS, .args = 5, .params_size = sizeof(struct mmd_params)};
static const struct bough__kernel kernel_bwd = {
    "mmd_bwd",        "mmd",     mmd_bwd,
    BOUGH_GRID_ITEMS, .args = 5, .params_size = sizeof(struct mmd_back_params)};

// ---- mean_distance ----

static enum bough_status rows_alike(const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape, *other = &call->x[1].shape;
    char text[2][128];
    if (x->rank == 2 && bough_shape_equal(x, other))
        return BOUGH_OK;
    return bough__fail(BOUGH_INVALID, "inputs %s and %s, wanted two [N, D]",
                       bough_shape_format(x, text[0], sizeof text[0]),
                       bough_shape_format(other, text[1], sizeof text[1]));
}

static struct mmd_params params_of(const struct bough__op_call *call)
{
    const struct bough__attr *attr = call->attr;
    struct mmd_params params = {.rows = (int)call->x[0].shape.dim[0],
                                .columns = (int)call->x[0].shape.dim[1],
                                .widths = attr->widths};
    for (int i = 0; i < attr->widths; i++)
        params.width[i] = attr->width[i];
    return params;
}

static enum bough_status mean_distance_shape(struct bough__op_need *need,
                                             const struct bough__op_call *call)
{
    need->y = (struct bough_shape){1, {1}};
    need->scratch = (size_t)call->x[0].shape.dim[1] * sizeof(float);
    return rows_alike(call);
}

static enum bough_status mean_distance_forward(struct bough__sequence *out,
                                               const struct bough__op_call *call)
{
    enum bough_status status;
    const struct mmd_params params = params_of(call);
    const int64_t pairs = 2 * (int64_t)params.rows - 1; // of each row
    BOUGH_TRY(BOUGH_KERNEL(out, &kernel_spread, params.columns,
                           8 * bough_shape_elements(&call->x[0].shape), &params, call->x[0].span,
                           call->x[1].span, call->scratch));
    BOUGH_TRY(bough__part_sum(out, call->y.span, call->scratch, params.rows ? params.columns : 0,
                              2.0f / (float)pairs));
done:
    return status;
}

static enum bough_status no_backward(struct bough__sequence *out, const struct bough__op_call *call)
{
    (void)out, (void)call;
    return BOUGH_OK;
}

const struct bough__op bough__op_mean_distance = {
    .name = "mean_distance",
    .inputs_min = 2,
    .inputs_max = 2,
    .no_gradient = 1u << 0 | 1u << 1,
    .shape = mean_distance_shape,
    .forward = mean_distance_forward,
    .backward = no_backward,
};

// ---- mmd ----

static enum bough_status mmd_shape(struct bough__op_need *need, const struct bough__op_call *call)
{
    enum bough_status status;
    const size_t rows = (size_t)call->x[0].shape.dim[0];
    const int widths = call->attr->widths;
    BOUGH_TRY(rows_alike(call));
    if (bough_shape_elements(&call->x[2].shape) != 1)
        return bough__fail(BOUGH_INVALID, "a mean of %lld elements, wanted 1",
                           (long long)bough_shape_elements(&call->x[2].shape));
    if (widths < 1 || widths > MMD_MOST_WIDTHS)
        return bough__fail(BOUGH_INVALID, "%d widths, wanted 1 to %d", widths, MMD_MOST_WIDTHS);
    need->y = (struct bough_shape){1, {1}};
    need->saved = 2 * rows * rows * sizeof(float);
    need->scratch = 2 * rows * sizeof(float);
done:
    return status;
}

static float mean_over_pairs(const struct bough__op_call *call)
{
    const float rows = (float)call->x[0].shape.dim[0];
    return rows > 0 ? call->attr->value / (rows * rows) : 0.0f;
}

static enum bough_status mmd_forward(struct bough__sequence *out, const struct bough__op_call *call)
{
    enum bough_status status;
    const struct mmd_params params = params_of(call);
    const int64_t rows = 2 * (int64_t)params.rows;
    BOUGH_TRY(BOUGH_KERNEL(out, &kernel_fwd, rows, 3 * rows * rows * params.columns, &params,
                           call->x[0].span, call->x[1].span, call->x[2].span, call->saved,
                           call->scratch));
    BOUGH_TRY(bough__part_sum(out, call->y.span, call->scratch, rows, mean_over_pairs(call)));
done:
    return status;
}

static enum bough_status mmd_backward(struct bough__sequence *out,
                                      const struct bough__op_call *call)
{
    const int64_t *dim = call->x[0].shape.dim;
    const struct mmd_back_params params = {(int)dim[0], (int)dim[1], 4.0f * mean_over_pairs(call),
                                           call->add_dx[0]};
    if (!call->dx[0].span.buffer)
        return BOUGH_OK;
    return BOUGH_KERNEL(out, &kernel_bwd, dim[0] * dim[1], 6 * dim[0] * dim[0] * dim[1], &params,
                        call->x[0].span, call->x[1].span, call->saved, call->dy.span,
                        call->dx[0].span);
}

const struct bough__op bough__op_mmd = {
    .name = "mmd",
    .inputs_min = 3,
    .inputs_max = 3,
    .flags = BOUGH__OP_BACKWARD_READS_X | BOUGH__OP_ACCUMULATES,
    .no_gradient = 1u << 1 | 1u << 2,
    .shape = mmd_shape,
    .forward = mmd_forward,
    .backward = mmd_backward,
};
