// The kinds of layers, one function each and a row in the list at the end.
#include "base/error.h"
#include "nn/layer.h"

#include <string.h>

static const struct bough_shape *shape_of(const struct bough__builder *builder, int32_t node)
{
    return bough__graph_shape(builder->graph, node);
}

// Records an op on the layer's input and `inputs` more, and counts `flops` per output element.
static enum bough_status op(struct bough__builder *builder, int32_t *node,
                            const struct bough__op *op, const struct bough__attr *attr,
                            const int32_t *more, int inputs, int64_t flops)
{
    int32_t input[BOUGH_MAX_INPUTS] = {*node};
    for (int i = 0; i < inputs; i++)
        input[i + 1] = more[i];
    enum bough_status status = bough__graph_op(builder->graph, node, op, attr, input, inputs + 1);
    if (status == BOUGH_OK)
        builder->flops += flops * bough_shape_elements(shape_of(builder, *node));
    return status;
}

static enum bough_status want_rank(const struct bough__builder *builder, int32_t node, int32_t rank,
                                   const char *wanted)
{
    const struct bough_shape *shape = shape_of(builder, node);
    char text[128];
    if (shape->rank == rank)
        return BOUGH_OK;
    return bough__fail(BOUGH_INVALID, "the input is %s, wanted %s",
                       bough_shape_format(shape, text, sizeof text), wanted);
}

// Weight and, unless it is switched off, bias, as linear and conv2d have them.
static enum bough_status weight_and_bias(struct bough__builder *builder, int32_t *more, int *inputs,
                                         const struct bough_layer *layer, struct bough_shape shape,
                                         int64_t receptive)
{
    int64_t fan_in = bough_shape_row(&shape);
    struct bough__param weight = {.name = "weight",
                                  .shape = shape,
                                  .init = layer->init,
                                  .fan_in = fan_in,
                                  .fan_out = shape.dim[0] * receptive};
    struct bough__param bias = {
        .name = "bias", .shape = {1, {shape.dim[0]}}, .fan_in = fan_in, .fan_out = weight.fan_out};
    enum bough_status status = bough__builder_param(builder, &more[0], &weight);
    *inputs = 1;
    if (status == BOUGH_OK && layer->bias == BOUGH_BIAS) {
        status = bough__builder_param(builder, &more[1], &bias);
        *inputs = 2;
    }
    return status;
}

static enum bough_status linear(struct bough__builder *builder, int32_t *node,
                                const struct bough_layer *layer)
{
    enum bough_status status;
    int32_t more[2];
    int inputs;
    BOUGH_TRY(want_rank(builder, *node, 2, "[N, D]: put `flatten` before it"));
    int64_t width = shape_of(builder, *node)->dim[1];
    struct bough_shape shape = {2, {layer->units, width}};
    BOUGH_TRY(weight_and_bias(builder, more, &inputs, layer, shape, 1));
    BOUGH_TRY(op(builder, node, &bough__op_linear, NULL, more, inputs, 2 * width));
done:
    return status;
}

static struct bough__attr window_attr(const struct bough_layer *layer)
{
    struct bough__attr attr = {.groups = layer->groups ? layer->groups : 1};
    for (int i = 0; i < 2; i++) {
        attr.kernel[i] = layer->kernel[i];
        attr.stride[i] = layer->stride[i] ? layer->stride[i] : 1;
        attr.padding[i] = layer->padding[i] > 0 ? layer->padding[i] : 0;
        attr.dilation[i] = layer->dilation[i] ? layer->dilation[i] : 1;
    }
    return attr;
}

static enum bough_status conv2d(struct bough__builder *builder, int32_t *node,
                                const struct bough_layer *layer)
{
    enum bough_status status;
    struct bough__attr attr = window_attr(layer);
    int32_t more[2];
    int inputs;
    BOUGH_TRY(want_rank(builder, *node, 4, "[N, C, H, W]"));
    int64_t channels = shape_of(builder, *node)->dim[1];
    if (channels % attr.groups || layer->channels % attr.groups) {
        status =
            bough__fail(BOUGH_INVALID, "%d groups do not divide %lld input and %d output channels",
                        attr.groups, (long long)channels, layer->channels);
        goto done;
    }
    int64_t taps = (int64_t)layer->kernel[0] * layer->kernel[1];
    struct bough_shape shape = {
        4, {layer->channels, channels / attr.groups, layer->kernel[0], layer->kernel[1]}};
    BOUGH_TRY(weight_and_bias(builder, more, &inputs, layer, shape, taps));
    BOUGH_TRY(
        op(builder, node, &bough__op_conv2d, &attr, more, inputs, 2 * bough_shape_row(&shape)));
done:
    return status;
}

static enum bough_status pool(struct bough__builder *builder, int32_t *node,
                              const struct bough_layer *layer, const struct bough__op *kind)
{
    enum bough_status status = want_rank(builder, *node, 4, "[N, C, H, W]");
    struct bough__attr attr = window_attr(layer);
    for (int i = 0; i < 2; i++)
        attr.stride[i] = layer->stride[i] ? layer->stride[i] : layer->kernel[i];
    if (status == BOUGH_OK)
        status =
            op(builder, node, kind, &attr, NULL, 0, (int64_t)layer->kernel[0] * layer->kernel[1]);
    return status;
}

static enum bough_status max_pool2d(struct bough__builder *builder, int32_t *node,
                                    const struct bough_layer *layer)
{
    return pool(builder, node, layer, &bough__op_max_pool2d);
}

static enum bough_status avg_pool2d(struct bough__builder *builder, int32_t *node,
                                    const struct bough_layer *layer)
{
    return pool(builder, node, layer, &bough__op_avg_pool2d);
}

static enum bough_status global_avg_pool2d(struct bough__builder *builder, int32_t *node,
                                           const struct bough_layer *layer)
{
    (void)layer;
    enum bough_status status = want_rank(builder, *node, 4, "[N, C, H, W]");
    if (status != BOUGH_OK)
        return status;
    const struct bough_shape *shape = shape_of(builder, *node);
    return op(builder, node, &bough__op_global_avg_pool2d, NULL, NULL, 0,
              shape->dim[2] * shape->dim[3]);
}

static enum bough_status plain(struct bough__builder *builder, int32_t *node,
                               const struct bough_layer *layer)
{
    return op(builder, node, bough__op_find(layer->kind), NULL, NULL, 0, 1);
}

static enum bough_status leaky_relu(struct bough__builder *builder, int32_t *node,
                                    const struct bough_layer *layer)
{
    struct bough__attr attr = {.value = layer->slope};
    return op(builder, node, &bough__op_leaky_relu, &attr, NULL, 0, 1);
}

static enum bough_status flatten(struct bough__builder *builder, int32_t *node,
                                 const struct bough_layer *layer)
{
    (void)layer;
    return op(builder, node, &bough__op_flatten, NULL, NULL, 0, 0);
}

static enum bough_status reshape(struct bough__builder *builder, int32_t *node,
                                 const struct bough_layer *layer)
{
    struct bough__attr attr = {.shape = layer->shape};
    return op(builder, node, &bough__op_reshape, &attr, NULL, 0, 0);
}

// The gain starts at one, the shift at zero.
static enum bough_status gain_and_shift(struct bough__builder *builder, int32_t *more,
                                        const struct bough_shape *shape)
{
    struct bough__param gain = {.name = "weight", .shape = *shape, .init = {.name = "ones"}};
    struct bough__param shift = {.name = "bias", .shape = *shape, .init = {.name = "zeros"}};
    enum bough_status status = bough__builder_param(builder, &more[0], &gain);
    return status == BOUGH_OK ? bough__builder_param(builder, &more[1], &shift) : status;
}

static enum bough_status batch_norm(struct bough__builder *builder, int32_t *node,
                                    const struct bough_layer *layer)
{
    enum bough_status status;
    int32_t more[4];
    const struct bough_shape *input = shape_of(builder, *node);
    int64_t channels = input->dim[1];
    if (input->rank != 2)
        BOUGH_TRY(want_rank(builder, *node, 4, "[N, C] or [N, C, H, W]"));
    struct bough_shape shape = {1, {channels}};
    struct bough__param mean = {
        .name = "running_mean", .shape = shape, .statistics = 1, .init = {.name = "zeros"}};
    struct bough__param variance = {
        .name = "running_var", .shape = shape, .statistics = 1, .init = {.name = "ones"}};
    struct bough__attr attr = {
        .eps = layer->eps, .momentum = layer->momentum, .training = builder->training};
    BOUGH_TRY(gain_and_shift(builder, more, &shape));
    BOUGH_TRY(bough__builder_param(builder, &more[2], &mean));
    BOUGH_TRY(bough__builder_param(builder, &more[3], &variance));
    BOUGH_TRY(op(builder, node, &bough__op_batch_norm, &attr, more, 4, 4));
done:
    return status;
}

static enum bough_status layer_norm(struct bough__builder *builder, int32_t *node,
                                    const struct bough_layer *layer)
{
    const struct bough_shape *input = shape_of(builder, *node);
    struct bough_shape shape = {.rank = input->rank - 1};
    for (int32_t i = 0; i < shape.rank; i++)
        shape.dim[i] = input->dim[i + 1];
    struct bough__attr attr = {.eps = layer->eps};
    int32_t more[2];
    enum bough_status status = gain_and_shift(builder, more, &shape);
    return status == BOUGH_OK ? op(builder, node, &bough__op_layer_norm, &attr, more, 2, 8)
                              : status;
}

static enum bough_status drop(struct bough__builder *builder, int32_t *node,
                              const struct bough_layer *layer)
{
    if (!builder->training)
        return BOUGH_OK;
    struct bough__attr attr = {.value = layer->p > 0 ? layer->p : 0, .stream = builder->stream++};
    return op(builder, node, bough__op_find(layer->kind), &attr, NULL, 0, 1);
}

static const struct bough__layer_kind kinds[] = {
    {"linear", linear},
    {"conv2d", conv2d},
    {"max_pool2d", max_pool2d},
    {"avg_pool2d", avg_pool2d},
    {"global_avg_pool2d", global_avg_pool2d},
    {"relu", plain},
    {"leaky_relu", leaky_relu},
    {"gelu", plain},
    {"sigmoid", plain},
    {"tanh", plain},
    {"softmax", plain},
    {"flatten", flatten},
    {"reshape", reshape},
    {"batch_norm", batch_norm},
    {"layer_norm", layer_norm},
    {"dropout", drop},
    {"dropout2d", drop},
};

const char *bough__layer_kind_name(size_t index)
{
    return index < sizeof kinds / sizeof *kinds ? kinds[index].name : NULL;
}

const struct bough__layer_kind *bough__layer_kind_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (name && strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}
