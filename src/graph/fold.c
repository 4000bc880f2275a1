#include "graph/fold.h"

#include "base/error.h"

#include <stdlib.h>

// Who reads a node: how many, and one of them.
struct readers {
    int32_t count, one;
};

static int is_relu(const struct bough__node *node)
{
    return node->op == &bough__op_relu && node->view_of < 0 && !node->value.span.buffer;
}

// After pooling there is less to clamp, and what is pooled need not be kept for the backward pass.
static int can_go_behind(const struct bough__graph *graph, const struct bough__node *relu,
                         struct readers readers)
{
    return is_relu(relu) && !relu->kept && readers.count == 1 &&
           (graph->node[readers.one].op->flags & BOUGH__OP_COMMUTES_WITH_RELU);
}

static int can_fold(const struct bough__graph *graph, const struct bough__node *relu,
                    const struct readers *readers)
{
    if (!is_relu(relu))
        return 0;
    const struct bough__node *maker = &graph->node[relu->input[0]];
    return maker->op && (maker->op->flags & BOUGH__OP_FUSES_RELU) &&
           readers[relu->input[0]].count == 1 && !maker->value.span.buffer && !maker->kept;
}

enum bough_status bough__graph_fold(struct bough__graph *graph)
{
    enum bough_status status = BOUGH_OK;
    struct readers *readers = calloc((size_t)graph->count + 1, sizeof *readers);
    BOUGH_TRY_MEMORY(readers);
    for (int32_t n = 0; n < graph->count; n++)
        for (int i = 0; i < graph->node[n].inputs; i++) {
            readers[graph->node[n].input[i]].count++;
            readers[graph->node[n].input[i]].one = n;
        }
    for (int32_t n = 0; n < graph->count; n++) {
        struct bough__node *relu = &graph->node[n];
        int behind = can_go_behind(graph, relu, readers[n]);
        if (!behind && !can_fold(graph, relu, readers))
            continue;
        int32_t into = behind ? readers[n].one : relu->input[0];
        relu->view_of = relu->input[0];
        graph->node[into].attr.activation = BOUGH_RELU;
        BOUGH_TRY(bough__graph_renew(graph, into));
    }
done:
    free(readers);
    return status;
}
