#include "nn/layer.h"

#include "base/error.h"

#include <assert.h>
#include <stdio.h>

enum bough_status bough__builder_param(struct bough__builder *builder, int32_t *node,
                                       const struct bough__param *param)
{
    struct bough__params *params = builder->params;
    struct bough__tensor value = {.shape = param->shape, .dtype = BOUGH_F32};
    struct bough__span gradient = {0};
    if (builder->declaring) {
        char name[256];
        snprintf(name, sizeof name, "%s.%s", builder->prefix, param->name);
        struct bough__param named = *param;
        named.name = name;
        named.node = builder->graph->count; // the leaf below
        enum bough_status status = bough__params_add(params, &named);
        if (status != BOUGH_OK)
            return status;
    } else {
        assert(builder->next < params->count);
        const struct bough__param *bound = &params->param[builder->next++];
        assert(bough_shape_equal(&bound->shape, &param->shape));
        const struct bough__param_block *block = &params->block[bound->block];
        size_t offset = (size_t)bound->offset * sizeof(float);
        value.span = bough__span_at(block->value, offset);
        if (block->trained && builder->training)
            gradient = bough__span_at(block->gradient, offset);
    }
    return bough__graph_leaf(builder->graph, node, &value, gradient);
}

// An input's leaf is a part of its key.
static enum bough_status check_type(const struct bough__graph *graph, int32_t node,
                                    const struct bough__layer_kind *kind)
{
    static const char *const called[] = {[BOUGH_F32] = "numbers", [BOUGH_I32] = "ids"};
    const struct bough__node *from = &graph->node[node];
    if (from->need.y_dtype == kind->reads)
        return BOUGH_OK;
    return bough__fail(BOUGH_INVALID, "reads %s, and %s is of %s", called[kind->reads],
                       from->layer ? from->layer : "what is before it", called[from->need.y_dtype]);
}

enum bough_status
bough__layers_build(struct bough__builder *builder, int32_t *node,
                    const struct bough__choice *layers, size_t count, const char *prefix,
                    void (*built)(void *user, const struct bough__choice *layer,
                                  const struct bough__builder *builder, int32_t node),
                    void *user)
{
    for (size_t i = 0; i < count; i++) {
        char name[200];
        snprintf(name, sizeof name, "%s.%zu", prefix, i);
        builder->prefix = name;
        builder->graph->layer = bough__arena_string(&builder->params->arena, name);
        if (!builder->graph->layer)
            return bough__no_memory();
        const struct bough__layer_kind *kind = (const void *)layers[i].row;
        enum bough_status status = check_type(builder->graph, *node, kind);
        if (status == BOUGH_OK)
            status = kind->build(builder, node, layers[i].options);
        if (status != BOUGH_OK)
            return bough__fail_in(status, "%s[%zu] %s", prefix, i, kind->row.name);
        if (built)
            built(user, &layers[i], builder, *node);
    }
    builder->graph->layer = NULL;
    return BOUGH_OK;
}
