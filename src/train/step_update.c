// Behind the gradients: what the architecture adds to them, clipping, the optimizer.
#include "base/error.h"
#include "nn/optimizer.h"
#include "train/step_parts.h"

#include <stdlib.h>

enum bough_status bough__step_regularize(struct bough__step *step)
{
    const struct bough__model *model = step->data->model;
    bough__step_name(step, model->config->architecture.row->name, NULL);
    return bough__step_trains(step) ? bough__model_regularize(model, &step->sequence) : BOUGH_OK;
}

// ---- Clip, update ----

// What a step updates: ranges of parameters, those of what tasks share first.
struct updated {
    struct bough__param_range *range; // owned
    size_t count, shared;
};

static enum bough_status find_updated(struct updated *updated, const struct bough__step *step)
{
    const struct bough__params *params = &step->data->model->params;
    struct bough__param_range *range = calloc((size_t)params->count + 2, sizeof *range);
    *updated = (struct updated){.range = range};
    if (!range)
        return bough__no_memory();
    if (step->scope.end_task - step->scope.first_task == step->data->model->config->tasks_count) {
        updated->count = updated->shared =
            bough__params_ranges(params, 0, params->blocks, -1, range);
        return BOUGH_OK;
    }
    const int32_t task = (int32_t)step->scope.first_task;
    updated->shared = bough__params_ranges(params, 0, 1, task, range);
    updated->count = updated->shared + bough__params_ranges(params, task + 1, task + 2, task,
                                                            range + updated->shared);
    return BOUGH_OK;
}

static struct bough__span range_of(struct bough__buffer *buffer,
                                   const struct bough__param_range *range)
{
    return bough__span_at(bough__whole(buffer), (size_t)range->first * sizeof(float));
}

static int clips(const struct bough__step *step)
{
    const struct bough__model *model = step->data->model;
    return bough__step_trains(step) && model->params.trained &&
           model->config->optimizer.clip_norm > 0;
}

static enum bough_status write_sums(struct bough__step *step, const struct updated *updated,
                                    int64_t *count)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__params *params = &step->data->model->params;
    const struct bough__span sums = bough__span_at(bough__whole(step->data->clip), sizeof(float));
    for (size_t i = 0; i < updated->count; i++) {
        const struct bough__param_range *range = &updated->range[i];
        BOUGH_TRY(bough__clip_write_sums(&step->sequence, range_of(params->gradient, range),
                                         range->count,
                                         bough__span_at(sums, (size_t)*count * sizeof(float))));
        *count += bough__clip_sums(range->count);
    }
done:
    return status;
}

enum bough_status bough__step_clip(struct bough__step *step)
{
    enum bough_status status = BOUGH_OK;
    struct bough__step_data *data = step->data;
    const struct bough__params *params = &data->model->params;
    struct updated updated = {0};
    int64_t count = 0;
    if (!clips(step))
        return BOUGH_OK;
    BOUGH_TRY(find_updated(&updated, step));
    if (!data->clip) // each range may end in a chunk of its own
        BOUGH_TRY(bough__buffer_create(
            &data->clip, data->model->device,
            (size_t)(bough__clip_sums(params->trained) + params->count + 1) * sizeof(float)));
    const struct bough__span factor = bough__whole(data->clip);
    bough__step_name(step, "clip_norm", NULL);
    BOUGH_TRY(write_sums(step, &updated, &count));
    BOUGH_TRY(bough__clip_write_factor(&step->sequence, bough__span_at(factor, sizeof(float)),
                                       count, bough__whole(data->state), factor));
done:
    free(updated.range);
    return status;
}

enum bough_status bough__step_update(struct bough__step *step)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__step_data *data = step->data;
    const struct bough__optimization *options = &data->model->config->optimizer;
    const struct bough__optimizer *optimizer = bough__optimizer_of(options);
    const struct bough__params *params = &data->model->params;
    struct updated updated = {0};
    if (!bough__step_trains(step) || !params->trained)
        return BOUGH_OK;
    BOUGH_TRY(find_updated(&updated, step));
    bough__step_name(step, optimizer->row.name, NULL);
    for (size_t i = 0; i < updated.count; i++) {
        const struct bough__param_range *range = &updated.range[i];
        const struct bough__block block = {
            .count = range->count,
            .params = range_of(params->value, range),
            .grads = range_of(params->gradient, range),
            .slot = {range_of(params->slot[0], range), range_of(params->slot[1], range)},
            .step =
                bough__span_at(bough__whole(data->state),
                               bough__step_update_state(data, i >= updated.shared, range->group) *
                                   sizeof(struct step_state)),
            .factor = bough__whole(data->clip),
        };
        BOUGH_TRY(optimizer->write(&step->sequence, options->choice.options, &block));
    }
done:
    free(updated.range);
    return status;
}
