// The launches of a step, stage by stage.
#include "base/error.h"
#include "cl/account.h"
#include "data/gather.h"
#include "graph/gram.h"
#include "nn/account.h"
#include "nn/loss_step.h"
#include "nn/optimizer.h"
#include "train/step_parts.h"

#include <stdlib.h>

static size_t tasks_of(const struct bough__step *step)
{
    return step->data->model->config->tasks_count;
}

static enum bough__weighting_needs needs(const struct bough__step *step)
{
    return bough__weigh_needs(&step->data->weigh);
}

static int goes_by_gradients(const struct bough__step *step)
{
    return bough__by_gradients(needs(step));
}

struct bough__span bough__step_state_of(const struct bough__step *step, size_t set)
{
    const size_t sets = step->data->model->config->sets;
    return bough__span_at(bough__whole(step->data->state),
                          (step->batch * sets + set) * sizeof(struct step_state));
}

struct bough__span bough__step_state(const struct bough__step *step)
{
    return bough__step_state_of(step, bough__step_set(step));
}

// ---- Feed, forward ----

static size_t inputs_of(const struct bough__step *step)
{
    return step->data->model->config->inputs_count;
}

// Of `width` numbers of a row those at the positions of the step's batch.
//   input  whose lengths the row has; -1 = it is no such sequence
static int64_t shorten(const struct bough__step *step, int64_t width, int32_t input)
{
    const int64_t length = input < 0 ? 0 : bough__step_length(step, (size_t)input);
    if (!length)
        return width;
    const int32_t set = step->data->model->config->inputs[input].set;
    return width / step->data->source[set].split->longest[input] * length;
}

static struct bough__gather batch_of(const struct bough__step *step, size_t input)
{
    const struct bough__step_data *data = step->data;
    const size_t set = (size_t)data->model->config->inputs[input].set;
    const struct bough__feed *feed = &data->source[set].feed;
    const struct bough__column *column = &feed->table->column[input];
    const int64_t width = shorten(step, column->width, (int32_t)input);
    return (struct bough__gather){
        .source = bough__whole(column->buffer),
        .dtype = column->dtype,
        .rows = bough__step_rows(step, set),
        .width = width,
        .stride = column->width,
        .order = bough__whole(feed->device_order),
        .step = bough__step_state_of(step, set),
        .scale = bough__whole(data->input[input].scale),
        .shift = bough__whole(data->input[input].shift),
        .channels =
            data->model->config->inputs[input].lengths ? width : data->model->sample[input].dim[0],
        .x = bough__whole(data->input[input].x),
        .present = bough__whole(
            data->model->config->inputs[input].optional ? data->input[input].side : NULL),
    };
}

// A column of a data set, as it is, as far as the positions of the lengths of `input` go.
static struct bough__gather_copy copy_of(const struct bough__step *step, int32_t set, size_t column,
                                         struct bough__buffer *x, int32_t input)
{
    const struct bough__column *from = &step->data->source[set].feed.table->column[column];
    return (struct bough__gather_copy){.source = bough__whole(from->buffer),
                                       .width = shorten(step, from->width, input),
                                       .stride = from->width,
                                       .x = bough__whole(x)};
}

// The targets [T] of tasks of a data set, at most, that a step takes. Returns how many.
static size_t targets_of(const struct bough__step *step, struct bough__gather_copy *copy,
                         int32_t set)
{
    const struct bough__step_data *data = step->data;
    const struct bough_config *config = data->model->config;
    size_t count = 0;
    for (size_t t = step->scope.first_task;
         bough__is_labelled(data->purpose) && t < step->scope.end_task; t++)
        if (bough__task_set(config, t) == set)
            copy[count++] = copy_of(step, set, bough__target_column(config) + t, data->target[t],
                                    data->model->sequence[t]);
    return count;
}

// Of each data set the targets come with its first input, and with each input what stands beside
// it.
enum bough_status bough__step_feed(struct bough__step *step)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__step_data *data = step->data;
    const struct bough_config *config = data->model->config;
    const struct bough__input *input = config->inputs;
    struct bough__gather_copy *copy = calloc(tasks_of(step) + 1, sizeof *copy);
    BOUGH_TRY_MEMORY(copy);
    for (size_t i = 0; i < inputs_of(step); i++) {
        int first = 1;
        for (size_t j = 0; j < i; j++)
            first &= input[j].set != input[i].set;
        if (!bough__step_takes(step, (size_t)input[i].set))
            continue;
        bough__step_name(step, "gather", data->model->input_key[i]);
        struct bough__gather batch = batch_of(step, i);
        batch.copy = copy;
        batch.copies = first ? (int)targets_of(step, copy, input[i].set) : 0;
        if (bough__has_side(&input[i]))
            copy[batch.copies++] =
                copy_of(step, input[i].set, bough__side_column(config, i), data->input[i].side, -1);
        BOUGH_TRY(bough__gather_write(&step->sequence, &batch));
    }
done:
    free(copy);
    return status;
}

enum bough_status bough__step_forward(struct bough__step *step)
{
    return bough__plan_forward(step->plan, &step->sequence);
}

// ---- Losses: of their own here where they are fused, else the end of the forward pass ----

static int is_in_account(const struct bough__step *step)
{
    return !step->batch && !step->once_more;
}

static struct bough__span account_of(const struct bough__step *step)
{
    return bough__span_at(bough__whole(step->data->account),
                          step->scope.first_task * sizeof(struct loss_account));
}

static struct bough__loss_task fused_task(const struct bough__step *step, size_t t)
{
    const struct bough__step_data *data = step->data;
    const struct bough__op_call call = bough__plan_call(step->plan, step->losses[t]);
    const struct bough__span none = {0};
    return (struct bough__loss_task){
        .op = data->model->loss[t]->op,
        .attr = call.attr,
        .x = call.x[0],
        .target = call.x[1].span,
        .class_weights = call.x[2].span,
        .dx = call.dx[0].span,
        .all = is_in_account(step) ? bough__whole(data->scores[t]) : none,
        .stored = data->stored[t],
    };
}

enum bough_status bough__step_losses(struct bough__step *step)
{
    const struct bough__step_data *data = step->data;
    const struct bough__weigh_data *weigh = &data->weigh;
    const size_t first = step->scope.first_task, tasks = step->scope.end_task - first;
    struct bough__loss_step shared = {
        bough__step_state(step), bough__weigh_at(weigh, weigh->at.losses + 2 * first),
        bough__weigh_at(weigh, weigh->at.roots + first), account_of(step)};
    if (!is_in_account(step))
        shared.account = (struct bough__span){0};
    if (!step->fused_losses)
        return BOUGH_OK;
    struct bough__loss_task *task = calloc(tasks + 1, sizeof *task);
    if (!task)
        return bough__no_memory();
    for (size_t t = 0; t < tasks; t++)
        task[t] = fused_task(step, first + t);
    bough__step_name(step, "losses", NULL);
    enum bough_status status = bough__loss_step_write(&step->sequence, &shared, task, tasks);
    free(task);
    return status;
}

// ---- By the losses ----

static enum bough_status write_weighting(struct bough__step *step,
                                         const struct bough__weigher *weigher)
{
    bough__step_name(step, weigher->row->row.name, NULL);
    return bough__weigh_write(&step->data->weigh, weigher, &step->sequence,
                              bough__whole(step->data->state), bough__whole(step->data->account));
}

// Of another batch: its losses weigh nothing, and what was found for the last step goes.
static enum bough_status forget_weights(struct bough__step *step)
{
    const struct bough__weigh_data *weigh = &step->data->weigh;
    bough__step_name(step, "factor", NULL);
    return bough__stack_copy_write(&step->sequence, bough__weigh_at(weigh, weigh->at.roots),
                                   bough__whole(weigh->factor), (int64_t)tasks_of(step), 1);
}

enum bough_status bough__step_weigh(struct bough__step *step)
{
    const struct bough__weigh_data *weigh = &step->data->weigh;
    if (step->batch)
        return bough__weigh_sees_losses(weigh) ? forget_weights(step) : BOUGH_OK;
    return bough__weigh_sees_losses(weigh) && weigh->by_losses.row->write
               ? write_weighting(step, &weigh->by_losses)
               : BOUGH_OK;
}

enum bough_status bough__step_backward(struct bough__step *step)
{
    return bough__step_trains(step) && !goes_by_gradients(step)
               ? bough__plan_backward(step->plan, &step->sequence)
               : BOUGH_OK;
}

// ---- By the gradients ----

enum bough_status bough__step_heads(struct bough__step *step)
{
    return goes_by_gradients(step) ? bough__plan_heads(step->plan, &step->sequence) : BOUGH_OK;
}

enum bough_status bough__step_sweep(struct bough__step *step)
{
    return goes_by_gradients(step) ? bough__plan_sweep(step->plan, &step->sequence) : BOUGH_OK;
}

// The own batch's losses take the place of another one's, in what is measured and in the plan.
enum bough_status bough__step_keep(struct bough__step *step)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__weigh_data *weigh = &step->data->weigh;
    const size_t numbers = 2 * tasks_of(step);
    if (!step->batch)
        return BOUGH_OK;
    bough__step_name(step, "keep", NULL);
    BOUGH_TRY(bough__stack_copy_write(
        &step->sequence, bough__weigh_at(weigh, weigh->at.others + (step->batch - 1) * numbers),
        bough__weigh_at(weigh, weigh->at.losses), (int64_t)numbers, 1));
    if (step->data->ahead.weigh)
        BOUGH_TRY(bough__ahead_keep_heads(&step->data->ahead, &step->sequence, 1));
done:
    return status;
}

static struct bough__span columns_of(struct bough__span span, const struct bough__group *group)
{
    return bough__span_at(span, (size_t)group->first * sizeof(float));
}

// The products of the own batch, and those of the step's first batch and its second one, which is
// the own where there is one other.
static enum bough_status multiply_group(struct bough__step *step, size_t g)
{
    enum bough_status status;
    const struct bough__weigh_data *weigh = &step->data->weigh;
    const struct bough__group *group = &weigh->groups.group[g];
    struct bough__gram gram = {
        .tasks = (int64_t)tasks_of(step),
        .columns = group->columns,
        .jacobian = columns_of(bough__weigh_jacobian(weigh, 0), group),
        .gram = bough__weigh_matrix(weigh, weigh->at.gram, g),
        .scratch = bough__whole(weigh->scratch),
    };
    BOUGH_TRY(bough__gram_write(&step->sequence, &gram));
    if (!weigh->others)
        return BOUGH_OK;
    gram.jacobian = columns_of(bough__weigh_jacobian(weigh, 1), group);
    gram.others = gram.tasks;
    gram.other = columns_of(bough__weigh_jacobian(weigh, weigh->others > 1 ? 2 : 0), group);
    gram.gram = bough__weigh_matrix(weigh, weigh->at.cross, g);
    BOUGH_TRY(bough__gram_write(&step->sequence, &gram));
done:
    return status;
}

// Of a weighting with steps: the products of each batch alone, to which the heads' part comes. The
// own one's are a copy, as those that are watched are of the shared parameters.
static enum bough_status multiply_squares(struct bough__step *step)
{
    enum bough_status status;
    const struct bough__weigh_data *weigh = &step->data->weigh;
    const int64_t tasks = (int64_t)tasks_of(step);
    const struct bough__gram other = {
        .tasks = tasks,
        .columns = weigh->columns,
        .jacobian = bough__weigh_jacobian(weigh, 1),
        .gram = bough__weigh_matrix(weigh, weigh->at.squares, 1),
        .scratch = bough__whole(weigh->scratch),
    };
    BOUGH_TRY(bough__stack_copy_write(&step->sequence, bough__weigh_at(weigh, weigh->at.squares),
                                      bough__weigh_at(weigh, weigh->at.gram), tasks * tasks, 1));
    BOUGH_TRY(bough__gram_write(&step->sequence, &other));
done:
    return status;
}

enum bough_status bough__step_gram(struct bough__step *step)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__weigh_data *weigh = &step->data->weigh;
    bough__step_name(step, "gram", NULL);
    for (size_t g = 0; weigh->watches && weigh->jacobian && g < weigh->groups.count; g++)
        BOUGH_TRY(multiply_group(step, g));
    if (bough__weigh_steps(weigh))
        BOUGH_TRY(multiply_squares(step));
    if (step->data->ahead.weigh)
        BOUGH_TRY(bough__ahead_meet(&step->data->ahead, &step->sequence));
done:
    return status;
}

// ---- The update's gradient ----

static enum bough_status sum_weighted(struct bough__step *step)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__weigh_data *weigh = &step->data->weigh;
    bough__step_name(step, weigh->by_gradients.row->row.name, NULL);
    for (size_t i = 0; i < bough__weigh_batches(weigh) * weigh->groups.count; i++) {
        const size_t batch = i / weigh->groups.count, g = i % weigh->groups.count;
        const struct bough__group *group = &weigh->groups.group[g];
        const struct bough__stack_sum sum = {
            .tasks = (int64_t)tasks_of(step),
            .elements = group->columns,
            .stack = columns_of(bough__weigh_jacobian(weigh, batch), group),
            .weights = bough__weigh_weights(weigh, batch, g),
            .y = columns_of(weigh->shared, group),
            .add = batch > 0,
        };
        BOUGH_TRY(bough__stack_sum_write(&step->sequence, &sum));
    }
done:
    return status;
}

enum bough_status bough__step_combine(struct bough__step *step)
{
    if (needs(step) == BOUGH_NEEDS_GRADIENTS)
        return write_weighting(step, &step->data->weigh.by_gradients);
    if (needs(step) != BOUGH_NEEDS_GRAM)
        return BOUGH_OK;
    if (!step->data->weigh.jacobian)
        return bough__plan_weighted(step->plan, &step->sequence);
    const enum bough_status status = sum_weighted(step);
    return status == BOUGH_OK && step->data->ahead.weigh
               ? bough__ahead_heads(&step->data->ahead, &step->sequence)
               : status;
}

// ---- Account ----

static enum bough_status account_scores(struct bough__step *step, size_t t)
{
    const struct bough__step_data *data = step->data;
    const struct bough__tensor value = bough__plan_value(step->plan, step->scores[t]);
    const size_t set = (size_t)bough__task_set(data->model->config, t);
    return bough__account_rows(
        &step->sequence, bough__whole(data->scores[t]), value.span, bough__step_state_of(step, set),
        bough__step_rows(step, set), bough_shape_row(&value.shape),
        bough__split_scores(data->source[set].split, data->model, t), data->stored[t]);
}

enum bough_status bough__step_account(struct bough__step *step)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__step_data *data = step->data;
    if (step->fused_losses)
        return BOUGH_OK;
    bough__step_name(step, "account", NULL);
    if (bough__is_labelled(data->purpose))
        BOUGH_TRY(bough__account_losses(
            &step->sequence, account_of(step),
            bough__weigh_at(&data->weigh, data->weigh.at.losses + 2 * step->scope.first_task),
            bough__whole(data->state), (int64_t)(step->scope.end_task - step->scope.first_task)));
    for (size_t t = step->scope.first_task; t < step->scope.end_task; t++)
        BOUGH_TRY(account_scores(step, t));
done:
    return status;
}

// ---- Behind the update ----

enum bough_status bough__step_again(struct bough__step *step)
{
    return bough__weigh_learns_after(&step->data->weigh) ? bough__step_forward(step) : BOUGH_OK;
}
