// The areas of a plan's memory, and when each is alive.
#include "graph/gram.h"
#include "graph/plan_parts.h"

// ---- Time: the forward pass, then the backward passes, each of as many moments as nodes ----

static int32_t forward_time(int32_t node)
{
    return node;
}

static int32_t backward_time(const struct bough__plan *plan, enum bough__pass pass, int32_t node)
{
    return (int32_t)(pass + 2) * plan->graph->count - 1 - node;
}

// When an op reads for the last time what stood before its backward pass. The sweep comes again
// for each group of tasks.
static int32_t reading_time(const struct bough__plan *plan, enum bough__pass pass, int32_t node)
{
    const int again = pass == SWEEP && plan->group < plan->options.tasks;
    return backward_time(plan, pass, again ? 0 : node);
}

static int32_t area_add(struct bough__plan *plan, size_t bytes, int32_t first, int32_t last)
{
    plan->area[plan->areas] = (struct bough__area){.bytes = bytes, .first = first, .last = last};
    return plan->areas++;
}

static void alive(struct bough__plan *plan, int32_t area, int32_t time)
{
    if (area == NONE)
        return;
    if (time < plan->area[area].first)
        plan->area[area].first = time;
    if (time > plan->area[area].last)
        plan->area[area].last = time;
}

static size_t stack_in(const struct bough__plan *plan, enum bough__pass pass)
{
    return pass == SWEEP ? plan->group : 1;
}

// ---- What each node needs ----

static void add_values_of(struct bough__plan *plan, int32_t n)
{
    const struct bough__node *node = &plan->graph->node[n];
    struct bough__entry *entry = &plan->entry[n];
    const int32_t now = forward_time(n);
    if (!bough__has_memory(node->value.span))
        entry->value = area_add(plan, bough__value_bytes(node), now, now);
    if (node->need.saved && !node->external)
        entry->saved = area_add(plan, node->need.saved, now, now);
    if (node->need.scratch && !node->external)
        entry->forward_scratch = area_add(plan, node->need.scratch, now, now);
}

// Where heads meet, the gradients of all tasks stand from the heads on: until the sweep, or until
// the weighted pass, which reads them again.
static void add_meeting(struct bough__plan *plan, int32_t n)
{
    struct bough__entry *entry = &plan->entry[n];
    const struct bough__node *node = &plan->graph->node[n];
    const size_t tasks = plan->options.tasks;
    const int32_t filled = backward_time(plan, HEADS, 0), now = backward_time(plan, SWEEP, n);
    entry->gradient[HEADS] = area_add(plan, tasks * bough__value_bytes(node), filled,
                                      bough__plan_weighs(plan) ? backward_time(plan, WEIGHTED, n)
                                                               : reading_time(plan, SWEEP, n));
    if (plan->options.mode == BOUGH_PLAN_REPRESENTATION)
        entry->scratch[SWEEP] =
            area_add(plan, bough__gram_scratch((int64_t)tasks, bough_shape_elements(&node->need.y)),
                     now, now);
}

static void add_gradients_of(struct bough__plan *plan, int32_t n, enum bough__pass pass)
{
    const struct bough__node *node = &plan->graph->node[n];
    struct bough__entry *entry = &plan->entry[n];
    const int32_t now = backward_time(plan, pass, n);
    const size_t stack = stack_in(plan, pass);
    alive(plan, entry->saved, reading_time(plan, pass, n));
    if (bough__op_reads_y(node->op, &node->attr))
        alive(plan, entry->value, reading_time(plan, pass, n));
    if (node->need.scratch && !node->external)
        entry->scratch[pass] = area_add(
            plan, stack > 1 ? stack * bough__scratch_stride(node) : node->need.scratch, now, now);
    if (pass == SWEEP && entry->met && plan->options.mode == BOUGH_PLAN_JACOBIAN)
        entry->gradient[pass] = entry->gradient[HEADS];
    else if (!bough__has_memory(node->gradient))
        entry->gradient[pass] = area_add(plan, stack * bough__value_bytes(node), now, now);
    for (int i = 0; i < node->inputs; i++)
        if (entry->contribution[i] == ADDED_AFTERWARDS)
            entry->extra[pass][i] = area_add(
                plan, stack * bough__value_bytes(&plan->graph->node[node->input[i]]), now, now);
}

// The gradients of those that are held stand for all of the sweep.
static void add_crossing(struct bough__plan *plan, int32_t n, int32_t now)
{
    const size_t bytes = bough__value_bytes(&plan->graph->node[n]);
    struct bough__entry *entry = &plan->entry[n];
    entry->gradient[SWEEP] =
        area_add(plan, plan->held * bytes, backward_time(plan, SWEEP, plan->graph->count - 1),
                 backward_time(plan, SWEEP, 0));
    entry->crossing = area_add(plan, plan->group * bytes, now, now);
}

static void add_gram_leaf(struct bough__plan *plan, int32_t n)
{
    const struct bough__node *node = &plan->graph->node[n];
    struct bough__entry *entry = &plan->entry[n];
    const size_t tasks = plan->options.tasks;
    const int swept = entry->last_of_sweep != NONE;
    const int32_t now = backward_time(plan, SWEEP, swept ? entry->last_of_sweep : n);
    if (entry->met)
        add_meeting(plan, n);
    if (plan->options.mode == BOUGH_PLAN_REPRESENTATION)
        return;
    if (swept && bough__crosses(plan))
        add_crossing(plan, n, now);
    else if (swept)
        entry->gradient[SWEEP] = area_add(plan, tasks * bough__value_bytes(node), now, now);
    entry->scratch[SWEEP] = area_add(
        plan, bough__gram_scratch((int64_t)tasks, bough_shape_elements(&node->need.y)), now, now);
}

static void add_areas_of(struct bough__plan *plan, int32_t n)
{
    if (bough__is_gram_leaf(plan, n))
        add_gram_leaf(plan, n);
    if (!bough__has_work(&plan->graph->node[n]))
        return;
    add_values_of(plan, n);
    if (plan->entry[n].met)
        add_meeting(plan, n);
    for (enum bough__pass pass = HEADS; pass < PASSES; pass++)
        if (bough__runs_in(plan, n, pass))
            add_gradients_of(plan, n, pass);
}

// ---- How long the areas of others must live ----

// What the caller runs behind the forward pass reads and writes there.
static void extend_external(struct bough__plan *plan, int32_t n)
{
    const struct bough__node *node = &plan->graph->node[n];
    const struct bough__entry *entry = &plan->entry[n];
    const int32_t behind = forward_time(plan->graph->count - 1);
    for (int i = 0; node->external && i < node->inputs; i++) {
        const struct bough__entry *root = &plan->entry[plan->entry[node->input[i]].root];
        alive(plan, root->value, behind);
        if (entry->contribution[i] == ADDED_AFTERWARDS)
            alive(plan, entry->extra[HEADS][i], behind);
        else if (entry->contribution[i] != NOT_WANTED)
            alive(plan, root->gradient[HEADS], behind);
    }
}

static void extend_inputs_of(struct bough__plan *plan, int32_t n)
{
    const struct bough__node *node = &plan->graph->node[n];
    const struct bough__entry *entry = &plan->entry[n];
    for (int i = 0; i < node->inputs; i++) {
        const struct bough__entry *root = &plan->entry[plan->entry[node->input[i]].root];
        alive(plan, root->value, forward_time(n));
        for (enum bough__pass pass = HEADS; pass < PASSES; pass++) {
            if (!bough__runs_in(plan, n, pass))
                continue;
            if (node->op->flags & BOUGH__OP_BACKWARD_READS_X)
                alive(plan, root->value, reading_time(plan, pass, n));
            if (entry->contribution[i] == NOT_WANTED)
                continue;
            alive(plan, root->gradient[pass], backward_time(plan, pass, n));
            if (pass == SWEEP)
                alive(plan, root->crossing, backward_time(plan, pass, n));
        }
    }
}

static void extend_kept(struct bough__plan *plan)
{
    for (int32_t n = 0; n < plan->graph->count; n++)
        if (plan->graph->node[n].kept)
            alive(plan, plan->entry[plan->entry[n].root].value,
                  backward_time(plan, PASSES, plan->graph->count - 1));
}

// ---- Sharing ----

// An element-wise op may write where it reads, if nothing reads that afterwards.
static void share_in_place(struct bough__plan *plan, int32_t n)
{
    const struct bough__node *node = &plan->graph->node[n];
    struct bough__entry *entry = &plan->entry[n];
    if (!(node->op->flags & BOUGH__OP_IN_PLACE) || node->inputs != 1)
        return;
    struct bough__entry *root = &plan->entry[plan->entry[node->input[0]].root];
    if (entry->value != NONE && root->value != NONE &&
        plan->area[root->value].last == forward_time(n)) {
        alive(plan, root->value, plan->area[entry->value].last);
        plan->area[entry->value].bytes = 0;
        entry->value = root->value;
    }
}

// Likewise its gradient is written over the one that it reads, if they have as many places. Called
// from the last op to the first, so that a chain of such ops ends in the area of its last one.
static void share_gradient_in_place(struct bough__plan *plan, int32_t n)
{
    const struct bough__node *node = &plan->graph->node[n];
    const struct bough__entry *entry = &plan->entry[n];
    if (!(node->op->flags & BOUGH__OP_IN_PLACE) || node->inputs != 1)
        return;
    struct bough__entry *root = &plan->entry[plan->entry[node->input[0]].root];
    for (enum bough__pass pass = HEADS; pass < PASSES; pass++) {
        if (!bough__runs_in(plan, n, pass) || root->stacked != entry->stacked ||
            (pass == SWEEP && entry->met && plan->group < plan->options.tasks) ||
            entry->gradient[pass] == NONE || root->gradient[pass] == NONE || root->readers != 1)
            continue;
        alive(plan, entry->gradient[pass], plan->area[root->gradient[pass]].last);
        plan->area[root->gradient[pass]].bytes = 0;
        root->gradient[pass] = entry->gradient[pass];
    }
}

// The outputs of all ops and their gradients, also of those whose work another op does.
static void add_up(struct bough__plan *plan)
{
    int trains = 0;
    plan->unshared = 0;
    for (int32_t n = 0; n < plan->graph->count; n++)
        trains |= plan->entry[n].active;
    for (int32_t n = 0; n < plan->graph->count; n++) {
        const struct bough__node *node = &plan->graph->node[n];
        const size_t gradients = plan->entry[n].stacked ? plan->group : 1;
        if (node->op && !node->unused && !bough__is_view(node) &&
            !bough__has_memory(node->value.span))
            plan->unshared +=
                bough__value_bytes(node) * (trains && plan->entry[n].needs ? 1 + gradients : 1);
    }
}

static void forget_areas(struct bough__plan *plan)
{
    plan->areas = 0;
    for (int32_t n = 0; n < plan->graph->count; n++) {
        struct bough__entry *entry = &plan->entry[n];
        entry->value = entry->saved = entry->forward_scratch = entry->crossing = NONE;
        for (int pass = 0; pass < PASSES; pass++)
            entry->gradient[pass] = entry->scratch[pass] = NONE;
    }
}

enum bough_status bough__plan_areas(struct bough__plan *plan)
{
    int32_t count = plan->graph->count;
    forget_areas(plan);
    for (int32_t n = 0; n < count; n++)
        add_areas_of(plan, n);
    for (int32_t n = 0; n < count; n++)
        if (bough__has_work(&plan->graph->node[n])) {
            extend_inputs_of(plan, n);
            extend_external(plan, n);
        }
    extend_kept(plan);
    add_up(plan);
    for (int32_t n = 0; n < count; n++)
        if (bough__has_work(&plan->graph->node[n]))
            share_in_place(plan, n);
    for (int32_t n = count - 1; n >= 0; n--)
        if (bough__has_work(&plan->graph->node[n]))
            share_gradient_in_place(plan, n);
    return bough__place_areas(plan->area, (size_t)plan->areas, &plan->bytes);
}
