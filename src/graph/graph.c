#include "graph/graph.h"

#include "base/error.h"

#include <assert.h>
#include <stdlib.h>

void bough__graph_fini(struct bough__graph *graph)
{
    free(graph->node);
    *graph = (struct bough__graph){0};
}

static struct bough__node *node_add(struct bough__graph *graph)
{
    if (graph->count == graph->capacity) {
        int32_t capacity = graph->capacity ? 2 * graph->capacity : 32;
        struct bough__node *node = realloc(graph->node, (size_t)capacity * sizeof *node);
        if (!node)
            return NULL;
        graph->node = node;
        graph->capacity = capacity;
    }
    struct bough__node *node = &graph->node[graph->count++];
    *node =
        (struct bough__node){.view_of = -1, .layer = graph->layer, .lengths = BOUGH__NO_SEQUENCE};
    return node;
}

enum bough_status bough__graph_leaf(struct bough__graph *graph, int32_t *node,
                                    const struct bough__tensor *value, struct bough__span gradient)
{
    struct bough__node *leaf = node_add(graph);
    if (!leaf)
        return bough__no_memory();
    leaf->value = *value;
    leaf->gradient = gradient;
    leaf->need.y = value->shape;
    leaf->need.y_dtype = value->dtype;
    *node = graph->count - 1;
    return BOUGH_OK;
}

static int32_t lengths_of(const struct bough__graph *graph, const struct bough__node *node)
{
    int32_t lengths = BOUGH__NO_SEQUENCE;
    if (node->op->flags & BOUGH__OP_ENDS_SEQUENCE)
        return lengths;
    for (int i = 0; i < node->inputs && lengths == BOUGH__NO_SEQUENCE; i++)
        lengths = graph->node[node->input[i]].lengths;
    return lengths;
}

static enum bough_status ask_shape(const struct bough__graph *graph, struct bough__node *node)
{
    struct bough__op_call call = {.attr = &node->attr, .inputs = node->inputs};
    for (int i = 0; i < node->inputs; i++) {
        call.x[i].shape = graph->node[node->input[i]].need.y;
        call.x[i].dtype = graph->node[node->input[i]].need.y_dtype;
    }
    return bough__op_shape(&node->need, node->op, &call);
}

enum bough_status bough__graph_op(struct bough__graph *graph, int32_t *node,
                                  const struct bough__op *op, const struct bough__attr *attr,
                                  const int32_t *input, int inputs)
{
    assert(inputs >= op->inputs_min && inputs <= op->inputs_max && inputs <= BOUGH_MAX_INPUTS);
    struct bough__node made = {.op = op, .inputs = inputs, .view_of = -1, .layer = graph->layer};
    if (attr)
        made.attr = *attr;
    for (int i = 0; i < inputs; i++) {
        assert(input[i] >= 0 && input[i] < graph->count);
        made.input[i] = input[i];
    }
    enum bough_status status = ask_shape(graph, &made);
    if (status != BOUGH_OK)
        return status;
    made.lengths = lengths_of(graph, &made);
    if (op->flags & BOUGH__OP_VIEW)
        made.view_of = input[0];
    struct bough__node *added = node_add(graph);
    if (!added)
        return bough__no_memory();
    *added = made;
    *node = graph->count - 1;
    return BOUGH_OK;
}

enum bough_status bough__graph_infer(struct bough__graph *graph, int32_t node)
{
    return ask_shape(graph, &graph->node[node]);
}

void bough__graph_output_at(struct bough__graph *graph, int32_t node, struct bough__span value)
{
    assert(graph->node[node].op && graph->node[node].view_of < 0);
    graph->node[node].value.span = value;
}

void bough__graph_keep(struct bough__graph *graph, int32_t node)
{
    graph->node[node].kept = 1;
}

void bough__graph_root(struct bough__graph *graph, int32_t node, int32_t task,
                       struct bough__span factor)
{
    assert(graph->node[node].op);
    graph->node[node].gradient = factor;
    graph->node[node].task = task;
}

void bough__graph_external(struct bough__graph *graph, int32_t node)
{
    assert(graph->node[node].op);
    graph->node[node].external = 1;
}

double bough__graph_mean_flops(const struct bough__graph *graph)
{
    double flops = 0;
    int ops = 0;
    for (int32_t n = 0; n < graph->count; n++) {
        const struct bough__node *node = &graph->node[n];
        const double elements = (double)bough_shape_elements(&node->need.y);
        if (!node->op)
            continue;
        ops++;
        const struct bough__node *weight = node->inputs > 1 ? &graph->node[node->input[1]] : NULL;
        if (weight && !weight->op && weight->need.y.rank > 1 && weight->need.y.dim[0])
            flops += 2 * elements * (double)bough_shape_elements(&weight->need.y) /
                     (double)weight->need.y.dim[0];
        else
            flops += elements;
    }
    return ops ? flops / ops : 0;
}

unsigned bough__graph_flags(const struct bough__graph *graph)
{
    unsigned flags = 0;
    for (int32_t n = 0; n < graph->count; n++)
        flags |= graph->node[n].op ? graph->node[n].op->flags : 0;
    return flags;
}

const struct bough_shape *bough__graph_shape(const struct bough__graph *graph, int32_t node)
{
    return &graph->node[node].need.y;
}

void bough__graph_prune(struct bough__graph *graph)
{
    for (int32_t n = graph->count - 1; n >= 0; n--)
        graph->node[n].unused = 1;
    for (int32_t n = graph->count - 1; n >= 0; n--) {
        struct bough__node *node = &graph->node[n];
        if (node->kept || node->value.span.buffer || node->gradient.buffer)
            node->unused = 0;
        for (int i = 0; !node->unused && i < node->inputs; i++)
            graph->node[node->input[i]].unused = 0;
    }
}

// ---- Owners ----

int32_t bough__owner_of_both(int32_t a, int32_t b)
{
    if (a == b || b == BOUGH__OWNER_NONE)
        return a;
    return a == BOUGH__OWNER_NONE ? b : BOUGH__OWNER_SHARED;
}

void bough__graph_owners(const struct bough__graph *graph, const int32_t *task_node, size_t tasks,
                         int32_t *owner)
{
    for (int32_t n = 0; n < graph->count; n++)
        owner[n] = BOUGH__OWNER_NONE;
    for (size_t t = 0; t < tasks; t++)
        owner[task_node[t]] = bough__owner_of_both(owner[task_node[t]], (int32_t)t);
    for (int32_t n = graph->count - 1; n >= 0; n--) {
        const struct bough__node *node = &graph->node[n];
        for (int i = 0; i < node->inputs; i++)
            if (!(node->op->no_gradient >> i & 1))
                owner[node->input[i]] = bough__owner_of_both(owner[node->input[i]], owner[n]);
    }
}
