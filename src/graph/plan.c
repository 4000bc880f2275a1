#include "graph/plan.h"

#include "base/error.h"
#include "graph/fold.h"
#include "graph/place.h"

#include <stdlib.h>

enum { NONE = -1 };

// How a backward pass hands over the gradient of one input.
enum contribution { NOT_WANTED, WRITES, ADDS, ADDED_AFTERWARDS };

// What the plan knows of a node. Areas are indices into `area`.
struct entry {
    int32_t root; // the node whose memory it shares, itself if its own
    int needs;    // depends on a leaf that wants a gradient
    int active;   // its backward pass runs
    int readers;  // active ops that hand a gradient to this root
    int32_t value, saved, gradient;
    int32_t scratch[2]; // of the forward and of the backward pass
    enum contribution contribution[BOUGH_MAX_INPUTS];
    int32_t extra[BOUGH_MAX_INPUTS]; // for ADDED_AFTERWARDS
};

struct bough__plan {
    struct bough__graph *graph;
    struct bough_device *device;
    struct bough__span step;
    struct bough__buffer *buffer, *own; // the one that is worked in, and the one to destroy
    struct entry *entry;
    struct bough__area *area;
    int32_t areas;
    size_t bytes, unshared;
};

static int has_memory(struct bough__span span)
{
    return span.buffer != NULL;
}

static int is_view(const struct bough__node *node)
{
    return node->view_of >= 0;
}

static int32_t forward_time(int32_t node)
{
    return node;
}

static int32_t backward_time(const struct bough__plan *plan, int32_t node)
{
    return 2 * plan->graph->count - 1 - node;
}

static size_t value_bytes(const struct bough__node *node)
{
    return (size_t)bough_shape_elements(&node->need.y) * bough_dtype_size(node->need.y_dtype);
}

// ---- What the graph implies ----

static int takes_gradient(const struct bough__plan *plan, const struct bough__node *node, int input)
{
    return !(node->op->no_gradient >> input & 1) && plan->entry[node->input[input]].needs;
}

static void find_roots_and_needs(struct bough__plan *plan)
{
    for (int32_t n = 0; n < plan->graph->count; n++) {
        const struct bough__node *node = &plan->graph->node[n];
        struct entry *entry = &plan->entry[n];
        entry->root = is_view(node) ? plan->entry[node->view_of].root : n;
        if (!node->op)
            entry->needs = has_memory(node->gradient);
        for (int i = 0; i < node->inputs; i++)
            entry->needs |= takes_gradient(plan, node, i);
    }
}

static void find_active(struct bough__plan *plan)
{
    for (int32_t n = plan->graph->count - 1; n >= 0; n--) {
        const struct bough__node *node = &plan->graph->node[n];
        struct entry *entry = &plan->entry[n];
        if (!node->op)
            continue;
        if (has_memory(node->gradient)) // a seed
            entry->active = 1;
        entry->active = entry->active && entry->needs;
        for (int i = 0; entry->active && i < node->inputs; i++)
            if (takes_gradient(plan, node, i))
                plan->entry[node->input[i]].active = 1;
    }
}

// In the order of the backward pass, the first op that reaches a root writes its gradient and the
// later ones add to it.
static void find_contributions(struct bough__plan *plan)
{
    for (int32_t n = plan->graph->count - 1; n >= 0; n--) {
        const struct bough__node *node = &plan->graph->node[n];
        if (!node->op || is_view(node) || !plan->entry[n].active)
            continue;
        for (int i = 0; i < node->inputs; i++) {
            if (!takes_gradient(plan, node, i))
                continue;
            int32_t root = plan->entry[node->input[i]].root;
            int twice = 0;
            for (int j = 0; j < i; j++)
                twice |= takes_gradient(plan, node, j) && plan->entry[node->input[j]].root == root;
            int first = plan->entry[root].readers++ == 0;
            plan->entry[n].contribution[i] = first ? WRITES
                                             : (node->op->flags & BOUGH__OP_ACCUMULATES) && !twice
                                                 ? ADDS
                                                 : ADDED_AFTERWARDS;
        }
    }
}

// ---- Areas ----

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

static void add_areas_of(struct bough__plan *plan, int32_t n)
{
    const struct bough__node *node = &plan->graph->node[n];
    struct entry *entry = &plan->entry[n];
    int32_t now = forward_time(n), back = backward_time(plan, n);
    if (!has_memory(node->value.span))
        entry->value =
            area_add(plan, value_bytes(node), now,
                     entry->active && bough__op_reads_y(node->op, &node->attr) ? back : now);
    if (node->need.saved && !node->external)
        entry->saved = area_add(plan, node->need.saved, now, entry->active ? back : now);
    if (node->need.scratch && !node->external)
        entry->scratch[0] = area_add(plan, node->need.scratch, now, now);
    if (!entry->active)
        return;
    if (node->need.scratch && !node->external)
        entry->scratch[1] = area_add(plan, node->need.scratch, back, back);
    if (!has_memory(node->gradient))
        entry->gradient = area_add(plan, value_bytes(node), back, back);
    for (int i = 0; i < node->inputs; i++)
        if (entry->contribution[i] == ADDED_AFTERWARDS)
            entry->extra[i] =
                area_add(plan, value_bytes(&plan->graph->node[node->input[i]]), back, back);
}

// What the caller runs between the passes reads and writes there.
static void extend_outside(struct bough__plan *plan, int32_t n)
{
    const struct bough__node *node = &plan->graph->node[n];
    const struct entry *entry = &plan->entry[n];
    int32_t between = plan->graph->count - 1;
    for (int i = 0; node->external && i < node->inputs; i++) {
        const struct entry *root = &plan->entry[plan->entry[node->input[i]].root];
        alive(plan, root->value, between);
        if (entry->contribution[i] == ADDED_AFTERWARDS)
            alive(plan, entry->extra[i], between);
        else if (entry->contribution[i] != NOT_WANTED)
            alive(plan, root->gradient, between);
    }
}

static void extend_inputs_of(struct bough__plan *plan, int32_t n)
{
    const struct bough__node *node = &plan->graph->node[n];
    const struct entry *entry = &plan->entry[n];
    for (int i = 0; i < node->inputs; i++) {
        const struct entry *root = &plan->entry[plan->entry[node->input[i]].root];
        alive(plan, root->value, forward_time(n));
        if (entry->active && (node->op->flags & BOUGH__OP_BACKWARD_READS_X))
            alive(plan, root->value, backward_time(plan, n));
        if (entry->contribution[i] != NOT_WANTED)
            alive(plan, root->gradient, backward_time(plan, n));
    }
}

// An element-wise op may write where it reads, if nothing reads that afterwards.
static void share_in_place(struct bough__plan *plan, int32_t n)
{
    const struct bough__node *node = &plan->graph->node[n];
    struct entry *entry = &plan->entry[n];
    if (!(node->op->flags & BOUGH__OP_IN_PLACE) || node->inputs != 1)
        return;
    struct entry *root = &plan->entry[plan->entry[node->input[0]].root];
    if (entry->value != NONE && root->value != NONE &&
        plan->area[root->value].last == forward_time(n)) {
        alive(plan, root->value, plan->area[entry->value].last);
        plan->area[entry->value].bytes = 0;
        entry->value = root->value;
    }
}

// Likewise its gradient is written over the one that it reads. Called from the last op to the
// first, so that a chain of such ops ends in the area of its last one.
static void share_gradient_in_place(struct bough__plan *plan, int32_t n)
{
    const struct bough__node *node = &plan->graph->node[n];
    const struct entry *entry = &plan->entry[n];
    if (!(node->op->flags & BOUGH__OP_IN_PLACE) || node->inputs != 1)
        return;
    struct entry *root = &plan->entry[plan->entry[node->input[0]].root];
    if (entry->gradient == NONE || root->gradient == NONE || root->readers != 1)
        return;
    alive(plan, entry->gradient, plan->area[root->gradient].last);
    plan->area[root->gradient].bytes = 0;
    root->gradient = entry->gradient;
}

static int has_work(const struct bough__node *node)
{
    return node->op && !is_view(node) && !node->fused;
}

static void extend_kept(struct bough__plan *plan)
{
    for (int32_t n = 0; n < plan->graph->count; n++)
        if (plan->graph->node[n].kept)
            alive(plan, plan->entry[plan->entry[n].root].value, 2 * plan->graph->count);
}

// The outputs of all ops and their gradients, also of those whose work another op does.
static void add_up(struct bough__plan *plan)
{
    int trains = 0;
    for (int32_t n = 0; n < plan->graph->count; n++)
        trains |= plan->entry[n].active;
    for (int32_t n = 0; n < plan->graph->count; n++) {
        const struct bough__node *node = &plan->graph->node[n];
        if (node->op && !is_view(node) && !has_memory(node->value.span))
            plan->unshared += value_bytes(node) * (trains && plan->entry[n].needs ? 2 : 1);
    }
}

static enum bough_status place_areas(struct bough__plan *plan)
{
    int32_t count = plan->graph->count;
    for (int32_t n = 0; n < count; n++)
        if (has_work(&plan->graph->node[n]))
            add_areas_of(plan, n);
    for (int32_t n = 0; n < count; n++)
        if (has_work(&plan->graph->node[n])) {
            extend_inputs_of(plan, n);
            extend_outside(plan, n);
        }
    extend_kept(plan);
    add_up(plan);
    for (int32_t n = 0; n < count; n++)
        if (has_work(&plan->graph->node[n]))
            share_in_place(plan, n);
    for (int32_t n = count - 1; n >= 0; n--)
        if (has_work(&plan->graph->node[n]))
            share_gradient_in_place(plan, n);
    return bough__place_areas(plan->area, (size_t)plan->areas, &plan->bytes);
}

// ---- The plan ----

// A CPU's caches hold that much between two ops; a GPU wants all its work at once.
static size_t images_bytes(const struct bough_device *device)
{
    enum bough_device_type type = device->info.type;
    return type == BOUGH_DEVICE_C || type == BOUGH_DEVICE_CPU ? (size_t)4 << 20 : 0;
}

enum bough_status bough__plan_create(struct bough__plan **plan, struct bough__graph *graph,
                                     struct bough_device *device,
                                     const struct bough__plan_options *options)
{
    struct bough__buffer *memory = options->memory;
    enum bough_status status;
    struct bough__plan *made = calloc(1, sizeof *made);
    BOUGH_TRY_MEMORY(made);
    *made = (struct bough__plan){.graph = graph, .device = device, .step = options->step};
    size_t count = (size_t)graph->count;
    made->entry = calloc(count + 1, sizeof *made->entry);
    made->area = calloc(count * (5 + BOUGH_MAX_INPUTS) + 1, sizeof *made->area);
    BOUGH_TRY_MEMORY(made->entry);
    BOUGH_TRY_MEMORY(made->area);
    for (size_t n = 0; n < count; n++) {
        struct entry *entry = &made->entry[n];
        entry->value = entry->saved = entry->gradient = NONE;
        entry->scratch[0] = entry->scratch[1] = NONE;
    }
    BOUGH_TRY(bough__graph_fold(graph, images_bytes(device)));
    find_roots_and_needs(made);
    find_active(made);
    find_contributions(made);
    BOUGH_TRY(place_areas(made));
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
    free(*plan);
    *plan = NULL;
}

size_t bough__plan_bytes(const struct bough__plan *plan, size_t *unshared)
{
    *unshared = plan->unshared;
    return plan->bytes;
}

struct bough__buffer *bough__plan_give_memory(struct bough__plan *plan)
{
    struct bough__buffer *memory = plan->own;
    plan->own = NULL;
    return memory;
}

// ---- Launches ----

static struct bough__span area_span(const struct bough__plan *plan, int32_t area)
{
    if (area == NONE)
        return (struct bough__span){0};
    return bough__span_at(bough__whole(plan->buffer), plan->area[area].offset);
}

struct bough__tensor bough__plan_value(const struct bough__plan *plan, int32_t node)
{
    int32_t root = plan->entry[node].root;
    const struct bough__node *owner = &plan->graph->node[root];
    const struct bough__op_need *need = &plan->graph->node[node].need;
    return (struct bough__tensor){.span = has_memory(owner->value.span)
                                              ? owner->value.span
                                              : area_span(plan, plan->entry[root].value),
                                  .shape = need->y,
                                  .dtype = need->y_dtype};
}

static struct bough__tensor gradient_of(const struct bough__plan *plan, int32_t node)
{
    struct bough__tensor gradient = bough__plan_value(plan, node);
    int32_t root = plan->entry[node].root;
    const struct bough__node *owner = &plan->graph->node[root];
    gradient.span =
        has_memory(owner->gradient) ? owner->gradient : area_span(plan, plan->entry[root].gradient);
    return gradient;
}

static struct bough__op_call call_of(const struct bough__plan *plan, int32_t n, int backward)
{
    const struct bough__node *node = &plan->graph->node[n];
    const struct entry *entry = &plan->entry[n];
    struct bough__op_call call = {
        .attr = &node->attr,
        .inputs = node->inputs,
        .y = bough__plan_value(plan, n),
        .saved = area_span(plan, entry->saved),
        .scratch = area_span(plan, entry->scratch[backward]),
        .step = plan->step,
    };
    for (int i = 0; i < node->inputs; i++)
        call.x[i] = bough__plan_value(plan, node->input[i]);
    if (!backward)
        return call;
    call.dy = gradient_of(plan, n);
    for (int i = 0; i < node->inputs; i++) {
        if (entry->contribution[i] == NOT_WANTED)
            continue;
        call.dx[i] = gradient_of(plan, node->input[i]);
        call.add_dx[i] = entry->contribution[i] == ADDS;
        if (entry->contribution[i] == ADDED_AFTERWARDS)
            call.dx[i].span = area_span(plan, entry->extra[i]);
    }
    return call;
}

struct bough__op_call bough__plan_call(const struct bough__plan *plan, int32_t node)
{
    return call_of(plan, node, 1);
}

enum bough_status bough__plan_forward(struct bough__plan *plan, struct bough__sequence *out)
{
    for (int32_t n = 0; n < plan->graph->count; n++) {
        const struct bough__node *node = &plan->graph->node[n];
        if (!has_work(node) || node->external)
            continue;
        struct bough__op_call call = call_of(plan, n, 0);
        out->label.layer = node->layer;
        enum bough_status status =
            bough__op_write(out, node->op, BOUGH_FORWARD, &call, &node->need);
        if (status != BOUGH_OK)
            return status;
    }
    return BOUGH_OK;
}

static enum bough_status add_gradient(struct bough__sequence *out, const struct bough__plan *plan,
                                      int32_t node, struct bough__tensor extra)
{
    struct bough__tensor sum = gradient_of(plan, node);
    static const struct bough__attr plain;
    struct bough__op_call call = {.attr = &plain, .inputs = 2, .x = {sum, extra}, .y = sum};
    return bough__op_add.forward(out, &call);
}

enum bough_status bough__plan_backward(struct bough__plan *plan, struct bough__sequence *out)
{
    enum bough_status status = BOUGH_OK;
    for (int32_t n = plan->graph->count - 1; n >= 0; n--) {
        const struct bough__node *node = &plan->graph->node[n];
        if (!has_work(node) || !plan->entry[n].active)
            continue;
        struct bough__op_call call = call_of(plan, n, 1);
        out->label.layer = node->layer;
        if (!node->external)
            BOUGH_TRY(bough__op_write(out, node->op, BOUGH_BACKWARD, &call, &node->need));
        for (int i = 0; i < node->inputs; i++)
            if (plan->entry[n].contribution[i] == ADDED_AFTERWARDS)
                BOUGH_TRY(add_gradient(out, plan, node->input[i], call.dx[i]));
    }
done:
    return status;
}
