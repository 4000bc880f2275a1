// conv2d and, behind it, max_pool2d, some images at a time: what stands between them is scratch
// that stays in a cache, and is not kept.
//   x, weight, bias  as conv2d has them
//   y [N, O, OH, OW] as max_pool2d has it
// Reads of attr: what conv2d reads, `pool`, `images`.
#include "op/op.h"

#include "base/error.h"

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
done:
    return status;
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
    need->scratch =
        (size_t)((rows < most ? rows : most) * bough_shape_row(&parts.conv_need.y)) * sizeof(float);
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
        BOUGH_TRY(bough__op_write(out, &bough__op_max_pool2d, BOUGH_BACKWARD, &parts.pool,
                                  &parts.pool_need));
        BOUGH_TRY(
            bough__op_write(out, &bough__op_conv2d, BOUGH_BACKWARD, &parts.conv, &parts.conv_need));
        first += count;
    } while (first < call->x[0].shape.dim[0]);
done:
    return status;
}

const struct bough__op bough__op_conv2d_max_pool2d = {
    .name = "conv2d_max_pool2d",
    .inputs_min = 2,
    .inputs_max = 3,
    .flags = BOUGH__OP_BACKWARD_READS_X | BOUGH__OP_ACCUMULATES,
    .shape = conv2d_max_pool2d_shape,
    .forward = conv2d_max_pool2d_forward,
    .backward = conv2d_max_pool2d_backward,
};
