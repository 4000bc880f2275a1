#include "mtl/architecture.h"

#include "base/error.h"

#define BOUGH_ARCHITECTURE(name) &bough__architecture_##name.row,
static const struct bough__row *const all[] = {
#include "mtl/architecture_list.h"
};
#undef BOUGH_ARCHITECTURE
const struct bough__family bough__architectures = {"architecture", all, sizeof all / sizeof *all};

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
