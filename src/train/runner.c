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

static size_t inputs_of(const struct bough__runner *runner)
{
    return runner->data.model->config->inputs_count;
}

const struct bough__source *bough__runner_source(const struct bough__runner *runner, size_t t)
{
    const int32_t set = bough__task_set(runner->data.model->config, t);
    return t >= runner->first_task && t < runner->end_task ? &runner->data.source[set] : NULL;
}

int64_t bough__runner_rows(const struct bough__runner *runner)
{
    int64_t rows = 0;
    for (size_t set = 0; set < bough__runner_sets(runner); set++)
        rows += runner->data.source[set].feed.count;
    return rows;
}

double bough__runner_step_rows(const struct bough__runner *runner)
{
    const int draws = bough__regime_of(&runner->data.model->config->train.regime)->draws;
    double rows = 0;
    if (!runner->single)
        return (double)bough__runner_rows(runner) / (double)runner->steps;
    if (!draws)
        return (double)bough__runner_source(runner, runner->task)->feed.count /
               (double)runner->steps;
    for (size_t t = 0; t < bough__runner_tasks(runner); t++)
        rows += (double)bough__runner_source(runner, t)->feed.count;
    return rows / (double)runner->steps / (double)bough__runner_tasks(runner);
}

int64_t bough__runner_batch(const struct bough__runner *runner)
{
    int64_t rows = 0;
    if (runner->single)
        return bough__runner_source(runner, runner->task)->batch;
    for (size_t set = 0; set < bough__runner_sets(runner); set++)
        rows += runner->data.source[set].batch;
    return rows;
}

int bough__runner_is_small(const struct bough__runner *runner, int64_t index)
{
    const struct bough__source *source = bough__runner_first(runner);
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
    const struct bough_shape *sample = &data->model->sample[index];
    const size_t channels = (size_t)sample->dim[input->lengths ? sample->rank - 1 : 0];
    const size_t length =
        input->lengths ? (size_t)data->source[input->set].split->longest[index] : 1;
    const size_t bytes = length * channels * sizeof(float);
    if (dtype == BOUGH_I32 || (dtype == BOUGH_F32 && !input->channels)) // as it is
        return BOUGH_OK;
    float *scale = malloc(2 * bytes);
    BOUGH_TRY_MEMORY(scale);
    if (input->channels > 1 && input->channels != channels) {
        status = bough__fail(BOUGH_INVALID, "%s.normalize: %zu numbers, the input has %zu channels",
                             data->model->input_key[index], input->channels, channels);
        goto done;
    }
    for (size_t at = 0; at < length * channels; at += channels) // a sequence is scaled by number
        bough__gather_normalize(scale + at, scale + length * channels + at, channels, dtype,
                                input->mean, input->std, input->channels);
    BOUGH_TRY(bough__buffer_create(&batch->scale, data->model->device, bytes));
    BOUGH_TRY(bough__buffer_create(&batch->shift, data->model->device, bytes));
    BOUGH_TRY(bough__write(bough__whole(batch->scale), scale, bytes));
    BOUGH_TRY(bough__write(bough__whole(batch->shift), scale + length * channels, bytes));
done:
    free(scale);
    return status;
}

static enum bough_status make_input(struct bough__step_data *data, size_t index)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__input *input = &data->model->config->inputs[index];
    const struct bough__source *source = &data->source[input->set];
    struct bough_device *device = data->model->device;
    if (!source->split)
        return BOUGH_OK;
    const int64_t width = source->split->table.column[index].width;
    BOUGH_TRY(bough__buffer_create(&data->input[index].x, device,
                                   (size_t)(source->batch * width) * sizeof(float))); // or of ids
    if (bough__has_side(input))
        BOUGH_TRY(bough__buffer_create(&data->input[index].side, device,
                                       (size_t)source->batch * sizeof(float)));
    BOUGH_TRY(make_normalization(data, index));
done:
    return status;
}

static enum bough_status make_task_buffers(struct bough__step_data *data, size_t t)
{
    enum bough_status status = BOUGH_OK;
    struct bough__model *model = data->model;
    const struct bough__source *source = &data->source[bough__task_set(model->config, t)];
    if (!source->split)
        return BOUGH_OK;
    const size_t scores =
        (size_t)(data->stored[t] * bough__split_scores(source->split, model, t)) * sizeof(float);
    const size_t targets = (size_t)(source->batch * bough__split_targets(source->split, model, t));
    if (bough__is_labelled(data->purpose))
        BOUGH_TRY(bough__buffer_create(&data->target[t], model->device, targets * 4));
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
    const size_t tasks = bough__runner_tasks(runner), inputs = inputs_of(runner);
    data->input = BOUGH_NEW(&runner->arena, struct bough__batch_input, inputs);
    data->target = BOUGH_NEW(&runner->arena, struct bough__buffer *, tasks);
    data->scores = BOUGH_NEW(&runner->arena, struct bough__buffer *, tasks);
    runner->account_host = BOUGH_NEW(&runner->arena, struct loss_account, tasks);
    BOUGH_TRY_MEMORY(data->input);
    BOUGH_TRY_MEMORY(data->target);
    BOUGH_TRY_MEMORY(data->scores);
    BOUGH_TRY_MEMORY(runner->account_host);
    BOUGH_TRY(bough__buffer_create(&data->account, device, tasks * sizeof(struct loss_account)));
    runner->states = (data->weigh.others + 1) * bough__runner_sets(runner) - 1 +
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
        bough__buffer_destroy(&data->input[i].side);
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
    for (size_t t = 0; runner->data.purpose == BOUGH_TRAINING && t < bough__runner_tasks(runner);
         t++) {
        const int64_t row =
            bough__split_scores(bough__runner_source(runner, t)->split, runner->data.model, t);
        const int64_t most = scores_bytes / (int64_t)sizeof(float) / row;
        least = most < least ? most : least;
    }
    return least;
}

// A batch has the scores of the task that it trains alone.
static enum bough_status find_stored(struct bough__runner *runner)
{
    const int64_t most = most_to_store(runner);
    runner->data.stored = BOUGH_NEW(&runner->arena, int64_t, bough__runner_tasks(runner));
    if (!runner->data.stored)
        return bough__no_memory();
    for (size_t t = runner->first_task; !runner->single && t < runner->end_task; t++) {
        const int64_t count = bough__runner_source(runner, t)->feed.count;
        runner->data.stored[t] = count < most ? count : most;
    }
    return BOUGH_OK;
}

// What batches are padded to: from 8 on eight lengths an octave, and the longest row's.
static enum bough_status find_lengths(struct bough__runner *runner)
{
    enum { MOST = 256 };
    int64_t longest = 0;
    for (size_t i = 0; i < inputs_of(runner); i++) {
        const int32_t set = runner->data.model->config->inputs[i].set;
        const struct bough__split *split = runner->data.source[set].split;
        if (split && split->longest && split->longest[i] > longest)
            longest = split->longest[i];
    }
    runner->length = BOUGH_NEW(&runner->arena, int64_t, MOST);
    if (!runner->length)
        return bough__no_memory();
    for (int64_t octave = 8; octave < longest; octave *= 2)
        for (int64_t length = octave; length < 2 * octave && length < longest; length += octave / 8)
            runner->length[runner->lengths++] = length;
    runner->length[runner->lengths++] = longest;
    return BOUGH_OK;
}

// Whether a batch may want the step: of a training, whose orders come and go, any may.
static int is_wanted(const struct bough__runner *runner, const struct bough__step *step)
{
    int64_t index = 0;
    if (runner->data.purpose == BOUGH_TRAINING)
        return 1;
    while (index < runner->steps && bough__runner_step_of(runner, index) != step)
        index++;
    return index < runner->steps;
}

// Of every length, the longest first, whose memory holds what the others need: full ones, and
// smaller ones for the rows that are left.
static enum bough_status make_lengths(struct bough__runner *runner, size_t first_task,
                                      size_t end_task)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__source *source = bough__runner_first(runner);
    const int some[] = {source->batch > 0, source->batch && source->feed.count % source->batch};
    for (size_t bucket = runner->lengths; bucket-- > 0;)
        for (int small = 0; small < 2; small++) {
            struct bough__step *step = bough__runner_made(runner, small, bucket);
            const struct bough__step_scope scope = {first_task, end_task, small,
                                                    runner->length[bucket]};
            if (some[small] && is_wanted(runner, step))
                BOUGH_TRY(bough__step_init(step, &runner->data, &scope));
        }
done:
    return status;
}

// All that the epochs up to the next bough__runner_renew take.
static enum bough_status make_steps(struct bough__runner *runner)
{
    enum bough_status status = BOUGH_OK;
    const int draws = bough__regime_of(&runner->data.model->config->train.regime)->draws;
    const size_t task = runner->task;
    if (!runner->single)
        return make_lengths(runner, runner->first_task, runner->end_task);
    for (size_t t = 0; t < bough__runner_tasks(runner); t++) {
        runner->task = t;
        if (draws || t == task)
            BOUGH_TRY(make_lengths(runner, t, t + 1));
    }
done:
    runner->task = task;
    return status;
}

static size_t steps_of(const struct bough__runner *runner)
{
    return 2 * runner->lengths * (runner->single ? bough__runner_tasks(runner) : 1);
}

static void end_steps(struct bough__runner *runner)
{
    for (size_t i = 0; runner->step && i < steps_of(runner); i++) {
        bough__step_fini(&runner->step[i]);
        runner->step[i] = (struct bough__step){0};
    }
}

static enum bough_status take_rows(struct bough__runner *runner, const struct bough__rows *rows)
{
    enum bough_status status = BOUGH_OK;
    struct bough__source *source =
        BOUGH_NEW(&runner->arena, struct bough__source, bough__runner_sets(runner));
    BOUGH_TRY_MEMORY(runner->data.source = source);
    for (size_t set = 0; set < bough__runner_sets(runner); set++) {
        const int64_t count = rows[set].count;
        if (!rows[set].split)
            continue;
        source[set].split = rows[set].split;
        // What is not trained on needs no other batches, where all is on the device.
        const int kept = runner->data.purpose == BOUGH_TRAINING || !rows[set].split->table.resident;
        const int64_t own = kept ? rows[set].split->batch : 0;
        const int64_t batch = own ? own : runner->data.model->config->train.batch_size;
        source[set].batch = batch < count ? batch : count;
        BOUGH_TRY(bough__feed_init(&source[set].feed, &rows[set].split->table, count));
        if (rows[set].order)
            BOUGH_TRY(bough__feed_order(&source[set].feed, rows[set].order));
    }
    const int64_t batch = bough__runner_first(runner)->batch;
    runner->steps = batch ? (bough__runner_first(runner)->feed.count + batch - 1) / batch : 0;
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
    made->single = purpose == BOUGH_TRAINING && bough__trains_one(&model->config->train.regime);
    BOUGH_TRY(find_lengths(made));
    BOUGH_TRY_MEMORY(made->step = BOUGH_NEW(&made->arena, struct bough__step, steps_of(made)));
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
    for (size_t set = 0; gone->data.source && set < bough__runner_sets(gone); set++)
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
                            bough__runner_tasks(runner) * sizeof(struct loss_account));
}
