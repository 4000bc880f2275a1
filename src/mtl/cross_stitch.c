// Cross-stitch networks: every task has a copy of the trunk, with weights of its own. Behind stage
// l, what it gave, x_t, becomes sum over j of a[l, t, j] x_j, from which the task's next stage, or
// its head, goes on. Of a single task there is none.
// Parameters: `trunks.<task>.<layer>.…`, and a[l, t] [1, tasks] is `stitch.<l>.<task>.weight`, l
// counted from 0. It is one number for all channels, as in the paper's experiments.
#include "base/error.h"
#include "mtl/architecture.h"

#include <stdio.h>

struct cross_stitch_options {
    float own;
};

static const struct bough__option cross_stitch_options[] = {
    {"own", BOUGH__OPTION_NUMBER, offsetof(struct cross_stitch_options, own),
     .range = &bough__range_zero_to_one, .number = {0.9},
     .help = "what a task's own stream weighs at first; the others share the rest"},
};

static const float *start_of(struct bough__builder *builder, size_t t, size_t tasks, float own)
{
    float *start = BOUGH_NEW(&builder->params->arena, float, tasks);
    for (size_t j = 0; start && j < tasks; j++)
        start[j] = j == t ? own : (1.0f - own) / (float)(tasks - 1);
    return start;
}

static enum bough_status stitch(struct bough__builder *builder, int32_t *node, int32_t stacked,
                                const struct bough__net *net, size_t stage, size_t t)
{
    enum bough_status status;
    const struct cross_stitch_options *options = net->options;
    struct bough__param weight = {.name = "weight",
                                  .shape = {2, {1, (int64_t)net->tasks_count}},
                                  .start = start_of(builder, t, net->tasks_count, options->own)};
    char name[100];
    int32_t gate;
    BOUGH_TRY_MEMORY(weight.start);
    snprintf(name, sizeof name, "stitch.%zu.%s", stage, net->tasks[t].name);
    BOUGH_TRY(bough__part_param(builder, &gate, &weight, name));
    BOUGH_TRY(bough__mix(builder, node, stacked, gate, name));
done:
    return status;
}

// stream [tasks]
static enum bough_status build_stage(struct bough__builder *builder, int32_t *stream,
                                     const struct bough__net *net,
                                     const struct bough__stages *stages, size_t stage)
{
    enum bough_status status = BOUGH_OK;
    const size_t tasks = net->tasks_count;
    int32_t stacked;
    for (size_t t = 0; t < tasks; t++) {
        char name[100];
        snprintf(name, sizeof name, "trunks.%s", net->tasks[t].name);
        BOUGH_TRY(bough__stage_build(builder, &stream[t], net, stages, stage, name));
    }
    if (tasks == 1)
        return BOUGH_OK;
    BOUGH_TRY(bough__stack(builder, &stacked, stream, tasks, "streams"));
    for (size_t t = 0; t < tasks; t++)
        BOUGH_TRY(stitch(builder, &stream[t], stacked, net, stage, t));
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

const struct bough__architecture bough__architecture_cross_stitch = {
    {.name = "cross_stitch",
     .help = "a trunk for each task, and behind each stage a mixture of all tasks' for each",
     .paper = "Misra et al., Cross-stitch Networks for Multi-task Learning, CVPR 2016",
     .options = BOUGH_OPTIONS(cross_stitch_options, struct cross_stitch_options)},
    .needs_trunk = 1,
    .meets = 1,
    .build = build,
};
