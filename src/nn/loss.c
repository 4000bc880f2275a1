#include "nn/loss.h"

#include "cl/loss_list.h"

#include <string.h>

static const struct bough__loss_kind kinds[] = {
#define KIND(name, target, metric) {#name, &bough__op_##name, BOUGH_TARGET_##target, metric},
    BOUGH_LOSSES(KIND)};

const char *bough__loss_name(size_t index)
{
    return index < sizeof kinds / sizeof *kinds ? kinds[index].name : NULL;
}

const struct bough__loss_kind *bough__loss_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (name && strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

enum bough_status bough__loss_build(struct bough__graph *graph, int32_t *node,
                                    const struct bough_loss *loss, int32_t scores, int32_t target,
                                    int32_t class_weights)
{
    const struct bough__loss_kind *kind = bough__loss_find(loss->name);
    const struct bough__attr attr = {.value = loss->delta, .smoothing = loss->label_smoothing};
    int32_t input[3] = {scores, target, class_weights};
    return bough__graph_op(graph, node, kind->op, &attr, input, class_weights < 0 ? 2 : 3);
}
