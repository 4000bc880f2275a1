#include "mtl/architecture.h"

#include "base/error.h"

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

static enum bough_status check_join(const struct bough__graph *graph, int32_t a, int32_t b)
{
    const struct bough__node *one = &graph->node[a], *other = &graph->node[b];
    struct bough_shape alike = other->need.y;
    char text[2][128];
    if (alike.rank > 1 && one->need.y.rank > 1)
        alike.dim[1] = one->need.y.dim[1];
    if (one->need.y_dtype != BOUGH_F32 || other->need.y_dtype != BOUGH_F32)
        return bough__fail(BOUGH_INVALID, "%s cannot be joined with %s: ids go with no others",
                           one->layer, other->layer);
    if (bough_shape_equal(&alike, &one->need.y))
        return BOUGH_OK;
    return bough__fail(BOUGH_INVALID,
                       "%s %s cannot be joined with %s %s: all dimensions but the first must agree",
                       one->layer, format_sample(&one->need.y, text[0], sizeof text[0]),
                       other->layer, format_sample(&other->need.y, text[1], sizeof text[1]));
}

// Up to BOUGH_MAX_INPUTS at a time, in order, until one is left.
static enum bough_status concat(struct bough__builder *builder, int32_t *node, size_t count)
{
    static const struct bough__attr attr = {.axis = 1};
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

enum bough_status bough__join(struct bough__builder *builder, int32_t *joined, const int32_t *node,
                              size_t count, const char *part)
{
    enum bough_status status = BOUGH_OK;
    int32_t *left = malloc(count * sizeof *left);
    BOUGH_TRY_MEMORY(left);
    memcpy(left, node, count * sizeof *left);
    for (size_t i = 1; i < count; i++)
        BOUGH_TRY(check_join(builder->graph, node[0], node[i]));
    builder->graph->layer = part;
    BOUGH_TRY(concat(builder, left, count));
    builder->graph->layer = NULL;
    *joined = left[0];
done:
    free(left);
    return status;
}

// ---- Parts ----

enum bough_status bough__wiring_share(struct bough__builder *builder, struct bough__wiring *wiring,
                                      int32_t node)
{
    wiring->shared = BOUGH_NEW(&builder->params->arena, int32_t, 1);
    if (!wiring->shared)
        return bough__no_memory();
    wiring->shared[0] = node;
    wiring->shared_count = 1;
    return BOUGH_OK;
}

enum bough_status bough__head_build(struct bough__builder *builder, struct bough__wiring *wiring,
                                    const struct bough__net *net, size_t t,
                                    const struct bough__layer_observer *observer)
{
    const struct bough__task *task = &net->tasks[t];
    return bough__layers_build(builder, &wiring->scores[t], task->head, task->head_count,
                               task->name, observer->built, observer->user);
}
