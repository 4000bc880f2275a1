#include "train/runner_parts.h"

#include "base/error.h"
#include "base/strings.h"
#include "data/gather.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Scores beyond this many bytes a task are not stored.
static const int64_t scores_bytes = 256 << 20;

static size_t tasks_of(const struct bough__runner *runner)
{
    return runner->data.model->config->tasks_count;
}

static size_t inputs_of(const struct bough__runner *runner)
{
    return runner->data.model->config->inputs_count;
}

// ---- Buffers ----

// What turns an input into x: see bough__gather_normalize.
static enum bough_status make_normalization(struct bough__step_data *data, size_t index)
{
    enum bough_status status;
    const struct bough__input *input = &data->model->config->inputs[index];
    struct bough__batch_input *batch = &data->input[index];
    const enum bough_dtype dtype = data->feed->table->column[index].dtype;
    size_t channels = (size_t)data->model->sample[index].dim[0], bytes = channels * sizeof(float);
    if (dtype == BOUGH_I32 || (dtype == BOUGH_F32 && !input->channels)) // as it is
        return BOUGH_OK;
    float *scale = malloc(2 * bytes);
    BOUGH_TRY_MEMORY(scale);
    if (input->channels > 1 && input->channels != channels) {
        status = bough__fail(BOUGH_INVALID, "%s.normalize: %zu numbers, the input has %zu channels",
                             data->model->input_key[index], input->channels, channels);
        goto done;
    }
    bough__gather_normalize(scale, scale + channels, channels, dtype, input->mean, input->std,
                            input->channels);
    BOUGH_TRY(bough__buffer_create(&batch->scale, data->model->device, bytes));
    BOUGH_TRY(bough__buffer_create(&batch->shift, data->model->device, bytes));
    BOUGH_TRY(bough__write(bough__whole(batch->scale), scale, bytes));
    BOUGH_TRY(bough__write(bough__whole(batch->shift), scale + channels, bytes));
done:
    free(scale);
    return status;
}

static enum bough_status make_input(struct bough__step_data *data, size_t index)
{
    const int64_t sample = bough_shape_elements(&data->model->sample[index]);
    enum bough_status status =
        bough__buffer_create(&data->input[index].x, data->model->device,
                             (size_t)(data->batch * sample) * sizeof(float)); // or of ids
    return status == BOUGH_OK ? make_normalization(data, index) : status;
}

static enum bough_status make_task_buffers(struct bough__step_data *data, size_t t)
{
    enum bough_status status = BOUGH_OK;
    struct bough__model *model = data->model;
    const size_t scores = (size_t)(data->stored * bough__model_scores(model, t)) * sizeof(float);
    if (bough__is_labelled(data->purpose))
        BOUGH_TRY(bough__buffer_create(&data->target[t], model->device,
                                       (size_t)(data->batch * bough__model_targets(model, t)) * 4));
    BOUGH_TRY(bough__buffer_create(&data->scores[t], model->device, scores));
    if (scores)
        BOUGH_TRY(bough__fill_zero(bough__whole(data->scores[t]), scores));
done:
    return status;
}

static enum bough_status make_buffers(struct bough__runner *runner)
{
    enum bough_status status = BOUGH_OK;
    struct bough__step_data *data = &runner->data;
    struct bough_device *device = data->model->device;
    const size_t tasks = tasks_of(runner), inputs = inputs_of(runner);
    data->input = BOUGH_NEW(&runner->arena, struct bough__batch_input, inputs);
    data->target = BOUGH_NEW(&runner->arena, struct bough__buffer *, tasks);
    data->scores = BOUGH_NEW(&runner->arena, struct bough__buffer *, tasks);
    runner->account_host = BOUGH_NEW(&runner->arena, struct loss_account, tasks);
    BOUGH_TRY_MEMORY(data->input);
    BOUGH_TRY_MEMORY(data->target);
    BOUGH_TRY_MEMORY(data->scores);
    BOUGH_TRY_MEMORY(runner->account_host);
    BOUGH_TRY(bough__buffer_create(&data->account, device, tasks * sizeof(struct loss_account)));
    runner->states =
        data->weigh.others + (data->model->config->parameters_count + 1) * (runner->single ? 2 : 1);
    BOUGH_TRY_MEMORY(runner->state_host =
                         BOUGH_NEW(&runner->arena, struct step_state, runner->states));
    BOUGH_TRY(
        bough__buffer_create(&data->state, device, runner->states * sizeof(struct step_state)));
    for (size_t i = 0; i < inputs; i++)
        BOUGH_TRY(make_input(data, i));
    for (size_t t = 0; t < tasks; t++)
        BOUGH_TRY(make_task_buffers(data, t));
done:
    return status;
}

static void destroy_buffers(struct bough__step_data *data)
{
    struct bough__buffer **buffer[] = {&data->state, &data->clip, &data->account};
    for (size_t i = 0; data->input && i < data->model->config->inputs_count; i++) {
        bough__buffer_destroy(&data->input[i].x);
        bough__buffer_destroy(&data->input[i].scale);
        bough__buffer_destroy(&data->input[i].shift);
    }
    for (size_t t = 0; t < data->model->config->tasks_count; t++) {
        if (data->target)
            bough__buffer_destroy(&data->target[t]);
        if (data->scores)
            bough__buffer_destroy(&data->scores[t]);
    }
    for (size_t i = 0; i < sizeof buffer / sizeof *buffer; i++)
        bough__buffer_destroy(buffer[i]);
    bough__ahead_fini(&data->ahead);
    bough__weigh_fini(&data->weigh);
}

// ---- The runner ----

// A batch has the scores of the task that it trains alone.
static int64_t rows_to_store(const struct bough__runner *runner)
{
    int64_t rows = runner->single ? 0 : runner->feed.count;
    for (size_t t = 0; runner->data.purpose == BOUGH_TRAINING && t < tasks_of(runner); t++) {
        int64_t most =
            scores_bytes / (int64_t)sizeof(float) / bough__model_scores(runner->data.model, t);
        if (rows > most)
            rows = most;
    }
    return rows;
}

// A full one, and a smaller one for the rows that are left.
static enum bough_status make_pair(struct bough__runner *runner, struct bough__step *full,
                                   struct bough__step *last, size_t first_task, size_t end_task)
{
    enum bough_status status = BOUGH_OK;
    struct bough__step_data *data = &runner->data;
    const int64_t count = runner->feed.count, batch = data->batch;
    if (batch)
        BOUGH_TRY(bough__step_init(full, data, batch, first_task, end_task));
    if (batch && count % batch)
        BOUGH_TRY(bough__step_init(last, data, count % batch, first_task, end_task));
done:
    return status;
}

// All that the epochs up to the next bough__runner_renew take.
static enum bough_status make_steps(struct bough__runner *runner)
{
    enum bough_status status = BOUGH_OK;
    const int draws = bough__regime_of(&runner->data.model->config->train.regime)->draws;
    if (!runner->single)
        return make_pair(runner, &runner->full, &runner->last, 0, tasks_of(runner));
    for (size_t t = 0; t < tasks_of(runner); t++)
        if (draws || t == runner->task)
            BOUGH_TRY(
                make_pair(runner, &runner->single[2 * t], &runner->single[2 * t + 1], t, t + 1));
done:
    return status;
}

static void end_step(struct bough__step *step)
{
    bough__step_fini(step);
    *step = (struct bough__step){0};
}

static void end_steps(struct bough__runner *runner)
{
    end_step(&runner->full);
    end_step(&runner->last);
    for (size_t i = 0; runner->single && i < 2 * tasks_of(runner); i++)
        end_step(&runner->single[i]);
}

enum bough_status bough__runner_create(struct bough__runner **runner, struct bough__model *model,
                                       const struct bough__split *split, const int32_t *order,
                                       int64_t count, enum bough__purpose purpose)
{
    enum bough_status status;
    const int64_t batch = model->config->train.batch_size;
    struct bough__runner *made = calloc(1, sizeof *made);
    BOUGH_TRY_MEMORY(made);
    made->split = split;
    made->data = (struct bough__step_data){
        .model = model, .feed = &made->feed, .purpose = purpose, .batch = batch};
    if (batch > count)
        made->data.batch = count;
    made->steps = count ? (count + batch - 1) / batch : 0;
    BOUGH_TRY(bough__feed_init(&made->feed, &split->table, count));
    if (order)
        BOUGH_TRY(bough__feed_order(&made->feed, order));
    if (purpose == BOUGH_TRAINING && bough__trains_one(&model->config->train.regime))
        BOUGH_TRY_MEMORY(made->single = BOUGH_NEW(&made->arena, struct bough__step,
                                                  2 * model->config->tasks_count));
    made->data.stored = rows_to_store(made);
    BOUGH_TRY(bough__weigh_init(&made->data.weigh, &made->arena, model, purpose));
    BOUGH_TRY(bough__ahead_init(&made->data.ahead, &made->arena, &made->data.weigh));
    BOUGH_TRY(make_buffers(made));
    BOUGH_TRY(make_steps(made));
done:
    if (status != BOUGH_OK)
        bough__runner_destroy(&made);
    *runner = made;
    return status;
}

void bough__runner_destroy(struct bough__runner **runner)
{
    struct bough__runner *gone = *runner;
    if (!gone)
        return;
    end_steps(gone);
    destroy_buffers(&gone->data);
    bough__feed_fini(&gone->feed);
    bough__arena_fini(&gone->arena);
    free(gone);
    *runner = NULL;
}

enum bough_status bough__runner_renew(struct bough__runner *runner)
{
    end_steps(runner);
    return make_steps(runner);
}

enum bough_status bough__runner_begin(struct bough__runner *runner)
{
    return bough__fill_zero(bough__whole(runner->data.account),
                            tasks_of(runner) * sizeof(struct loss_account));
}

// ---- A step ----

// An epoch of one batch has it already, unless the order is another one.
static int has_batch(const struct bough__runner *runner)
{
    return runner->steps == 1 && runner->batch_version == runner->feed.version;
}

// Where batch `batch` of step `index` begins: 0 = the own one. The others are full ones, of which
// the last, smaller step takes as many rows as it has, and lie apart from it and from each other by
// a part of the epoch; where that has fewer full batches than a step takes, batches meet
// themselves.
static int64_t first_of(const struct bough__runner *runner, int64_t index, size_t batch)
{
    const struct bough__step_data *data = &runner->data;
    const int64_t full = runner->feed.count / data->batch;
    const int64_t part = full / (int64_t)(data->weigh.others + 1), apart = part ? part : 1;
    return (batch ? (index + (int64_t)batch * apart) % full : index) * data->batch;
}

// A step that keeps the last weights takes no others.
static size_t others_of(const struct bough__weigh_data *weigh, uint32_t step)
{
    return bough__weigh_keeps(weigh, step) ? 0 : weigh->others;
}

// Which batch of a step with so many others runs in that turn.
static size_t batch_of(const struct bough__weigh_data *weigh, size_t others, size_t turn)
{
    return bough__weigh_looks_ahead(weigh) ? turn : (turn + 1) % (others + 1);
}

// Where the batches of a step begin, as they run; of the next step the first one.
static void place_batches(struct bough__runner *runner, int64_t index)
{
    struct bough__step_data *data = &runner->data;
    const struct bough__weigh_data *weigh = &data->weigh;
    const size_t others = others_of(weigh, weigh->moment.step);
    const size_t others_next = others_of(weigh, weigh->moment.step + 1);
    for (size_t turn = 0; turn <= others; turn++)
        data->first[turn] = first_of(runner, index, batch_of(weigh, others, turn));
    data->first[others + 1] = index + 1 < runner->steps
                                  ? first_of(runner, index + 1, batch_of(weigh, others_next, 0))
                                  : runner->feed.count;
    data->fetched = 0;
}

// Of parameters of a group, and of a task's own. Those that thawed are trained from there on.
static void write_update_state(const struct bough__runner *runner, const struct step_state *state,
                               int own, int32_t group)
{
    const struct bough_config *config = runner->data.model->config;
    const struct bough__param_group *of = group < 0 ? NULL : &config->parameters[group];
    const int counted = !own || bough__regime_of(&config->train.regime)->phases;
    const int64_t before = of && of->freeze && counted ? of->thaw * runner->steps : 0;
    const int64_t step = (int64_t)(own ? runner->task_step : state->step) - before;
    struct step_state *to =
        &runner->state_host[bough__step_update_state(&runner->data, own, group)];
    *to = *state;
    bough__optimizer_set_step(to, &config->optimizer, step > 0 ? (uint32_t)step : 1,
                              (of ? of->lr : 1) * state->lr);
}

// As the device reads it: for each batch.
static enum bough_status write_state(const struct bough__runner *runner, int64_t index,
                                     const struct step_state *state)
{
    enum { OTHER = 0x6f74 }; // keeps what another batch draws apart
    const struct bough__step_data *data = &runner->data;
    const size_t others = data->weigh.others;
    struct step_state *states = runner->state_host;
    states[0] = *state;
    for (size_t batch = 1; batch <= others; batch++) {
        states[batch] = *state;
        states[batch].first = (unsigned)first_of(runner, index, batch);
        states[batch].seed[1] ^= OTHER + (unsigned)batch;
    }
    for (int own = 0; own <= (runner->single != NULL); own++)
        for (int32_t group = -own; group < (int32_t)data->model->config->parameters_count; group++)
            write_update_state(runner, state, own, group);
    return bough__write(bough__whole(data->state), states, runner->states * sizeof *states);
}

static struct bough__step *step_of(struct bough__runner *runner, int64_t left)
{
    const int small = left < runner->data.batch;
    if (runner->single)
        return &runner->single[2 * runner->task + (size_t)small];
    return small ? &runner->last : &runner->full;
}

enum bough_status bough__runner_step(struct bough__runner *runner, int64_t index,
                                     struct step_state *state)
{
    enum bough_status status;
    struct bough__step_data *data = &runner->data;
    const int64_t first = index * data->batch, left = runner->feed.count - first;
    struct bough__step *step = step_of(runner, left);
    char text[BOUGH__LONGEST_REMEDY];
    assert(left > 0 && step->data);
    const int begin = has_batch(runner) && !data->weigh.others ? step->feed + 1 : 0;
    state->first = (unsigned)first;
    data->weigh.moment = (struct bough__moment){
        .seed = {state->seed[0], state->seed[1]},
        .step = state->step,
        .epoch = runner->epoch ? runner->epoch : (uint32_t)((state->step - 1) / runner->steps + 1),
        .lr = state->lr,
    };
    place_batches(runner, index);
    BOUGH_TRY(write_state(runner, index, state));
    status = bough__step_run(step, begin);
    if (status == BOUGH_DIVERGED)
        status = bough__fail(BOUGH_DIVERGED, "step %u: %s%s", state->step, bough_last_error(),
                             bough__remedy(text, runner, state->step));
    BOUGH_TRY(status);
    runner->batch_version = runner->feed.version;
done:
    return status;
}

enum bough_status bough__runner_run(struct bough__runner *runner)
{
    enum bough_status status = bough__runner_begin(runner);
    for (int64_t i = 0; status == BOUGH_OK && i < runner->steps; i++) {
        struct step_state state = {.step = (unsigned)i + 1};
        status = bough__runner_step(runner, i, &state);
    }
    return status;
}
