// attention: scaled dot-product attention of several heads, softmax(q k^T / sqrt(D / heads)) v of
// each, among the positions of a row.
//   qkv       [N, L, 3 D]   queries, keys and values, each of them head by head
//   lengths   [N]           I32, input 1, absent where inputs == 1: the positions that a row has
//   y         [N, L, D]     0 behind the row's length
// Reads of attr: groups (the heads), value and stream (dropout of the weights, as of op dropout).
// Saves the weights [N, heads, L, L], those that are dropped negative.
#include "base/error.h"
#include "cl/attention_params.h"
#include "cl/step.h"
#include "op/padding.h"
#include "op/small_product.h"

// ---- Kernels: a row of the launch is a head of a sample ----

// Where a head's numbers stand.
struct head {
    int64_t sample, count, weights; // count: of positions
    const float *q, *k, *v;
    int64_t row, qkv, y; // qkv, y: floats from the first of all to the head's
};

BOUGH_IN_TWIN struct head head_of(const struct attention_params *p, const float *qkv,
                                  const int32_t *lengths, int64_t index)
{
    const int64_t all = (int64_t)p->heads * p->width, sample = index / p->heads;
    const int64_t at = index % p->heads * p->width, qkv_at = sample * p->length * 3 * all + at;
    return (struct head){
        .sample = sample,
        .count = row_length(lengths, sample, p->length),
        .weights = index * p->length * p->length,
        .q = qkv + qkv_at,
        .k = qkv + qkv_at + all,
        .v = qkv + qkv_at + 2 * all,
        .row = 3 * all,
        .qkv = qkv_at,
        .y = sample * p->length * all + at,
    };
}

// Zeros behind the row's length.
BOUGH_IN_TWIN void clear(float *to, int64_t row, const struct head *h,
                         const struct attention_params *p)
{
    for (int64_t l = h->count; l < p->length; l++)
        memset(to + l * row, 0, (size_t)p->width * sizeof *to);
}

// One weight: negative where it is dropped, and what counts of it.
BOUGH_IN_TWIN void drop_weight(float *counts, float *weight, unsigned int bits, float p, float kept)
{
    const float value = *weight, drops = random_unit(bits) < p ? 1.0f : 0.0f;
    *counts = (1.0f - drops) * value * kept;
    *weight = value - 2.0f * drops * value;
}

// Makes the weights of row `row` negative that are dropped, and writes those that count to `to`.
BOUGH_IN_TWIN void drop_weights(float *restrict to, float *restrict weight, int64_t count,
                                int64_t row, const struct attention_params *p,
                                const struct step_state *step)
{
    const unsigned int first = (unsigned int)(row * ((p->length + 3) / 4)), stream = p->stream;
    const unsigned int seed0 = step->seed[0], seed1 = step->seed[1], now = step->step;
    const float share = p->p, kept = p->kept;
#pragma omp simd
    for (int64_t i = 0; i < count / 4; i++) {
        const struct random4 draw =
            dropout_draw(seed0, seed1, now, stream, first + (unsigned int)i);
        drop_weight(to + 4 * i, weight + 4 * i, draw.v[0], share, kept);
        drop_weight(to + 4 * i + 1, weight + 4 * i + 1, draw.v[1], share, kept);
        drop_weight(to + 4 * i + 2, weight + 4 * i + 2, draw.v[2], share, kept);
        drop_weight(to + 4 * i + 3, weight + 4 * i + 3, draw.v[3], share, kept);
    }
    const int64_t last = count / 4;
    const struct random4 draw = dropout_draw(seed0, seed1, now, stream, first + (unsigned int)last);
    for (int64_t i = 4 * last; i < count; i++)
        drop_weight(to + i, weight + i, draw.v[i % 4], share, kept);
}

BOUGH_TWIN static void attention_fwd(void *const *arg, const void *params, int64_t begin,
                                     int64_t end)
{
    const struct attention_params *p = params;
    const int64_t length = p->length, all = (int64_t)p->heads * p->width;
    for (int64_t i = begin; i < end; i++) {
        const struct head h = head_of(p, arg[0], arg[1], i);
        float *weights = (float *)arg[3] + h.weights, *counted = weights;
        float *y = (float *)arg[5] + h.y;
        clear(y, all, &h, p);
        if (h.count == 0)
            continue;
        small_dots(&(struct small_product){weights, h.q, h.k, length, h.row, 1, h.row, h.count,
                                           h.count, p->width},
                   p->scale);
        for (int64_t l = 0; l < h.count; l++)
            row_softmax(weights + l * length, weights + l * length, h.count);
        if (p->p > 0.0f) {
            counted = (float *)arg[4] + h.weights;
            for (int64_t l = 0; l < h.count; l++)
                drop_weights(counted + l * length, weights + l * length, h.count, i * length + l, p,
                             arg[2]);
        }
        small_product(&(struct small_product){y, counted, h.v, all, length, 1, h.row, h.count,
                                              p->width, h.count});
    }
}

// The weights that count, of those that were saved.
BOUGH_IN_TWIN void counted_weights(float *restrict to, const float *restrict weights,
                                   const struct head *h, const struct attention_params *p)
{
    const float kept = p->kept;
    for (int64_t l = 0; l < h->count; l++) {
        const int64_t begin = l * p->length, end = begin + h->count;
#pragma omp simd
        for (int64_t i = begin; i < end; i++)
            to[i] = weights[i] < 0.0f ? 0.0f : weights[i] * kept;
    }
}

// The gradient of the scores, of that of the weights that count, in place.
BOUGH_IN_TWIN void score_gradient(float *restrict d, const float *restrict weights,
                                  const struct head *h, const struct attention_params *p)
{
    const int64_t count = h->count;
    const float kept = p->kept, scale = p->scale;
    for (int64_t l = 0; l < count; l++) {
        const float *restrict w = weights + l * p->length;
        float *restrict to = d + l * p->length, mean = 0.0f;
#pragma omp simd reduction(+ : mean)
        for (int64_t i = 0; i < count; i++) {
            to[i] = w[i] < 0.0f ? 0.0f : to[i] * kept;
            mean += fabsf(w[i]) * to[i];
        }
#pragma omp simd
        for (int64_t i = 0; i < count; i++)
            to[i] = scale * fabsf(w[i]) * (to[i] - mean);
    }
}

BOUGH_TWIN static void attention_bwd(void *const *arg, const void *params, int64_t begin,
                                     int64_t end)
{
    const struct attention_params *p = params;
    const int64_t length = p->length, width = p->width, all = p->heads * width;
    for (int64_t i = begin; i < end; i++) {
        const struct head h = head_of(p, arg[0], arg[1], i);
        const int64_t count = h.count, row = h.row;
        const float *weights = (const float *)arg[2] + h.weights, *counted = weights;
        const float *dy = (const float *)arg[3] + h.y;
        float *d = (float *)arg[4] + h.weights, *dq = (float *)arg[5] + h.qkv;
        float *dk = dq + all, *dv = dk + all;
        clear(dq, row, &h, p);
        clear(dk, row, &h, p);
        clear(dv, row, &h, p);
        if (count == 0)
            continue;
        if (p->p > 0.0f) {
            counted_weights(d, weights, &h, p);
            counted = d;
        }
        small_product(
            &(struct small_product){dv, counted, dy, row, 1, length, all, count, width, count});
        small_dots(&(struct small_product){d, dy, h.v, length, all, 1, row, count, count, width},
                   1.0f);
        score_gradient(d, weights, &h, p);
        small_product(
            &(struct small_product){dq, d, h.k, row, length, 1, row, count, width, count});
        small_product(
            &(struct small_product){dk, d, h.q, row, 1, length, row, count, width, count});
    }
}

static const struct bough__kernel kernel_fwd = {
    "attention_fwd", "attention", attention_fwd,
    BOUGH_GRID_ROWS, .args = 6,   .params_size = sizeof(struct attention_params)};
static const struct bough__kernel kernel_bwd = {
    "attention_bwd", "attention", attention_bwd,
    BOUGH_GRID_ROWS, .args = 6,   .params_size = sizeof(struct attention_params)};

// ---- The op ----

static enum bough_status attention_shape(struct bough__op_need *need,
                                         const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape, *lengths = &call->x[1].shape;
    const int64_t heads = call->attr->groups;
    const float p = call->attr->value;
    char text[2][128];
    int64_t weights;
    if (x->rank != 3 || heads < 1 || x->dim[2] < 1 || x->dim[2] % (3 * heads))
        return bough__fail(BOUGH_INVALID, "input %s, wanted [N, L, 3 D] of %lld heads",
                           bough_shape_format(x, text[0], sizeof text[0]), (long long)heads);
    if (call->inputs > 1 && !bough__has_lengths(call, 1))
        return bough__fail(BOUGH_INVALID, "input %s and lengths %s, wanted [N, L, 3 D] and [N]",
                           bough_shape_format(x, text[0], sizeof text[0]),
                           bough_shape_format(lengths, text[1], sizeof text[1]));
    if (!(p >= 0.0f && p < 1.0f))
        return bough__fail(BOUGH_INVALID, "probability %g, wanted 0 to below 1", (double)p);
    if (__builtin_mul_overflow(x->dim[0] * heads, x->dim[1] * x->dim[1], &weights) ||
        weights > INT32_MAX)
        return bough__fail(
            BOUGH_INVALID, "input %s of %lld heads, wanted at most %d weights of positions",
            bough_shape_format(x, text[0], sizeof text[0]), (long long)heads, INT32_MAX);
    need->y = (struct bough_shape){3, {x->dim[0], x->dim[1], x->dim[2] / 3}};
    need->saved = need->scratch = (size_t)weights * sizeof(float);
    return BOUGH_OK;
}

static struct attention_params params_of(const struct bough__op_call *call)
{
    const int64_t *x = call->x[0].shape.dim;
    const int heads = call->attr->groups, width = (int)(x[2] / 3 / heads);
    return (struct attention_params){.length = (int)x[1],
                                     .heads = heads,
                                     .width = width,
                                     .scale = 1.0f / sqrtf((float)width),
                                     .stream = call->attr->stream,
                                     .p = call->attr->value,
                                     .kept = 1.0f / (1.0f - call->attr->value)};
}

static int64_t work_of(const struct bough__op_call *call)
{
    const int64_t *x = call->x[0].shape.dim;
    return x[0] * x[1] * x[2] * (x[1] / 8 + 1);
}

static enum bough_status attention_forward(struct bough__sequence *out,
                                           const struct bough__op_call *call)
{
    const struct attention_params params = params_of(call);
    return BOUGH_KERNEL(out, &kernel_fwd, call->x[0].shape.dim[0] * params.heads, work_of(call),
                        &params, call->x[0].span, bough__lengths(call, 1), call->step, call->saved,
                        call->scratch, call->y.span);
}

static enum bough_status attention_backward(struct bough__sequence *out,
                                            const struct bough__op_call *call)
{
    const struct attention_params params = params_of(call);
    return BOUGH_KERNEL(out, &kernel_bwd, call->x[0].shape.dim[0] * params.heads, 2 * work_of(call),
                        &params, call->x[0].span, bough__lengths(call, 1), call->saved,
                        call->dy.span, call->scratch, call->dx[0].span);
}

const struct bough__op bough__op_attention = {
    .name = "attention",
    .inputs_min = 1,
    .inputs_max = 2,
    .flags = BOUGH__OP_BACKWARD_READS_X,
    .no_gradient = 1 << 1,
    .shape = attention_shape,
    .forward = attention_forward,
    .backward = attention_backward,
};
