// LTB: each stage s of the trunk has a branch for each task, copies of it. Those of the first read
// x, each other one what its parent gives, a branch of the stage before:
//   parent(s, b) is drawn with probability softmax(logits(s, b)) in each step of a training, and
//   has the gradient of the Gumbel-softmax of that draw (op/gumbel_choice.c)
//   scores[t] = head_t(branch t of the last stage)
// Logits [1, T] begin at 0, and stand still in the first hundredth of a training. Outside of
// training the parent is the most likely one. Branches are `branches.<b>`,
// logits `parents.<b>.<s>.logits`.
//
// LibMTL adds up all parents in that first hundredth, and draws in evaluations too.
#include "base/error.h"
#include "mtl/architecture.h"
#include "nn/init.h"

#include <stdio.h>

struct ltb {
    struct bough__builder *builder;
    const struct bough__net *net;
    struct bough__stages stages;
    int32_t *branch; // [tasks]: what each of a stage gives
};

// gate [1, tasks]: 1 at the parent of branch b of a stage.
static enum bough_status choose(const struct ltb *ltb, int32_t *gate, const char *name)
{
    enum bough_status status;
    struct bough__builder *builder = ltb->builder;
    const struct bough__param logits = {.name = "logits",
                                        .shape = {2, {1, (int64_t)ltb->net->tasks_count}},
                                        .init.row = &bough__init_zeros.row};
    struct bough__attr attr = {.stream = builder->stream++};
    int32_t node;
    BOUGH_TRY(bough__builder_begin(builder, name));
    BOUGH_TRY(bough__builder_param(builder, &node, &logits));
    attr.training = builder->training && !builder->frozen;
    BOUGH_TRY(bough__graph_op(builder->graph, gate, &bough__op_gumbel_choice, &attr, &node, 1));
    bough__builder_end(builder, "gumbel_choice", *gate);
done:
    return status;
}

// The branches read x in the first stage, else what their parents give.
static enum bough_status find_parents(struct ltb *ltb, size_t stage)
{
    enum bough_status status = BOUGH_OK;
    int32_t stacked, gate;
    if (stage == 0)
        goto done;
    BOUGH_TRY(bough__stack(ltb->builder, &stacked, ltb->branch, ltb->net->tasks_count, "branches"));
    for (size_t b = 0; b < ltb->net->tasks_count; b++) {
        char name[64];
        snprintf(name, sizeof name, "parents.%zu.%zu", b, stage);
        BOUGH_TRY(choose(ltb, &gate, name));
        BOUGH_TRY(bough__mix(ltb->builder, &ltb->branch[b], stacked, gate, name));
    }
done:
    return status;
}

static enum bough_status build_stage(struct ltb *ltb, size_t stage)
{
    enum bough_status status;
    BOUGH_TRY(find_parents(ltb, stage));
    for (size_t b = 0; b < ltb->net->tasks_count; b++) {
        char name[40];
        snprintf(name, sizeof name, "branches.%zu", b);
        BOUGH_TRY(
            bough__stage_build(ltb->builder, &ltb->branch[b], ltb->net, &ltb->stages, stage, name));
    }
done:
    return status;
}

static enum bough_status find_stages(struct ltb *ltb)
{
    const enum bough_status status = bough__stages_find(&ltb->stages, ltb->builder, ltb->net);
    if (status == BOUGH_OK && ltb->stages.count < 2)
        return bough__fail(BOUGH_INVALID,
                           "architecture ltb: the trunk is one stage, wanted two or more: a branch "
                           "chooses among those of the stage before");
    return status;
}

static enum bough_status build(struct bough__builder *builder, struct bough__wiring *wiring,
                               int32_t x, const struct bough__net *net)
{
    enum bough_status status;
    struct ltb ltb = {.builder = builder, .net = net};
    BOUGH_TRY(find_stages(&ltb));
    BOUGH_TRY(bough__streams_begin(builder, &ltb.branch, x, net));
    for (size_t stage = 0; stage < ltb.stages.count; stage++)
        BOUGH_TRY(build_stage(&ltb, stage));
    BOUGH_TRY(bough__heads_build(builder, wiring, net, ltb.branch));
done:
    return status;
}

const struct bough__architecture bough__architecture_ltb = {
    {.name = "ltb",
     .help = "branches at each stage of the trunk, which learn from which branch they part",
     .paper = "Guo, Lee, Ulbricht, Learning to Branch for Multi-Task Learning, ICML 2020"},
    .needs_trunk = 1,
    .meets = 1,
    .build = build,
};
