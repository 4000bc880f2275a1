#include "train/pass.h"

#include "base/error.h"
#include "data/gather.h"
#include "graph/plan.h"
#include "nn/account.h"
#include "nn/loss_step.h"
#include "nn/optimizer.h"

#include <stdlib.h>

static size_t tasks_of(const struct bough__phase *phase)
{
    return phase->model->config->tasks_count;
}

// ---- Forward: the batch, the model, the losses ----

static enum bough_status record_task(struct bough__phase *phase, struct bough__pass *pass, size_t t)
{
    enum bough_status status;
    struct bough__model *model = phase->model;
    const struct bough_task *task = &model->config->tasks[t];
    int classes = model->loss[t]->target == BOUGH_TARGET_CLASS;
    struct bough__tensor target = {
        .span = bough__whole(phase->target[t]),
        .shape = {classes ? 1 : 2, {pass->rows, model->width[t]}},
        .dtype = classes ? BOUGH_I32 : BOUGH_F32,
    };
    int32_t target_node, weights_node = -1, loss, scores = pass->scores[t];
    pass->graph.layer = task->name;
    BOUGH_TRY(bough__graph_leaf(&pass->graph, &target_node, &target, (struct bough__span){0}));
    if (model->class_weights[t]) {
        struct bough__tensor weights = {.span = bough__whole(model->class_weights[t]),
                                        .shape = {1, {model->width[t]}}};
        BOUGH_TRY(
            bough__graph_leaf(&pass->graph, &weights_node, &weights, (struct bough__span){0}));
    }
    BOUGH_TRY(
        bough__loss_build(&pass->graph, &loss, &task->loss, scores, target_node, weights_node));
    bough__graph_output_at(&pass->graph, loss, bough__span_at(bough__whole(phase->losses), t * 8));
    if (phase->purpose == BOUGH_TRAINING)
        bough__graph_root(&pass->graph, loss, (int32_t)t,
                          bough__span_at(bough__whole(phase->weights), t * 4));
    if (pass->at_once)
        bough__graph_external(&pass->graph, loss);
    pass->losses[t] = loss;
done:
    return status;
}

static int losses_at_once(const struct bough__phase *phase, const struct bough__pass *pass)
{
    int suits = phase->purpose != BOUGH_PREDICTION;
    for (size_t t = 0; t < tasks_of(phase); t++)
        suits &= bough__loss_step_suits(bough__graph_shape(&pass->graph, pass->scores[t]));
    return suits;
}

static enum bough_status record(struct bough__phase *phase, struct bough__pass *pass)
{
    enum bough_status status;
    struct bough__model *model = phase->model;
    struct bough__tensor input = {.span = bough__whole(phase->input),
                                  .shape = {.rank = model->sample.rank + 1, .dim = {pass->rows}}};
    for (int32_t i = 0; i < model->sample.rank; i++)
        input.shape.dim[i + 1] = model->sample.dim[i];
    int32_t node;
    BOUGH_TRY(bough__graph_leaf(&pass->graph, &node, &input, (struct bough__span){0}));
    BOUGH_TRY(bough__model_record(model, &pass->graph, phase->purpose == BOUGH_TRAINING, node,
                                  pass->scores));
    pass->at_once = losses_at_once(phase, pass);
    for (size_t t = 0; t < tasks_of(phase); t++) {
        bough__graph_keep(&pass->graph, pass->scores[t]);
        if (phase->purpose != BOUGH_PREDICTION)
            BOUGH_TRY(record_task(phase, pass, t));
    }
done:
    return status;
}

static enum bough_status gather(struct bough__phase *phase, struct bough__pass *pass)
{
    const struct bough__column *column = phase->feed->table->column;
    size_t tasks = phase->purpose == BOUGH_PREDICTION ? 0 : tasks_of(phase);
    struct bough__gather_copy *copy = calloc(tasks + 1, sizeof *copy);
    if (!copy)
        return bough__no_memory();
    for (size_t t = 0; t < tasks; t++)
        copy[t] = (struct bough__gather_copy){.source = bough__whole(column[t + 1].buffer),
                                              .width = column[t + 1].width,
                                              .x = bough__whole(phase->target[t])};
    struct bough__gather batch = {
        .source = bough__whole(column[0].buffer),
        .dtype = column[0].dtype,
        .rows = pass->rows,
        .width = column[0].width,
        .order = bough__whole(phase->feed->device_order),
        .step = bough__whole(phase->step),
        .scale = bough__whole(phase->scale),
        .shift = bough__whole(phase->shift),
        .channels = phase->model->sample.dim[0],
        .x = bough__whole(phase->input),
        .copy = copy,
        .copies = (int)tasks,
    };
    pass->sequence.label = (struct bough__label){"gather", "input", "feed"};
    enum bough_status status = bough__gather_write(&pass->sequence, &batch);
    free(copy);
    return status;
}

// ---- Losses and account ----

static enum bough_status loss_step(struct bough__phase *phase, struct bough__pass *pass)
{
    size_t tasks = tasks_of(phase);
    struct bough__loss_task *task = calloc(tasks + 1, sizeof *task);
    if (!task)
        return bough__no_memory();
    for (size_t t = 0; t < tasks; t++) {
        struct bough__op_call call = bough__plan_call(pass->plan, pass->losses[t]);
        task[t] = (struct bough__loss_task){
            .loss = &phase->model->config->tasks[t].loss,
            .x = call.x[0],
            .target = call.x[1].span,
            .class_weights = call.x[2].span,
            .dx = call.dx[0].span,
            .all = bough__whole(phase->scores[t]),
            .room = phase->room,
        };
    }
    struct bough__loss_step shared = {bough__whole(phase->step), bough__whole(phase->losses),
                                      bough__whole(phase->weights), bough__whole(phase->account)};
    pass->sequence.label = (struct bough__label){"losses", NULL, "account"};
    enum bough_status status = bough__loss_step_write(&pass->sequence, &shared, task, tasks);
    free(task);
    return status;
}

static enum bough_status keep_account(struct bough__phase *phase, struct bough__pass *pass)
{
    enum bough_status status = BOUGH_OK;
    struct bough__span step = bough__whole(phase->step);
    pass->sequence.label = (struct bough__label){"account", NULL, "account"};
    if (phase->purpose != BOUGH_PREDICTION)
        BOUGH_TRY(bough__account_losses(&pass->sequence, bough__whole(phase->account),
                                        bough__whole(phase->losses), step,
                                        (int64_t)tasks_of(phase)));
    for (size_t t = 0; t < tasks_of(phase); t++) {
        struct bough__tensor value = bough__plan_value(pass->plan, pass->scores[t]);
        BOUGH_TRY(bough__account_rows(&pass->sequence, bough__whole(phase->scores[t]), value.span,
                                      step, pass->rows, phase->model->width[t], phase->room));
    }
done:
    return status;
}

// ---- Update ----

// The sums of squares of the gradient, and the factor they lead to, in one buffer: the factor
// first.
static enum bough_status clip(struct bough__phase *phase, struct bough__pass *pass)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__params *params = &phase->model->params;
    int64_t count = bough__clip_sums(params->trained);
    if (!phase->clip)
        BOUGH_TRY(bough__buffer_create(&phase->clip, phase->model->device,
                                       (size_t)(count + 1) * sizeof(float)));
    struct bough__span factor = bough__whole(phase->clip),
                       sums = bough__span_at(factor, sizeof(float));
    pass->sequence.label = (struct bough__label){"clip_norm", NULL, "update"};
    BOUGH_TRY(bough__clip_write_sums(&pass->sequence, bough__whole(params->gradient),
                                     params->trained, sums));
    BOUGH_TRY(
        bough__clip_write_factor(&pass->sequence, sums, count, bough__whole(phase->step), factor));
done:
    return status;
}

static enum bough_status update(struct bough__phase *phase, struct bough__pass *pass)
{
    enum bough_status status = BOUGH_OK;
    const struct bough_optimizer *options = &phase->model->config->optimizer;
    const struct bough__optimizer *optimizer = bough__optimizer_find(options->name);
    const struct bough__params *params = &phase->model->params;
    if (!params->trained)
        return BOUGH_OK;
    if (options->clip_norm > 0)
        BOUGH_TRY(clip(phase, pass));
    struct bough__block all = {
        .count = params->trained,
        .params = bough__whole(params->value),
        .grads = bough__whole(params->gradient),
        .slot = {bough__whole(params->slot[0]), bough__whole(params->slot[1])},
        .step = bough__whole(phase->step),
        .factor = bough__whole(phase->clip),
    };
    pass->sequence.label = (struct bough__label){optimizer->name, NULL, "update"};
    BOUGH_TRY(optimizer->write(&pass->sequence, options, &all));
done:
    return status;
}

// The first plan of a model, a full batch of training, is the largest as a rule: the others share
// its memory, for only one of them runs at a time.
static enum bough_status make_plan(struct bough__phase *phase, struct bough__pass *pass)
{
    struct bough__model *model = phase->model;
    const struct bough__plan_options options = {.step = bough__whole(phase->step),
                                                .memory = model->memory};
    enum bough_status status =
        bough__plan_create(&pass->plan, &pass->graph, model->device, &options);
    if (status == BOUGH_OK && !model->memory)
        model->memory = bough__plan_give_memory(pass->plan);
    return status;
}

enum bough_status bough__pass_init(struct bough__pass *pass, struct bough__phase *phase,
                                   int64_t rows)
{
    enum bough_status status = BOUGH_OK;
    pass->scores = calloc(tasks_of(phase) + 1, sizeof *pass->scores);
    pass->losses = calloc(tasks_of(phase) + 1, sizeof *pass->losses);
    BOUGH_TRY_MEMORY(pass->scores);
    BOUGH_TRY_MEMORY(pass->losses);
    pass->rows = rows;
    pass->sequence.device = phase->model->device;
    BOUGH_TRY(record(phase, pass));
    BOUGH_TRY(make_plan(phase, pass));
    // The last, smaller batch goes the way of the others, and so does a pass without a backward
    // one.
    BOUGH_TRY(bough__expect(phase->model->device, bough__graph_mean_flops(&pass->graph) *
                                                      (double)phase->batch / (double)rows));
    BOUGH_TRY(gather(phase, pass));
    pass->feeding = pass->sequence.count;
    BOUGH_TRY(bough__plan_forward(pass->plan, &pass->sequence));
    BOUGH_TRY(pass->at_once ? loss_step(phase, pass) : keep_account(phase, pass));
    if (phase->purpose == BOUGH_TRAINING) {
        BOUGH_TRY(bough__plan_backward(pass->plan, &pass->sequence));
        BOUGH_TRY(update(phase, pass));
    }
done:
    return status;
}

void bough__pass_fini(struct bough__pass *pass)
{
    bough__sequence_fini(&pass->sequence);
    bough__plan_destroy(&pass->plan);
    bough__graph_fini(&pass->graph);
    free(pass->scores);
    free(pass->losses);
}
