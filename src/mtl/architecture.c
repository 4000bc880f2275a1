#include "mtl/architecture.h"

#include "base/error.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOUGH_ARCHITECTURE(name) &bough__architecture_##name.row,
static const struct bough__row *const all[] = {
#include "mtl/architecture_list.h"
};
#undef BOUGH_ARCHITECTURE
const struct bough__family bough__architectures = {"architecture", all, sizeof all / sizeof *all};

// ---- Joining ----

static const char *format_sample(const struct bough_shape *shape, char *text, size_t size)
{
    const struct bough_shape sample = bough_shape_sample(shape);
    return bough_shape_format(&sample, text, size);
}

static enum bough_status check_join(const struct bough__graph *graph, int32_t a, int32_t b,
                                    int32_t axis)
{
    const struct bough__node *one = &graph->node[a], *other = &graph->node[b];
    struct bough_shape alike = other->need.y;
    char text[2][128];
    if (alike.rank > axis && one->need.y.rank > axis)
        alike.dim[axis] = one->need.y.dim[axis];
    if (one->need.y_dtype != BOUGH_F32 || other->need.y_dtype != BOUGH_F32)
        return bough__fail(BOUGH_INVALID, "%s cannot be joined with %s: ids go with no others",
                           one->layer, other->layer);
    if (bough_shape_equal(&alike, &one->need.y))
        return BOUGH_OK;
    return bough__fail(
        BOUGH_INVALID, "%s %s cannot be joined with %s %s: all dimensions but the %s must agree",
        one->layer, format_sample(&one->need.y, text[0], sizeof text[0]), other->layer,
        format_sample(&other->need.y, text[1], sizeof text[1]), axis == 1 ? "first" : "last");
}

// Up to BOUGH_MAX_INPUTS at a time, in order, until one is left.
static enum bough_status concat(struct bough__builder *builder, int32_t *node, size_t count,
                                int32_t axis)
{
    const struct bough__attr attr = {.axis = axis};
    enum bough_status status = BOUGH_OK;
    while (count > 1) {
        size_t made = 0;
        for (size_t i = 0; i < count; i += BOUGH_MAX_INPUTS) {
            const size_t n = count - i < BOUGH_MAX_INPUTS ? count - i : BOUGH_MAX_INPUTS;
            BOUGH_TRY(bough__graph_op(builder->graph, &node[made++], &bough__op_concat, &attr,
                                      &node[i], (int)n));
        }
        count = made;
    }
done:
    return status;
}

static enum bough_status join_along(struct bough__builder *builder, int32_t *joined,
                                    const int32_t *node, size_t count, const char *part,
                                    int32_t axis)
{
    enum bough_status status = BOUGH_OK;
    const char *layer = builder->graph->layer;
    int32_t *left = malloc(count * sizeof *left);
    BOUGH_TRY_MEMORY(left);
    memcpy(left, node, count * sizeof *left);
    for (size_t i = 1; i < count; i++)
        BOUGH_TRY(check_join(builder->graph, node[0], node[i], axis));
    builder->graph->layer = part;
    BOUGH_TRY(concat(builder, left, count, axis));
    builder->graph->layer = layer;
    *joined = left[0];
done:
    free(left);
    return status;
}

enum bough_status bough__join(struct bough__builder *builder, int32_t *joined, const int32_t *node,
                              size_t count, const char *part)
{
    const struct bough__node *first = &builder->graph->node[node[0]];
    const int positions = first->lengths != BOUGH__NO_SEQUENCE && first->need.y.rank == 3;
    return join_along(builder, joined, node, count, part, positions ? 2 : 1);
}

enum bough_status bough__stack(struct bough__builder *builder, int32_t *stacked,
                               const int32_t *node, size_t count, const char *part)
{
    enum bough_status status;
    const struct bough_shape one = *bough__graph_shape(builder->graph, node[0]);
    struct bough__attr attr = {.shape = {.rank = one.rank, .dim = {(int64_t)count}}};
    for (int32_t i = 1; i < one.rank; i++)
        attr.shape.dim[i] = one.dim[i];
    BOUGH_TRY(join_along(builder, stacked, node, count, part, 1));
    BOUGH_TRY(bough__graph_op(builder->graph, stacked, &bough__op_reshape, &attr, stacked, 1));
    builder->graph->node[*stacked].lengths = builder->graph->node[node[0]].lengths;
done:
    return status;
}

// ---- Gates ----

static enum bough_status build_gate(struct bough__builder *builder, int32_t *gate, int32_t x,
                                    int64_t experts, const char *prefix)
{
    struct bough__linear_options linear = {.units = (int32_t)experts};
    const struct bough__choice layers[] = {
        {&bough__layer_flatten.row, NULL},
        {&bough__layer_linear.row, &linear},
        {&bough__layer_softmax.row, NULL},
    };
    *gate = x;
    return bough__layers_build(builder, gate, layers, 0, sizeof layers / sizeof *layers, prefix);
}

enum bough_status bough__mix(struct bough__builder *builder, int32_t *mixed, int32_t stacked,
                             int32_t gate, const char *prefix)
{
    enum bough_status status;
    const int32_t input[] = {stacked, gate};
    char name[200];
    snprintf(name, sizeof name, "%s.mix", prefix);
    BOUGH_TRY(bough__builder_begin(builder, name));
    BOUGH_TRY(bough__graph_op(builder->graph, mixed, &bough__op_gated_sum, NULL, input, 2));
    builder->flops += 2 * bough_shape_elements(bough__graph_shape(builder->graph, stacked));
    bough__builder_end(builder, "gated_sum", *mixed);
done:
    return status;
}

enum bough_status bough__gated_mix(struct bough__builder *builder, int32_t *mixed, int32_t x,
                                   int32_t stacked, const char *prefix)
{
    enum bough_status status;
    const int64_t experts = bough__graph_shape(builder->graph, stacked)->dim[1];
    int32_t gate;
    BOUGH_TRY(build_gate(builder, &gate, x, experts, prefix));
    BOUGH_TRY(bough__mix(builder, mixed, stacked, gate, prefix));
done:
    return status;
}

// ---- Parts ----

enum bough_status bough__part_param(struct bough__builder *builder, int32_t *node,
                                    const struct bough__param *param, const char *prefix)
{
    const char *before = builder->prefix;
    builder->prefix = prefix;
    const enum bough_status status = bough__builder_param(builder, node, param);
    builder->prefix = before;
    return status;
}

enum bough_status bough__combine(struct bough__builder *builder, int32_t *y,
                                 const struct bough__op *op, int32_t a, int32_t b,
                                 const char *prefix)
{
    enum bough_status status;
    const int32_t input[] = {a, b};
    char name[200];
    snprintf(name, sizeof name, "%s.%s", prefix, op->name);
    BOUGH_TRY(bough__builder_begin(builder, name));
    BOUGH_TRY(bough__graph_op(builder->graph, y, op, NULL, input, 2));
    builder->flops += bough_shape_elements(bough__graph_shape(builder->graph, *y));
    bough__builder_end(builder, op->name, *y);
done:
    return status;
}

enum bough_status bough__pointwise(struct bough__builder *builder, struct bough__choice *layer,
                                   int32_t node, int64_t width, struct bough__weights weights,
                                   const char *part)
{
    const struct bough_shape *shape = bough__graph_shape(builder->graph, node);
    struct bough__arena *arena = &builder->params->arena;
    struct bough__linear_options *linear = BOUGH_NEW(arena, struct bough__linear_options, 1);
    struct bough__conv2d_options *conv2d = BOUGH_NEW(arena, struct bough__conv2d_options, 1);
    char text[128];
    if (!linear || !conv2d)
        return bough__no_memory();
    if (shape->rank != 2 && shape->rank != 4)
        return bough__fail(BOUGH_INVALID, "%s: a stage gives %s, wanted [N, D] or [N, C, H, W]",
                           part, bough_shape_format(shape, text, sizeof text));
    *linear = (struct bough__linear_options){.units = (int32_t)width, .weights = weights};
    bough__options_default(&bough__layer_conv2d.row.options, conv2d);
    conv2d->kernel[0] = conv2d->kernel[1] = 1;
    conv2d->channels = (int32_t)width;
    conv2d->weights = weights;
    *layer = shape->rank == 2 ? (struct bough__choice){&bough__layer_linear.row, linear}
                              : (struct bough__choice){&bough__layer_conv2d.row, conv2d};
    return BOUGH_OK;
}

// ---- Stages ----

static const struct bough__layer_kind *kind_of(const struct bough__net *net, size_t layer)
{
    return (const struct bough__layer_kind *)(const void *)net->trunk[layer].row;
}

static int begins(const struct bough__net *net, size_t layer, int marked)
{
    return marked ? kind_of(net, layer) == &bough__layer_stage : kind_of(net, layer)->begins_stage;
}

static int is_marked(const struct bough__net *net)
{
    for (size_t i = 0; i < net->trunk_count; i++)
        if (begins(net, i, 1))
            return 1;
    return 0;
}

enum bough_status bough__stages_find(struct bough__stages *stages, struct bough__builder *builder,
                                     const struct bough__net *net)
{
    const int marked = is_marked(net);
    int begun = marked; // without marks what stands before the first weights is of their stage
    stages->count = 0;
    stages->first = BOUGH_NEW(&builder->params->arena, size_t, net->trunk_count + 1);
    if (!stages->first)
        return bough__no_memory();
    for (size_t i = 0; i < net->trunk_count; i++) {
        const int here = begins(net, i, marked);
        size_t first = i;
        while (!marked && first && kind_of(net, first - 1)->reshapes)
            first--;
        if (i == 0 || (here && begun))
            stages->first[stages->count++] = first;
        begun |= here;
    }
    stages->first[stages->count] = net->trunk_count;
    return BOUGH_OK;
}

enum bough_status bough__stage_build(struct bough__builder *builder, int32_t *node,
                                     const struct bough__net *net,
                                     const struct bough__stages *stages, size_t stage,
                                     const char *prefix)
{
    return bough__layers_build(builder, node, net->trunk, stages->first[stage],
                               stages->first[stage + 1], prefix);
}

// ---- Streams ----

enum bough_status bough__stream_own(void *user, struct bough__builder *builder, int32_t *node,
                                    const struct bough__param *param)
{
    const struct bough__stream *stream = user;
    return bough__part_param(builder, node, param, stream->own);
}

enum bough_status bough__stream_share(void *user, struct bough__builder *builder, int32_t *node,
                                      const struct bough__param *param)
{
    enum bough_status status = BOUGH_OK;
    struct bough__stream *stream = user;
    assert(stream->next < BOUGH_MAX_INPUTS);
    if (stream->next == stream->count)
        BOUGH_TRY(bough__builder_param(builder, &stream->shared[stream->count++], param));
    *node = stream->shared[stream->next++];
done:
    return status;
}

enum bough_status bough__stream_give(void *user, struct bough__builder *builder, int32_t *node,
                                     const struct bough__param *param)
{
    const struct bough__stream *stream = user;
    return stream->norm ? bough__stream_own(user, builder, node, param)
                        : bough__stream_share(user, builder, node, param);
}

static enum bough_status layer_build(struct bough__builder *builder, int32_t *node,
                                     const struct bough__net *net, size_t layer, const char *prefix,
                                     struct bough__param_source source)
{
    builder->source = source;
    const enum bough_status status =
        bough__layers_build(builder, node, net->trunk, layer, layer + 1, prefix);
    builder->source = (struct bough__param_source){0};
    return status;
}

enum bough_status bough__streams_build(struct bough__builder *builder, int32_t *stream,
                                       const struct bough__net *net,
                                       const struct bough__stages *stages, size_t stage,
                                       const char *prefix, bough__param_give *give)
{
    enum bough_status status = BOUGH_OK;
    for (size_t i = stages->first[stage]; i < stages->first[stage + 1]; i++) {
        struct bough__stream made = {.options = net->options, .norm = kind_of(net, i)->norm};
        for (size_t t = 0; t < net->tasks_count; t++) {
            snprintf(made.own, sizeof made.own, "streams.%s.%zu", net->tasks[t].name, i);
            made.next = 0;
            BOUGH_TRY(layer_build(builder, &stream[t], net, i, prefix,
                                  (struct bough__param_source){give, &made}));
        }
    }
done:
    return status;
}

// ---- Experts and heads ----

enum bough_status bough__experts_build(struct bough__builder *builder, int32_t *stacked, int32_t x,
                                       const struct bough__net *net, int32_t count)
{
    enum bough_status status;
    int32_t *expert = BOUGH_NEW(&builder->params->arena, int32_t, count);
    BOUGH_TRY_MEMORY(expert);
    for (int32_t e = 0; e < count; e++) {
        char name[32];
        snprintf(name, sizeof name, "experts.%d", e);
        expert[e] = x;
        BOUGH_TRY(bough__layers_build(builder, &expert[e], net->trunk, 0, net->trunk_count, name));
    }
    BOUGH_TRY(bough__stack(builder, stacked, expert, (size_t)count, "experts"));
done:
    return status;
}

enum bough_status bough__head_build(struct bough__builder *builder, struct bough__wiring *wiring,
                                    const struct bough__net *net, size_t t, int32_t node)
{
    const struct bough__task *task = &net->tasks[t];
    const int32_t known = builder->known;
    wiring->representations[t] = wiring->scores[t] = node;
    builder->known = 0; // a head is no one else's
    enum bough_status status = bough__layers_build(builder, &wiring->scores[t], task->head, 0,
                                                   task->head_count, task->name);
    if (status == BOUGH_OK)
        status = bough__loss_declare(builder, &wiring->loss[t], &task->loss, wiring->scores[t],
                                     task->name);
    builder->known = known;
    return status;
}

enum bough_status bough__check_sequence(const struct bough__builder *builder,
                                        const struct bough__wiring *wiring,
                                        const struct bough__net *net, size_t t)
{
    const struct bough_shape *before = bough__graph_shape(builder->graph, wiring->scores[t - 1]);
    const struct bough_shape *here = bough__graph_shape(builder->graph, wiring->scores[t]);
    char text[2][128];
    if (bough_shape_equal(before, here))
        return BOUGH_OK;
    return bough__fail(BOUGH_INVALID,
                       "tasks.%s.head gives %s, tasks.%s.head %s: events in a sequence want scores "
                       "of one shape",
                       net->tasks[t].name, format_sample(here, text[0], sizeof text[0]),
                       net->tasks[t - 1].name, format_sample(before, text[1], sizeof text[1]));
}

enum bough_status bough__penalize(struct bough__builder *builder, struct bough__wiring *wiring,
                                  int32_t node, size_t t)
{
    const size_t count = wiring->penalties;
    const int full = (count & (count - 1)) == 0; // there is room for a power of two
    if (full) {
        struct bough__penalty *grown =
            BOUGH_NEW(&builder->params->arena, struct bough__penalty, count ? 2 * count : 1);
        if (!grown)
            return bough__no_memory();
        for (size_t i = 0; i < count; i++)
            grown[i] = wiring->penalty[i];
        wiring->penalty = grown;
    }
    wiring->penalty[wiring->penalties++] = (struct bough__penalty){node, (int32_t)t};
    return BOUGH_OK;
}

enum bough_status bough__streams_begin(struct bough__builder *builder, int32_t **stream, int32_t x,
                                       const struct bough__net *net)
{
    enum bough_status status = BOUGH_OK;
    BOUGH_TRY_MEMORY(*stream = BOUGH_NEW(&builder->params->arena, int32_t, net->tasks_count));
    for (size_t t = 0; t < net->tasks_count; t++)
        (*stream)[t] = x;
done:
    return status;
}

enum bough_status bough__heads_build(struct bough__builder *builder, struct bough__wiring *wiring,
                                     const struct bough__net *net, const int32_t *stream)
{
    enum bough_status status = BOUGH_OK;
    for (size_t t = 0; t < net->tasks_count; t++)
        BOUGH_TRY(bough__head_build(builder, wiring, net, t, stream[t]));
done:
    return status;
}
