#include "train/step.h"

#include "base/error.h"
#include "train/step_parts.h"

#include <stdlib.h>

// In the order in which they run.
static const struct {
    const char *name;
    enum bough_status (*write)(struct bough__step *step);
} stages[] = {
    {"feed", bough__step_feed},       {"forward", bough__step_forward},
    {"losses", bough__step_losses},   {"backward", bough__step_backward},
    {"clip", bough__step_clip},       {"update", bough__step_update},
    {"account", bough__step_account},
};

static enum bough_status write_stages(struct bough__step *step)
{
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        const size_t first = step->sequence.count;
        enum bough_status status = stages[i].write(step);
        if (status != BOUGH_OK)
            return status;
        if (step->sequence.count > first)
            step->stage[step->stages++] = (struct bough__stage){
                .name = stages[i].name, .first = first, .end = step->sequence.count};
    }
    return BOUGH_OK;
}

// The first plan of a model, a full batch of training, is the largest as a rule: the others share
// its memory, for only one of them runs at a time.
static enum bough_status make_plan(struct bough__step *step)
{
    struct bough__model *model = step->data->model;
    const struct bough__plan_options options = {.step = bough__whole(step->data->state),
                                                .memory = model->memory};
    enum bough_status status =
        bough__plan_create(&step->plan, &step->graph, model->device, &options);
    if (status == BOUGH_OK && !model->memory)
        model->memory = bough__plan_give_memory(step->plan);
    return status;
}

enum bough_status bough__step_init(struct bough__step *step, struct bough__step_data *data,
                                   int64_t rows)
{
    enum bough_status status = BOUGH_OK;
    const size_t tasks = data->model->config->tasks_count;
    struct bough_device *device = data->model->device;
    step->data = data;
    step->rows = rows;
    step->sequence.device = device;
    step->scores = calloc(tasks + 1, sizeof *step->scores);
    step->losses = calloc(tasks + 1, sizeof *step->losses);
    BOUGH_TRY_MEMORY(step->scores);
    BOUGH_TRY_MEMORY(step->losses);
    BOUGH_TRY(bough__step_record(step));
    BOUGH_TRY(make_plan(step));
    // The last, smaller batch goes the way of the others, and so does a step without a backward
    // pass.
    BOUGH_TRY(bough__expect(device, bough__graph_mean_flops(&step->graph) * (double)data->batch /
                                        (double)rows));
    BOUGH_TRY(write_stages(step));
done:
    return status;
}

void bough__step_fini(struct bough__step *step)
{
    bough__sequence_fini(&step->sequence);
    bough__plan_destroy(&step->plan);
    bough__graph_fini(&step->graph);
    free(step->scores);
    free(step->losses);
}

// The launches of the stages from `*stage` to the next call.
static enum bough_status run_launches(const struct bough__step *step, int *stage)
{
    const size_t first = step->stage[*stage].first;
    size_t end = first;
    while (*stage < step->stages && !step->stage[*stage].call)
        end = step->stage[(*stage)++].end;
    return bough__run(step->sequence.device, step->sequence.launch + first, end - first);
}

enum bough_status bough__step_run(struct bough__step *step, int first)
{
    enum bough_status status = BOUGH_OK;
    for (int stage = first; status == BOUGH_OK && stage < step->stages;)
        status =
            step->stage[stage].call ? step->stage[stage++].call(step) : run_launches(step, &stage);
    return status;
}
