#include "nn/layer_parts.h"

#include "base/error.h"
#include "nn/init.h"

const struct bough_shape *bough__shape_of(const struct bough__builder *builder, int32_t node)
{
    return bough__graph_shape(builder->graph, node);
}

int bough__is_sequence(const struct bough__builder *builder, int32_t node)
{
    const struct bough__node *of = &builder->graph->node[node];
    return of->lengths != BOUGH__NO_SEQUENCE && of->need.y.rank == 3;
}

enum bough_status bough__want_rank(const struct bough__builder *builder, int32_t node, int32_t rank,
                                   const char *wanted)
{
    const struct bough_shape *shape = bough__shape_of(builder, node);
    char text[128];
    if (shape->rank == rank)
        return BOUGH_OK;
    return bough__fail(BOUGH_INVALID, "the input is %s, wanted %s",
                       bough_shape_format(shape, text, sizeof text), wanted);
}

enum bough_status bough__layer_op(struct bough__builder *builder, int32_t *node,
                                  const struct bough__op *op, const struct bough__attr *attr,
                                  const int32_t *more, int inputs, int64_t flops)
{
    int32_t input[BOUGH_MAX_INPUTS] = {*node};
    for (int i = 0; i < inputs; i++)
        input[i + 1] = more[i];
    enum bough_status status = bough__graph_op(builder->graph, node, op, attr, input, inputs + 1);
    if (status == BOUGH_OK)
        builder->flops += flops * bough_shape_elements(bough__shape_of(builder, *node));
    return status;
}

enum bough_status bough__sequence_op(struct bough__builder *builder, int32_t *node,
                                     const struct bough__op *op, const struct bough__attr *attr,
                                     const int32_t *more, int inputs, int64_t flops)
{
    enum bough_status status;
    const int32_t lengths = builder->graph->node[*node].lengths;
    int32_t all[BOUGH_MAX_INPUTS];
    for (int i = 0; i < inputs; i++)
        all[i] = more[i];
    if (lengths >= 0)
        all[inputs++] = lengths;
    BOUGH_TRY(bough__want_rank(builder, *node, 3, "a sequence [N, L, D]"));
    BOUGH_TRY(bough__layer_op(builder, node, op, attr, all, inputs, flops));
    if (lengths == BOUGH__NO_SEQUENCE && !(op->flags & BOUGH__OP_ENDS_SEQUENCE))
        builder->graph->node[*node].lengths = BOUGH__FULL_LENGTH;
done:
    return status;
}

static const struct bough__option init_options[] = {
    {"name", BOUGH__OPTION_CHOICE, offsetof(struct bough__weights, init), .family = &bough__inits,
     .help = "how the weights start; without it as in PyTorch"},
};
const struct bough__options bough__init_section =
    BOUGH_OPTIONS(init_options, struct bough__weights);

enum bough_status bough__weight_and_bias(struct bough__builder *builder, int32_t *more, int *inputs,
                                         const struct bough__weights *weights,
                                         struct bough_shape shape, int64_t receptive)
{
    int64_t fan_in = bough_shape_row(&shape);
    struct bough__param weight = {.name = "weight",
                                  .shape = shape,
                                  .init = weights->init,
                                  .fan_in = fan_in,
                                  .fan_out = shape.dim[0] * receptive};
    struct bough__param bias = {
        .name = "bias", .shape = {1, {shape.dim[0]}}, .fan_in = fan_in, .fan_out = weight.fan_out};
    enum bough_status status = bough__builder_param(builder, &more[0], &weight);
    *inputs = 1;
    if (status == BOUGH_OK && weights->bias) {
        status = bough__builder_param(builder, &more[1], &bias);
        *inputs = 2;
    }
    return status;
}
