#include "train/step.h"

#include "base/error.h"
#include "train/step_parts.h"

#include <stdlib.h>

// ---- Stages ----

int bough__step_takes(const struct bough__step *step, size_t set)
{
    int takes = 0;
    for (size_t t = step->scope.first_task; t < step->scope.end_task; t++)
        takes |= (size_t)bough__task_set(step->data->model->config, t) == set;
    return takes;
}

static enum bough_status fetch(struct bough__step *step)
{
    enum bough_status status = BOUGH_OK;
    struct bough__step_data *data = step->data;
    const int64_t *index = &data->index[data->fetched++];
    for (size_t set = 0; set < data->model->config->sets; set++) {
        struct bough__source *source = &data->source[set];
        if (bough__step_takes(step, set))
            BOUGH_TRY(bough__feed_fetch_before(&source->feed, index[0] * source->batch,
                                               bough__step_rows(step, set),
                                               index[1] * source->batch));
    }
done:
    return status;
}

static enum bough_status weigh_losses(struct bough__step *step)
{
    return bough__weigh_solve_losses(&step->data->weigh);
}

static enum bough_status solve(struct bough__step *step)
{
    struct bough__weigh_data *weigh = &step->data->weigh;
    return bough__weigh_solves(&weigh->by_gradients) ? bough__weigh_solve(weigh)
                                                     : bough__weigh_watch(weigh);
}

static enum bough_status learn(struct bough__step *step)
{
    return bough__weigh_after(&step->data->weigh);
}

static int fetches(const struct bough__step *step)
{
    int fetches = 0;
    for (size_t set = 0; set < step->data->model->config->sets; set++)
        fetches |= bough__step_takes(step, set) && !step->data->source[set].feed.table->resident;
    return fetches;
}

static int weighs_on_host(const struct bough__step *step)
{
    return !step->batch && bough__weigh_solves(&step->data->weigh.by_losses);
}

static int solves(const struct bough__step *step)
{
    return step->data->weigh.watches;
}

static int learns(const struct bough__step *step)
{
    return bough__weigh_learns_after(&step->data->weigh);
}

static enum bough_status weigh_ahead(struct bough__step *step)
{
    return bough__ahead_weights(&step->data->ahead);
}

static int looks_ahead(const struct bough__step *step)
{
    return step->data->ahead.weigh != NULL;
}

// Which part of a step a stage is of: each batch, the step as a whole, or the account, which closes
// the own batch.
enum share { OF_A_BATCH = 1, OF_THE_STEP = 2, ACCOUNT = 4 };

// Whether a step that keeps the last weights goes without it.
enum finding {
    ALWAYS_RUNS,
    FINDS_WEIGHTS,
    FINDS_PRODUCTS, // a Jacobian that is kept is summed up in every step
};

// In the order in which they run. Launches, or a call where it is wanted.
struct row {
    const char *name;
    enum bough_status (*write)(struct bough__step *step);
    enum bough_status (*call)(struct bough__step *step);
    int (*calls)(const struct bough__step *step);
    enum finding finding;
    enum share share;
};

static const struct row rows[] = {
    {"fetch", NULL, fetch, fetches, ALWAYS_RUNS, OF_A_BATCH},
    {"feed", bough__step_feed, NULL, NULL, ALWAYS_RUNS, OF_A_BATCH},
    {"forward", bough__step_forward, NULL, NULL, ALWAYS_RUNS, OF_A_BATCH},
    {"losses", bough__step_losses, NULL, NULL, ALWAYS_RUNS, OF_A_BATCH},
    {"weigh", bough__step_weigh, weigh_losses, weighs_on_host, ALWAYS_RUNS, OF_A_BATCH},
    {"backward", bough__step_backward, NULL, NULL, ALWAYS_RUNS, OF_THE_STEP},
    {"heads", bough__step_heads, NULL, NULL, ALWAYS_RUNS, OF_A_BATCH},
    {"sweep", bough__step_sweep, NULL, NULL, FINDS_PRODUCTS, OF_A_BATCH},
    {"keep", bough__step_keep, NULL, NULL, ALWAYS_RUNS, OF_A_BATCH},
    {"gram", bough__step_gram, NULL, NULL, FINDS_WEIGHTS, OF_THE_STEP},
    {"solve", NULL, solve, solves, FINDS_WEIGHTS, OF_THE_STEP},
    {"combine", bough__step_combine, NULL, NULL, ALWAYS_RUNS, OF_THE_STEP},
    {"regularize", bough__step_regularize, NULL, NULL, ALWAYS_RUNS, OF_THE_STEP},
    {"clip", bough__step_clip, NULL, NULL, ALWAYS_RUNS, OF_THE_STEP},
    {"update", bough__step_update, NULL, NULL, ALWAYS_RUNS, OF_THE_STEP},
    {"account", bough__step_account, NULL, NULL, ALWAYS_RUNS, ACCOUNT},
    {"again", bough__step_again, NULL, NULL, ALWAYS_RUNS, OF_THE_STEP},
    {"learn", NULL, learn, learns, ALWAYS_RUNS, OF_THE_STEP},
};

// Between the own batch, of a weighting that looks ahead, and the other one; and behind that.
static const struct row there[] = {
    {"aside", bough__step_aside, NULL, NULL, ALWAYS_RUNS, OF_THE_STEP},
    {"ahead", NULL, weigh_ahead, looks_ahead, FINDS_WEIGHTS, OF_THE_STEP},
    {"ahead", bough__step_ahead, NULL, NULL, FINDS_WEIGHTS, OF_THE_STEP},
    {"there", bough__step_there, NULL, NULL, FINDS_WEIGHTS, OF_THE_STEP},
};
static const struct row back = {"back", bough__step_back, NULL, NULL, FINDS_WEIGHTS, OF_THE_STEP};

enum { ROWS = sizeof rows / sizeof *rows, OF_EACH_BATCH = 8 };
enum { THERE = sizeof there / sizeof *there };
_Static_assert(ROWS + THERE + 1 + OF_EACH_BATCH * BOUGH__MOST_OTHERS <= BOUGH__MOST_STAGES,
               "room for all");

static int finds_weights(const struct bough__step *step, const struct row *row)
{
    return step->batch || row->finding == FINDS_WEIGHTS ||
           (row->finding == FINDS_PRODUCTS && !step->data->weigh.jacobian);
}

static enum bough_status write_stage(struct bough__step *step, const struct row *row)
{
    enum bough_status status = BOUGH_OK;
    const char *name = step->batch ? "others" : row->name;
    const size_t first = step->sequence.count;
    const int calls = row->calls && row->calls(step);
    step->sequence.label = (struct bough__label){.stage = name};
    if (row->write)
        BOUGH_TRY(row->write(step));
    if (row->write == bough__step_feed && !step->batch)
        step->feed = step->stages;
    if (step->sequence.count > first || calls)
        step->stage[step->stages++] = (struct bough__stage){
            name, first, step->sequence.count, calls ? row->call : NULL, finds_weights(step, row)};
done:
    return status;
}

// The plan's launches from here on are of that batch: of the own one as the plan was made.
static void turn(struct bough__step *step, size_t batch)
{
    step->batch = batch;
    if (step->data->weigh.others)
        bough__plan_turn(step->plan, bough__step_state(step),
                         bough__weigh_jacobian(&step->data->weigh, batch));
}

static enum bough_status write_rows(struct bough__step *step, unsigned shares)
{
    enum bough_status status = BOUGH_OK;
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].share & shares)
            BOUGH_TRY(write_stage(step, &rows[i]));
done:
    return status;
}

// The own batch goes first: from where it is the other one is found.
static enum bough_status write_ahead(struct bough__step *step)
{
    enum bough_status status;
    turn(step, 0);
    BOUGH_TRY(write_rows(step, OF_A_BATCH | ACCOUNT));
    for (size_t i = 0; i < THERE; i++)
        BOUGH_TRY(write_stage(step, &there[i]));
    turn(step, 1);
    BOUGH_TRY(write_rows(step, OF_A_BATCH));
    turn(step, 0);
    BOUGH_TRY(write_stage(step, &back));
    BOUGH_TRY(write_rows(step, OF_THE_STEP));
done:
    return status;
}

static enum bough_status write_stages(struct bough__step *step)
{
    enum bough_status status = BOUGH_OK;
    if (looks_ahead(step))
        return write_ahead(step);
    for (size_t batch = 1; batch <= step->data->weigh.others; batch++) {
        turn(step, batch);
        BOUGH_TRY(write_rows(step, OF_A_BATCH));
    }
    turn(step, 0);
    BOUGH_TRY(write_rows(step, OF_A_BATCH | OF_THE_STEP | ACCOUNT));
done:
    return status;
}

// ---- The plan ----

// Memory that a plan may take before it sweeps for fewer tasks at a time: not of the device, as the
// order of sums, and so the last bits of a training, goes by it.
static const size_t stack_bytes = (size_t)1 << 30;

static struct bough__plan_options plan_options(const struct bough__step *step)
{
    const struct bough__model *model = step->data->model;
    const struct bough__weigh_data *weigh = &step->data->weigh;
    struct bough__plan_options options = {.step = bough__whole(step->data->state),
                                          .memory = model->memory};
    if (!weigh->by_gradients.row)
        return options;
    options.mode = weigh->jacobian ? BOUGH_PLAN_JACOBIAN : BOUGH_PLAN_GRAM;
    options.tasks = model->config->tasks_count;
    options.shared = weigh->shared;
    options.shared_bytes = (size_t)weigh->columns * sizeof(float);
    options.jacobian = bough__weigh_jacobian(weigh, 0);
    options.gram = bough__weigh_at(weigh, weigh->at.gram);
    options.weights = bough__whole(weigh->weights);
    options.stack_limit[0] = stack_bytes;
    if (bough__weigh_on_representation(weigh)) {
        options.mode = BOUGH_PLAN_REPRESENTATION;
    } else if (options.mode == BOUGH_PLAN_GRAM) { // at first, what the Jacobian would take
        options.stack_limit[0] = options.tasks * options.shared_bytes;
        options.stack_limit[1] = stack_bytes;
    }
    return options;
}

// The first plan of a model, a full batch of training, is the largest as a rule: the others share
// its memory, for only one of them runs at a time.
static enum bough_status make_plan(struct bough__step *step)
{
    struct bough__model *model = step->data->model;
    const struct bough__plan_options options = plan_options(step);
    enum bough_status status =
        bough__plan_create(&step->plan, &step->graph, model->device, &options);
    if (status == BOUGH_OK && !model->memory)
        model->memory = bough__plan_give_memory(step->plan);
    return status;
}

// ---- The step ----

// What a device does of its own before the launches are prepared.
static enum bough_status ready_device(const struct bough__step *step)
{
    enum bough_status status = BOUGH_OK;
    struct bough_device *device = step->data->model->device;
    if (bough__graph_flags(&step->graph) & BOUGH__OP_WINDOWS)
        BOUGH_TRY(bough__selftest_once(device, BOUGH_SELFTEST_WINDOWS));
    // The last, smaller batch goes the way of the others, and so does a step without a backward
    // pass.
    const double batch = (double)step->data->source[bough__step_set(step)].batch;
    const double batches = batch / (double)step->rows;
    BOUGH_TRY(bough__expect(device, bough__graph_mean_flops(&step->graph) * batches));
done:
    return status;
}

enum bough_status bough__step_init(struct bough__step *step, struct bough__step_data *data,
                                   const struct bough__step_scope *scope)
{
    enum bough_status status = BOUGH_OK;
    const size_t tasks = data->model->config->tasks_count;
    struct bough_device *device = data->model->device;
    step->data = data;
    step->scope = *scope;
    step->rows = bough__step_rows(step, bough__step_set(step));
    step->sequence.device = device;
    step->scores = calloc(tasks + 1, sizeof *step->scores);
    step->losses = calloc(tasks + 1, sizeof *step->losses);
    BOUGH_TRY_MEMORY(step->scores);
    BOUGH_TRY_MEMORY(step->losses);
    BOUGH_TRY(bough__step_record(step));
    BOUGH_TRY(make_plan(step));
    BOUGH_TRY(ready_device(step));
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

static int is_left_out(const struct bough__step *step, int stage)
{
    const struct bough__weigh_data *weigh = &step->data->weigh;
    return step->stage[stage].finds_weights && bough__weigh_keeps(weigh, weigh->moment.step);
}

// The launches of the stages from `*stage` to the next call, or the next that is left out.
static enum bough_status run_launches(const struct bough__step *step, int *stage)
{
    const size_t first = step->stage[*stage].first;
    size_t end = first;
    while (*stage < step->stages && !step->stage[*stage].call && !is_left_out(step, *stage))
        end = step->stage[(*stage)++].end;
    return bough__run(step->sequence.device, step->sequence.launch + first, end - first);
}

enum bough_status bough__step_run(struct bough__step *step, int first)
{
    enum bough_status status = BOUGH_OK;
    for (int stage = first; status == BOUGH_OK && stage < step->stages;)
        if (is_left_out(step, stage))
            stage++;
        else
            status = step->stage[stage].call ? step->stage[stage++].call(step)
                                             : run_launches(step, &stage);
    return status;
}
