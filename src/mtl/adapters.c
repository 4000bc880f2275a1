// Adapters: every task has a stream of its own through the layers of one trunk, and behind each
// stage x + up(relu(down(x))) of its own, `bottleneck` wide. down and up are linear on [N, D], and
// of 1 x 1 on [N, C, H, W], as in residual adapters (Rebuffi et al., Learning multiple visual
// domains with residual adapters, NeurIPS 2017). up has no bias and starts at zero: all tasks start
// with the same stream. As far as the first adapter there is one stream; behind it norms are each
// task's own, as in both papers. There the shared weights are pretrained and stand still; here they
// learn, too. Parameters: `trunk.<layer>.…`; of norms behind the first stage
// `streams.<task>.<layer>.…`; `adapters.<task>.<stage>.0` (down), `.2` (up), stages counted from 0.
#include "base/error.h"
#include "mtl/architecture.h"
#include "nn/init.h"

#include <stdio.h>

struct adapters_options {
    int32_t bottleneck;
};

static const struct bough__option adapters_options[] = {
    {"bottleneck", BOUGH__OPTION_INT, offsetof(struct adapters_options, bottleneck),
     .range = &bough__range_width, .number = {16}, .help = "units, or channels, of an adapter"},
};

static enum bough_status adapt(struct bough__builder *builder, int32_t *stream,
                               const struct bough__net *net, size_t stage, size_t t)
{
    enum bough_status status;
    const struct adapters_options *options = net->options;
    const struct bough__weights down = {.bias = 1}, up = {.init.row = &bough__init_zeros.row};
    struct bough__choice layers[3] = {[1] = {&bough__layer_relu.row, NULL}};
    const int32_t x = *stream;
    const int64_t width = bough__graph_shape(builder->graph, x)->dim[1];
    int32_t change = x;
    char name[100];
    snprintf(name, sizeof name, "adapters.%s.%zu", net->tasks[t].name, stage);
    BOUGH_TRY(bough__pointwise(builder, &layers[0], x, options->bottleneck, down, name));
    BOUGH_TRY(bough__pointwise(builder, &layers[2], x, width, up, name));
    BOUGH_TRY(bough__layers_build(builder, &change, layers, 0, 3, name));
    BOUGH_TRY(bough__combine(builder, stream, &bough__op_add, x, change, name));
done:
    return status;
}

static enum bough_status build_stage(struct bough__builder *builder, int32_t *stream,
                                     const struct bough__net *net,
                                     const struct bough__stages *stages, size_t stage)
{
    enum bough_status status = BOUGH_OK;
    const size_t tasks = net->tasks_count;
    if (stage == 0)
        BOUGH_TRY(bough__stage_build(builder, stream, net, stages, stage, "trunk"));
    else
        BOUGH_TRY(
            bough__streams_build(builder, stream, net, stages, stage, "trunk", bough__stream_give));
    for (size_t t = 1; t < tasks && stage == 0; t++)
        stream[t] = stream[0];
    for (size_t t = 0; t < tasks; t++)
        BOUGH_TRY(adapt(builder, &stream[t], net, stage, t));
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
        BOUGH_TRY(build_stage(builder, stream, net, &stages, stage));
    BOUGH_TRY(bough__heads_build(builder, wiring, net, stream));
done:
    return status;
}

const struct bough__architecture bough__architecture_adapters = {
    {.name = "adapters",
     .help =
         "one trunk that each task goes through by itself, with a small layer behind each stage",
     .paper = "Houlsby et al., Parameter-Efficient Transfer Learning for NLP, ICML 2019",
     .options = BOUGH_OPTIONS(adapters_options, struct adapters_options)},
    .needs_trunk = 1,
    .build = build,
};
