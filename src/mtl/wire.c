// The tasks of a net on what they read.
#include "base/error.h"
#include "mtl/alignment.h"
#include "mtl/join.h"

#include <stdio.h>
#include <string.h>

// What is wired, and on what.
struct whole {
    struct bough__builder *builder;
    const struct bough__architecture *architecture;
    const struct bough__net *net;
    const struct bough__leaf *leaf; // [inputs]
    struct bough__leaf *input;      // [inputs], behind their stems, as far as these are built
};

// The first task that is built with this one: that reads the same inputs, of tasks that share.
static size_t first_reader(const struct whole *whole, size_t t)
{
    const struct bough__task *tasks = whole->net->tasks;
    size_t first = whole->architecture->apart ? t : 0;
    while (!bough__reads_same(&tasks[first], &tasks[t]))
        first++;
    return first;
}

// ---- Inputs ----

// Of the inputs that task t reads, but for those that a task before it does, where they share.
static enum bough_status build_stems(const struct whole *whole, size_t t)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__net *net = whole->net;
    const int apart = whole->architecture->apart;
    for (size_t i = 0; i < net->inputs; i++) {
        const struct bough__stem *stem = &net->stems[i];
        char prefix[200];
        size_t first = apart ? t : 0;
        while (first < t && !bough__task_reads(&net->tasks[first], i))
            first++;
        if (first < t || !bough__task_reads(&net->tasks[t], i))
            continue;
        snprintf(prefix, sizeof prefix, "%s%s%s", stem->prefix, apart ? "." : "",
                 apart ? net->tasks[t].name : "");
        whole->input[i] = whole->leaf[i];
        BOUGH_TRY(bough__layers_build(whole->builder, &whole->input[i].x, stem->layers, 0,
                                      stem->count, prefix));
    }
done:
    return status;
}

// Those that task t reads.
static enum bough_status join_inputs(const struct whole *whole, int32_t *x, size_t t)
{
    enum bough_status status = BOUGH_OK;
    struct bough__arena *arena = &whole->builder->params->arena;
    const struct bough__task *task = &whole->net->tasks[t];
    const char **key = BOUGH_NEW(arena, const char *, task->reads_count);
    struct bough__leaf *leaf = BOUGH_NEW(arena, struct bough__leaf, task->reads_count);
    const char *prefix = bough__arena_format(arena, "join.%s", task->name);
    BOUGH_TRY_MEMORY(key);
    BOUGH_TRY_MEMORY(leaf);
    BOUGH_TRY_MEMORY(prefix);
    for (size_t i = 0; i < task->reads_count; i++) {
        const int32_t node = whole->input[task->reads[i]].x;
        if (task->reads_count > 1 && node < whole->builder->inputs &&
            whole->builder->input[node].columns)
            return bough__fail(BOUGH_INVALID,
                               "%s is a table of numbers and classes, and is joined with other "
                               "inputs; wanted the layer `table` in its `stem`",
                               whole->net->stems[task->reads[i]].key);
        key[i] = whole->net->stems[task->reads[i]].key;
        leaf[i] = whole->input[task->reads[i]];
    }
    BOUGH_TRY(bough__join_inputs(whole->builder, x, whole->net->join,
                                 &(struct bough__inputs){key, leaf, task->reads_count}, prefix));
done:
    return status;
}

// ---- Parts ----

// Some tasks of a net, as one of their own.
struct part {
    struct bough__net net;
    struct bough__wiring wiring;
    size_t *at; // [tasks] the number of each in the whole
};

static enum bough_status part_of(struct part *part, const struct whole *whole, size_t first)
{
    enum bough_status status = BOUGH_OK;
    struct bough__arena *arena = &whole->builder->params->arena;
    const struct bough__net *net = whole->net;
    struct bough__task *task = BOUGH_NEW(arena, struct bough__task, net->tasks_count);
    *part = (struct part){.net = *net, .at = BOUGH_NEW(arena, size_t, net->tasks_count)};
    part->wiring.scores = BOUGH_NEW(arena, int32_t, net->tasks_count);
    part->wiring.representations = BOUGH_NEW(arena, int32_t, net->tasks_count);
    part->wiring.loss = BOUGH_NEW(arena, struct bough__loss_params, net->tasks_count);
    BOUGH_TRY_MEMORY(task);
    BOUGH_TRY_MEMORY(part->at);
    BOUGH_TRY_MEMORY(part->wiring.scores);
    BOUGH_TRY_MEMORY(part->wiring.representations);
    BOUGH_TRY_MEMORY(part->wiring.loss);
    part->net.tasks = task;
    part->net.number = part->at;
    part->net.tasks_count = 0;
    for (size_t t = first; t < net->tasks_count; t++)
        if (first_reader(whole, t) == first) {
            part->at[part->net.tasks_count] = t;
            task[part->net.tasks_count++] = net->tasks[t];
        }
done:
    return status;
}

static enum bough_status take_back(struct bough__builder *builder, struct bough__wiring *wiring,
                                   const struct part *part)
{
    enum bough_status status = BOUGH_OK;
    for (size_t t = 0; t < part->net.tasks_count; t++) {
        wiring->scores[part->at[t]] = part->wiring.scores[t];
        wiring->representations[part->at[t]] = part->wiring.representations[t];
        wiring->loss[part->at[t]] = part->wiring.loss[t];
    }
    for (size_t i = 0; i < part->wiring.penalties; i++) {
        const struct bough__penalty *penalty = &part->wiring.penalty[i];
        BOUGH_TRY(bough__penalize(builder, wiring, penalty->node, part->at[penalty->task]));
    }
done:
    return status;
}

// The tasks that read what task `first` reads.
static enum bough_status build_part(const struct whole *whole, struct bough__wiring *wiring,
                                    size_t first)
{
    enum bough_status status;
    struct bough__builder *builder = whole->builder;
    struct part part;
    char own[100];
    int32_t x;
    snprintf(own, sizeof own, "streams.%s", whole->net->tasks[first].name);
    BOUGH_TRY(part_of(&part, whole, first));
    builder->ahead = 1;
    BOUGH_TRY(build_stems(whole, first));
    BOUGH_TRY(join_inputs(whole, &x, first));
    builder->ahead = 0;
    if (first)
        BOUGH_TRY(bough__builder_reuse(builder, own));
    BOUGH_TRY(whole->architecture->build(builder, &part.wiring, x, &part.net));
    BOUGH_TRY(take_back(builder, wiring, &part));
done:
    builder->own = NULL;
    return status;
}

enum bough_status bough__wire(struct bough__builder *builder, struct bough__wiring *wiring,
                              const struct bough__architecture *architecture,
                              const struct bough__net *net, const struct bough__leaf *input)
{
    enum bough_status status = BOUGH_OK;
    struct bough__arena *arena = &builder->params->arena;
    const struct whole whole = {builder, architecture, net, input,
                                BOUGH_NEW(arena, struct bough__leaf, net->inputs)};
    wiring->representations = BOUGH_NEW(arena, int32_t, net->tasks_count);
    wiring->loss = BOUGH_NEW(arena, struct bough__loss_params, net->tasks_count);
    BOUGH_TRY_MEMORY(wiring->representations);
    BOUGH_TRY_MEMORY(wiring->loss);
    BOUGH_TRY_MEMORY(whole.input);
    for (size_t t = 0; t < net->tasks_count; t++)
        if (first_reader(&whole, t) == t)
            BOUGH_TRY(build_part(&whole, wiring, t));
    BOUGH_TRY(bough__align(builder, wiring, net, net->alignment));
done:
    return status;
}

void bough__wiring_owners(int32_t *owner, const struct bough__graph *graph,
                          const struct bough__wiring *wiring, size_t first, size_t tasks)
{
    bough__graph_owners(graph, &wiring->scores[first], tasks, owner);
    for (size_t t = 0; t < tasks; t++)
        for (int i = 0; i < wiring->loss[first + t].count; i++)
            owner[wiring->loss[first + t].node[i]] = (int32_t)t;
}
