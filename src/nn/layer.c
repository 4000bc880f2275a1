#include "nn/layer.h"

#include "base/error.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

// The parameter that was built before under a name, on another input. NULL: there is none.
static const struct bough__param *find_known(const struct bough__builder *builder, const char *name)
{
    for (int32_t i = 0; i < builder->known; i++)
        if (strcmp(builder->params->param[i].name, name) == 0)
            return &builder->params->param[i];
    return NULL;
}

static enum bough_status reuse(struct bough__builder *builder, int32_t *node,
                               const struct bough__param *known, const struct bough__param *param)
{
    char text[2][128];
    *node = known->node;
    builder->frozen = known->frozen;
    if (bough_shape_equal(&known->shape, &param->shape))
        return BOUGH_OK;
    return bough__fail(
        BOUGH_INVALID,
        "%s is %s for what one task reads and %s for another; wanted one shape: by stems, "
        "and where they read other numbers of inputs by join: sum or gate",
        known->name, bough_shape_format(&known->shape, text[0], sizeof text[0]),
        bough_shape_format(&param->shape, text[1], sizeof text[1]));
}

enum bough_status bough__builder_tied(struct bough__builder *builder, int32_t *node,
                                      const char *name, int64_t rows, int64_t columns)
{
    const struct bough__params *params = builder->params;
    const int32_t count = builder->declaring ? params->count : builder->next;
    char weight[300], text[128];
    int32_t i = 0;
    snprintf(weight, sizeof weight, "%s.weight", name);
    while (i < count && strcmp(params->param[i].name, weight) != 0)
        i++;
    if (i == count)
        return bough__fail(BOUGH_INVALID, "tied to '%.80s': no layer of that name before it", name);
    const struct bough_shape *shape = &params->param[i].shape;
    *node = params->param[i].node;
    builder->frozen = params->param[i].frozen;
    if (shape->rank == 2 && shape->dim[0] == rows && (!columns || shape->dim[1] == columns))
        return BOUGH_OK;
    return bough__fail(BOUGH_INVALID,
                       "tied to '%.80s', whose weight is %s; wanted [%lld, %s%.0lld]", name,
                       bough_shape_format(shape, text, sizeof text), (long long)rows,
                       columns ? "" : "D", (long long)columns);
}

enum bough_status bough__builder_reuse(struct bough__builder *builder, const char *own)
{
    builder->known = builder->declaring ? builder->params->count : builder->next;
    builder->own = bough__arena_string(&builder->params->arena, own);
    return builder->own ? BOUGH_OK : bough__no_memory();
}

static enum bough_status leaf(struct bough__builder *builder, int32_t *node,
                              const struct bough__param *param)
{
    struct bough__params *params = builder->params;
    struct bough__tensor value = {.shape = param->shape, .dtype = BOUGH_F32};
    struct bough__span gradient = {0};
    struct bough__param named = *param;
    const char *name = bough__arena_format(&params->arena, "%s.%s", builder->prefix, param->name);
    const struct bough__param *known = name ? find_known(builder, name) : NULL;
    if (known && !builder->norm)
        return reuse(builder, node, known, param);
    if (known)
        name = bough__arena_format(&params->arena, "%s.%s", builder->own, name);
    if (!name)
        return bough__no_memory();
    if (builder->declaring) {
        named.name = name;
        named.ahead = builder->ahead;
        named.node = builder->graph->count; // the leaf below
        enum bough_status status = bough__params_add(params, &named);
        if (status != BOUGH_OK)
            return status;
    } else {
        assert(builder->next < params->count);
        struct bough__param *bound = &params->param[builder->next++];
        assert(bough_shape_equal(&bound->shape, &param->shape));
        bound->node = builder->graph->count;
        const struct bough__param_block *block = &params->block[bound->block];
        size_t offset = (size_t)bound->offset * sizeof(float);
        value.span = bough__span_at(block->value, offset);
        builder->frozen = bound->frozen;
        if (block->trained && (builder->training || builder->gradients) && !bound->frozen)
            gradient = bough__span_at(block->gradient, offset);
    }
    return bough__graph_leaf(builder->graph, node, &value, gradient);
}

enum bough_status bough__builder_param(struct bough__builder *builder, int32_t *node,
                                       const struct bough__param *param)
{
    const struct bough__param_source source = builder->source;
    if (!source.give)
        return leaf(builder, node, param);
    builder->source.give = NULL;
    const enum bough_status status = source.give(source.user, builder, node, param);
    builder->source = source;
    return status;
}

// An input's leaf is a part of its key.
static enum bough_status check_type(const struct bough__builder *builder, int32_t node,
                                    const struct bough__layer_kind *kind)
{
    static const char *const called[] = {[BOUGH_F32] = "numbers", [BOUGH_I32] = "ids"};
    const struct bough__node *from = &builder->graph->node[node];
    if (node < builder->inputs && builder->input[node].columns && kind != &bough__layer_table)
        return bough__fail(BOUGH_INVALID,
                           "reads %s, a table of numbers and classes; wanted the layer `table` "
                           "before it, or in the input's `stem`",
                           from->layer);
    if (from->need.y_dtype == kind->reads)
        return BOUGH_OK;
    return bough__fail(BOUGH_INVALID, "reads %s, and %s is of %s", called[kind->reads],
                       from->layer ? from->layer : "what is before it", called[from->need.y_dtype]);
}

enum bough_status bough__builder_begin(struct bough__builder *builder, const char *name)
{
    builder->prefix = bough__arena_string(&builder->params->arena, name);
    builder->graph->layer = builder->prefix;
    return builder->prefix ? BOUGH_OK : bough__no_memory();
}

void bough__builder_end(struct bough__builder *builder, const char *kind, int32_t node)
{
    if (builder->observer.built)
        builder->observer.built(builder->observer.user, kind, builder, node);
    builder->graph->layer = NULL;
}

static enum bough_status build(struct bough__builder *builder, int32_t *node,
                               const struct bough__choice *layer, const char *name)
{
    enum bough_status status;
    const struct bough__layer_kind *kind = (const void *)layer->row;
    BOUGH_TRY(bough__builder_begin(builder, name));
    BOUGH_TRY(check_type(builder, *node, kind));
    builder->norm = kind->norm;
    BOUGH_TRY(kind->build(builder, node, layer->options));
    bough__builder_end(builder, kind->row.name, *node);
done:
    builder->norm = 0;
    return status;
}

enum bough_status bough__layers_build(struct bough__builder *builder, int32_t *node,
                                      const struct bough__choice *layers, size_t first, size_t end,
                                      const char *prefix)
{
    for (size_t i = first; i < end; i++) {
        char name[200];
        snprintf(name, sizeof name, "%s.%zu", prefix, i);
        enum bough_status status = build(builder, node, &layers[i], name);
        if (status != BOUGH_OK)
            return bough__fail_in(status, "%s[%zu] %s", prefix, i, layers[i].row->name);
    }
    return BOUGH_OK;
}
