// The tasks of a net on what they read.
#include "base/error.h"
#include "mtl/alignment.h"

#include <stdio.h>
#include <string.h>

// The first task that reads the same inputs.
static size_t first_reader(const struct bough__net *net, size_t t)
{
    size_t first = 0;
    while (!bough__reads_same(&net->tasks[first], &net->tasks[t]))
        first++;
    return first;
}

static enum bough_status join_inputs(struct bough__builder *builder, int32_t *x,
                                     const struct bough__task *task, const int32_t *input)
{
    int32_t *read = BOUGH_NEW(&builder->params->arena, int32_t, task->reads_count);
    if (!read)
        return bough__no_memory();
    for (size_t i = 0; i < task->reads_count; i++)
        read[i] = input[task->reads[i]];
    return bough__join(builder, x, read, task->reads_count, "inputs");
}

// Some tasks of a net, as one of their own.
struct part {
    struct bough__net net;
    struct bough__wiring wiring;
    size_t *at; // [tasks] the number of each in the whole
};

static enum bough_status part_of(struct part *part, struct bough__arena *arena,
                                 const struct bough__net *net, size_t first)
{
    enum bough_status status = BOUGH_OK;
    struct bough__task *task = BOUGH_NEW(arena, struct bough__task, net->tasks_count);
    *part = (struct part){.net = *net, .at = BOUGH_NEW(arena, size_t, net->tasks_count)};
    part->wiring.scores = BOUGH_NEW(arena, int32_t, net->tasks_count);
    part->wiring.representations = BOUGH_NEW(arena, int32_t, net->tasks_count);
    BOUGH_TRY_MEMORY(task);
    BOUGH_TRY_MEMORY(part->at);
    BOUGH_TRY_MEMORY(part->wiring.scores);
    BOUGH_TRY_MEMORY(part->wiring.representations);
    part->net.tasks = task;
    part->net.number = part->at;
    part->net.tasks_count = 0;
    for (size_t t = first; t < net->tasks_count; t++)
        if (first_reader(net, t) == first) {
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
    }
    for (size_t i = 0; i < part->wiring.penalties; i++) {
        const struct bough__penalty *penalty = &part->wiring.penalty[i];
        BOUGH_TRY(bough__penalize(builder, wiring, penalty->node, part->at[penalty->task]));
    }
done:
    return status;
}

// The tasks that read what task `first` reads.
static enum bough_status build_part(struct bough__builder *builder, struct bough__wiring *wiring,
                                    const struct bough__architecture *architecture,
                                    const struct bough__net *net, const int32_t *input,
                                    size_t first)
{
    enum bough_status status;
    struct part part;
    char own[100];
    int32_t x;
    snprintf(own, sizeof own, "streams.%s", net->tasks[first].name);
    BOUGH_TRY(part_of(&part, &builder->params->arena, net, first));
    BOUGH_TRY(bough__builder_reuse(builder, own));
    BOUGH_TRY(join_inputs(builder, &x, &net->tasks[first], input));
    BOUGH_TRY(architecture->build(builder, &part.wiring, x, &part.net));
    BOUGH_TRY(take_back(builder, wiring, &part));
done:
    builder->own = NULL;
    return status;
}

enum bough_status bough__wire(struct bough__builder *builder, struct bough__wiring *wiring,
                              const struct bough__architecture *architecture,
                              const struct bough__net *net, const int32_t *input)
{
    enum bough_status status = BOUGH_OK;
    wiring->representations = BOUGH_NEW(&builder->params->arena, int32_t, net->tasks_count);
    BOUGH_TRY_MEMORY(wiring->representations);
    for (size_t t = 0; t < net->tasks_count; t++)
        if (first_reader(net, t) == t)
            BOUGH_TRY(build_part(builder, wiring, architecture, net, input, t));
    BOUGH_TRY(bough__align(builder, wiring, net, net->alignment));
done:
    return status;
}
