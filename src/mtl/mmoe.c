// MMoE: scores[t] = head_t(sum over e of g[t, e] E_e(x)) with g[t] = softmax(W_t x). The experts E
// are copies of the trunk, each with weights of its own, x is the inputs joined, which the gates
// read flattened.
#include "base/error.h"
#include "mtl/architecture.h"

#include <stdio.h>
#include <string.h>

struct mmoe_options {
    int32_t experts;
};

static const struct bough__option mmoe_options[] = {
    {"experts", BOUGH__OPTION_INT, offsetof(struct mmoe_options, experts),
     .range = &bough__range_size, .number = {8},
     .help = "copies of the trunk, as many as in the paper"},
};

// Experts [N, D...] become one tensor [N, E, D...].
static enum bough_status stack(struct bough__builder *builder, int32_t *stacked,
                               const int32_t *expert, int32_t count)
{
    enum bough_status status;
    const struct bough_shape one = *bough__graph_shape(builder->graph, expert[0]);
    struct bough__attr attr = {.shape = {.rank = one.rank, .dim = {count}}};
    for (int32_t i = 1; i < one.rank; i++)
        attr.shape.dim[i] = one.dim[i];
    BOUGH_TRY(bough__join(builder, stacked, expert, (size_t)count, "experts"));
    BOUGH_TRY(bough__graph_op(builder->graph, stacked, &bough__op_reshape, &attr, stacked, 1));
done:
    return status;
}

static enum bough_status build_experts(struct bough__builder *builder, int32_t *stacked,
                                       int32_t input, const struct bough__net *net,
                                       const struct bough__layer_observer *observer)
{
    enum bough_status status;
    const int32_t count = ((const struct mmoe_options *)net->options)->experts;
    int32_t *expert = BOUGH_NEW(&builder->params->arena, int32_t, count);
    BOUGH_TRY_MEMORY(expert);
    for (int32_t e = 0; e < count; e++) {
        char name[32];
        snprintf(name, sizeof name, "experts.%d", e);
        expert[e] = input;
        BOUGH_TRY(bough__layers_build(builder, &expert[e], net->trunk, net->trunk_count, name,
                                      observer->built, observer->user));
    }
    BOUGH_TRY(stack(builder, stacked, expert, count));
done:
    return status;
}

static enum bough_status mix(struct bough__builder *builder, int32_t *node, int32_t stacked,
                             int32_t gate, const char *name,
                             const struct bough__layer_observer *observer)
{
    static const struct bough__row gated_sum = {.name = "gated_sum"};
    static const struct bough__choice layer = {&gated_sum, NULL};
    const int32_t input[] = {stacked, gate};
    builder->prefix = name;
    builder->graph->layer = bough__arena_string(&builder->params->arena, name);
    if (!builder->graph->layer)
        return bough__no_memory();
    enum bough_status status =
        bough__graph_op(builder->graph, node, &bough__op_gated_sum, NULL, input, 2);
    builder->graph->layer = NULL;
    if (status != BOUGH_OK)
        return status;
    builder->flops += 2 * bough_shape_elements(bough__graph_shape(builder->graph, stacked));
    if (observer->built)
        observer->built(observer->user, &layer, builder, *node);
    return BOUGH_OK;
}

// The gate of a task, and what it lets through of the experts.
static enum bough_status build_gate(struct bough__builder *builder, int32_t *node, int32_t stacked,
                                    int32_t input, const char *task,
                                    const struct bough__layer_observer *observer)
{
    enum { LAYERS = 3 };
    enum bough_status status;
    const int64_t experts = bough__graph_shape(builder->graph, stacked)->dim[1];
    struct bough__linear_options linear = {.units = (int32_t)experts};
    const struct bough__choice layers[LAYERS] = {
        {&bough__layer_flatten.row, NULL},
        {&bough__layer_linear.row, &linear},
        {&bough__layer_softmax.row, NULL},
    };
    char name[100];
    int32_t gate = input;
    snprintf(name, sizeof name, "gates.%s", task);
    BOUGH_TRY(
        bough__layers_build(builder, &gate, layers, LAYERS, name, observer->built, observer->user));
    snprintf(name, sizeof name, "gates.%s.%d", task, LAYERS);
    BOUGH_TRY(mix(builder, node, stacked, gate, name, observer));
done:
    return status;
}

static enum bough_status build(struct bough__builder *builder, struct bough__wiring *wiring,
                               const int32_t *input, size_t inputs, const struct bough__net *net,
                               const struct bough__layer_observer *observer)
{
    enum bough_status status;
    int32_t x, stacked;
    BOUGH_TRY(bough__join(builder, &x, input, inputs, "inputs"));
    BOUGH_TRY(build_experts(builder, &stacked, x, net, observer));
    BOUGH_TRY(bough__wiring_share(builder, wiring, stacked));
    for (size_t t = 0; t < net->tasks_count; t++) {
        BOUGH_TRY(
            build_gate(builder, &wiring->scores[t], stacked, x, net->tasks[t].name, observer));
        BOUGH_TRY(bough__head_build(builder, wiring, net, t, observer));
    }
done:
    return status;
}

const struct bough__architecture bough__architecture_mmoe = {
    {.name = "mmoe",
     .help = "experts, each a trunk of its own, and for each task a gate that mixes them",
     .paper = "Ma et al., Modeling Task Relationships in Multi-task Learning with Multi-gate "
              "Mixture-of-Experts, KDD 2018",
     .options = BOUGH_OPTIONS(mmoe_options, struct mmoe_options)},
    .needs_trunk = 1,
    .build = build,
};
