#include "mtl/architecture.h"

enum bough_status bough__hard_sharing_build(struct bough__builder *builder, int32_t *scores,
                                            int32_t input, const struct bough_config *config,
                                            const struct bough__layer_observer *observer)
{
    int32_t shared = input;
    enum bough_status status =
        bough__layers_build(builder, &shared, config->trunk, config->trunk_count, "trunk",
                            observer->built, observer->user);
    for (size_t t = 0; t < config->tasks_count && status == BOUGH_OK; t++) {
        const struct bough_task *task = &config->tasks[t];
        scores[t] = shared;
        status = bough__layers_build(builder, &scores[t], task->head, task->head_count, task->name,
                                     observer->built, observer->user);
    }
    return status;
}
