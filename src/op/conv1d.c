// conv1d: a convolution over time, as long as its input.
//   x         [N, L, C]
//   weight    [O, C, K]
//   bias      [O]          F32, absent where there is none
//   lengths   [N]          I32, the last input, absent where all rows are L long
//   y         [N, L, O]    y[l] = activation(the sum over k of weight[k] x[l + dilation k - before]
//                          + bias), where dilation (K - 1) / 2, rounded down, positions are before;
//                          x is 0 outside of a row, and so is y
// Reads of attr: dilation[0], activation (as conv2d).
// The products read rows that overlap, of copies with room at both ends: of x, which is saved, and
// of dy.
#include "base/error.h"
#include "cl/conv1d_params.h"
#include "op/activation.h"
#include "op/linear.h"
#include "op/padding.h"

#include <string.h>

struct sizes {
    int64_t n, l, c, o, taps;
    int64_t dilation, padded;
    int64_t before, after; // positions of padding
};

static struct sizes sizes_of(const struct bough__op_call *call)
{
    const int64_t *x = call->x[0].shape.dim, *weight = call->x[1].shape.dim;
    const int64_t dilation = call->attr->dilation[0], reach = dilation * (weight[2] - 1);
    return (struct sizes){
        .n = x[0],
        .l = x[1],
        .c = x[2],
        .o = weight[0],
        .taps = weight[2],
        .dilation = dilation,
        .padded = x[1] + reach,
        .before = reach / 2,
        .after = reach - reach / 2,
    };
}

static int has_bias(const struct bough__op_call *call)
{
    return call->inputs > 2 && call->x[2].dtype == BOUGH_F32;
}

// ---- Kernels ----

BOUGH_TWIN static void conv1d_pad(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct conv1d_pad_params *p = params;
    for (int64_t row = begin; row < end; row++) {
        const int64_t n = row / p->padded, l = row % p->padded - p->shift;
        float *to = (float *)arg[3] + row * p->width;
        const int64_t at = (n * p->length + l) * p->width;
        const int inside = l >= 0 && l < row_length(arg[2], n, p->length);
        if (!inside)
            memset(to, 0, (size_t)p->width * sizeof *to);
        else if (arg[1])
            activation_back(to, (const float *)arg[0] + at, (const float *)arg[1] + at, 0, p->width,
                            p->activation);
        else
            memcpy(to, (const float *)arg[0] + at, (size_t)p->width * sizeof *to);
    }
}

// To [taps, outputs, channels], the last tap first.
BOUGH_TWIN static void conv1d_turn(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct conv1d_turn_params *p = params;
    for (int64_t row = begin; row < end; row++) {
        const int64_t tap = p->taps - 1 - row / p->outputs, o = row % p->outputs;
        const float *from = (const float *)arg[0] + o * p->channels * p->taps + tap;
        float *to = (float *)arg[1] + row * p->channels;
        for (int64_t c = 0; c < p->channels; c++)
            to[c] = from[c * p->taps];
    }
}

static const struct bough__kernel kernel_pad = {
    "conv1d_pad",          "conv1d",  conv1d_pad,
    BOUGH_GRID_SHORT_ROWS, .args = 4, .params_size = sizeof(struct conv1d_pad_params)};
static const struct bough__kernel kernel_turn = {
    "conv1d_turn",         "conv1d",  conv1d_turn,
    BOUGH_GRID_SHORT_ROWS, .args = 2, .params_size = sizeof(struct conv1d_turn_params)};

// ---- Shape ----

static enum bough_status mismatch(const struct bough__op_call *call, const char *why)
{
    char x[128], weight[128];
    return bough__fail(BOUGH_INVALID, "input %s, weight %s: %s",
                       bough_shape_format(&call->x[0].shape, x, sizeof x),
                       bough_shape_format(&call->x[1].shape, weight, sizeof weight), why);
}

static enum bough_status conv1d_shape(struct bough__op_need *need,
                                      const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape, *weight = &call->x[1].shape;
    const struct bough_shape *bias = &call->x[2].shape;
    if (x->rank != 3 || weight->rank != 3 || x->dim[2] != weight->dim[1])
        return mismatch(call, "wants [N, L, C] and [O, C, K]");
    if (x->dim[1] < 1 || x->dim[2] < 1 || weight->dim[0] < 1 || weight->dim[2] < 1)
        return mismatch(call, "an empty dimension");
    if (call->attr->dilation[0] < 1)
        return mismatch(call, "dilation must be 1 or more");
    if (has_bias(call) && (bias->rank != 1 || bias->dim[0] != weight->dim[0]))
        return mismatch(call, "the bias must be [O]");
    if (call->inputs > 2 + has_bias(call) && !bough__has_lengths(call, 2))
        return mismatch(call, "the last input must be the lengths [N]");
    const struct sizes s = sizes_of(call);
    const int64_t widest = s.c > s.o ? s.c : s.o;
    int64_t elements;
    if (s.padded > INT32_MAX || __builtin_mul_overflow(s.n * widest, s.padded, &elements) ||
        elements > INT32_MAX)
        return mismatch(call, "with its padding above 2^31 elements");
    need->y = (struct bough_shape){3, {s.n, s.l, s.o}};
    need->saved = (size_t)(s.n * s.padded * s.c) * sizeof(float);
    need->scratch = (size_t)(s.n * s.padded * s.o + s.taps * s.o * s.c) * sizeof(float);
    return BOUGH_OK;
}

// ---- Passes ----

// Windows of `taps` positions of a padded copy, one for each position of each row.
static struct bough__matrix windows(struct bough__span data, const struct sizes *s, int64_t width)
{
    return (struct bough__matrix){
        .data = data,
        .row = {.inner = s->l, .stride = width, .outer = s->padded * width},
        .col = {.inner = width, .stride = 1, .outer = s->dilation * width},
    };
}

static struct bough__matrix plain(struct bough__span data, int64_t row, int64_t col)
{
    return (struct bough__matrix){.data = data, .row = {.stride = row}, .col = {.stride = col}};
}

// The axis (tap, channel) of the weight.
static struct bough__axis tap_axis(const struct sizes *s)
{
    return (struct bough__axis){.inner = s->c, .stride = s->taps, .outer = 1};
}

static enum bough_status conv1d_forward(struct bough__sequence *out,
                                        const struct bough__op_call *call)
{
    enum bough_status status;
    const struct sizes s = sizes_of(call);
    const struct bough__span absent = {0}, lengths = bough__lengths(call, 2);
    const struct conv1d_pad_params pad = {
        (int)s.l, (int)s.padded, (int)s.c, (int)s.before, {BOUGH_LINEAR, 0}};
    BOUGH_TRY(BOUGH_KERNEL(out, &kernel_pad, s.n * s.padded, s.n * s.padded * s.c, &pad,
                           call->x[0].span, absent, lengths, call->saved));
    BOUGH_TRY(bough__sequence_gemm(
        out,
        &(struct bough__gemm){
            .m = s.n * s.l,
            .n = s.o,
            .k = s.taps * s.c,
            .a = windows(call->saved, &s, s.c),
            .b = {.data = call->x[1].span, .row = tap_axis(&s), .col = {.stride = s.c * s.taps}},
            .c = plain(call->y.span, s.o, 1),
            .bias = has_bias(call) ? call->x[2].span : absent,
            .bias_axis = BOUGH_BIAS_PER_COL,
            .activation = call->attr->activation,
            .slope = call->attr->slope,
        }));
    BOUGH_TRY(bough__clear_padding(out, call->y.span, &call->y.shape, lengths));
done:
    return status;
}

// From one position of all padded rows to the next: what lies between two rows is 0 in dy.
static enum bough_status weight_gradient(struct bough__sequence *out,
                                         const struct bough__op_call *call, const struct sizes *s,
                                         struct bough__span dy)
{
    const struct bough__span first = bough__span_at(dy, (size_t)(s->after * s->o) * sizeof(float));
    struct bough__matrix b = windows(call->saved, s, s->c);
    b.row = (struct bough__axis){.stride = s->c};
    return bough__sequence_gemm(
        out,
        &(struct bough__gemm){
            .m = s->o,
            .n = s->taps * s->c,
            .k = s->n ? s->n * s->padded - s->before - s->after : 0,
            .a = plain(first, 1, s->o),
            .b = b,
            .c = {.data = call->dx[1].span, .row = {.stride = s->c * s->taps}, .col = tap_axis(s)},
        });
}

static enum bough_status input_gradient(struct bough__sequence *out,
                                        const struct bough__op_call *call, const struct sizes *s,
                                        struct bough__span dy)
{
    enum bough_status status;
    const struct bough__span turned =
        bough__span_at(dy, (size_t)(s->n * s->padded * s->o) * sizeof(float));
    const struct conv1d_turn_params turn = {(int)s->o, (int)s->c, (int)s->taps};
    BOUGH_TRY(BOUGH_KERNEL(out, &kernel_turn, s->taps * s->o, s->taps * s->o * s->c, &turn,
                           call->x[1].span, turned));
    BOUGH_TRY(bough__sequence_gemm(out, &(struct bough__gemm){
                                            .m = s->n * s->l,
                                            .n = s->c,
                                            .k = s->taps * s->o,
                                            .a = windows(dy, s, s->o),
                                            .b = plain(turned, s->c, 1),
                                            .c = plain(call->dx[0].span, s->c, 1),
                                        }));
    BOUGH_TRY(
        bough__clear_padding(out, call->dx[0].span, &call->x[0].shape, bough__lengths(call, 2)));
done:
    return status;
}

static enum bough_status conv1d_backward(struct bough__sequence *out,
                                         const struct bough__op_call *call)
{
    enum bough_status status;
    const struct sizes s = sizes_of(call);
    const struct bough__span absent = {0}, dy = call->scratch;
    const struct conv1d_pad_params pad = {(int)s.l, (int)s.padded, (int)s.o, (int)s.after,
                                          bough__fused_activation(call->attr)};
    BOUGH_TRY(BOUGH_KERNEL(out, &kernel_pad, s.n * s.padded, s.n * s.padded * s.o, &pad,
                           call->dy.span,
                           call->attr->activation == BOUGH_LINEAR ? absent : call->y.span,
                           bough__lengths(call, 2), dy));
    if (has_bias(call) && call->dx[2].span.buffer)
        BOUGH_TRY(bough__bias_gradient(out, call->dx[2].span, dy, s.n * s.padded, s.o));
    if (call->dx[1].span.buffer)
        BOUGH_TRY(weight_gradient(out, call, &s, dy));
    if (call->dx[0].span.buffer)
        BOUGH_TRY(input_gradient(out, call, &s, dy));
done:
    return status;
}

const struct bough__op bough__op_conv1d = {
    .name = "conv1d",
    .inputs_min = 2,
    .inputs_max = 4,
    .flags = BOUGH__OP_BACKWARD_READS_X | BOUGH__OP_FUSES_ACTIVATION,
    .no_gradient = 1 << 3,
    .shape = conv1d_shape,
    .forward = conv1d_forward,
    .backward = conv1d_backward,
};
