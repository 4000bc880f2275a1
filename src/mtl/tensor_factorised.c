// Factorised weights: every task has a trunk of its own, whose weights are W[t] = sum over k of
// s[k, t] L[k], the last-axis flattening of the paper: the bases L are those of all tasks, the
// factors s of one. Biases and norms are each task's own.
// The paper starts from the factorisation of nets trained apart. Here each base is drawn as the
// weight would be and the factors are all 1 / sqrt(rank): the tasks start with the same weights, as
// large as one base.
// Parameters: the bases of a weight [O, I...] are `trunk.<layer>.weight` [O, rank, I...]; of a task
// `streams.<task>.<layer>.factors` [1, rank], and biases and norms.
#include "base/error.h"
#include "mtl/architecture.h"

#include <math.h>

struct tensor_factorised_options {
    int32_t rank;
};

static const struct bough__option tensor_factorised_options[] = {
    {"rank", BOUGH__OPTION_INT, offsetof(struct tensor_factorised_options, rank),
     .range = &bough__range_size, .number = {4},
     .help = "bases of each weight; with as many as tasks, these could share nothing"},
};

static enum bough_status make_factors(struct bough__stream *stream, struct bough__builder *builder,
                                      int32_t *node, int32_t rank)
{
    float *start = BOUGH_NEW(&builder->params->arena, float, rank);
    const struct bough__param factors = {
        .name = "factors", .shape = {2, {1, rank}}, .start = start};
    if (!start)
        return bough__no_memory();
    for (int32_t k = 0; k < rank; k++)
        start[k] = 1.0f / sqrtf((float)rank);
    return bough__stream_own(stream, builder, node, &factors);
}

static struct bough_shape bases_of(const struct bough_shape *weight, int32_t rank)
{
    struct bough_shape shape = {weight->rank + 1, {weight->dim[0], rank}};
    for (int32_t i = 1; i < weight->rank; i++)
        shape.dim[i + 1] = weight->dim[i];
    return shape;
}

static enum bough_status give(void *user, struct bough__builder *builder, int32_t *node,
                              const struct bough__param *param)
{
    enum bough_status status;
    struct bough__stream *stream = user;
    const int32_t rank = ((const struct tensor_factorised_options *)stream->options)->rank;
    struct bough__param bases = *param;
    int32_t input[2];
    if (stream->norm || param->shape.rank < 2)
        return bough__stream_own(user, builder, node, param);
    bases.shape = bases_of(&param->shape, rank);
    BOUGH_TRY(bough__stream_share(user, builder, &input[0], &bases));
    BOUGH_TRY(make_factors(stream, builder, &input[1], rank));
    BOUGH_TRY(bough__graph_op(builder->graph, node, &bough__op_gated_sum, NULL, input, 2));
done:
    return status;
}

static enum bough_status build(struct bough__builder *builder, struct bough__wiring *wiring,
                               int32_t x, const struct bough__net *net)
{
    enum bough_status status;
    struct bough__stages stages;
    int32_t *stream;
    BOUGH_TRY(bough__streams_begin(builder, &stream, x, net));
    BOUGH_TRY(bough__stages_find(&stages, builder, net));
    for (size_t stage = 0; stage < stages.count; stage++)
        BOUGH_TRY(bough__streams_build(builder, stream, net, &stages, stage, "trunk", give));
    BOUGH_TRY(bough__heads_build(builder, wiring, net, stream));
done:
    return status;
}

const struct bough__architecture bough__architecture_tensor_factorised = {
    {.name = "tensor_factorised",
     .help = "a trunk for each task, of weights that are the task's mixtures of shared ones",
     .paper = "Yang, Hospedales, Deep Multi-task Representation Learning: A Tensor Factorisation "
              "Approach, ICLR 2017",
     .options = BOUGH_OPTIONS(tensor_factorised_options, struct tensor_factorised_options)},
    .needs_trunk = 1,
    .build = build,
};
