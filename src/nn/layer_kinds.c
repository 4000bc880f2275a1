// The kinds of layers: a function each, and a row (layer_list.h names them).
#include "base/error.h"
#include "nn/init.h"
#include "nn/layer_parts.h"

// ---- linear, conv2d ----

static const struct bough__option linear_options[] = {
    {"units", BOUGH__OPTION_INT, offsetof(struct bough__linear_options, units),
     .range = &bough__range_width, .needed = 1, .help = "outputs"},
    {"tied", BOUGH__OPTION_TEXT, offsetof(struct bough__linear_options, tied),
     .help = BOUGH_TIED_HELP},
    BOUGH_WEIGHTS(struct bough__linear_options),
};

// The weight of another layer, and a bias of its own.
static enum bough_status tied_weight(struct bough__builder *builder, int32_t *more, int *inputs,
                                     const struct bough__linear_options *o, int64_t width)
{
    const struct bough__param bias = {
        .name = "bias", .shape = {1, {o->units}}, .fan_in = width, .fan_out = o->units};
    enum bough_status status = bough__builder_tied(builder, &more[0], o->tied, o->units, width);
    *inputs = 1;
    if (status == BOUGH_OK && o->weights.bias)
        status = bough__builder_param(builder, &more[(*inputs)++], &bias);
    return status;
}

static enum bough_status linear(struct bough__builder *builder, int32_t *node, const void *options)
{
    enum bough_status status;
    const struct bough__linear_options *o = options;
    int32_t more[2];
    int inputs;
    if (!bough__is_sequence(builder, *node))
        BOUGH_TRY(bough__want_rank(builder, *node, 2, "[N, D]: put `flatten` before it"));
    const struct bough_shape *input = bough__shape_of(builder, *node);
    int64_t width = input->dim[input->rank - 1];
    struct bough_shape shape = {2, {o->units, width}};
    BOUGH_TRY(o->tied ? tied_weight(builder, more, &inputs, o, width)
                      : bough__weight_and_bias(builder, more, &inputs, &o->weights, shape, 1));
    BOUGH_TRY(bough__layer_op(builder, node, &bough__op_linear, NULL, more, inputs, 2 * width));
done:
    return status;
}

#define KERNEL(type)                                                                               \
    {                                                                                              \
        "kernel", BOUGH__OPTION_PAIR, offsetof(type, kernel),                                      \
            .range = &bough__range_size, .needed = 1, .help = "the window's size"                  \
    }
#define PADDING(type)                                                                              \
    {                                                                                              \
        "padding", BOUGH__OPTION_PAIR, offsetof(type, padding),                                    \
            .range = &bough__range_edge, .help = "rows and columns added at each side"             \
    }

static const struct bough__option conv2d_options[] = {
    {"channels", BOUGH__OPTION_INT, offsetof(struct bough__conv2d_options, channels),
     .range = &bough__range_width, .needed = 1, .help = "channels of the output"},
    KERNEL(struct bough__conv2d_options),
    {"stride", BOUGH__OPTION_PAIR, offsetof(struct bough__conv2d_options, stride),
     .range = &bough__range_size, .number = {1, 1}, .help = "step from window to window"},
    PADDING(struct bough__conv2d_options),
    {"dilation", BOUGH__OPTION_PAIR, offsetof(struct bough__conv2d_options, dilation),
     .range = &bough__range_size, .number = {1, 1}, .help = "step from tap to tap"},
    {"groups", BOUGH__OPTION_INT, offsetof(struct bough__conv2d_options, groups),
     .range = &bough__range_size, .number = {1}, .help = "parts that the channels are split into"},
    BOUGH_WEIGHTS(struct bough__conv2d_options),
};

static enum bough_status conv2d(struct bough__builder *builder, int32_t *node, const void *options)
{
    enum bough_status status;
    const struct bough__conv2d_options *o = options;
    struct bough__attr attr = {.groups = o->groups};
    for (int i = 0; i < 2; i++) {
        attr.kernel[i] = o->kernel[i];
        attr.stride[i] = o->stride[i];
        attr.padding[i] = o->padding[i];
        attr.dilation[i] = o->dilation[i];
    }
    int32_t more[2];
    int inputs;
    BOUGH_TRY(bough__want_rank(builder, *node, 4, "[N, C, H, W]"));
    int64_t channels = bough__shape_of(builder, *node)->dim[1];
    if (channels % attr.groups || o->channels % attr.groups) {
        status =
            bough__fail(BOUGH_INVALID, "%d groups do not divide %lld input and %d output channels",
                        attr.groups, (long long)channels, o->channels);
        goto done;
    }
    int64_t taps = (int64_t)o->kernel[0] * o->kernel[1];
    struct bough_shape shape = {4,
                                {o->channels, channels / attr.groups, o->kernel[0], o->kernel[1]}};
    BOUGH_TRY(bough__weight_and_bias(builder, more, &inputs, &o->weights, shape, taps));
    BOUGH_TRY(bough__layer_op(builder, node, &bough__op_conv2d, &attr, more, inputs,
                              2 * bough_shape_row(&shape)));
done:
    return status;
}

// ---- Pooling ----

struct pool_options {
    int32_t kernel[2], stride[2], padding[2];
};

static const struct bough__option pool_options[] = {
    KERNEL(struct pool_options),
    {"stride", BOUGH__OPTION_PAIR, offsetof(struct pool_options, stride),
     .range = &bough__range_size, .same_as = "kernel", .help = "step from window to window"},
    PADDING(struct pool_options),
};

static enum bough_status pool(struct bough__builder *builder, int32_t *node,
                              const struct pool_options *o, const struct bough__op *kind)
{
    enum bough_status status = bough__want_rank(builder, *node, 4, "[N, C, H, W]");
    struct bough__attr attr = {.dilation = {1, 1}, .groups = 1};
    for (int i = 0; i < 2; i++) {
        attr.kernel[i] = o->kernel[i];
        attr.stride[i] = o->stride[i];
        attr.padding[i] = o->padding[i];
    }
    if (status == BOUGH_OK)
        status = bough__layer_op(builder, node, kind, &attr, NULL, 0,
                                 (int64_t)o->kernel[0] * o->kernel[1]);
    return status;
}

static enum bough_status max_pool2d(struct bough__builder *builder, int32_t *node,
                                    const void *options)
{
    return pool(builder, node, options, &bough__op_max_pool2d);
}

static enum bough_status avg_pool2d(struct bough__builder *builder, int32_t *node,
                                    const void *options)
{
    return pool(builder, node, options, &bough__op_avg_pool2d);
}

static enum bough_status global_avg_pool2d(struct bough__builder *builder, int32_t *node,
                                           const void *options)
{
    (void)options;
    enum bough_status status = bough__want_rank(builder, *node, 4, "[N, C, H, W]");
    if (status != BOUGH_OK)
        return status;
    const struct bough_shape *shape = bough__shape_of(builder, *node);
    return bough__layer_op(builder, node, &bough__op_global_avg_pool2d, NULL, NULL, 0,
                           shape->dim[2] * shape->dim[3]);
}

// ---- Activations, shapes ----

#define PLAIN(name)                                                                                \
    static enum bough_status name##_layer(struct bough__builder *builder, int32_t *node,           \
                                          const void *options)                                     \
    {                                                                                              \
        (void)options;                                                                             \
        return bough__layer_op(builder, node, &bough__op_##name, NULL, NULL, 0, 1);                \
    }
PLAIN(relu)
PLAIN(gelu)
PLAIN(sigmoid)
PLAIN(tanh)
PLAIN(softmax)

struct leaky_relu_options {
    float slope;
};

static const struct bough__option leaky_relu_options[] = {
    {"slope", BOUGH__OPTION_NUMBER, offsetof(struct leaky_relu_options, slope),
     .range = &bough__range_positive, .number = {0.01}, .help = "slope below 0"},
};

static enum bough_status leaky_relu(struct bough__builder *builder, int32_t *node,
                                    const void *options)
{
    struct bough__attr attr = {.value = ((const struct leaky_relu_options *)options)->slope};
    return bough__layer_op(builder, node, &bough__op_leaky_relu, &attr, NULL, 0, 1);
}

static enum bough_status flatten(struct bough__builder *builder, int32_t *node, const void *options)
{
    (void)options;
    if (builder->graph->node[*node].lengths >= 0)
        return bough__fail(BOUGH_INVALID,
                           "reads a sequence whose rows differ in length; pool it over time");
    return bough__layer_op(builder, node, &bough__op_flatten, NULL, NULL, 0, 0);
}

struct reshape_options {
    struct bough_shape shape;
};

static const struct bough__option reshape_options[] = {
    {"shape", BOUGH__OPTION_SHAPE, offsetof(struct reshape_options, shape),
     .range = &bough__range_width, .needed = 1, .help = "of one sample: [16, 7, 7]"},
};

static enum bough_status reshape(struct bough__builder *builder, int32_t *node, const void *options)
{
    struct bough__attr attr = {.shape = ((const struct reshape_options *)options)->shape};
    if (builder->graph->node[*node].lengths >= 0)
        return bough__fail(BOUGH_INVALID,
                           "reads a sequence whose rows differ in length; pool it over time");
    return bough__layer_op(builder, node, &bough__op_reshape, &attr, NULL, 0, 0);
}

// ---- Norms ----

#define EPS(type)                                                                                  \
    {                                                                                              \
        "eps", BOUGH__OPTION_NUMBER, offsetof(type, eps),                                          \
            .range = &bough__range_positive, .number = {1e-5}, .help = "added to the variance"     \
    }

// The gain starts at one, the shift at zero.
static enum bough_status gain_and_shift(struct bough__builder *builder, int32_t *more,
                                        const struct bough_shape *shape)
{
    struct bough__param gain = {
        .name = "weight", .shape = *shape, .init.row = &bough__init_ones.row};
    struct bough__param shift = {
        .name = "bias", .shape = *shape, .init.row = &bough__init_zeros.row};
    enum bough_status status = bough__builder_param(builder, &more[0], &gain);
    return status == BOUGH_OK ? bough__builder_param(builder, &more[1], &shift) : status;
}

struct batch_norm_options {
    float eps, momentum;
};

static const struct bough__option batch_norm_options[] = {
    EPS(struct batch_norm_options),
    {"momentum", BOUGH__OPTION_NUMBER, offsetof(struct batch_norm_options, momentum),
     .range = &bough__range_to_one, .number = {0.1},
     .help = "share of the new batch in the running statistics"},
};

static enum bough_status batch_norm(struct bough__builder *builder, int32_t *node,
                                    const void *options)
{
    enum bough_status status;
    const struct batch_norm_options *o = options;
    int32_t more[4];
    const struct bough_shape *input = bough__shape_of(builder, *node);
    int64_t channels = input->dim[1];
    if (input->rank != 2)
        BOUGH_TRY(bough__want_rank(builder, *node, 4, "[N, C] or [N, C, H, W]"));
    struct bough_shape shape = {1, {channels}};
    struct bough__param mean = {.name = "running_mean",
                                .shape = shape,
                                .statistics = 1,
                                .init.row = &bough__init_zeros.row};
    struct bough__param variance = {
        .name = "running_var", .shape = shape, .statistics = 1, .init.row = &bough__init_ones.row};
    struct bough__attr attr = {.eps = o->eps, .momentum = o->momentum};
    BOUGH_TRY(gain_and_shift(builder, more, &shape));
    attr.training = builder->training && !builder->frozen; // else by what it remembers, which stays
    BOUGH_TRY(bough__builder_param(builder, &more[2], &mean));
    BOUGH_TRY(bough__builder_param(builder, &more[3], &variance));
    BOUGH_TRY(bough__layer_op(builder, node, &bough__op_batch_norm, &attr, more, 4, 4));
done:
    return status;
}

struct layer_norm_options {
    float eps;
};

static const struct bough__option layer_norm_options[] = {
    EPS(struct layer_norm_options),
};

static enum bough_status layer_norm(struct bough__builder *builder, int32_t *node,
                                    const void *options)
{
    struct bough_shape shape = bough_shape_sample(bough__shape_of(builder, *node));
    if (bough__is_sequence(builder, *node)) // each of its positions by itself
        shape = bough_shape_sample(&shape);
    struct bough__attr attr = {.eps = ((const struct layer_norm_options *)options)->eps};
    int32_t more[2];
    enum bough_status status = gain_and_shift(builder, more, &shape);
    return status == BOUGH_OK
               ? bough__layer_op(builder, node, &bough__op_layer_norm, &attr, more, 2, 8)
               : status;
}

// ---- Dropout ----

struct dropout_options {
    float p;
};

static const struct bough__option dropout_options[] = {
    {"p", BOUGH__OPTION_NUMBER, offsetof(struct dropout_options, p),
     .range = &bough__range_below_one, .number = {0.5},
     .help = "probability of dropping an element, a channel"},
};

static enum bough_status drop(struct bough__builder *builder, int32_t *node,
                              const struct dropout_options *o, const struct bough__op *kind)
{
    if (!builder->training)
        return BOUGH_OK;
    struct bough__attr attr = {.value = o->p, .stream = builder->stream++};
    return bough__layer_op(builder, node, kind, &attr, NULL, 0, 1);
}

static enum bough_status dropout(struct bough__builder *builder, int32_t *node, const void *options)
{
    return drop(builder, node, options, &bough__op_dropout);
}

static enum bough_status dropout2d(struct bough__builder *builder, int32_t *node,
                                   const void *options)
{
    return drop(builder, node, options, &bough__op_dropout2d);
}

// ---- stage ----

static enum bough_status stage(struct bough__builder *builder, int32_t *node, const void *options)
{
    (void)builder;
    (void)node;
    (void)options;
    return BOUGH_OK;
}

// ---- The rows ----

const struct bough__layer_kind bough__layer_linear = {
    {.name = "linear",
     .help = "each output a weighted sum of all inputs",
     .options = BOUGH_OPTIONS(linear_options, struct bough__linear_options)},
    .build = linear,
    .begins_stage = 1};
const struct bough__layer_kind bough__layer_conv2d = {
    {.name = "conv2d",
     .help = "convolution of [N, C, H, W]",
     .options = BOUGH_OPTIONS(conv2d_options, struct bough__conv2d_options)},
    .build = conv2d,
    .begins_stage = 1};
const struct bough__layer_kind bough__layer_max_pool2d = {
    {.name = "max_pool2d",
     .help = "the largest of each window",
     .options = BOUGH_OPTIONS(pool_options, struct pool_options)},
    .build = max_pool2d};
const struct bough__layer_kind bough__layer_avg_pool2d = {
    {.name = "avg_pool2d",
     .help = "the mean of each window",
     .options = BOUGH_OPTIONS(pool_options, struct pool_options)},
    .build = avg_pool2d};
const struct bough__layer_kind bough__layer_global_avg_pool2d = {
    {.name = "global_avg_pool2d", .help = "the mean of each channel: [N, C]"},
    .build = global_avg_pool2d};
const struct bough__layer_kind bough__layer_relu = {{.name = "relu", .help = "max(x, 0)"},
                                                    .build = relu_layer};
const struct bough__layer_kind bough__layer_leaky_relu = {
    {.name = "leaky_relu",
     .help = "x above 0, slope times x below",
     .options = BOUGH_OPTIONS(leaky_relu_options, struct leaky_relu_options)},
    .build = leaky_relu};
const struct bough__layer_kind bough__layer_gelu = {{.name = "gelu",
                                                     .help = "x times the normal distribution at x",
                                                     .paper = "Hendrycks, Gimpel, 2016"},
                                                    .build = gelu_layer};
const struct bough__layer_kind bough__layer_sigmoid = {
    {.name = "sigmoid", .help = "1 / (1 + exp(-x))"}, .build = sigmoid_layer};
const struct bough__layer_kind bough__layer_tanh = {{.name = "tanh", .help = "hyperbolic tangent"},
                                                    .build = tanh_layer};
const struct bough__layer_kind bough__layer_softmax = {
    {.name = "softmax", .help = "exp(x), of sum 1 in a row"}, .build = softmax_layer};
const struct bough__layer_kind bough__layer_flatten = {
    {.name = "flatten", .help = "one dimension of all but the first"},
    .build = flatten,
    .reshapes = 1};
const struct bough__layer_kind bough__layer_reshape = {
    {.name = "reshape",
     .help = "other dimensions of a sample",
     .options = BOUGH_OPTIONS(reshape_options, struct reshape_options)},
    .build = reshape,
    .reshapes = 1};
const struct bough__layer_kind bough__layer_batch_norm = {
    {.name = "batch_norm",
     .help = "mean 0 and variance 1 a channel, over the batch",
     .paper = "Ioffe, Szegedy, 2015",
     .options = BOUGH_OPTIONS(batch_norm_options, struct batch_norm_options)},
    .build = batch_norm,
    .norm = 1};
const struct bough__layer_kind bough__layer_layer_norm = {
    {.name = "layer_norm",
     .help = "mean 0 and variance 1 a sample",
     .paper = "Ba, Kiros, Hinton, 2016",
     .options = BOUGH_OPTIONS(layer_norm_options, struct layer_norm_options)},
    .build = layer_norm,
    .norm = 1};
const struct bough__layer_kind bough__layer_dropout = {
    {.name = "dropout",
     .help = "drops elements in training",
     .paper = "Srivastava et al., 2014",
     .options = BOUGH_OPTIONS(dropout_options, struct dropout_options)},
    .build = dropout};
const struct bough__layer_kind bough__layer_dropout2d = {
    {.name = "dropout2d",
     .help = "drops channels in training",
     .paper = "Tompson et al., 2015",
     .options = BOUGH_OPTIONS(dropout_options, struct dropout_options)},
    .build = dropout2d};
const struct bough__layer_kind bough__layer_stage = {
    {.name = "stage", .help = "changes nothing: a stage of the trunk begins behind it"},
    .build = stage};

#define BOUGH_LAYER(name) &bough__layer_##name.row,
static const struct bough__row *const all[] = {
#include "nn/layer_list.h"
};
#undef BOUGH_LAYER
const struct bough__family bough__layers = {"layer", all, sizeof all / sizeof *all};
