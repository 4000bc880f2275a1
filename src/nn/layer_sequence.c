// Layers on sequences: a convolution over time, positions, pooling.
#include "base/error.h"
#include "cl/pool_over_time_params.h"
#include "nn/init.h"
#include "nn/layer_parts.h"

#include <math.h>
#include <string.h>

// ---- conv1d ----

struct conv1d_options {
    int32_t channels, kernel, dilation;
    struct bough__weights weights;
};

static const struct bough__option conv1d_options[] = {
    {"channels", BOUGH__OPTION_INT, offsetof(struct conv1d_options, channels),
     .range = &bough__range_width, .needed = 1, .help = "numbers of a position of the output"},
    {"kernel", BOUGH__OPTION_INT, offsetof(struct conv1d_options, kernel),
     .range = &bough__range_size, .needed = 1, .help = "positions that each reads"},
    {"dilation", BOUGH__OPTION_INT, offsetof(struct conv1d_options, dilation),
     .range = &bough__range_size, .number = {1}, .help = "step from one of them to the next"},
    BOUGH_WEIGHTS(struct conv1d_options),
};

static enum bough_status conv1d(struct bough__builder *builder, int32_t *node, const void *options)
{
    enum bough_status status;
    const struct conv1d_options *o = options;
    const struct bough__attr attr = {.dilation = {o->dilation}};
    int32_t more[2];
    int inputs;
    BOUGH_TRY(bough__want_rank(builder, *node, 3, "a sequence [N, L, D]"));
    const struct bough_shape shape = {
        3, {o->channels, bough__shape_of(builder, *node)->dim[2], o->kernel}};
    BOUGH_TRY(bough__weight_and_bias(builder, more, &inputs, &o->weights, shape, o->kernel));
    BOUGH_TRY(bough__sequence_op(builder, node, &bough__op_conv1d, &attr, more, inputs,
                                 2 * bough_shape_row(&shape)));
done:
    return status;
}

// ---- positions ----

struct positions_options {
    const char *encoding;
    int32_t length;
};

static const struct bough__row learned = {.name = "learned", .help = "numbers that are trained"};
static const struct bough__row sinusoidal = {
    .name = "sinusoidal", .help = "sines and cosines", .paper = "Vaswani et al., 2017"};
static const struct bough__row *const position_kinds[] = {&learned, &sinusoidal};
static const struct bough__family positions_family = {"encoding", position_kinds, 2};

static const struct bough__option positions_options[] = {
    {"encoding", BOUGH__OPTION_TEXT, offsetof(struct positions_options, encoding),
     .text = "learned", .family = &positions_family, .help = "what is added for each place"},
    {"length", BOUGH__OPTION_INT, offsetof(struct positions_options, length),
     .range = &bough__range_size, .number = {512}, .help = "positions of the longest sequence"},
};

// Starts it, [length, width], at sin(l / 10000^(i / width)) in even columns i, and the cosine of
// the same behind each.
static enum bough_status sines(struct bough__builder *builder, struct bough__param *place)
{
    const int64_t length = place->shape.dim[0], width = place->shape.dim[1];
    float *value = BOUGH_NEW(&builder->params->arena, float, (size_t)(length * width));
    if (!value)
        return bough__no_memory();
    for (int64_t l = 0; l < length; l++)
        for (int64_t i = 0; i < width; i++) {
            const double angle = (double)l / pow(10000, (double)(i - i % 2) / (double)width);
            value[l * width + i] = (float)(i % 2 ? cos(angle) : sin(angle));
        }
    place->start = value;
    return BOUGH_OK;
}

static enum bough_status positions(struct bough__builder *builder, int32_t *node,
                                   const void *options)
{
    enum bough_status status;
    static const float deviation = 0.02f;
    const struct positions_options *o = options;
    int32_t place;
    BOUGH_TRY(bough__want_rank(builder, *node, 3, "a sequence [N, L, D]"));
    const int64_t width = bough__shape_of(builder, *node)->dim[2];
    struct bough__param param = {.name = "weight",
                                 .shape = {2, {o->length, width}},
                                 .init = {&bough__init_normal.row, (void *)(uintptr_t)&deviation}};
    if (strcmp(o->encoding, sinusoidal.name) == 0) {
        param.name = "encoding";
        param.statistics = 1;
        if (builder->declaring)
            BOUGH_TRY(sines(builder, &param));
    }
    BOUGH_TRY(bough__builder_param(builder, &place, &param));
    BOUGH_TRY(bough__sequence_op(builder, node, &bough__op_add_positions, NULL, &place, 1, 1));
done:
    return status;
}

// ---- pool_over_time ----

struct pool_over_time_options {
    const char *pooling;
};

static const struct bough__row pool_mean = {.name = "mean", .help = "of all positions"};
static const struct bough__row pool_max = {.name = "max", .help = "the largest of each number"};
static const struct bough__row pool_last = {.name = "last", .help = "the last position"};
static const struct bough__row pool_attention = {
    .name = "attention", .help = "a sum by weights, which a learned vector gives"};
static const struct bough__row *const pool_kinds[] = {[POOL_MEAN] = &pool_mean,
                                                      [POOL_MAX] = &pool_max,
                                                      [POOL_LAST] = &pool_last,
                                                      [POOL_ATTENTION] = &pool_attention};
enum { POOL_KINDS = sizeof pool_kinds / sizeof *pool_kinds };
static const struct bough__family pool_family = {"pooling", pool_kinds, POOL_KINDS};

static const struct bough__option pool_over_time_options[] = {
    {"pooling", BOUGH__OPTION_TEXT, offsetof(struct pool_over_time_options, pooling),
     .text = "mean", .family = &pool_family, .help = "what a sequence's positions become"},
};

// A score of each position: [N, L, 1].
static enum bough_status score(struct bough__builder *builder, int32_t *node)
{
    const int64_t width = bough__shape_of(builder, *node)->dim[2];
    const struct bough__param weight = {
        .name = "weight", .shape = {2, {1, width}}, .fan_in = width, .fan_out = 1};
    int32_t more;
    enum bough_status status = bough__builder_param(builder, &more, &weight);
    return status == BOUGH_OK
               ? bough__layer_op(builder, node, &bough__op_linear, NULL, &more, 1, 2 * width)
               : status;
}

static enum bough_status pool_over_time(struct bough__builder *builder, int32_t *node,
                                        const void *options)
{
    enum bough_status status;
    const struct pool_over_time_options *o = options;
    struct bough__attr attr = {.kind = POOL_MEAN};
    int32_t scores = *node;
    BOUGH_TRY(bough__want_rank(builder, *node, 3, "a sequence [N, L, D]"));
    while (strcmp(pool_kinds[attr.kind]->name, o->pooling) != 0)
        attr.kind++;
    const int attends = attr.kind == POOL_ATTENTION;
    const int64_t length = bough__shape_of(builder, *node)->dim[1];
    if (attends)
        BOUGH_TRY(score(builder, &scores));
    BOUGH_TRY(bough__sequence_op(builder, node, &bough__op_pool_over_time, &attr, &scores, attends,
                                 2 * length));
done:
    return status;
}

// ---- The rows ----

const struct bough__layer_kind bough__layer_conv1d = {
    {.name = "conv1d",
     .help = "convolution over time of [N, L, D], as long as its input",
     .options = BOUGH_OPTIONS(conv1d_options, struct conv1d_options)},
    .build = conv1d,
    .begins_stage = 1};
const struct bough__layer_kind bough__layer_positions = {
    {.name = "positions",
     .help = "adds to each position what tells its place",
     .options = BOUGH_OPTIONS(positions_options, struct positions_options)},
    .build = positions};
const struct bough__layer_kind bough__layer_pool_over_time = {
    {.name = "pool_over_time",
     .help = "one row of numbers of a sequence: [N, D]",
     .options = BOUGH_OPTIONS(pool_over_time_options, struct pool_over_time_options)},
    .build = pool_over_time};
