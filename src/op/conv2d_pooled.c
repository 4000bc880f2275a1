// An output of the pooling adds its dy times a few runs of x. That is a quarter of the work of a
// product over all windows where the pooling takes one of four.
#include "op/conv2d_pooled.h"

#include "base/error.h"

static int64_t round_up(int64_t floats)
{
    return (floats + BOUGH_LANES - 1) / BOUGH_LANES * BOUGH_LANES;
}

struct bough__conv2d_turned bough__conv2d_turned(const struct bough__op_call *conv)
{
    const int64_t *x = conv->x[0].shape.dim, *weight = conv->x[1].shape.dim;
    const int64_t c = x[1], kh = weight[2], kw = weight[3];
    struct bough__conv2d_turned t = {.windows = kw * c < BOUGH_LANES};
    t.rows = t.windows ? conv->y.shape.dim[2] : x[2] + 2 * (int64_t)conv->attr->padding[0];
    t.columns = t.windows ? conv->y.shape.dim[3] : x[3] + 2 * (int64_t)conv->attr->padding[1];
    t.taps = t.windows ? 1 : kh;
    t.width = t.windows ? kh * kw : kw;
    t.lanes = round_up(t.width * c);
    t.column = t.windows ? t.lanes : c;
    t.image = t.rows * t.columns * t.column;
    return t;
}

int bough__conv2d_pooled_does_weight(const struct bough__op_call *conv,
                                     const struct bough__op_call *pool)
{
    enum {
        INDEXES = 1 << 18,             // what POOLED_ROW is right for
        WINDOW_LANES = 2 * BOUGH_LANES // more, and windows written out are large
    };
    const struct bough__conv2d_turned t = bough__conv2d_turned(conv);
    const int64_t *y = conv->y.shape.dim, *pooled = pool->y.shape.dim;
    const int together = t.windows ? t.lanes <= WINDOW_LANES : conv->attr->dilation[1] == 1;
    return conv->attr->groups == 1 && together && 2 * pooled[2] * pooled[3] <= y[2] * y[3] &&
           y[2] * y[3] < INDEXES && t.image <= INT32_MAX &&
           conv->attr->images * t.rows <= INT32_MAX;
}

size_t bough__conv2d_pooled_weights(const struct bough__op_call *conv,
                                    const struct bough__op_call *pool)
{
    const struct bough__conv2d_turned t = bough__conv2d_turned(conv);
    return bough__conv2d_pooled_does_weight(conv, pool)
               ? (size_t)(conv->y.shape.dim[1] * t.taps * t.lanes) * sizeof(float)
               : 0;
}

struct turn_params bough__conv2d_turn_params(const struct bough__op_call *conv,
                                             const struct bough__conv2d_turned *turned)
{
    const int64_t *x = conv->x[0].shape.dim;
    return (struct turn_params){(int)x[1],
                                (int)x[2],
                                (int)x[3],
                                (int)turned->rows,
                                (int)turned->columns,
                                conv->attr->padding[0],
                                conv->attr->padding[1],
                                (int)(x[0] * turned->rows) - 1};
}

struct pooled_params bough__conv2d_pooled_params(const struct bough__conv2d_pooled *pooled,
                                                 const struct bough__conv2d_turned *turned)
{
    const struct bough__attr *attr = pooled->conv->attr;
    const int64_t *conv = pooled->conv->y.shape.dim, *y = pooled->pool->y.shape.dim;
    const int64_t row = turned->columns * turned->column;
    const int w = turned->windows;
    return (struct pooled_params){
        .batch = (int)y[0],
        .channels = (int)y[1],
        .plane = (int)(y[2] * y[3]),
        .width = (int)conv[3],
        .row = (int)(w ? row : attr->stride[0] * row),
        .column = (int)(w ? turned->column : attr->stride[1] * turned->column),
        .tap_row = (int)(w ? 0 : attr->dilation[0] * row),
        .image = (int)turned->image,
        .taps = (int)turned->taps,
        .lanes = (int)turned->lanes,
        .windows = w,
    };
}

int64_t bough__pooled_together(void)
{
#if defined __x86_64__ && !defined BOUGH_WITHOUT_AVX512
    if (__builtin_cpu_supports("avx512f"))
        return BOUGH_POOLED_TOGETHER;
#endif
    return 1;
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

BOUGH_TWIN static void conv2d_turn_windows(void *const *arg, const void *params, int64_t begin,
                                           int64_t end)
{
    const struct turn_windows_params *p = params;
    const struct turn_params *turn = &p->turn;
    const int64_t plane = (int64_t)turn->height * turn->width;
    const int taps = p->kernel_h * p->kernel_w, elements = taps * turn->channels;
    for (int64_t row = begin; row < end; row++) {
        const int64_t n = row / turn->rows;
        const int top = (int)(row % turn->rows) * p->stride_h - turn->padding_h;
        float *to = (float *)arg[1] + row * turn->columns * p->lanes;
        for (int64_t i = 0; i < (int64_t)turn->columns * p->lanes; i++)
            to[i] = 0.0f;
        for (int i = 0; i < elements; i++, to++) {
            const int tap = i / turn->channels, c = i % turn->channels;
            const int y = top + tap / p->kernel_w * p->dilation_h;
            const float *x = (const float *)arg[0] + (n * turn->channels + c) * plane;
            const int left = tap % p->kernel_w * p->dilation_w - turn->padding_w;
            for (int j = 0; y >= 0 && y < turn->height && j < turn->columns; j++) {
                const int column = left + j * p->stride_w;
                if (column >= 0 && column < turn->width)
                    to[(int64_t)j * p->lanes] = x[(int64_t)y * turn->width + column];
            }
        }
    }
}

enum { SOME = 64 };

// What some outputs of the pooling give to each of some of a stack, and where their windows begin.
struct outputs {
    int at[SOME];
    float dy[BOUGH_POOLED_TOGETHER][SOME];
    int count;
};

// sum [16 * vectors] of each += the runs of x, each times its dy.
BOUGH_IN_TWIN void add_runs(const struct members *m, int64_t sum, const float *x,
                            const struct outputs *outputs, int members, int vectors)
{
    floats total[BOUGH_POOLED_TOGETHER][6];
    for (int k = 0; k < members; k++)
        for (int v = 0; v < vectors; v++)
            total[k][v] = *(const floats_at *)(m->sum + k * m->next_sum + sum + BOUGH_LANES * v);
    for (int i = 0; i < outputs->count; i++)
        for (int v = 0; v < vectors; v++) {
            const floats run = *(const floats_at *)(x + outputs->at[i] + BOUGH_LANES * v);
            for (int k = 0; k < members; k++)
                total[k][v] += outputs->dy[k][i] * run;
        }
    for (int k = 0; k < members; k++)
        for (int v = 0; v < vectors; v++)
            *(floats_at *)(m->sum + k * m->next_sum + sum + BOUGH_LANES * v) = total[k][v];
}

// Likewise, of one vector: by sums that do not wait for each other.
BOUGH_IN_TWIN void add_windows(const struct members *m, int64_t sum, const float *x,
                               const struct outputs *outputs, int members)
{
    floats total[BOUGH_POOLED_TOGETHER][4] = {{{0}}};
    int i = 0;
    for (; i + 4 <= outputs->count; i += 4)
        for (int j = 0; j < 4; j++) {
            const floats run = *(const floats_at *)(x + outputs->at[i + j]);
            for (int k = 0; k < members; k++)
                total[k][j] += outputs->dy[k][i + j] * run;
        }
    for (; i < outputs->count; i++)
        for (int k = 0; k < members; k++)
            total[k][0] += outputs->dy[k][i] * *(const floats_at *)(x + outputs->at[i]);
    for (int k = 0; k < members; k++)
        *(floats_at *)(m->sum + k * m->next_sum + sum) +=
            (total[k][0] + total[k][1]) + (total[k][2] + total[k][3]);
}

BOUGH_IN_TWIN void add_outputs(const struct members *m, const float *x,
                               const struct outputs *outputs, const struct pooled_params *p,
                               int members)
{
    int64_t sum = 0;
    for (int tap = 0; tap < p->taps; tap++, x += p->tap_row, sum += p->lanes) {
        int i = 0;
        for (; i + 96 <= p->lanes; i += 96)
            add_runs(m, sum + i, x + i, outputs, members, 6);
        for (; i + 48 <= p->lanes; i += 48)
            add_runs(m, sum + i, x + i, outputs, members, 3);
        for (; i < p->lanes; i += 16)
            add_runs(m, sum + i, x + i, outputs, members, 1);
    }
}

// Of one image and channel, from output `first` on, all: those without a gradient with a dy of 0,
// as by vectors it is quick to find where windows begin.
BOUGH_IN_TWIN void collect(struct outputs *outputs, const struct members *m, const int *index,
                           int first, const struct pooled_params *p, int members)
{
    const float inverse = 1.0f / (float)p->width;
    outputs->count = p->plane - first < SOME ? p->plane - first : SOME;
    for (int i = 0; i < outputs->count; i++) {
        const int from = index[first + i] >= 0 ? index[first + i] : 0;
        const int y = POOLED_ROW(from, inverse);
        outputs->at[i] = y * p->row + (from - y * p->width) * p->column;
    }
    for (int k = 0; k < members; k++)
        for (int i = 0; i < outputs->count; i++)
            outputs->dy[k][i] = index[first + i] >= 0 ? m->dy[k * m->next_dy + first + i] : 0.0f;
}

// Leaves out those without a gradient.
BOUGH_IN_TWIN void leave_out(struct outputs *outputs, const int *index, int members)
{
    int count = 0;
    for (int i = 0; i < outputs->count; i++) {
        outputs->at[count] = outputs->at[i];
        for (int k = 0; k < members; k++)
            outputs->dy[k][count] = outputs->dy[k][i];
        count += index[i] >= 0;
    }
    outputs->count = count;
}

BOUGH_IN_TWIN void add_plane(const struct members *m, const float *x, const int *index,
                             const struct pooled_params *p, int members)
{
    for (int first = 0; first < p->plane; first += SOME) {
        struct outputs outputs;
        collect(&outputs, m, index, first, p, members);
        for (int i = 0; p->windows && i < p->lanes; i += BOUGH_LANES)
            add_windows(m, i, x + i, &outputs, members);
        if (!p->windows) {
            leave_out(&outputs, index + first, members);
            add_outputs(m, x, &outputs, p, members);
        }
    }
}

// What pooling took, and x, the members share.
BOUGH_IN_TWIN void add_channels(int members, void *const *arg, const size_t *stride,
                                const struct pooled_params *p, int64_t begin, int64_t end)
{
    const int64_t size = (int64_t)p->taps * p->lanes;
    struct members m = {.next_dy = (int64_t)(stride[0] / sizeof(float)),
                        .next_sum = (int64_t)(stride[3] / sizeof(float))};
    for (int k = 0; k < members && !p->add; k++)
        for (int64_t i = begin * size; i < end * size; i++)
            ((float *)arg[3])[k * m.next_sum + i] = 0.0f;
    for (int64_t n = 0; n < p->batch; n++)
        for (int64_t o = begin; o < end; o++) {
            const int64_t plane = (n * p->channels + o) * p->plane;
            m.dy = (const float *)arg[0] + plane;
            m.sum = (float *)arg[3] + o * size;
            add_plane(&m, (const float *)arg[2] + n * p->image, (const int *)arg[1] + plane, p,
                      members);
        }
}

BOUGH_TWIN static void conv2d_pooled_weight_bwd(void *const *arg, const void *params, int64_t begin,
                                                int64_t end)
{
    static const size_t none[4];
    add_channels(1, arg, none, params, begin, end);
}

BOUGH_TWIN static void conv2d_pooled_weight_stack(void *const *arg, const size_t *stride,
                                                  int64_t members, const void *params,
                                                  int64_t begin, int64_t end)
{
    BOUGH_BY_MEMBERS(members, add_channels, arg, stride, params, begin, end);
}

static void conv2d_pooled_weight_end(void *const *arg, const void *params, int64_t begin,
                                     int64_t end)
{
    const struct pooled_weight_params *p = params;
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
static const struct bough__kernel kernel_turn_windows = {
    "conv2d_turn_windows", "conv2d_pooled", conv2d_turn_windows,
    BOUGH_GRID_ROWS,       .args = 2,       .params_size = sizeof(struct turn_windows_params)};
static const struct bough__kernel kernel_weight_bwd = {"conv2d_pooled_weight_bwd",
                                                       "conv2d_pooled",
                                                       conv2d_pooled_weight_bwd,
                                                       BOUGH_GRID_SHORT_ROWS,
                                                       .args = 4,
                                                       .params_size = sizeof(struct pooled_params),
                                                       .run_stack = conv2d_pooled_weight_stack,
                                                       .together = bough__pooled_together};
static const struct bough__kernel kernel_weight_end = {
    "conv2d_pooled_weight_end",
    "conv2d_pooled",
    conv2d_pooled_weight_end,
    BOUGH_GRID_ITEMS,
    .args = 2,
    .params_size = sizeof(struct pooled_weight_params)};

// ---- Launches ----

// Once, for the whole stack.
static enum bough_status turn(struct bough__sequence *out, const struct bough__op_call *conv,
                              const struct bough__conv2d_turned *t, struct bough__span turned)
{
    const int64_t *x = conv->x[0].shape.dim, *weight = conv->x[1].shape.dim, stack = out->stack;
    const struct bough__attr *attr = conv->attr;
    const struct turn_windows_params windows = {
        .turn = bough__conv2d_turn_params(conv, t),
        .kernel_h = (int)weight[2],
        .kernel_w = (int)weight[3],
        .stride_h = attr->stride[0],
        .stride_w = attr->stride[1],
        .dilation_h = attr->dilation[0],
        .dilation_w = attr->dilation[1],
        .lanes = (int)t->lanes,
    };
    const int64_t rows = x[0] * t->rows, work = x[0] * t->image;
    out->stack = 1;
    enum bough_status status =
        t->windows
            ? BOUGH_KERNEL(out, &kernel_turn_windows, rows, work, &windows, conv->x[0].span, turned)
            : BOUGH_KERNEL(out, &kernel_turn, rows, work, &windows.turn, conv->x[0].span, turned);
    out->stack = stack;
    return status;
}

enum bough_status bough__conv2d_pooled_weight(struct bough__sequence *out,
                                              const struct bough__conv2d_pooled *pooled)
{
    enum bough_status status;
    const struct bough__op_call *conv = pooled->conv, *pool = pooled->pool;
    const struct bough__conv2d_turned t = bough__conv2d_turned(conv);
    struct pooled_params params = bough__conv2d_pooled_params(pooled, &t);
    struct bough__span turned = pooled->work;
    const int64_t outputs = bough_shape_elements(&pool->y.shape);
    turned.stride = 0;
    params.add = !pooled->first;
    BOUGH_TRY(turn(out, conv, &t, turned));
    BOUGH_TRY(BOUGH_KERNEL(out, &kernel_weight_bwd, params.channels, outputs * t.taps * t.lanes,
                           &params, pool->dy.span, pool->saved, turned, pooled->sums));
    if (pooled->last) {
        const struct pooled_weight_params end = {(int)conv->x[0].shape.dim[1], (int)t.taps,
                                                 (int)t.width, (int)t.lanes, conv->add_dx[1]};
        const int64_t count = bough_shape_elements(&conv->x[1].shape);
        BOUGH_TRY(BOUGH_KERNEL(out, &kernel_weight_end, count, count, &end, pooled->sums,
                               conv->dx[1].span));
    }
done:
    return status;
}
