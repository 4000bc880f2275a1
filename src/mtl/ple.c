// PLE: at each level every task t has a stream of its own, s[t], and there is a shared one, s. A
// level is a stage of the trunk, whose experts are copies of it: E_e of the shared stream, E_te of
// task t's; all streams begin with x.
//   s[t]' = the sum over e of g[t, e] of [E_e(s); E_te(s[t])],  g[t] = softmax(W_t s[t])
//   s'    = the sum over e of g[e] of [E_e(s); E_te(s[t]) of every t],  g = softmax(W s)
//   scores[t] = head_t(s[t] of the last level), which has no s'
// Gates read their stream flattened. Experts are `experts.<e>` and `own.<task>.<e>`, gates
// `gates.<task>.<level>` and `gate.<level>`.
// CGC is one level, whose experts are copies of the whole trunk.
//
// LibMTL has no shared stream: there shared experts read each task's stream in turn.
#include "base/error.h"
#include "mtl/architecture.h"

#include <stdio.h>

struct ple_options {
    int32_t shared, own;
};

static const struct bough__option ple_options[] = {
    {"shared", BOUGH__OPTION_INT, offsetof(struct ple_options, shared), .range = &bough__range_size,
     .number = {2}, .help = "experts that all tasks share"},
    {"own", BOUGH__OPTION_INT, offsetof(struct ple_options, own), .range = &bough__range_size,
     .number = {2}, .help = "experts of each task"},
};

#define PLE_PAPER                                                                                  \
    "Tang et al., Progressive Layered Extraction (PLE): A Novel Multi-Task Learning (MTL) Model "  \
    "for Personalized Recommendations, RecSys 2020"

struct ple {
    struct bough__builder *builder;
    const struct bough__net *net;
    struct bough__stages stages;
    int32_t shared, own; // experts of a stream
    int32_t *stream;     // [tasks + 1]: each task's, and the shared one
    // Of a level: [shared + tasks * own], those of the shared stream first.
    int32_t *expert;
};

static size_t experts_of(const struct ple *ple)
{
    return (size_t)ple->shared + ple->net->tasks_count * (size_t)ple->own;
}

static enum bough_status begin(struct ple *ple, int32_t input)
{
    enum bough_status status = BOUGH_OK;
    struct bough__arena *arena = &ple->builder->params->arena;
    const struct ple_options *o = ple->net->options;
    const size_t tasks = ple->net->tasks_count;
    ple->shared = o->shared;
    ple->own = o->own;
    BOUGH_TRY_MEMORY(ple->stream = BOUGH_NEW(arena, int32_t, tasks + 1));
    BOUGH_TRY_MEMORY(ple->expert = BOUGH_NEW(arena, int32_t, experts_of(ple)));
    for (size_t t = 0; t <= tasks; t++)
        ple->stream[t] = input;
done:
    return status;
}

// ---- A level ----

// Copies of the stage on a stream, called `<prefix>.<e>`.
static enum bough_status build_copies(struct ple *ple, int32_t *expert, int32_t count,
                                      int32_t stream, size_t level, const char *prefix)
{
    enum bough_status status = BOUGH_OK;
    for (int32_t e = 0; e < count; e++) {
        char name[150];
        snprintf(name, sizeof name, "%s.%d", prefix, e);
        expert[e] = stream;
        BOUGH_TRY(
            bough__stage_build(ple->builder, &expert[e], ple->net, &ple->stages, level, name));
    }
done:
    return status;
}

static enum bough_status build_experts(struct ple *ple, size_t level)
{
    enum bough_status status;
    const size_t tasks = ple->net->tasks_count;
    int32_t *own = ple->expert + ple->shared;
    BOUGH_TRY(build_copies(ple, ple->expert, ple->shared, ple->stream[tasks], level, "experts"));
    for (size_t t = 0; t < tasks; t++, own += ple->own) {
        char name[100];
        snprintf(name, sizeof name, "own.%s", ple->net->tasks[t].name);
        BOUGH_TRY(build_copies(ple, own, ple->own, ple->stream[t], level, name));
    }
done:
    return status;
}

// A stream is what a gate on it, called `<prefix>.<level>`, mixes of `count` experts.
static enum bough_status mix(struct ple *ple, int32_t *stream, const int32_t *expert, size_t count,
                             size_t level, const char *prefix)
{
    enum bough_status status;
    int32_t stacked;
    char name[150];
    snprintf(name, sizeof name, "%s.%zu", prefix, level);
    BOUGH_TRY(bough__stack(ple->builder, &stacked, expert, count, "experts"));
    BOUGH_TRY(bough__gated_mix(ple->builder, stream, *stream, stacked, name));
done:
    return status;
}

static enum bough_status mix_task(struct ple *ple, size_t t, size_t level)
{
    const size_t shared = (size_t)ple->shared, own = (size_t)ple->own;
    char name[100];
    int32_t *expert = BOUGH_NEW(&ple->builder->params->arena, int32_t, shared + own);
    if (!expert)
        return bough__no_memory();
    for (size_t e = 0; e < shared; e++)
        expert[e] = ple->expert[e];
    for (size_t e = 0; e < own; e++)
        expert[shared + e] = ple->expert[shared + t * own + e];
    snprintf(name, sizeof name, "gates.%s", ple->net->tasks[t].name);
    return mix(ple, &ple->stream[t], expert, shared + own, level, name);
}

static enum bough_status build_level(struct ple *ple, size_t level)
{
    enum bough_status status;
    const size_t tasks = ple->net->tasks_count;
    BOUGH_TRY(build_experts(ple, level));
    for (size_t t = 0; t < tasks; t++)
        BOUGH_TRY(mix_task(ple, t, level));
    if (level + 1 < ple->stages.count)
        BOUGH_TRY(mix(ple, &ple->stream[tasks], ple->expert, experts_of(ple), level, "gate"));
done:
    return status;
}

// ---- The rows ----

static enum bough_status build(struct ple *ple, struct bough__wiring *wiring, int32_t x)
{
    enum bough_status status;
    BOUGH_TRY(begin(ple, x));
    for (size_t level = 0; level < ple->stages.count; level++)
        BOUGH_TRY(build_level(ple, level));
    BOUGH_TRY(bough__heads_build(ple->builder, wiring, ple->net, ple->stream));
done:
    return status;
}

static enum bough_status build_cgc(struct bough__builder *builder, struct bough__wiring *wiring,
                                   int32_t x, const struct bough__net *net)
{
    size_t whole[] = {0, net->trunk_count};
    struct ple ple = {.builder = builder, .net = net, .stages = {1, whole}};
    return build(&ple, wiring, x);
}

static enum bough_status build_ple(struct bough__builder *builder, struct bough__wiring *wiring,
                                   int32_t x, const struct bough__net *net)
{
    struct ple ple = {.builder = builder, .net = net};
    const enum bough_status status = bough__stages_find(&ple.stages, builder, net);
    return status == BOUGH_OK ? build(&ple, wiring, x) : status;
}

const struct bough__architecture bough__architecture_cgc = {
    {.name = "cgc",
     .help = "trunks that tasks share and trunks of each task's own, mixed by a gate for each task",
     .paper = PLE_PAPER,
     .options = BOUGH_OPTIONS(ple_options, struct ple_options)},
    .needs_trunk = 1,
    .build = build_cgc,
};
const struct bough__architecture bough__architecture_ple = {
    {.name = "ple",
     .help = "cgc at each stage of the trunk, and a gate that mixes what the next shared one reads",
     .paper = PLE_PAPER,
     .options = BOUGH_OPTIONS(ple_options, struct ple_options)},
    .needs_trunk = 1,
    .meets = 1,
    .build = build_ple,
};
