// The graph of a step: from the batch to each task's scores and loss.
#include "base/error.h"
#include "nn/loss_step.h"
#include "train/step_parts.h"

#include <stdlib.h>
#include <string.h>

static void record_penalties(struct bough__step *step, const struct bough__wiring *wiring)
{
    const struct bough__weigh_data *weigh = &step->data->weigh;
    for (size_t i = 0; i < wiring->penalties; i++) {
        const struct bough__penalty *penalty = &wiring->penalty[i];
        const size_t t = (size_t)penalty->task;
        if (t >= step->scope.first_task && t < step->scope.end_task)
            bough__graph_root(&step->graph, penalty->node, penalty->task,
                              bough__weigh_at(weigh, weigh->at.roots + t));
    }
}

static enum bough_status record_model(struct bough__step *step)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__step_data *data = step->data;
    struct bough__wiring wiring = {.scores = step->scores};
    const size_t inputs = data->model->config->inputs_count;
    struct bough__leaf *input = malloc(inputs * sizeof *input);
    struct bough__input_values *value = malloc(inputs * sizeof *value);
    BOUGH_TRY_MEMORY(input);
    BOUGH_TRY_MEMORY(value);
    for (size_t i = 0; i < inputs; i++)
        value[i] = (struct bough__input_values){
            bough__whole(data->input[i].x), bough__whole(data->input[i].side),
            bough__step_rows(step, (size_t)data->model->config->inputs[i].set),
            bough__step_length(step, i)};
    BOUGH_TRY(bough__model_leaves(data->model, &step->graph, input, value));
    BOUGH_TRY(bough__model_record(data->model, &step->graph, data->purpose, input, &wiring));
    record_penalties(step, &wiring);
    step->representations = wiring.representations;
    step->loss_params = wiring.loss;
    for (size_t t = 0;
         data->purpose == BOUGH_REPRESENTATION && t < data->model->config->tasks_count; t++)
        bough__graph_keep(&step->graph, wiring.representations[t]);
done:
    free(value);
    free(input);
    return status;
}

// Whether the losses, their gradients and the account can be one launch: not where a weighting sees
// the losses before their gradients are made, nor of several data sets, whose batches lie elsewhere
// in an epoch.
static int losses_fuse(const struct bough__step *step)
{
    int suits =
        bough__is_labelled(step->data->purpose) && !bough__weigh_sees_losses(&step->data->weigh);
    for (size_t t = step->scope.first_task; t < step->scope.end_task; t++)
        suits &= bough__loss_step_suits(bough__graph_shape(&step->graph, step->scores[t])) &&
                 bough__task_set(step->data->model->config, t) == (int32_t)bough__step_set(step);
    return suits;
}

//   scores  [N, K, ...], or of a sequence [N * L, K], or, where the loss reads such, [N, L, K]
static enum bough_status record_target(struct bough__step *step, size_t t, int32_t *target,
                                       int32_t *class_weights, int32_t scores)
{
    const struct bough__model *model = step->data->model;
    const int classes = model->loss[t]->target == BOUGH_TARGET_CLASS;
    struct bough__tensor value = {
        .span = bough__whole(step->data->target[t]),
        .shape = *bough__graph_shape(&step->graph, scores),
        .dtype = classes ? BOUGH_I32 : BOUGH_F32,
    };
    if (model->loss[t]->of_sequences)
        value.shape.rank = 2;
    else if (classes) // [N, ...] of scores [N, K, ...]
        memmove(&value.shape.dim[1], &value.shape.dim[2],
                (size_t)(--value.shape.rank - 1) * sizeof value.shape.dim[1]);
    enum bough_status status =
        bough__graph_leaf(&step->graph, target, &value, (struct bough__span){0});
    *class_weights = -1;
    if (status != BOUGH_OK || !model->class_weights[t])
        return status;
    const struct bough__tensor weights = {.span = bough__whole(model->class_weights[t]),
                                          .shape = {1, {model->width[t]}}};
    return bough__graph_leaf(&step->graph, class_weights, &weights, (struct bough__span){0});
}

static enum bough_status record_loss(struct bough__step *step, size_t t)
{
    enum bough_status status;
    const struct bough__step_data *data = step->data;
    const struct bough__weigh_data *weigh = &data->weigh;
    const struct bough__task *task = &data->model->config->tasks[t];
    int32_t target, class_weights, scores = step->scores[t], *loss = &step->losses[t];
    step->graph.layer = task->name;
    if (bough__model_is_sequence(data->model, t) && !data->model->loss[t]->of_sequences)
        BOUGH_TRY(bough__graph_op(&step->graph, &scores, &bough__op_rows, NULL, &scores, 1));
    BOUGH_TRY(record_target(step, t, &target, &class_weights, scores));
    const struct bough__loss_inputs inputs = {scores, target, class_weights, step->loss_params[t]};
    BOUGH_TRY(bough__loss_build(&step->graph, loss, &task->loss, &inputs));
    bough__graph_output_at(&step->graph, *loss, bough__weigh_at(weigh, weigh->at.losses + 2 * t));
    if (data->purpose == BOUGH_TRAINING || data->purpose == BOUGH_GRADIENTS)
        bough__graph_root(&step->graph, *loss, (int32_t)t,
                          bough__weigh_at(weigh, weigh->at.roots + t));
    if (step->fused_losses)
        bough__graph_external(&step->graph, *loss);
done:
    return status;
}

enum bough_status bough__step_record(struct bough__step *step)
{
    enum bough_status status;
    BOUGH_TRY(record_model(step));
    step->fused_losses = losses_fuse(step);
    for (size_t t = step->scope.first_task; t < step->scope.end_task; t++) {
        bough__graph_keep(&step->graph, step->scores[t]);
        if (bough__is_labelled(step->data->purpose))
            BOUGH_TRY(record_loss(step, t));
    }
done:
    return status;
}
