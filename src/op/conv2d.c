// conv2d: a two-dimensional convolution; forward and both gradients are one GEMM each.
//   x       [N, C, H, W]
//   weight  [O, C / groups, KH, KW]
//   bias    [O]                       input 2, absent where inputs == 2
//   y       [N, O, OH, OW]            OH = (H + 2 padding - dilation (KH - 1) - 1) / stride + 1
// Reads of attr: stride, padding, dilation, groups, activation (if there is one, the backward
// pass takes dy through it first, in place).
#include "op/activation.h"

#include "base/error.h"
#include "cl/conv2d_params.h"

struct sizes {
    int64_t n, c, h, w, o, kh, kw, oh, ow;
    int64_t groups;
    int64_t group_c, group_o; // channels of a group
    int64_t taps;             // kh * kw
};

static struct sizes sizes_of(const struct bough__op_call *call)
{
    const int64_t *x = call->x[0].shape.dim, *weight = call->x[1].shape.dim;
    const int64_t *y = call->y.shape.dim;
    const int64_t groups = call->attr->groups;
    return (struct sizes){
        .n = x[0],
        .c = x[1],
        .h = x[2],
        .w = x[3],
        .o = weight[0],
        .kh = weight[2],
        .kw = weight[3],
        .oh = y[2],
        .ow = y[3],
        .groups = groups,
        .group_c = x[1] / groups,
        .group_o = weight[0] / groups,
        .taps = weight[2] * weight[3],
    };
}

// ---- Shape ----

static enum bough_status mismatch(const struct bough__op_call *call, const char *why)
{
    char x[128], weight[128];
    return bough__fail(BOUGH_INVALID, "input %s, weight %s, groups %d: %s",
                       bough_shape_format(&call->x[0].shape, x, sizeof x),
                       bough_shape_format(&call->x[1].shape, weight, sizeof weight),
                       (int)call->attr->groups, why);
}

static enum bough_status check(const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape, *weight = &call->x[1].shape;
    const struct bough__attr *attr = call->attr;
    if (x->rank != 4 || weight->rank != 4)
        return mismatch(call, "wants [N, C, H, W] and [O, C / groups, KH, KW]");
    for (int i = 0; i < 4; i++)
        if (weight->dim[i] < 1 || x->dim[i] < (i > 0))
            return mismatch(call, "an empty dimension");
    for (int i = 0; i < 2; i++)
        if (attr->stride[i] < 1 || attr->dilation[i] < 1 || attr->padding[i] < 0)
            return mismatch(call, "stride and dilation must be 1 or more, padding 0 or more");
    if (attr->groups < 1 || weight->dim[0] % attr->groups != 0)
        return mismatch(call, "the output channels do not divide by the groups");
    if (x->dim[1] != weight->dim[1] * attr->groups)
        return mismatch(call, "the weight's second dimension must be C / groups");
    const struct bough_shape *bias = &call->x[2].shape;
    if (call->inputs == 3 && (bias->rank != 1 || bias->dim[0] != weight->dim[0]))
        return mismatch(call, "the bias must be [O]");
    return BOUGH_OK;
}

static enum bough_status conv2d_shape(struct bough__op_need *need,
                                      const struct bough__op_call *call)
{
    enum bough_status status = check(call);
    if (status != BOUGH_OK)
        return status;
    const struct bough_shape *x = &call->x[0].shape, *weight = &call->x[1].shape;
    need->y = (struct bough_shape){4, {x->dim[0], weight->dim[0]}};
    for (int i = 0; i < 2; i++) {
        const int64_t reach = (weight->dim[2 + i] - 1) * call->attr->dilation[i];
        const int64_t padded = x->dim[2 + i] + 2 * (int64_t)call->attr->padding[i];
        if (reach >= padded)
            return mismatch(call, "the dilated kernel is larger than the padded image");
        if (padded > INT32_MAX)
            return mismatch(call, "the padded image is above 2^31");
        need->y.dim[2 + i] = (padded - reach - 1) / call->attr->stride[i] + 1;
    }
    return BOUGH_OK;
}

// ---- Matrices: group by group of channels, as GEMM's batch ----

// A tensor [N, groups * channels, plane] as [channels, N * plane].
static struct bough__matrix image_matrix(struct bough__span data, int64_t groups, int64_t channels,
                                         int64_t plane)
{
    return (struct bough__matrix){
        .data = data,
        .row = {.stride = plane},
        .col = {.inner = plane, .stride = 1, .outer = groups * channels * plane},
        .batch_stride = channels * plane,
    };
}

// The weight as [O / groups, C / groups * KH * KW].
static struct bough__matrix weight_matrix(struct bough__span data, const struct sizes *s)
{
    const int64_t columns = s->group_c * s->taps;
    return (struct bough__matrix){.data = data,
                                  .row = {.stride = columns},
                                  .col = {.stride = 1},
                                  .batch_stride = s->group_o * columns};
}

// The weight as [C / groups, O / groups * KH * KW].
static struct bough__matrix weight_turned(struct bough__span data, const struct sizes *s)
{
    const int64_t columns = s->group_c * s->taps;
    return (struct bough__matrix){.data = data,
                                  .row = {.stride = s->taps},
                                  .col = {.inner = s->taps, .stride = 1, .outer = columns},
                                  .batch_stride = s->group_o * columns};
}

// x as [C / groups * KH * KW, N * OH * OW].
static struct bough__matrix x_windows(const struct bough__op_call *call, const struct sizes *s)
{
    const struct bough__attr *attr = call->attr;
    return (struct bough__matrix){
        .data = call->x[0].span,
        .kind = BOUGH_WINDOWS,
        .windows = {(int32_t)s->group_c, (int32_t)s->h, (int32_t)s->w, (int32_t)s->kh,
                    (int32_t)s->kw, attr->stride[0], attr->stride[1], attr->padding[0],
                    attr->padding[1], attr->dilation[0], attr->dilation[1], 1, 1, (int32_t)s->oh,
                    (int32_t)s->ow, .flip = 0, .image_stride = s->c * s->h * s->w},
        .batch_stride = s->group_c * s->h * s->w,
    };
}

// dy as [O / groups * KH * KW, N * H * W]: for each element of x, what reached through each tap.
static struct bough__matrix dy_windows(const struct bough__op_call *call, const struct sizes *s,
                                       struct bough__span dy)
{
    const struct bough__attr *attr = call->attr;
    const int32_t reach_h = attr->dilation[0] * ((int32_t)s->kh - 1);
    const int32_t reach_w = attr->dilation[1] * ((int32_t)s->kw - 1);
    return (struct bough__matrix){
        .data = dy,
        .kind = BOUGH_WINDOWS,
        .windows = {(int32_t)s->group_o, (int32_t)s->oh, (int32_t)s->ow, (int32_t)s->kh,
                    (int32_t)s->kw, 1, 1, reach_h - attr->padding[0], reach_w - attr->padding[1],
                    attr->dilation[0], attr->dilation[1], attr->stride[0], attr->stride[1],
                    (int32_t)s->h, (int32_t)s->w, .flip = 1, .image_stride = s->o * s->oh * s->ow},
        .batch_stride = s->group_o * s->oh * s->ow,
    };
}

// ---- Forward ----

static enum bough_status conv2d_forward(struct bough__sequence *out,
                                        const struct bough__op_call *call)
{
    const struct sizes s = sizes_of(call);
    struct bough__gemm gemm = {
        .m = s.group_o,
        .n = s.n * s.oh * s.ow,
        .k = s.group_c * s.taps,
        .batch = s.groups,
        .a = weight_matrix(call->x[1].span, &s),
        .b = x_windows(call, &s),
        .c = image_matrix(call->y.span, s.groups, s.group_o, s.oh * s.ow),
        .bias_axis = BOUGH_BIAS_PER_ROW,
        .activation = call->attr->activation,
        .slope = call->attr->slope,
    };
    if (call->inputs == 3)
        gemm.bias = call->x[2].span;
    return bough__sequence_gemm(out, &gemm);
}

// ---- Backward ----

BOUGH_TWIN static void conv2d_bias_bwd(void *const *arg, const void *params, int64_t begin,
                                       int64_t end)
{
    const struct conv2d_params *p = params;
    const float *y = arg[1];
    float *dy = arg[0], *dbias = arg[2];
    for (int64_t channel = begin; channel < end; channel++) {
        float total = 0.0f;
        for (int64_t n = 0; n < p->batch; n++) {
            const int64_t at = (n * p->channels + channel) * p->plane;
            float sum = 0.0f;
            if (y)
                activation_back(dy, dy, y, at, at + p->plane, p->activation);
#pragma omp simd reduction(+ : sum)
            for (int64_t i = at; i < at + p->plane; i++)
                sum += dy[i];
            total += sum;
        }
        if (dbias)
            dbias[channel] = p->add ? dbias[channel] + total : total;
    }
}

static const struct bough__kernel kernel_bias_bwd = {
    "conv2d_bias_bwd", "conv2d",  conv2d_bias_bwd,
    BOUGH_GRID_ROWS,   .args = 3, .params_size = sizeof(struct conv2d_params)};

static enum bough_status weight_gradient(struct bough__sequence *out,
                                         const struct bough__op_call *call, const struct sizes *s,
                                         struct bough__span dy)
{
    struct bough__gemm gemm = {
        .m = s->group_o,
        .n = s->group_c * s->taps,
        .k = s->n * s->oh * s->ow,
        .batch = s->groups,
        .a = image_matrix(dy, s->groups, s->group_o, s->oh * s->ow),
        .b = x_windows(call, s),
        .c = weight_matrix(call->dx[1].span, s),
        .beta = call->add_dx[1] ? 1.0f : 0.0f,
    };
    gemm.b.kind = BOUGH_WINDOWS_TRANSPOSED;
    return bough__sequence_gemm(out, &gemm);
}

static enum bough_status input_gradient(struct bough__sequence *out,
                                        const struct bough__op_call *call, const struct sizes *s,
                                        struct bough__span dy)
{
    return bough__sequence_gemm(
        out, &(struct bough__gemm){
                 .m = s->group_c,
                 .n = s->n * s->h * s->w,
                 .k = s->group_o * s->taps,
                 .batch = s->groups,
                 .a = weight_turned(call->x[1].span, s),
                 .b = dy_windows(call, s, dy),
                 .c = image_matrix(call->dx[0].span, s->groups, s->group_c, s->h * s->w),
                 .beta = call->add_dx[0] ? 1.0f : 0.0f,
             });
}

static enum bough_status conv2d_backward(struct bough__sequence *out,
                                         const struct bough__op_call *call)
{
    const struct sizes s = sizes_of(call);
    const int activated = call->attr->activation != BOUGH_LINEAR;
    const struct bough__span absent = {0}, dy = call->dy.span;
    const struct bough__span dbias = call->inputs == 3 ? call->dx[2].span : absent;
    enum bough_status status = BOUGH_OK;
    if (activated || dbias.buffer) {
        const struct conv2d_params params = {(int)s.n, (int)s.o, (int)(s.oh * s.ow),
                                             call->add_dx[2], bough__fused_activation(call->attr)};
        BOUGH_TRY(BOUGH_KERNEL(out, &kernel_bias_bwd, s.o, s.n * s.o * s.oh * s.ow, &params, dy,
                               activated ? call->y.span : absent, dbias));
    }
    if (call->dx[1].span.buffer)
        BOUGH_TRY(weight_gradient(out, call, &s, dy));
    if (call->dx[0].span.buffer)
        BOUGH_TRY(input_gradient(out, call, &s, dy));
done:
    return status;
}

const struct bough__op bough__op_conv2d = {
    .name = "conv2d",
    .inputs_min = 2,
    .inputs_max = 3,
    .flags = BOUGH__OP_BACKWARD_READS_X | BOUGH__OP_ACCUMULATES | BOUGH__OP_FUSES_ACTIVATION |
             BOUGH__OP_WINDOWS,
    .shape = conv2d_shape,
    .forward = conv2d_forward,
    .backward = conv2d_backward,
};
