// conv2d and, behind it, max_pool2d, some images at a time: what stands between them is scratch
// that stays in a cache, and is not kept.
//   x, weight, bias  as conv2d has them
//   y [N, O, OH, OW] as max_pool2d has it
// Reads of attr: what conv2d reads, `pool`, `images`.
#include "op/op.h"

#include "base/error.h"
#include "cl/conv2d_params.h"
#include "op/conv2d_pooled.h"

// The two ops, on some images.
struct parts {
    struct bough__attr conv_attr, pool_attr;
    struct bough__op_call conv, pool;
    struct bough__op_need conv_need, pool_need;
};

static struct bough__tensor images_of(const struct bough__tensor *from, int64_t first,
                                      int64_t count)
{
    struct bough__tensor part = *from;
    const int64_t elements = bough_shape_row(&from->shape) * first;
    part.span = bough__span_at(from->span, (size_t)elements * bough_dtype_size(from->dtype));
    part.shape.dim[0] = count;
    return part;
}

static enum bough_status shapes(struct parts *parts, const struct bough__op_call *call,
                                int64_t images)
{
    enum bough_status status;
    const struct bough__pool_attr *pool = &call->attr->pool;
    *parts = (struct parts){.conv_attr = *call->attr, .conv = *call};
    parts->conv_attr.activation = BOUGH_LINEAR;
    parts->conv.attr = &parts->conv_attr;
    if (images)
        parts->conv.x[0].shape.dim[0] = images;
    BOUGH_TRY(bough__op_conv2d.shape(&parts->conv_need, &parts->conv));
    for (int i = 0; i < 2; i++) {
        parts->pool_attr.kernel[i] = pool->kernel[i];
        parts->pool_attr.stride[i] = pool->stride[i];
        parts->pool_attr.padding[i] = pool->padding[i];
    }
    parts->pool_attr.activation = pool->activation;
    parts->pool.attr = &parts->pool_attr;
    parts->pool.inputs = 1;
    parts->pool.x[0].shape = parts->conv.y.shape = parts->conv_need.y;
    BOUGH_TRY(bough__op_max_pool2d.shape(&parts->pool_need, &parts->pool));
    parts->pool.y.shape = parts->pool_need.y;
done:
    return status;
}

// Bytes of what stands between the two, or what the gradients of a stack work in.
static size_t between(const struct parts *parts, int64_t images)
{
    const size_t bytes = (size_t)(images * bough_shape_row(&parts->conv_need.y)) * sizeof(float);
    const size_t work = bough__conv2d_pooled_work(&parts->conv, &parts->pool, images);
    return bytes > work ? bytes : work;
}

static enum bough_status conv2d_max_pool2d_shape(struct bough__op_need *need,
                                                 const struct bough__op_call *call)
{
    struct parts parts;
    enum bough_status status = BOUGH_OK;
    if (call->attr->images < 1)
        return bough__fail(BOUGH_INVALID, "%d images at a time", call->attr->images);
    BOUGH_TRY(shapes(&parts, call, 0));
    need->y = parts.pool_need.y;
    need->saved = parts.pool_need.saved;
    const int64_t rows = parts.conv_need.y.dim[0], most = call->attr->images;
    need->scratch = between(&parts, rows < most ? rows : most) +
                    2 * bough__conv2d_pooled_weights(&parts.conv, &parts.pool);
done:
    return status;
}

// Images `first` and on, as many as are done at a time; `*count` says how many.
static enum bough_status parts_at(struct parts *parts, const struct bough__op_call *call,
                                  int64_t first, int64_t *count)
{
    const int64_t left = call->x[0].shape.dim[0] - first;
    *count = left < call->attr->images ? left : call->attr->images;
    enum bough_status status = shapes(parts, call, *count);
    if (status != BOUGH_OK)
        return status;
    parts->conv.x[0] = images_of(&call->x[0], first, *count);
    parts->conv.y.span = call->scratch;
    parts->conv.saved = parts->conv.scratch = (struct bough__span){0};
    parts->pool.x[0].span = call->scratch;
    parts->pool.y = images_of(&call->y, first, *count);
    parts->pool.saved = bough__span_at(
        call->saved, (size_t)(first * bough_shape_row(&call->y.shape)) * sizeof(int32_t));
    return BOUGH_OK;
}

static enum bough_status conv2d_max_pool2d_forward(struct bough__sequence *out,
                                                   const struct bough__op_call *call)
{
    enum bough_status status = BOUGH_OK;
    struct parts parts;
    int64_t first = 0, count;
    do {
        BOUGH_TRY(parts_at(&parts, call, first, &count));
        BOUGH_TRY(
            bough__op_write(out, &bough__op_conv2d, BOUGH_FORWARD, &parts.conv, &parts.conv_need));
        BOUGH_TRY(bough__op_write(out, &bough__op_max_pool2d, BOUGH_FORWARD, &parts.pool,
                                  &parts.pool_need));
        first += count;
    } while (first < call->x[0].shape.dim[0]);
done:
    return status;
}

typedef int ints __attribute__((vector_size(4 * BOUGH_LANES)));
typedef int ints_at __attribute__((vector_size(4 * BOUGH_LANES), aligned(4), may_alias));

// Adds those of a plane whose index is not -1.
BOUGH_IN_TWIN void add_pooled(floats *sum, float *rest, const float *dy, const int *index,
                              int plane)
{
    static const int behind[2 * BOUGH_LANES] = {
        [BOUGH_LANES] = -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
    int i = 0;
    for (; i + BOUGH_LANES <= plane; i += BOUGH_LANES) {
        const ints none = *(const ints_at *)(index + i) >> 31;
        *sum += (floats)(*(const ints_at *)(dy + i) & ~none);
    }
    if (i < plane && plane > BOUGH_LANES) { // once more the last ones, without those that are done
        const int last = plane - BOUGH_LANES;
        const ints none = *(const ints_at *)(index + last) >> 31;
        *sum += (floats)(*(const ints_at *)(dy + last) & *(const ints_at *)(behind + plane - i) &
                         ~none);
        return;
    }
    for (; i < plane; i++)
        *rest += index[i] < 0 ? 0.0f : dy[i];
}

// Every gradient that is pooled goes back to one element or, with index -1, to none: a sum over the
// outputs is one over what stands between, and shorter. Some channels at a time, as they lie side
// by side in an image.
BOUGH_TWIN static void conv2d_pooled_bias_bwd(void *const *arg, const void *params, int64_t begin,
                                              int64_t end)
{
    enum { SOME = 8 };
    const struct conv2d_params *p = params;
    float *dbias = arg[2];
    for (int64_t first = begin; first < end; first += SOME) {
        const int channels = end - first < SOME ? (int)(end - first) : SOME;
        floats total[SOME] = {{0}};
        float all[SOME] = {0};
        for (int64_t n = 0; n < p->batch; n++)
            for (int c = 0; c < channels; c++) {
                const int64_t at = (n * p->channels + first + c) * p->plane;
                floats sum = {0}; // by plane, so that rounding does not grow with the batch
                float rest = 0;
                add_pooled(&sum, &rest, (const float *)arg[0] + at, (const int *)arg[1] + at,
                           p->plane);
                total[c] += sum;
                all[c] += rest;
            }
        for (int c = 0; c < channels; c++) {
            for (int i = 0; i < BOUGH_LANES; i++)
                all[c] += total[c][i];
            dbias[first + c] = p->add ? dbias[first + c] + all[c] : all[c];
        }
    }
}

static const struct bough__kernel kernel_pooled_bias_bwd = {
    "conv2d_pooled_bias_bwd", "conv2d",  conv2d_pooled_bias_bwd,
    BOUGH_GRID_ROWS,          .args = 3, .params_size = sizeof(struct conv2d_params)};

static enum bough_status bias_gradient(struct bough__sequence *out, const struct parts *parts)
{
    const struct bough__op_call *pool = &parts->pool, *conv = &parts->conv;
    const int64_t *y = pool->y.shape.dim;
    const struct conv2d_params params = {.batch = (int)y[0],
                                         .channels = (int)y[1],
                                         .plane = (int)(y[2] * y[3]),
                                         .add = conv->add_dx[2]};
    const int64_t outputs = bough_shape_elements(&pool->y.shape);
    out->label.op = bough__op_conv2d.name;
    return bough__sequence_kernel(
        out, &(struct bough__kernel_call){.kernel = &kernel_pooled_bias_bwd,
                                          .arg = {pool->dy.span, pool->saved, conv->dx[2].span},
                                          .params = &params,
                                          .count = y[1],
                                          .work = outputs,
                                          .bytes = outputs * 8});
}

// A stack's gradients of input and weight come from what the pooling took, a single one's from all
// windows. Those that are done are struck from `parts`.
static enum bough_status by_outputs(struct bough__sequence *out, const struct bough__op_call *call,
                                    struct parts *parts, int64_t first)
{
    enum bough_status status = BOUGH_OK;
    struct bough__op_call *conv = &parts->conv;
    const struct bough__op_call *pool = &parts->pool;
    const int64_t images = conv->x[0].shape.dim[0], all = call->x[0].shape.dim[0];
    const int64_t most = all < call->attr->images ? all : call->attr->images;
    const size_t work = between(parts, most), weights = bough__conv2d_pooled_weights(conv, pool);
    const struct bough__conv2d_pooled pooled = {.conv = conv,
                                                .pool = pool,
                                                .work = call->scratch,
                                                .weight = bough__span_at(call->scratch, work),
                                                .sums =
                                                    bough__span_at(call->scratch, work + weights),
                                                .first = first == 0,
                                                .last = first + images == all};
    out->label.op = bough__op_conv2d.name;
    if (conv->dx[1].span.buffer && bough__conv2d_pooled_does_weight(conv, pool)) {
        conv->add_dx[1] = call->add_dx[1];
        BOUGH_TRY(bough__conv2d_pooled_weight(out, &pooled));
        conv->dx[1].span = (struct bough__span){0};
    }
    if (conv->dx[0].span.buffer && bough__conv2d_pooled_does_input(conv, pool)) {
        BOUGH_TRY(bough__conv2d_pooled_input(out, &pooled));
        conv->dx[0].span = (struct bough__span){0};
    }
done:
    return status;
}

static enum bough_status by_windows(struct bough__sequence *out, struct parts *parts)
{
    enum bough_status status;
    BOUGH_TRY(bough__op_write(out, &bough__op_max_pool2d, BOUGH_BACKWARD, &parts->pool,
                              &parts->pool_need));
    BOUGH_TRY(
        bough__op_write(out, &bough__op_conv2d, BOUGH_BACKWARD, &parts->conv, &parts->conv_need));
done:
    return status;
}

// The gradients of weight and bias are added up in the order of the images; of none they are 0.
static enum bough_status conv2d_max_pool2d_backward(struct bough__sequence *out,
                                                    const struct bough__op_call *call)
{
    enum bough_status status = BOUGH_OK;
    struct parts parts;
    int64_t first = 0, count;
    do {
        BOUGH_TRY(parts_at(&parts, call, first, &count));
        parts.pool.dy = images_of(&call->dy, first, count);
        parts.pool.dx[0] = parts.pool.x[0];
        parts.conv.dy = parts.conv.y;
        parts.conv.dx[0] = images_of(&call->dx[0], first, count);
        for (int i = 1; i < 3; i++)
            parts.conv.add_dx[i] = call->add_dx[i] || first > 0;
        if (call->inputs == 3 && call->dx[2].span.buffer)
            BOUGH_TRY(bias_gradient(out, &parts));
        parts.conv.dx[2].span = (struct bough__span){0};
        if (call->stack > 1)
            BOUGH_TRY(by_outputs(out, call, &parts, first));
        if (parts.conv.dx[0].span.buffer || parts.conv.dx[1].span.buffer)
            BOUGH_TRY(by_windows(out, &parts));
        first += count;
    } while (first < call->x[0].shape.dim[0]);
done:
    return status;
}

const struct bough__op bough__op_conv2d_max_pool2d = {
    .name = "conv2d_max_pool2d",
    .inputs_min = 2,
    .inputs_max = 3,
    .flags = BOUGH__OP_BACKWARD_READS_X | BOUGH__OP_ACCUMULATES | BOUGH__OP_WINDOWS,
    .shape = conv2d_max_pool2d_shape,
    .forward = conv2d_max_pool2d_forward,
    .backward = conv2d_max_pool2d_backward,
};
