// A runner at work: which batches a step takes, and the states that it reads.
#include "base/error.h"
#include "train/runner_parts.h"

#include <assert.h>
#include <stdlib.h>

// ---- A step ----

static unsigned version_of(const struct bough__runner *runner)
{
    unsigned version = 0;
    for (size_t set = 0; set < bough__runner_sets(runner); set++)
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
    const struct bough__source *source = bough__runner_first(runner);
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
    const size_t others = data->weigh.others, sets = bough__runner_sets(runner);
    struct step_state *states = runner->state_host;
    for (size_t i = 0; i < (others + 1) * sets; i++) {
        const size_t batch = i / sets;
        states[i] = *state;
        states[i].first = (unsigned)(index_of(runner, index, batch) * data->source[i % sets].batch);
        states[i].seed[1] ^= batch ? OTHER + (unsigned)batch : 0;
    }
    for (int own = 0; own <= runner->single; own++)
        for (int32_t group = -own; group < (int32_t)data->model->config->parameters_count; group++)
            write_update_state(runner, state, own, group);
    return bough__write(bough__whole(data->state), states, runner->states * sizeof *states);
}

// The longest row of an input in a batch.
static int64_t longest_of(const struct bough__source *source, size_t input, int64_t batch,
                          int64_t most)
{
    const struct bough__split *split = source->split;
    const int32_t *length = split->lengths ? split->lengths[input] : NULL;
    const int64_t end = (batch + 1) * source->batch;
    if (!length) // they come with each batch
        return split->longest[input] > most ? split->longest[input] : most;
    for (int64_t i = batch * source->batch; i < end && i < source->feed.count; i++)
        if (length[source->feed.order[i]] > most)
            most = length[source->feed.order[i]];
    return most;
}

// Of all batches of a step.
static int64_t longest_row(const struct bough__runner *runner, int64_t index)
{
    const struct bough_config *config = runner->data.model->config;
    int64_t most = 0;
    for (size_t batch = 0; batch <= runner->data.weigh.others; batch++)
        for (size_t i = 0; i < config->inputs_count; i++) {
            const struct bough__source *source = &runner->data.source[config->inputs[i].set];
            if (source->split && source->split->longest)
                most = longest_of(source, i, index_of(runner, index, batch), most);
        }
    return most;
}

struct bough__step *bough__runner_step_of(const struct bough__runner *runner, int64_t index)
{
    const int64_t longest = runner->lengths > 1 ? longest_row(runner, index) : 0;
    size_t bucket = 0;
    while (runner->length[bucket] < longest)
        bucket++;
    return bough__runner_made(runner, bough__runner_is_small(runner, index), bucket);
}

enum bough_status bough__runner_step(struct bough__runner *runner, int64_t index,
                                     struct step_state *state)
{
    enum bough_status status;
    struct bough__step_data *data = &runner->data;
    struct bough__step *step = bough__runner_step_of(runner, index);
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
    struct bough__rows *own = calloc(config->sets, sizeof *own);
    BOUGH_TRY_MEMORY(own);
    BOUGH_TRY_MEMORY(evaluation->runner = calloc(config->tasks_count, sizeof *evaluation->runner));
    for (size_t t = 0, end; t < config->tasks_count; t = end) {
        const int32_t set = bough__task_set(config, t);
        end = t + 1;
        while (end < config->tasks_count && bough__task_set(config, end) == set)
            end++;
        own[set] = rows[set];
        if (rows[set].split)
            BOUGH_TRY(bough__runner_create(&evaluation->runner[evaluation->runners++], model, own,
                                           t, end, purpose));
        own[set] = (struct bough__rows){0};
    }
done:
    free(own);
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
