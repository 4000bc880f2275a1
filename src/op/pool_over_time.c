// pool_over_time: one row of numbers of a sequence.
//   x         [N, L, D]
//   scores    [N, L, 1]   of kind POOL_ATTENTION alone
//   lengths   [N]         I32, the last input, absent where all rows are L long
//   y         [N, D]      the mean over a row's positions, the largest number, what stands at the
//                         last one, or the sum by weights, softmax(scores); 0 of a row without any
// Reads of attr: kind (enum pool_over_time).
// Saves the weights [N, L], or of POOL_MAX [N, D], where the largest stood.
#include "cl/pool_over_time_params.h"

#include "base/error.h"
#include "op/lanes.h"
#include "op/padding.h"

// ---- Kernels: a row of the launch is a row of the batch ----

BOUGH_IN_TWIN void weigh(float *weight, const float *scores, int64_t count, int kind)
{
    if (kind == POOL_ATTENTION && count)
        row_softmax(weight, scores, count);
    else
        for (int64_t l = 0; l < count; l++)
            weight[l] = kind == POOL_MEAN ? 1.0f / (float)count : l + 1 == count ? 1.0f : 0.0f;
}

BOUGH_IN_TWIN void largest(float *restrict y, int32_t *restrict at, const float *restrict x,
                           int64_t count, int64_t width)
{
    memcpy(y, x, (size_t)width * sizeof *y);
    memset(at, 0, (size_t)width * sizeof *at);
    for (int64_t l = 1; l < count; l++) {
        const float *restrict here = x + l * width;
#pragma omp simd
        for (int64_t i = 0; i < width; i++) {
            const int above = here[i] > y[i];
            at[i] = above ? (int32_t)l : at[i];
            y[i] = above ? here[i] : y[i];
        }
    }
}

BOUGH_TWIN static void pool_over_time_fwd(void *const *arg, const void *params, int64_t begin,
                                          int64_t end)
{
    const struct pool_over_time_params *p = params;
    const int64_t length = p->length, width = p->width;
    for (int64_t n = begin; n < end; n++) {
        const int64_t count = row_length(arg[2], n, length);
        const float *x = (const float *)arg[0] + n * length * width;
        float *restrict y = (float *)arg[4] + n * width;
        float *weight = (float *)arg[3] + n * length;
        memset(y, 0, (size_t)width * sizeof *y);
        if (p->kind == POOL_MAX) {
            if (count)
                largest(y, (int32_t *)arg[3] + n * width, x, count, width);
            continue;
        }
        weigh(weight, arg[1] ? (const float *)arg[1] + n * length : NULL, count, p->kind);
        for (int64_t l = p->kind == POOL_LAST && count ? count - 1 : 0; l < count; l++) {
            const float *restrict here = x + l * width, share = weight[l];
#pragma omp simd
            for (int64_t i = 0; i < width; i++)
                y[i] += share * here[i];
        }
    }
}

BOUGH_IN_TWIN void score_gradient(float *restrict dscores, const float *restrict weight,
                                  const float *x, const float *dy, int64_t count, int64_t width)
{
    float mean = 0.0f;
    for (int64_t l = 0; l < count; l++) {
        dscores[l] = row_dot(x + l * width, dy, width);
        mean += weight[l] * dscores[l];
    }
    for (int64_t l = 0; l < count; l++)
        dscores[l] = weight[l] * (dscores[l] - mean);
}

BOUGH_TWIN static void pool_over_time_bwd(void *const *arg, const void *params, int64_t begin,
                                          int64_t end)
{
    const struct pool_over_time_params *p = params;
    const int64_t length = p->length, width = p->width;
    for (int64_t n = begin; n < end; n++) {
        const int64_t count = row_length(arg[1], n, length), first = n * length * width;
        const float *restrict dy = (const float *)arg[3] + n * width;
        const float *weight = (const float *)arg[2] + n * length;
        const int32_t *restrict at = (const int32_t *)arg[2] + n * width;
        for (int64_t l = 0; arg[4] && l < length; l++) {
            float *restrict dx = (float *)arg[4] + first + l * width;
            const float share = p->kind != POOL_MAX && l < count ? weight[l] : 0.0f;
            if (p->kind == POOL_MAX && l < count)
#pragma omp simd
                for (int64_t i = 0; i < width; i++)
                    dx[i] = at[i] == l ? dy[i] : 0.0f;
            else
#pragma omp simd
                for (int64_t i = 0; i < width; i++)
                    dx[i] = share == 0.0f ? 0.0f : share * dy[i];
        }
        if (arg[5]) {
            float *dscores = (float *)arg[5] + n * length;
            memset(dscores + count, 0, (size_t)(length - count) * sizeof *dscores);
            score_gradient(dscores, weight, (const float *)arg[0] + first, dy, count, width);
        }
    }
}

static const struct bough__kernel kernel_fwd = {
    "pool_over_time_fwd", "pool_over_time", pool_over_time_fwd,
    BOUGH_GRID_ROWS,      .args = 5,        .params_size = sizeof(struct pool_over_time_params)};
static const struct bough__kernel kernel_bwd = {
    "pool_over_time_bwd", "pool_over_time", pool_over_time_bwd,
    BOUGH_GRID_ROWS,      .args = 6,        .params_size = sizeof(struct pool_over_time_params)};

// ---- The op ----

// The inputs before the lengths.
static int before_lengths(const struct bough__op_call *call)
{
    return call->attr->kind == POOL_ATTENTION ? 2 : 1;
}

static enum bough_status pool_over_time_shape(struct bough__op_need *need,
                                              const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape, *other = &call->x[call->inputs - 1].shape;
    const int before = before_lengths(call), told = bough__has_lengths(call, before);
    char text[2][128];
    struct bough_shape scores = *x;
    scores.dim[2] = 1;
    if (x->rank != 3 || x->dim[1] < 1 || x->dim[2] < 1 || call->inputs != before + told ||
        (before == 2 && !bough_shape_equal(&call->x[1].shape, &scores)))
        return bough__fail(BOUGH_INVALID, "inputs %s to %s, wanted [N, L, D]%s and lengths [N]",
                           bough_shape_format(x, text[0], sizeof text[0]),
                           bough_shape_format(other, text[1], sizeof text[1]),
                           before == 2 ? ", [N, L, 1]" : "");
    need->y = (struct bough_shape){2, {x->dim[0], x->dim[2]}};
    need->saved =
        (size_t)(x->dim[0] * x->dim[call->attr->kind == POOL_MAX ? 2 : 1]) * sizeof(float);
    return BOUGH_OK;
}

static struct pool_over_time_params params_of(const struct bough__op_call *call)
{
    const int64_t *x = call->x[0].shape.dim;
    return (struct pool_over_time_params){call->attr->kind, (int)x[1], (int)x[2]};
}

static enum bough_status pool_over_time_forward(struct bough__sequence *out,
                                                const struct bough__op_call *call)
{
    const struct pool_over_time_params params = params_of(call);
    const struct bough__span absent = {0};
    const int before = before_lengths(call);
    return BOUGH_KERNEL(out, &kernel_fwd, call->x[0].shape.dim[0],
                        bough_shape_elements(&call->x[0].shape), &params, call->x[0].span,
                        before == 2 ? call->x[1].span : absent, bough__lengths(call, before),
                        call->saved, call->y.span);
}

static enum bough_status pool_over_time_backward(struct bough__sequence *out,
                                                 const struct bough__op_call *call)
{
    const struct pool_over_time_params params = params_of(call);
    const struct bough__span absent = {0};
    const int before = before_lengths(call);
    return BOUGH_KERNEL(out, &kernel_bwd, call->x[0].shape.dim[0],
                        bough_shape_elements(&call->x[0].shape), &params, call->x[0].span,
                        bough__lengths(call, before), call->saved, call->dy.span, call->dx[0].span,
                        before == 2 ? call->dx[1].span : absent);
}

const struct bough__op bough__op_pool_over_time = {
    .name = "pool_over_time",
    .inputs_min = 1,
    .inputs_max = 3,
    .flags = BOUGH__OP_BACKWARD_READS_X | BOUGH__OP_ENDS_SEQUENCE,
    .no_gradient = 1 << 2,
    .shape = pool_over_time_shape,
    .forward = pool_over_time_forward,
    .backward = pool_over_time_backward,
};
