#include "graph/plan.h"

#include "base/error.h"
#include "graph/fold.h"
#include "graph/plan_parts.h"

#include <stdlib.h>

// A CPU's caches hold that much between two ops; a GPU wants all its work at once.
static size_t images_bytes(const struct bough_device *device)
{
    enum bough_device_type type = device->info.type;
    return type == BOUGH_DEVICE_C || type == BOUGH_DEVICE_CPU ? (size_t)4 << 20 : 0;
}

static enum bough_status allocate(struct bough__plan *plan)
{
    enum bough_status status = BOUGH_OK;
    const size_t count = (size_t)plan->graph->count;
    const size_t areas = 3 + PASSES * (2 + BOUGH_MAX_INPUTS); // of a node, at most
    plan->entry = calloc(count + 1, sizeof *plan->entry);
    plan->area = calloc(count * areas + 1, sizeof *plan->area);
    plan->contributes = calloc(count + 1, plan->options.tasks + 1);
    BOUGH_TRY_MEMORY(plan->entry);
    BOUGH_TRY_MEMORY(plan->area);
    BOUGH_TRY_MEMORY(plan->contributes);
    for (size_t n = 0; n < count; n++) {
        plan->entry[n].owner = BOUGH__OWNER_NONE;
        plan->entry[n].first_of_sweep = plan->entry[n].last_of_sweep = NONE;
    }
done:
    return status;
}

// Fewer tasks at a time, until the plan is small enough.
static enum bough_status find_group(struct bough__plan *plan, size_t limit)
{
    enum bough_status status = BOUGH_OK;
    plan->group = plan->options.tasks;
    plan->held = (plan->options.tasks + 1) / 2;
    BOUGH_TRY(bough__plan_areas(plan));
    while (plan->bytes > limit && plan->group > 1) {
        plan->group = (plan->group + 1) / 2;
        BOUGH_TRY(bough__plan_areas(plan));
    }
done:
    return status;
}

static enum bough_status keep_to_limits(struct bough__plan *plan)
{
    enum bough_status status = BOUGH_OK;
    const size_t *limit = plan->options.stack_limit;
    BOUGH_TRY(find_group(plan, limit[0] ? limit[0] : SIZE_MAX));
    if (limit[1] && plan->bytes > limit[0])
        BOUGH_TRY(find_group(plan, limit[1]));
done:
    return status;
}

enum bough_status bough__plan_create(struct bough__plan **plan, struct bough__graph *graph,
                                     struct bough_device *device,
                                     const struct bough__plan_options *options)
{
    enum bough_status status;
    struct bough__buffer *memory = options->memory;
    struct bough__plan *made = calloc(1, sizeof *made);
    BOUGH_TRY_MEMORY(made);
    *made = (struct bough__plan){.graph = graph, .device = device, .options = *options};
    BOUGH_TRY(allocate(made));
    bough__graph_prune(graph);
    BOUGH_TRY(bough__graph_fold(graph, images_bytes(device)));
    BOUGH_TRY(bough__plan_flow(made));
    BOUGH_TRY(keep_to_limits(made));
    if (!memory || memory->size < made->bytes)
        BOUGH_TRY(bough__buffer_create(&made->own, device, made->bytes));
    made->buffer = made->own ? made->own : memory;
done:
    if (status != BOUGH_OK)
        bough__plan_destroy(&made);
    *plan = made;
    return status;
}

void bough__plan_destroy(struct bough__plan **plan)
{
    if (!*plan)
        return;
    bough__buffer_destroy(&(*plan)->own);
    free((*plan)->entry);
    free((*plan)->area);
    free((*plan)->contributes);
    free(*plan);
    *plan = NULL;
}

void bough__plan_turn(struct bough__plan *plan, struct bough__span step,
                      struct bough__span jacobian)
{
    plan->options.step = step;
    plan->options.jacobian = jacobian;
}

size_t bough__plan_bytes(const struct bough__plan *plan, size_t *unshared)
{
    *unshared = plan->unshared;
    return plan->bytes;
}

size_t bough__plan_group(const struct bough__plan *plan)
{
    return plan->group;
}

struct bough__buffer *bough__plan_give_memory(struct bough__plan *plan)
{
    struct bough__buffer *memory = plan->own;
    plan->own = NULL;
    return memory;
}
