// Layers of transformers; their parameters are called as those of PyTorch's MultiheadAttention and
// TransformerEncoder.
#include "base/error.h"
#include "nn/init.h"
#include "nn/layer_parts.h"

#include <stdio.h>

// ---- What they are made of ----

struct names {
    const char *prefix, *weight, *bias;
};

enum { NAME = 100 };

static const char *name_of(char *name, const char *prefix, const char *end)
{
    snprintf(name, NAME, "%s%s", prefix, end);
    return name;
}

// `init` of a weight, with a bias of zeros; NULL: both start as those of a linear.
static enum bough_status dense(struct bough__builder *builder, int32_t *node,
                               const struct names *names, int64_t units,
                               const struct bough__init *init)
{
    enum bough_status status;
    const int64_t width = bough__shape_of(builder, *node)->dim[2];
    char name[2][NAME];
    struct bough__param weight = {.name = name_of(name[0], names->prefix, names->weight),
                                  .shape = {2, {units, width}},
                                  .fan_in = width,
                                  .fan_out = units};
    struct bough__param bias = {.name = name_of(name[1], names->prefix, names->bias),
                                .shape = {1, {units}},
                                .fan_in = width,
                                .fan_out = units};
    int32_t more[2];
    if (init) {
        weight.init.row = &init->row;
        bias.init.row = &bough__init_zeros.row;
    }
    BOUGH_TRY(bough__builder_param(builder, &more[0], &weight));
    BOUGH_TRY(bough__builder_param(builder, &more[1], &bias));
    BOUGH_TRY(bough__layer_op(builder, node, &bough__op_linear, NULL, more, 2, 2 * width));
done:
    return status;
}

static enum bough_status norm(struct bough__builder *builder, int32_t *node,
                              const struct names *names)
{
    enum bough_status status;
    const struct bough__attr attr = {.eps = 1e-5f};
    const struct bough_shape shape = {1, {bough__shape_of(builder, *node)->dim[2]}};
    char name[2][NAME];
    const struct bough__param gain = {.name = name_of(name[0], names->prefix, names->weight),
                                      .shape = shape,
                                      .init.row = &bough__init_ones.row};
    const struct bough__param shift = {.name = name_of(name[1], names->prefix, names->bias),
                                       .shape = shape,
                                       .init.row = &bough__init_zeros.row};
    int32_t more[2];
    BOUGH_TRY(bough__builder_param(builder, &more[0], &gain));
    BOUGH_TRY(bough__builder_param(builder, &more[1], &shift));
    BOUGH_TRY(bough__layer_op(builder, node, &bough__op_layer_norm, &attr, more, 2, 8));
done:
    return status;
}

static enum bough_status drop(struct bough__builder *builder, int32_t *node, float p)
{
    if (!builder->training || p == 0.0f)
        return BOUGH_OK;
    const struct bough__attr attr = {.value = p, .stream = builder->stream++};
    return bough__layer_op(builder, node, &bough__op_dropout, &attr, NULL, 0, 1);
}

static enum bough_status attend(struct bough__builder *builder, int32_t *node, const char *prefix,
                                int32_t heads, float p)
{
    enum bough_status status;
    const int64_t length = bough__shape_of(builder, *node)->dim[1];
    const int64_t width = bough__shape_of(builder, *node)->dim[2];
    struct bough__attr attr = {.groups = heads};
    if (builder->training && p > 0.0f) {
        attr.value = p;
        attr.stream = builder->stream++;
    }
    if (width % heads) {
        status = bough__fail(BOUGH_INVALID, "%d heads do not divide the %lld numbers of a position",
                             heads, (long long)width);
        goto done;
    }
    BOUGH_TRY(dense(builder, node, &(struct names){prefix, "in_proj_weight", "in_proj_bias"},
                    3 * width, &bough__init_xavier_uniform));
    BOUGH_TRY(bough__sequence_op(builder, node, &bough__op_attention, &attr, NULL, 0, 4 * length));
    BOUGH_TRY(dense(builder, node, &(struct names){prefix, "out_proj.weight", "out_proj.bias"},
                    width, NULL));
done:
    return status;
}

#define HEADS(type)                                                                                \
    {                                                                                              \
        "heads", BOUGH__OPTION_INT, offsetof(type, heads),                                         \
            .range = &bough__range_size, .needed = 1,                                              \
            .help = "parts of a position's numbers that attend apart"                              \
    }

// ---- attention ----

struct attention_options {
    int32_t heads;
    float dropout;
};

static const struct bough__option attention_options[] = {
    HEADS(struct attention_options),
    {"dropout", BOUGH__OPTION_NUMBER, offsetof(struct attention_options, dropout),
     .range = &bough__range_below_one, .help = "probability of dropping a weight of a position"},
};

static enum bough_status attention(struct bough__builder *builder, int32_t *node,
                                   const void *options)
{
    const struct attention_options *o = options;
    enum bough_status status = bough__want_rank(builder, *node, 3, "a sequence [N, L, D]");
    return status == BOUGH_OK ? attend(builder, node, "", o->heads, o->dropout) : status;
}

// ---- transformer ----

struct transformer_options {
    int32_t heads, units, layers;
    float dropout;
};

static const struct bough__option transformer_options[] = {
    HEADS(struct transformer_options),
    {"units", BOUGH__OPTION_INT, offsetof(struct transformer_options, units),
     .range = &bough__range_count_or_none,
     .help = "of the feed-forward net of each position; 0 takes 4 for each of its numbers"},
    {"layers", BOUGH__OPTION_INT, offsetof(struct transformer_options, layers),
     .range = &bough__range_size, .number = {1}, .help = "blocks, one behind the other"},
    {"dropout", BOUGH__OPTION_NUMBER, offsetof(struct transformer_options, dropout),
     .range = &bough__range_below_one, .number = {0.1},
     .help = "probability of dropping a weight of a position, an element of what is added"},
};

// x + what was made of it.
static enum bough_status add_to(struct bough__builder *builder, int32_t *x, int32_t made)
{
    return bough__layer_op(builder, x, &bough__op_add, NULL, &made, 1, 1);
}

static enum bough_status attend_block(struct bough__builder *builder, int32_t *node,
                                      const char *prefix, const struct transformer_options *o)
{
    enum bough_status status;
    int32_t made = *node;
    char name[NAME];
    BOUGH_TRY(norm(builder, &made, &(struct names){prefix, "norm1.weight", "norm1.bias"}));
    BOUGH_TRY(attend(builder, &made, name_of(name, prefix, "self_attn."), o->heads, o->dropout));
    BOUGH_TRY(drop(builder, &made, o->dropout));
    BOUGH_TRY(add_to(builder, node, made));
done:
    return status;
}

static enum bough_status feed_forward_block(struct bough__builder *builder, int32_t *node,
                                            const char *prefix, const struct transformer_options *o)
{
    enum bough_status status;
    const int64_t width = bough__shape_of(builder, *node)->dim[2];
    int32_t made = *node;
    BOUGH_TRY(norm(builder, &made, &(struct names){prefix, "norm2.weight", "norm2.bias"}));
    BOUGH_TRY(dense(builder, &made, &(struct names){prefix, "linear1.weight", "linear1.bias"},
                    o->units ? o->units : 4 * width, NULL));
    BOUGH_TRY(bough__layer_op(builder, &made, &bough__op_gelu, NULL, NULL, 0, 1));
    BOUGH_TRY(drop(builder, &made, o->dropout));
    BOUGH_TRY(dense(builder, &made, &(struct names){prefix, "linear2.weight", "linear2.bias"},
                    width, NULL));
    BOUGH_TRY(drop(builder, &made, o->dropout));
    BOUGH_TRY(add_to(builder, node, made));
done:
    return status;
}

static enum bough_status transformer(struct bough__builder *builder, int32_t *node,
                                     const void *options)
{
    enum bough_status status;
    const struct transformer_options *o = options;
    char prefix[NAME / 2];
    BOUGH_TRY(bough__want_rank(builder, *node, 3, "a sequence [N, L, D]"));
    for (int32_t i = 0; i < o->layers; i++) {
        snprintf(prefix, sizeof prefix, "layers.%d.", i);
        BOUGH_TRY(attend_block(builder, node, prefix, o));
        BOUGH_TRY(feed_forward_block(builder, node, prefix, o));
    }
done:
    return status;
}

// ---- The rows ----

const struct bough__layer_kind bough__layer_attention = {
    {.name = "attention",
     .help = "each position a mixture of all of its sequence, by several heads",
     .paper = "Vaswani et al., 2017",
     .options = BOUGH_OPTIONS(attention_options, struct attention_options)},
    .build = attention,
    .begins_stage = 1};
const struct bough__layer_kind bough__layer_transformer = {
    {.name = "transformer",
     .help = "blocks of attention and a feed-forward net, each behind a norm and added to what it "
             "read",
     .paper = "Vaswani et al., 2017; Xiong et al., 2020",
     .options = BOUGH_OPTIONS(transformer_options, struct transformer_options)},
    .build = transformer,
    .begins_stage = 1};
