#include "graph/fold.h"

#include "base/error.h"

#include <stdlib.h>

// Who reads a node: how many, and one of them.
struct readers {
    int32_t count, one;
};

static int is_activation(const struct bough__node *node)
{
    return node->op && node->op->activation != BOUGH_LINEAR && node->view_of < 0 &&
           !node->value.span.buffer;
}

// After pooling there is less to clamp, and what is pooled need not be kept for the backward pass.
static int can_go_behind(const struct bough__graph *graph, const struct bough__node *relu,
                         struct readers readers)
{
    return relu->op->activation == BOUGH_RELU && !relu->kept && readers.count == 1 &&
           (graph->node[readers.one].op->flags & BOUGH__OP_COMMUTES_WITH_RELU);
}

static int can_fold(const struct bough__graph *graph, const struct bough__node *activation,
                    const struct readers *readers)
{
    const enum bough__activation kind = activation->op->activation;
    const struct bough__node *maker = &graph->node[activation->input[0]];
    const unsigned flags = maker->op ? maker->op->flags : 0;
    const int kinked = kind == BOUGH_RELU || kind == BOUGH_LEAKY_RELU;
    return (((flags & BOUGH__OP_FUSES_ACTIVATION) && kind != BOUGH_GELU) ||
            ((flags & BOUGH__OP_FUSES_RELU) && kinked) ||
            ((flags & BOUGH__OP_COMMUTES_WITH_RELU) && kind == BOUGH_RELU)) &&
           readers[activation->input[0]].count == 1 && !maker->value.span.buffer && !maker->kept;
}

// The dropout that alone reads an activation whose slope x tells; -1 if there is none.
static int32_t dropout_of(const struct bough__graph *graph, const struct bough__node *activation,
                          struct readers readers)
{
    const enum bough__activation kind = activation->op->activation;
    const int by_x = kind == BOUGH_GELU || kind == BOUGH_RELU || kind == BOUGH_LEAKY_RELU;
    return by_x && !activation->kept && readers.count == 1 &&
                   graph->node[readers.one].op == &bough__op_dropout
               ? readers.one
               : -1;
}

static enum bough_status join_dropout(struct bough__graph *graph, int32_t dropout_node,
                                      struct bough__node *activation)
{
    struct bough__node *dropout = &graph->node[dropout_node];
    dropout->op = &bough__op_activation_dropout;
    dropout->attr.activation = activation->op->activation;
    dropout->attr.slope = activation->attr.value;
    dropout->input[0] = activation->input[0];
    activation->fused = 1;
    return bough__graph_infer(graph, dropout_node);
}

static enum bough_status fold_activations(struct bough__graph *graph, const struct readers *readers)
{
    enum bough_status status = BOUGH_OK;
    for (int32_t n = 0; n < graph->count; n++) {
        struct bough__node *node = &graph->node[n];
        if (node->unused || !is_activation(node))
            continue;
        int behind = can_go_behind(graph, node, readers[n]);
        int32_t dropout = dropout_of(graph, node, readers[n]);
        if (!behind && !can_fold(graph, node, readers)) {
            if (dropout >= 0)
                BOUGH_TRY(join_dropout(graph, dropout, node));
            continue;
        }
        int32_t into = behind ? readers[n].one : node->input[0];
        node->view_of = node->input[0];
        graph->node[into].attr.activation = node->op->activation;
        graph->node[into].attr.slope = node->attr.value;
        BOUGH_TRY(bough__graph_infer(graph, into));
    }
done:
    return status;
}

// The convolution whose output the pooling alone reads, perhaps by way of a folded relu; -1 if
// there is none.
static int32_t convolution_of(const struct bough__graph *graph, const struct bough__node *pool,
                              const struct readers *readers)
{
    int32_t n = pool->input[0];
    if (graph->node[n].op == &bough__op_relu && graph->node[n].view_of >= 0 &&
        readers[n].count == 1 && !graph->node[n].kept)
        n = graph->node[n].view_of;
    const struct bough__node *conv = &graph->node[n];
    return conv->op == &bough__op_conv2d && conv->attr.activation == BOUGH_LINEAR &&
                   readers[n].count == 1 && !conv->kept && !conv->value.span.buffer
               ? n
               : -1;
}

static enum bough_status join(struct bough__graph *graph, int32_t pool_node, int32_t conv_node,
                              int64_t images)
{
    struct bough__node *pool = &graph->node[pool_node], *conv = &graph->node[conv_node];
    struct bough__pool_attr behind = {.activation = pool->attr.activation};
    for (int i = 0; i < 2; i++) {
        behind.kernel[i] = pool->attr.kernel[i];
        behind.stride[i] = pool->attr.stride[i];
        behind.padding[i] = pool->attr.padding[i];
    }
    pool->op = &bough__op_conv2d_max_pool2d;
    pool->attr = conv->attr;
    pool->attr.pool = behind;
    pool->attr.images = (int32_t)images;
    pool->inputs = conv->inputs;
    for (int i = 0; i < conv->inputs; i++)
        pool->input[i] = conv->input[i];
    conv->fused = 1;
    return bough__graph_infer(graph, pool_node);
}

// As many as have at most that size, in parts of about one size; all of them where it is 0. Of no
// images 1.
static int64_t images_at_a_time(const struct bough_shape *between, size_t bytes)
{
    int64_t one = bough_shape_row(between) * (int64_t)sizeof(float), all = between->dim[0];
    int64_t most = one ? (int64_t)bytes / one : 0;
    if (bytes == 0 || all == 0)
        return all ? all : 1;
    int64_t parts = most ? (all + most - 1) / most : all;
    return (all + parts - 1) / parts;
}

static enum bough_status join_poolings(struct bough__graph *graph, const struct readers *readers,
                                       size_t images_bytes)
{
    enum bough_status status = BOUGH_OK;
    for (int32_t n = 0; n < graph->count; n++) {
        if (graph->node[n].unused || graph->node[n].op != &bough__op_max_pool2d)
            continue;
        int32_t conv = convolution_of(graph, &graph->node[n], readers);
        if (conv < 0)
            continue;
        BOUGH_TRY(join(graph, n, conv, images_at_a_time(&graph->node[conv].need.y, images_bytes)));
    }
done:
    return status;
}

enum bough_status bough__graph_fold(struct bough__graph *graph, size_t images_bytes)
{
    enum bough_status status = BOUGH_OK;
    struct readers *readers = calloc((size_t)graph->count + 1, sizeof *readers);
    BOUGH_TRY_MEMORY(readers);
    for (int32_t n = 0; n < graph->count; n++)
        for (int i = 0; !graph->node[n].unused && i < graph->node[n].inputs; i++) {
            readers[graph->node[n].input[i]].count++;
            readers[graph->node[n].input[i]].one = n;
        }
    BOUGH_TRY(fold_activations(graph, readers));
    BOUGH_TRY(join_poolings(graph, readers, images_bytes));
done:
    free(readers);
    return status;
}
