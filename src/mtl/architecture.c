#include "mtl/architecture.h"

#include "base/error.h"

#include <string.h>

static const struct bough__architecture *const architectures[] = {
#define BOUGH_ARCHITECTURE(name) &bough__architecture_##name,
#include "mtl/architecture_list.h"
#undef BOUGH_ARCHITECTURE
};

const char *bough__architecture_name(size_t index)
{
    return index < sizeof architectures / sizeof *architectures ? architectures[index]->name : NULL;
}

const struct bough__architecture *bough__architecture_find(const char *name)
{
    for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++)
        if (name && strcmp(architectures[i]->name, name) == 0)
            return architectures[i];
    return NULL;
}

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
                                    const struct bough_config *config, size_t t,
                                    const struct bough__layer_observer *observer)
{
    const struct bough_task *task = &config->tasks[t];
    return bough__layers_build(builder, &wiring->scores[t], task->head, task->head_count,
                               task->name, observer->built, observer->user);
}
