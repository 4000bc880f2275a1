// MTAN: one trunk, p[l] = stage_l(p[l - 1]), and for each task t and stage l
//   mask[l, t] = sigmoid(BN(W2 relu(BN(W1 [p[l]; f_l(a[l - 1, t])]))))
//   a[l, t]    = mask[l, t] * p[l]
// of which the head reads the last. The first mask sees p alone. W1 and W2 are of as many channels
// as p[l] and of 1 x 1 (linear on [N, D]), without bias, which the norms would take out.
// f_l, in the paper a convolution and a pooling that all tasks share, is a copy of stage l with
// weights of its own, which all tasks share: so it has the strides and poolings by which a[l - 1,
// t] gets the shape of p[l], on any trunk. Its norms are each task's own (in the paper one has the
// statistics of all tasks' streams). The paper's mask reads the block's first features and
// multiplies its last ones; a stage has one, its output.
// Parameters: `trunk.<layer>.…`; of f `trunk.attended.<layer>.…`, of its norms
// `streams.<task>.<layer>.…`; `masks.<task>.<l>.0` (W1), `.1` (BN), `.3` (W2), `.4` (BN).
#include "base/error.h"
#include "mtl/architecture.h"

#include <stdio.h>

// The norms of masks have the layer's defaults.
static enum bough_status norm(struct bough__builder *builder, struct bough__choice *layer)
{
    const struct bough__row *row = &bough__layer_batch_norm.row;
    *layer =
        (struct bough__choice){row, bough__arena_alloc(&builder->params->arena, row->options.size)};
    if (!layer->options)
        return bough__no_memory();
    bough__options_default(&row->options, layer->options);
    return BOUGH_OK;
}

// Multiplies the features of a stage by the mask that `seen` gives.
static enum bough_status attend(struct bough__builder *builder, int32_t *attended, int32_t features,
                                int32_t seen, const char *name)
{
    enum bough_status status;
    const int64_t channels = bough__graph_shape(builder->graph, features)->dim[1];
    struct bough__choice layers[] = {
        [2] = {&bough__layer_relu.row, NULL}, [5] = {&bough__layer_sigmoid.row, NULL}};
    int32_t mask = seen;
    BOUGH_TRY(norm(builder, &layers[1]));
    layers[4] = layers[1];
    for (int i = 0; i <= 3; i += 3)
        BOUGH_TRY(bough__pointwise(builder, &layers[i], seen, channels, (struct bough__weights){0},
                                   name));
    BOUGH_TRY(bough__layers_build(builder, &mask, layers, 0, sizeof layers / sizeof *layers, name));
    BOUGH_TRY(bough__combine(builder, attended, &bough__op_multiply, mask, features, name));
done:
    return status;
}

// stream [tasks]: of the stage before, then of this one
static enum bough_status build_masks(struct bough__builder *builder, int32_t *stream,
                                     const struct bough__net *net,
                                     const struct bough__stages *stages, size_t stage,
                                     int32_t features)
{
    enum bough_status status = BOUGH_OK;
    if (stage)
        BOUGH_TRY(bough__streams_build(builder, stream, net, stages, stage, "trunk.attended",
                                       bough__stream_give));
    for (size_t t = 0; t < net->tasks_count; t++) {
        const int32_t both[] = {features, stream[t]};
        int32_t seen;
        char name[100];
        snprintf(name, sizeof name, "masks.%s.%zu", net->tasks[t].name, stage);
        BOUGH_TRY(bough__join(builder, &seen, both, stage ? 2 : 1, "masks"));
        BOUGH_TRY(attend(builder, &stream[t], features, seen, name));
    }
done:
    return status;
}

static enum bough_status build(struct bough__builder *builder, struct bough__wiring *wiring,
                               int32_t x, const struct bough__net *net)
{
    enum bough_status status;
    struct bough__stages stages;
    int32_t features, *stream;
    BOUGH_TRY(bough__streams_begin(builder, &stream, x, net));
    features = stream[0];
    BOUGH_TRY(bough__stages_find(&stages, builder, net));
    for (size_t stage = 0; stage < stages.count; stage++) {
        BOUGH_TRY(bough__stage_build(builder, &features, net, &stages, stage, "trunk"));
        BOUGH_TRY(build_masks(builder, stream, net, &stages, stage, features));
    }
    BOUGH_TRY(bough__heads_build(builder, wiring, net, stream));
done:
    return status;
}

const struct bough__architecture bough__architecture_mtan = {
    {.name = "mtan",
     .help = "one trunk, and for each task masks that attend to what its stages give",
     .paper = "Liu, Johns, Davison, End-to-End Multi-Task Learning with Attention, CVPR 2019"},
    .needs_trunk = 1,
    .build = build,
};
