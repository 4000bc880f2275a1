// What a model calls its classes and the ids of its inputs.
#include "train/model.h"

#include "base/error.h"

const char *bough__model_names_prefix(const struct bough__model *model, size_t input,
                                      struct bough__arena *arena)
{
    return model->config->sets > 1 ? bough__arena_format(arena, "%s/", model->input_key[input])
                                   : "";
}

enum bough_status bough__model_read_classes(struct bough__model *model,
                                            const struct bough_tensor_file *file, int32_t set)
{
    enum bough_status status = BOUGH_OK;
    for (size_t i = 0; i < model->config->inputs_count; i++) {
        const char *prefix = bough__model_names_prefix(model, i, &model->arena);
        BOUGH_TRY_MEMORY(prefix);
        if (model->config->inputs[i].set == set)
            BOUGH_TRY(bough__input_names_read(&model->names[i], &model->arena, file,
                                              &model->config->inputs[i], prefix));
    }
    for (size_t t = 0; t < model->config->tasks_count; t++) {
        if (bough__task_set(model->config, t) != set)
            continue;
        const int64_t classes[] = {[BOUGH_TARGET_CLASS] = model->width[t],
                                   [BOUGH_TARGET_BINARY] = 2,
                                   [BOUGH_TARGET_NUMBER] = 0};
        enum bough__target_kind kind = model->loss[t]->target;
        if (kind != BOUGH_TARGET_NUMBER || model->config->tasks[t].map_count)
            BOUGH_TRY(bough__classes_read(&model->classes[t], &model->arena, file,
                                          &model->config->tasks[t], classes[kind]));
    }
done:
    return status;
}
