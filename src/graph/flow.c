// How gradients flow through a graph: what takes part, who owns it, who writes and who adds.
#include "base/error.h"
#include "graph/plan_parts.h"

static int takes_gradient(const struct bough__plan *plan, const struct bough__node *node, int input)
{
    return !(node->op->no_gradient >> input & 1) && plan->entry[node->input[input]].needs;
}

static void find_roots_and_needs(struct bough__plan *plan)
{
    for (int32_t n = 0; n < plan->graph->count; n++) {
        const struct bough__node *node = &plan->graph->node[n];
        struct bough__entry *entry = &plan->entry[n];
        entry->root = bough__is_view(node) ? plan->entry[node->view_of].root : n;
        if (!node->op)
            entry->needs = bough__has_memory(node->gradient);
        for (int i = 0; i < node->inputs; i++)
            entry->needs |= takes_gradient(plan, node, i);
    }
}

static void find_active_and_owners(struct bough__plan *plan)
{
    for (int32_t n = plan->graph->count - 1; n >= 0; n--) {
        const struct bough__node *node = &plan->graph->node[n];
        struct bough__entry *entry = &plan->entry[n];
        if (!node->op)
            continue;
        if (bough__has_memory(node->gradient)) { // a root of the backward pass
            entry->active = 1;
            entry->owner = bough__owner_of_both(entry->owner, node->task);
        }
        entry->active = entry->active && entry->needs;
        for (int i = 0; entry->active && i < node->inputs; i++)
            if (takes_gradient(plan, node, i)) {
                struct bough__entry *input = &plan->entry[node->input[i]];
                input->active = 1;
                input->owner = bough__owner_of_both(input->owner, entry->owner);
            }
    }
}

static int is_in_shared(const struct bough__plan *plan, struct bough__span gradient)
{
    const struct bough__span shared = plan->options.shared;
    return bough__has_memory(gradient) && gradient.buffer == shared.buffer &&
           gradient.offset >= shared.offset &&
           gradient.offset < shared.offset + plan->options.shared_bytes;
}

// A leaf of one task that stands among the shared ones has a place for each task, too.
static enum bough_status find_stacked(struct bough__plan *plan)
{
    for (int32_t n = 0; plan->options.mode != BOUGH_PLAN_SINGLE && n < plan->graph->count; n++) {
        const struct bough__node *node = &plan->graph->node[n];
        struct bough__entry *entry = &plan->entry[n];
        if (!entry->active)
            continue;
        const int in_shared = !node->op && is_in_shared(plan, node->gradient);
        if (!node->op && entry->owner == BOUGH__OWNER_SHARED && !in_shared)
            return bough__fail(BOUGH_INTERNAL,
                               "a parameter that several tasks reach is not among the shared ones");
        entry->stacked = entry->owner == BOUGH__OWNER_SHARED || in_shared;
    }
    return BOUGH_OK;
}

static int is_twice(const struct bough__plan *plan, const struct bough__node *node, int input)
{
    for (int i = 0; i < input; i++)
        if (takes_gradient(plan, node, i) &&
            plan->entry[node->input[i]].root == plan->entry[node->input[input]].root)
            return 1;
    return 0;
}

// Notes that an op contributes to a root's gradient. Returns whether it is the first in its place:
// where heads met, all places are filled before the sweep.
static int note_contribution(struct bough__plan *plan, const struct bough__entry *op, int32_t root)
{
    struct bough__entry *to = &plan->entry[root];
    const size_t place = !to->stacked ? 0 : op->stacked ? plan->options.tasks : (size_t)op->owner;
    uint8_t *contributes = bough__contributes(plan, root) + place;
    const int first = !*contributes && !(op->stacked && to->met);
    *contributes = 1;
    to->met |= to->stacked && !op->stacked;
    to->readers++;
    return first;
}

static void contribute(struct bough__plan *plan, int32_t n)
{
    const struct bough__node *node = &plan->graph->node[n];
    struct bough__entry *entry = &plan->entry[n];
    for (int i = 0; i < node->inputs; i++) {
        if (!takes_gradient(plan, node, i))
            continue;
        int32_t root = plan->entry[node->input[i]].root;
        int adds = (node->op->flags & BOUGH__OP_ACCUMULATES) && !is_twice(plan, node, i);
        entry->contribution[i] = note_contribution(plan, entry, root) ? WRITES
                                 : adds                               ? ADDS
                                                                      : ADDED_AFTERWARDS;
        if (!entry->stacked)
            continue;
        if (plan->entry[root].first_of_sweep == NONE)
            plan->entry[root].first_of_sweep = n;
        plan->entry[root].last_of_sweep = n;
    }
}

// In the order of the backward passes, the first op that reaches a root writes its gradient and the
// later ones add to it.
static void find_contributions(struct bough__plan *plan)
{
    for (int stacked = 0; stacked < 2; stacked++)
        for (int32_t n = plan->graph->count - 1; n >= 0; n--)
            if (plan->entry[n].active && bough__has_work(&plan->graph->node[n]) &&
                plan->entry[n].stacked == stacked)
                contribute(plan, n);
}

enum bough_status bough__plan_flow(struct bough__plan *plan)
{
    find_roots_and_needs(plan);
    find_active_and_owners(plan);
    enum bough_status status = find_stacked(plan);
    if (status == BOUGH_OK)
        find_contributions(plan);
    return status;
}
