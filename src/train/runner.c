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

static size_t sets_of(const struct bough__runner *runner)
{
    return runner->data.model->config->sets;
}

// That of its first task: of several all have as many batches.
static const struct bough__source *first_source(const struct bough__runner *runner)
{
    return bough__runner_source(runner, runner->first_task);
}

const struct bough__source *bough__runner_source(const struct bough__runner *runner, size_t t)
{
    const int32_t set = bough__task_set(runner->data.model->config, t);
    return t >= runner->first_task && t < runner->end_task ? &runner->data.source[set] : NULL;
}

int64_t bough__runner_rows(const struct bough__runner *runner)
{
    int64_t rows = 0;
    for (size_t set = 0; set < sets_of(runner); set++)
        rows += runner->data.source[set].feed.count;
    return rows;
}

double bough__runner_step_rows(const struct bough__runner *runner)
{
    double rows = 0;
    if (!runner->single)
        return (double)bough__runner_rows(runner) / (double)runner->steps;
    for (size_t t = 0; t < tasks_of(runner); t++)
        rows += (double)bough__runner_source(runner, t)->feed.count;
    return rows / (double)runner->steps / (double)tasks_of(runner);
}

int64_t bough__runner_batch(const struct bough__runner *runner)
{
    int64_t rows = 0;
    for (size_t set = 0; set < sets_of(runner); set++)
        rows += runner->data.source[set].batch;
    return rows;
}

int bough__runner_is_small(const struct bough__runner *runner, int64_t index)
{
    const struct bough__source *source = first_source(runner);
    return (index + 1) * source->batch > source->feed.count;
}

enum bough_status bough__runner_order(struct bough__runner *runner, size_t set,
                                      const int32_t *order)
{
    return bough__feed_order(&runner->data.source[set].feed, order);
}

// ---- Buffers ----

// What turns an input into x: see bough__gather_normalize.
static enum bough_status make_normalization(struct bough__step_data *data, size_t index)
{
    enum bough_status status;
    const struct bough__input *input = &data->model->config->inputs[index];
    struct bough__batch_input *batch = &data->input[index];
    const enum bough_dtype dtype = data->source[input->set].feed.table->column[index].dtype;
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
    const struct bough__source *source = &data->source[data->model->config->inputs[index].set];
    const int64_t sample = bough_shape_elements(&data->model->sample[index]);
    if (!source->split)
        return BOUGH_OK;
    enum bough_status status =
        bough__buffer_create(&data->input[index].x, data->model->device,
                             (size_t)(source->batch * sample) * sizeof(float)); // or of ids
    return status == BOUGH_OK ? make_normalization(data, index) : status;
}

static enum bough_status make_task_buffers(struct bough__step_data *data, size_t t)
{
    enum bough_status status = BOUGH_OK;
    struct bough__model *model = data->model;
    const int64_t batch = data->source[bough__task_set(model->config, t)].batch;
    const size_t scores = (size_t)(data->stored[t] * bough__model_scores(model, t)) * sizeof(float);
    if (bough__is_labelled(data->purpose))
        BOUGH_TRY(bough__buffer_create(&data->target[t], model->device,
                                       (size_t)(batch * bough__model_targets(model, t)) * 4));
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
    runner->states = (data->weigh.others + 1) * sets_of(runner) - 1 +
                     (data->model->config->parameters_count + 1) * (runner->single ? 2 : 1);
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

// Scores of one task beyond that are stored for no row of a training.
static int64_t most_to_store(const struct bough__runner *runner)
{
    int64_t least = INT64_MAX;
    for (size_t t = 0; runner->data.purpose == BOUGH_TRAINING && t < tasks_of(runner); t++) {
        const int64_t most =
            scores_bytes / (int64_t)sizeof(float) / bough__model_scores(runner->data.model, t);
        least = most < least ? most : least;
    }
    return least;
}

// A batch has the scores of the task that it trains alone.
static enum bough_status find_stored(struct bough__runner *runner)
{
    const int64_t most = most_to_store(runner);
    runner->data.stored = BOUGH_NEW(&runner->arena, int64_t, tasks_of(runner));
    if (!runner->data.stored)
        return bough__no_memory();
    for (size_t t = runner->first_task; !runner->single && t < runner->end_task; t++) {
        const int64_t count = bough__runner_source(runner, t)->feed.count;
        runner->data.stored[t] = count < most ? count : most;
    }
    return BOUGH_OK;
}

// A full one, and a smaller one for the rows that are left.
static enum bough_status make_pair(struct bough__runner *runner, struct bough__step *full,
                                   struct bough__step *last, size_t first_task, size_t end_task)
{
    enum bough_status status = BOUGH_OK;
    struct bough__step_data *data = &runner->data;
    const struct bough__source *source = first_source(runner);
    if (source->batch)
        BOUGH_TRY(bough__step_init(full, data, 0, first_task, end_task));
    if (source->batch && source->feed.count % source->batch)
        BOUGH_TRY(bough__step_init(last, data, 1, first_task, end_task));
done:
    return status;
}

// All that the epochs up to the next bough__runner_renew take.
static enum bough_status make_steps(struct bough__runner *runner)
{
    enum bough_status status = BOUGH_OK;
    const int draws = bough__regime_of(&runner->data.model->config->train.regime)->draws;
    if (!runner->single)
        return make_pair(runner, &runner->full, &runner->last, runner->first_task,
                         runner->end_task);
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

static enum bough_status take_rows(struct bough__runner *runner, const struct bough__rows *rows)
{
    enum bough_status status = BOUGH_OK;
    struct bough__source *source = BOUGH_NEW(&runner->arena, struct bough__source, sets_of(runner));
    BOUGH_TRY_MEMORY(runner->data.source = source);
    for (size_t set = 0; set < sets_of(runner); set++) {
        const int64_t count = rows[set].count;
        if (!rows[set].split)
            continue;
        source[set].split = rows[set].split;
        const int64_t own = rows[set].split->batch;
        const int64_t batch = own ? own : runner->data.model->config->train.batch_size;
        source[set].batch = batch < count ? batch : count;
        BOUGH_TRY(bough__feed_init(&source[set].feed, &rows[set].split->table, count));
        if (rows[set].order)
            BOUGH_TRY(bough__feed_order(&source[set].feed, rows[set].order));
    }
    const int64_t batch = first_source(runner)->batch;
    runner->steps = batch ? (first_source(runner)->feed.count + batch - 1) / batch : 0;
done:
    return status;
}

enum bough_status bough__runner_create(struct bough__runner **runner, struct bough__model *model,
                                       const struct bough__rows *rows, size_t first_task,
                                       size_t end_task, enum bough__purpose purpose)
{
    enum bough_status status;
    struct bough__runner *made = calloc(1, sizeof *made);
    BOUGH_TRY_MEMORY(made);
    made->first_task = first_task;
    made->end_task = end_task;
    made->data = (struct bough__step_data){.model = model, .purpose = purpose};
    BOUGH_TRY(take_rows(made, rows));
    if (purpose == BOUGH_TRAINING && bough__trains_one(&model->config->train.regime))
        BOUGH_TRY_MEMORY(made->single = BOUGH_NEW(&made->arena, struct bough__step,
                                                  2 * model->config->tasks_count));
    BOUGH_TRY(find_stored(made));
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

enum bough_status bough__runner_create_one(struct bough__runner **runner,
                                           struct bough__model *model,
                                           const struct bough__split *split, const int32_t *order,
                                           int64_t count, enum bough__purpose purpose)
{
    const struct bough__rows rows = {split, order, count};
    assert(model->config->sets == 1);
    return bough__runner_create(runner, model, &rows, 0, model->config->tasks_count, purpose);
}

void bough__runner_destroy(struct bough__runner **runner)
{
    struct bough__runner *gone = *runner;
    if (!gone)
        return;
    end_steps(gone);
    destroy_buffers(&gone->data);
    for (size_t set = 0; gone->data.source && set < sets_of(gone); set++)
        bough__feed_fini(&gone->data.source[set].feed);
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

static unsigned version_of(const struct bough__runner *runner)
{
    unsigned version = 0;
    for (size_t set = 0; set < sets_of(runner); set++)
        version += runner->data.source[set].feed.version;
    return version;
}

// An epoch of one batch has it already, unless the order is another one.
static int has_batch(const struct bough__runner *runner)
{
    return runner->steps == 1 && !runner->single && runner->batch_version == version_of(runner);
}

// Which batch of the epoch is batch `batch` of step `index`: 0 = the own one. The others are full
// ones, of which the last, smaller step takes as many rows as it has, and lie apart from it and
// from each other by a part of the epoch; where that has fewer full batches than a step takes,
// batches meet themselves.
static int64_t index_of(const struct bough__runner *runner, int64_t index, size_t batch)
{
    const struct bough__source *source = first_source(runner);
    const int64_t full = source->feed.count / source->batch;
    const int64_t part = full / (int64_t)(runner->data.weigh.others + 1), apart = part ? part : 1;
    return batch ? (index + (int64_t)batch * apart) % full : index;
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

// The batches of a step, as they run; of the next step the first one.
static void place_batches(struct bough__runner *runner, int64_t index)
{
    struct bough__step_data *data = &runner->data;
    const struct bough__weigh_data *weigh = &data->weigh;
    const size_t others = others_of(weigh, weigh->moment.step);
    const size_t others_next = others_of(weigh, weigh->moment.step + 1);
    for (size_t turn = 0; turn <= others; turn++)
        data->index[turn] = index_of(runner, index, batch_of(weigh, others, turn));
    data->index[others + 1] = index + 1 < runner->steps
                                  ? index_of(runner, index + 1, batch_of(weigh, others_next, 0))
                                  : runner->steps;
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

// As the device reads it: for each batch of each data set.
static enum bough_status write_state(const struct bough__runner *runner, int64_t index,
                                     const struct step_state *state)
{
    enum { OTHER = 0x6f74 }; // keeps what another batch draws apart
    const struct bough__step_data *data = &runner->data;
    const size_t others = data->weigh.others, sets = sets_of(runner);
    struct step_state *states = runner->state_host;
    for (size_t i = 0; i < (others + 1) * sets; i++) {
        const size_t batch = i / sets;
        states[i] = *state;
        states[i].first = (unsigned)(index_of(runner, index, batch) * data->source[i % sets].batch);
        states[i].seed[1] ^= batch ? OTHER + (unsigned)batch : 0;
    }
    for (int own = 0; own <= (runner->single != NULL); own++)
        for (int32_t group = -own; group < (int32_t)data->model->config->parameters_count; group++)
            write_update_state(runner, state, own, group);
    return bough__write(bough__whole(data->state), states, runner->states * sizeof *states);
}

static struct bough__step *step_of(struct bough__runner *runner, int64_t index)
{
    const int small = bough__runner_is_small(runner, index);
    if (runner->single)
        return &runner->single[2 * runner->task + (size_t)small];
    return small ? &runner->last : &runner->full;
}

enum bough_status bough__runner_step(struct bough__runner *runner, int64_t index,
                                     struct step_state *state)
{
    enum bough_status status;
    struct bough__step_data *data = &runner->data;
    struct bough__step *step = step_of(runner, index);
    char text[BOUGH__LONGEST_REMEDY];
    assert(index < runner->steps && step->data);
    const int begin = has_batch(runner) && !data->weigh.others ? step->feed + 1 : 0;
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
    runner->batch_version = version_of(runner);
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

// ---- Evaluations ----

enum bough_status bough__evaluation_init(struct bough__evaluation *evaluation,
                                         struct bough__model *model, const struct bough__rows *rows,
                                         enum bough__purpose purpose)
{
    enum bough_status status = BOUGH_OK;
    const struct bough_config *config = model->config;
    BOUGH_TRY_MEMORY(evaluation->runner = calloc(config->tasks_count, sizeof *evaluation->runner));
    for (size_t t = 0, end; t < config->tasks_count; t = end) {
        const int32_t set = bough__task_set(config, t);
        end = t + 1;
        while (end < config->tasks_count && bough__task_set(config, end) == set)
            end++;
        if (rows[set].split)
            BOUGH_TRY(bough__runner_create(&evaluation->runner[evaluation->runners++], model, rows,
                                           t, end, purpose));
    }
done:
    return status;
}

void bough__evaluation_fini(struct bough__evaluation *evaluation)
{
    for (size_t i = 0; i < evaluation->runners; i++)
        bough__runner_destroy(&evaluation->runner[i]);
    free(evaluation->runner);
    *evaluation = (struct bough__evaluation){0};
}

struct bough__runner *bough__evaluation_of(const struct bough__evaluation *evaluation, size_t t)
{
    for (size_t i = 0; i < evaluation->runners; i++)
        if (bough__runner_source(evaluation->runner[i], t))
            return evaluation->runner[i];
    return NULL;
}
