// x is turned so that the channels of an element lie side by side: what a row of a kernel meets is
// then one run of floats, and an output of the pooling adds its dy times a few runs. That is a
// quarter of the work of a product over all windows where the pooling takes one of four.
#include "op/conv2d_pooled.h"

#include "base/error.h"
#include "cl/conv2d_pooled_params.h"

struct sizes {
    int64_t n, c, h, w, o, kh, kw;
    int64_t rows, columns; // of a padded image
    int64_t lanes;         // of a kernel's row, rounded up
};

static struct sizes sizes_of(const struct bough__op_call *conv, int64_t images)
{
    const int64_t *x = conv->x[0].shape.dim, *weight = conv->x[1].shape.dim;
    struct sizes s = {images, x[1], x[2], x[3], weight[0], weight[2], weight[3], 0, 0, 0};
    s.rows = s.h + 2 * (int64_t)conv->attr->padding[0];
    s.columns = s.w + 2 * (int64_t)conv->attr->padding[1];
    s.lanes = (s.kw * s.c + BOUGH_LANES - 1) / BOUGH_LANES * BOUGH_LANES;
    return s;
}

int bough__conv2d_pooled_does(const struct bough__op_call *conv)
{
    enum { INDEXES = 1 << 18 }; // what POOLED_ROW is right for
    const struct sizes s = sizes_of(conv, conv->x[0].shape.dim[0]);
    const int64_t *y = conv->y.shape.dim;
    return conv->attr->groups == 1 && conv->attr->dilation[1] == 1 && s.kw * s.c >= BOUGH_LANES &&
           y[2] * y[3] < INDEXES && s.rows * s.columns * s.c <= INT32_MAX &&
           s.n * s.rows <= INT32_MAX;
}

size_t bough__conv2d_pooled_turned(const struct bough__op_call *conv, int64_t images)
{
    const struct sizes s = sizes_of(conv, images);
    return (size_t)(s.n * s.rows * s.columns * s.c + BOUGH_LANES) * sizeof(float);
}

size_t bough__conv2d_pooled_sums(const struct bough__op_call *conv)
{
    const struct sizes s = sizes_of(conv, 0);
    return (size_t)(s.o * s.kh * s.lanes) * sizeof(float);
}

// ---- Kernels ----

BOUGH_TWIN static void conv2d_turn(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct turn_params *p = params;
    const int64_t plane = (int64_t)p->height * p->width;
    for (int64_t row = begin; row < end; row++) {
        const int64_t n = row / p->rows, y = row % p->rows - p->padding_h;
        const float *x = (const float *)arg[0] + n * p->channels * plane;
        float *to = (float *)arg[1] + row * p->columns * p->channels;
        const int inside = y >= 0 && y < p->height;
        for (int64_t i = 0; i < p->columns; i++, to += p->channels) {
            const int64_t j = i - p->padding_w;
            for (int64_t c = 0; c < p->channels; c++)
                to[c] = inside && j >= 0 && j < p->width ? x[c * plane + y * p->width + j] : 0.0f;
        }
        for (int i = 0; row == p->last && i < BOUGH_LANES; i++)
            to[i] = 0.0f;
    }
}

typedef float floats __attribute__((vector_size(64)));
typedef float floats_at __attribute__((vector_size(64), aligned(4), may_alias));

enum { SOME = 64 };

// What some outputs of the pooling give, and where their windows begin.
struct outputs {
    int at[SOME];
    float dy[SOME];
    int count;
};

// sum [16 * vectors] += the runs of x, each times its dy.
BOUGH_IN_TWIN void add_runs(float *sum, const float *x, const struct outputs *outputs, int vectors)
{
    floats total[6];
    for (int v = 0; v < vectors; v++)
        total[v] = *(const floats_at *)(sum + BOUGH_LANES * v);
    for (int i = 0; i < outputs->count; i++) {
        const float *run = x + outputs->at[i];
        const float dy = outputs->dy[i];
        for (int v = 0; v < vectors; v++)
            total[v] += dy * *(const floats_at *)(run + BOUGH_LANES * v);
    }
    for (int v = 0; v < vectors; v++)
        *(floats_at *)(sum + BOUGH_LANES * v) = total[v];
}

BOUGH_IN_TWIN void add_outputs(float *sum, const float *x, const struct outputs *outputs,
                               const struct pooled_params *p)
{
    for (int tap = 0; tap < p->taps; tap++, x += p->tap_row, sum += p->lanes) {
        int i = 0;
        for (; i + 96 <= p->lanes; i += 96)
            add_runs(sum + i, x + i, outputs, 6);
        for (; i + 48 <= p->lanes; i += 48)
            add_runs(sum + i, x + i, outputs, 3);
        for (; i < p->lanes; i += 16)
            add_runs(sum + i, x + i, outputs, 1);
    }
}

// Of one image and channel, some outputs at a time.
BOUGH_IN_TWIN void add_plane(float *sum, const float *x, const float *dy, const int *index,
                             const struct pooled_params *p)
{
    const float inverse = 1.0f / (float)p->width;
    for (int first = 0; first < p->plane; first += SOME) {
        struct outputs outputs;
        const int end = first + SOME < p->plane ? first + SOME : p->plane;
        outputs.count = 0;
        for (int i = first; i < end; i++) {
            const int from = index[i], y = POOLED_ROW(from, inverse);
            outputs.at[outputs.count] = y * p->row + (from - y * p->width) * p->column;
            outputs.dy[outputs.count] = dy[i];
            outputs.count += from >= 0;
        }
        add_outputs(sum, x, &outputs, p);
    }
}

BOUGH_TWIN static void conv2d_pooled_weight_bwd(void *const *arg, const void *params, int64_t begin,
                                                int64_t end)
{
    const struct pooled_params *p = params;
    const int64_t size = (int64_t)p->taps * p->lanes;
    float *sums = arg[3];
    for (int64_t i = begin * size; !p->add && i < end * size; i++)
        sums[i] = 0.0f;
    for (int64_t n = 0; n < p->batch; n++)
        for (int64_t o = begin; o < end; o++) {
            const int64_t plane = (n * p->channels + o) * p->plane;
            add_plane(sums + o * size, (const float *)arg[2] + n * p->image,
                      (const float *)arg[0] + plane, (const int *)arg[1] + plane, p);
        }
}

static void conv2d_pooled_weight_end(void *const *arg, const void *params, int64_t begin,
                                     int64_t end)
{
    const struct pooled_end_params *p = params;
    const float *sums = arg[0];
    float *dweight = arg[1];
    for (int64_t i = begin; i < end; i++) {
        const int64_t line = i / p->width, plane = line / p->taps, o = plane / p->channels;
        const float sum = sums[(o * p->taps + line % p->taps) * p->lanes +
                               i % p->width * p->channels + plane % p->channels];
        dweight[i] = p->add ? dweight[i] + sum : sum;
    }
}

static const struct bough__kernel kernel_turn = {
    "conv2d_turn",   "conv2d_pooled", conv2d_turn,
    BOUGH_GRID_ROWS, .args = 2,       .params_size = sizeof(struct turn_params)};
static const struct bough__kernel kernel_weight_bwd = {
    "conv2d_pooled_weight_bwd", "conv2d_pooled", conv2d_pooled_weight_bwd,
    BOUGH_GRID_SHORT_ROWS,      .args = 4,       .params_size = sizeof(struct pooled_params)};
static const struct bough__kernel kernel_weight_end = {
    "conv2d_pooled_weight_end", "conv2d_pooled", conv2d_pooled_weight_end,
    BOUGH_GRID_ITEMS,           .args = 2,       .params_size = sizeof(struct pooled_end_params)};

// ---- Launches ----

static enum bough_status turn(struct bough__sequence *out, const struct bough__op_call *conv,
                              const struct sizes *s, struct bough__span turned)
{
    const int64_t count = s->n * s->rows;
    const struct turn_params params = {(int)s->c,
                                       (int)s->h,
                                       (int)s->w,
                                       (int)s->rows,
                                       (int)s->columns,
                                       conv->attr->padding[0],
                                       conv->attr->padding[1],
                                       (int)count - 1};
    // Once, for the whole stack.
    const int64_t stack = out->stack;
    out->stack = 1;
    enum bough_status status = BOUGH_KERNEL(out, &kernel_turn, count, count * s->columns * s->c,
                                            &params, conv->x[0].span, turned);
    out->stack = stack;
    return status;
}

static enum bough_status add_up(struct bough__sequence *out,
                                const struct bough__conv2d_pooled *pooled, const struct sizes *s,
                                struct bough__span turned)
{
    const struct bough__attr *attr = pooled->conv->attr;
    const int64_t *y = pooled->pool->y.shape.dim, outputs = s->n * y[2] * y[3];
    const struct pooled_params params = {
        .batch = (int)s->n,
        .channels = (int)s->o,
        .plane = (int)(y[2] * y[3]),
        .width = (int)pooled->conv->y.shape.dim[3],
        .row = (int)(attr->stride[0] * s->columns * s->c),
        .column = (int)(attr->stride[1] * s->c),
        .tap_row = (int)(attr->dilation[0] * s->columns * s->c),
        .image = (int)(s->rows * s->columns * s->c),
        .taps = (int)s->kh,
        .lanes = (int)s->lanes,
        .add = !pooled->first,
    };
    return BOUGH_KERNEL(out, &kernel_weight_bwd, s->o, s->o * outputs * s->kh * s->lanes, &params,
                        pooled->pool->dy.span, pooled->pool->saved, turned, pooled->sums);
}

enum bough_status bough__conv2d_pooled_weight(struct bough__sequence *out,
                                              const struct bough__conv2d_pooled *pooled)
{
    enum bough_status status;
    const struct bough__op_call *conv = pooled->conv;
    const struct sizes s = sizes_of(conv, conv->x[0].shape.dim[0]);
    struct bough__span turned = pooled->turned;
    turned.stride = 0;
    BOUGH_TRY(turn(out, conv, &s, turned));
    BOUGH_TRY(add_up(out, pooled, &s, turned));
    if (pooled->last) {
        const struct pooled_end_params end = {(int)s.c, (int)s.kh, (int)s.kw, (int)s.lanes,
                                              conv->add_dx[1]};
        const int64_t count = s.o * s.c * s.kh * s.kw;
        BOUGH_TRY(BOUGH_KERNEL(out, &kernel_weight_end, count, count, &end, pooled->sums,
                               conv->dx[1].span));
    }
done:
    return status;
}
