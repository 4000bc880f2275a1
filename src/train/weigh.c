#include "train/weigh_parts.h"

#include "base/error.h"
#include "graph/gram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// A Jacobian that takes more bytes is kept only where the weighting wants all of it: not a part of
// the device's memory, as the last bits of a training go by it.
static const uint64_t jacobian_bytes = 256 << 20;

// ---- Which weightings ----

enum bough__weighting_needs bough__weigh_needs(const struct bough__weigh_data *data)
{
    return data->by_gradients.row ? data->by_gradients.row->needs : BOUGH_NEEDS_NOTHING;
}

int bough__weigh_sees_losses(const struct bough__weigh_data *data)
{
    return data->by_losses.row && data->by_losses.row->needs == BOUGH_NEEDS_LOSSES;
}

int bough__weigh_solves(const struct bough__weigher *weigher)
{
    return weigher->row && weigher->row->solve;
}

int bough__weigh_keeps(const struct bough__weigh_data *data, uint32_t step)
{
    return (step - 1) % (uint32_t)data->model->config->weighting.every != 0;
}

int bough__weigh_looks_ahead(const struct bough__weigh_data *data)
{
    return data->by_gradients.row && data->by_gradients.row->ahead;
}

size_t bough__weigh_steps(const struct bough__weigh_data *data)
{
    const struct bough__weigher *weigher = &data->by_gradients;
    return weigher->row && weigher->row->steps ? weigher->row->steps(weigher->options) : 0;
}

int bough__weigh_learns_after(const struct bough__weigh_data *data)
{
    return data->by_losses.row && data->by_losses.row->after;
}

// The gradients are looked at, and added up as they are.
static void add_up(struct bough__solve *solve)
{
    for (size_t i = 0; i < solve->n; i++)
        solve->weights[i] = 1;
}

const struct bough__weighting bough__plain_sum = {
    .row = {.name = "sum"}, .needs = BOUGH_NEEDS_GRAM, .solve = add_up};

static size_t sums(size_t tasks, int64_t columns)
{
    return tasks * (size_t)columns;
}

// Each mean over the labelled rows of a batch counts as many times as these weigh.
static enum bough_status add_gradients(struct bough__sequence *out,
                                       const struct bough__weigh *weigh)
{
    enum bough_status status = BOUGH_OK;
    for (size_t t = 0; t < weigh->tasks; t++) {
        const struct bough__stack_sum sum = {
            .tasks = 1,
            .elements = weigh->columns,
            .stack = bough__span_of_stack(weigh->jacobian, (int64_t)t),
            .weights = bough__span_at(weigh->losses, (2 * t + 1) * sizeof(float)),
            .y = bough__span_at(weigh->state, t * (size_t)weigh->columns * sizeof(float)),
            .add = 1,
        };
        BOUGH_TRY(bough__stack_sum_write(out, &sum));
    }
done:
    return status;
}

// Of a run for gradients: the state is the tasks' gradients [T, columns] of all batches.
static const struct bough__weighting added_up = {
    .row = {.name = "sum"}, .needs = BOUGH_NEEDS_GRADIENTS, .state = sums, .write = add_gradients};

static void choose(struct bough__weigher *weigher, const struct bough__choice *choice)
{
    weigher->row = bough__weighting_of(choice);
    weigher->options = choice->options;
}

// Where no parameter is shared there is nothing to agree on.
static void choose_weightings(struct bough__weigh_data *data)
{
    const struct bough__weighing *config = &data->model->config->weighting;
    const struct bough__choice *losses = bough__weighing_losses(config);
    choose(&data->by_losses, losses);
    if (!data->columns || bough__weigh_tasks(data) < 2)
        return;
    if (losses != &config->choice)
        choose(&data->by_gradients, &config->choice);
    else if (data->model->config->diagnostics)
        data->by_gradients.row = &bough__plain_sum;
    data->others = data->by_gradients.row ? data->by_gradients.row->others : 0;
    data->watches = bough__weigh_needs(data) == BOUGH_NEEDS_GRAM ||
                    (data->by_gradients.row && data->model->config->diagnostics);
}

int bough__weigh_on_representation(const struct bough__weigh_data *data)
{
    return bough__weigh_needs(data) == BOUGH_NEEDS_GRAM &&
           strcmp(data->model->config->weighting.on, "representation") == 0;
}

// The Gram matrix of a Jacobian that is kept saves the second, weighted pass.
static int keeps_jacobian(const struct bough__weigh_data *data)
{
    const struct bough__model *model = data->model;
    const uint64_t bytes = bough__weigh_tasks(data) * data->stride;
    if (bough__weigh_needs(data) != BOUGH_NEEDS_GRAM)
        return bough__weigh_needs(data) == BOUGH_NEEDS_GRADIENTS;
    if (data->groups.count > 1 || data->others) // a weighted pass has one weight for each task
        return 1;
    if (bough__weigh_on_representation(data) || data->model->config->weighting.every > 1)
        return 0;
    if (model->jacobian != BOUGH_JACOBIAN_IF_IT_FITS)
        return model->jacobian == BOUGH_JACOBIAN_KEPT;
    return bytes <= jacobian_bytes;
}

static void find_shared(struct bough__weigh_data *data)
{
    enum { LINE = 64 };
    const struct bough__param_block *trunk = &data->model->params.block[0];
    data->shared = trunk->gradient;
    data->columns = trunk->size;
    data->stride = ((size_t)trunk->size * sizeof(float) + LINE - 1) / LINE * LINE;
}

// ---- Setting up ----

static void lay_out(struct bough__weigh_data *data)
{
    struct bough__weigh_layout *at = &data->at;
    const size_t tasks = bough__weigh_tasks(data), groups = data->groups.count;
    const size_t matrices = groups * tasks * tasks, steps = bough__weigh_steps(data) ? 1 : 0;
    at->roots = at->losses + 2 * tasks;
    at->gram = at->roots + tasks;
    at->cross = at->gram + (data->watches ? matrices : 0);
    at->others = at->cross + (data->others ? matrices : 0);
    at->squares = at->others + data->others * 2 * tasks;
    at->there = at->squares + steps * 2 * tasks * tasks;
    at->weights = at->there + steps * 2 * tasks;
    at->shares = at->weights + groups * tasks;
    at->factor = at->shares + steps * 2 * tasks;
    at->end = at->factor + tasks;
}

static enum bough_status make_places(struct bough__weigh_data *data, struct bough__arena *arena)
{
    enum bough_status status = BOUGH_OK;
    struct bough_device *device = data->model->device;
    const size_t bytes = bough__weigh_tasks(data) * sizeof(float);
    lay_out(data);
    BOUGH_TRY_MEMORY(data->host = BOUGH_NEW(arena, float, data->at.end));
    BOUGH_TRY_MEMORY(data->parts = BOUGH_NEW(arena, double, bough__weigh_tasks(data)));
    BOUGH_TRY(bough__buffer_create(&data->factor, device, bytes));
    BOUGH_TRY(bough__buffer_create(&data->weights, device, data->groups.count * bytes));
    BOUGH_TRY(bough__buffer_create(&data->measured, device, data->at.weights * sizeof(float)));
    if (bough__weigh_steps(data))
        BOUGH_TRY(bough__buffer_create(&data->shares, device, 2 * bytes));
done:
    return status;
}

// The weighting by gradients, or the one by the losses where that stands alone.
static int is_smoothed(const struct bough__weigh_data *data, const struct bough__weigher *weigher)
{
    const struct bough__weighting *by_gradients = data->by_gradients.row;
    const int alone = !by_gradients || by_gradients == &bough__plain_sum;
    return weigher == (alone ? &data->by_losses : &data->by_gradients);
}

static enum bough_status make_solvers(const struct bough__weigh_data *data,
                                      struct bough__weigher *weigher, struct bough__arena *arena)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__choice choice = {&weigher->row->row, (void *)weigher->options};
    const int apart = weigher == &data->by_gradients;
    weigher->solvers = apart ? data->groups.count : 1;
    weigher->solver = BOUGH_NEW(arena, struct bough__solver, weigher->solvers);
    BOUGH_TRY_MEMORY(weigher->solver);
    for (size_t g = 0; g < weigher->solvers; g++)
        BOUGH_TRY(bough__solver_init(&weigher->solver[g], arena, &choice, bough__weigh_tasks(data),
                                     apart ? data->groups.group[g].columns : data->columns));
    for (size_t g = 0; g < weigher->solvers && is_smoothed(data, weigher); g++)
        weigher->solver[g].smoothing = data->model->config->weighting.smoothing;
    for (size_t g = 0; apart && !weigher->row->ahead && g < weigher->solvers; g++)
        weigher->solver[g].reached = data->groups.group[g].reached;
done:
    return status;
}

static enum bough_status make_weigher(const struct bough__weigh_data *data,
                                      struct bough__weigher *weigher, struct bough__arena *arena)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__weighting *row = weigher->row;
    if (!row)
        return BOUGH_OK;
    if (row->solve)
        return make_solvers(data, weigher, arena);
    if (!row->state)
        return BOUGH_OK;
    weigher->state_bytes = row->state(bough__weigh_tasks(data), data->columns) * sizeof(float);
    BOUGH_TRY(bough__buffer_create(&weigher->state, data->model->device, weigher->state_bytes));
    BOUGH_TRY(bough__fill_zero(bough__whole(weigher->state), weigher->state_bytes));
done:
    return status;
}

// The roots stay so where no weighting sees the losses.
static enum bough_status write_factors(struct bough__weigh_data *data)
{
    enum bough_status status = BOUGH_OK;
    const struct bough_config *config = data->model->config;
    const size_t tasks = bough__weigh_tasks(data), bytes = tasks * sizeof(float);
    float *factor = data->host + data->at.factor, *roots = data->host + data->at.roots;
    bough__weighing_start(roots, &config->weighting, tasks);
    for (size_t t = 0; t < tasks; t++) {
        factor[t] = config->tasks[t].weight;
        roots[t] = data->by_gradients.row == &added_up ? 1 : roots[t] * factor[t];
    }
    BOUGH_TRY(bough__write(bough__whole(data->factor), factor, bytes));
    BOUGH_TRY(bough__write(bough__weigh_at(data, data->at.roots), roots, bytes));
done:
    return status;
}

static size_t scratch_bytes(const struct bough__weigh_data *data)
{
    size_t most = 0;
    for (size_t g = 0; g < data->groups.count; g++) {
        const size_t bytes =
            bough__gram_scratch((int64_t)bough__weigh_tasks(data), data->groups.group[g].columns);
        most = bytes > most ? bytes : most;
    }
    return most;
}

static enum bough_status make_jacobian(const struct bough__weigh_data *data,
                                       struct bough__buffer **jacobian)
{
    enum bough_status status;
    const size_t bytes = bough__weigh_tasks(data) * data->stride;
    BOUGH_TRY(bough__buffer_create(jacobian, data->model->device, bytes));
    BOUGH_TRY(bough__fill_zero(bough__whole(*jacobian), bytes));
done:
    return status;
}

static enum bough_status make_jacobians(struct bough__weigh_data *data)
{
    enum bough_status status = BOUGH_OK;
    if (!keeps_jacobian(data))
        return BOUGH_OK;
    BOUGH_TRY(make_jacobian(data, &data->jacobian));
    for (size_t k = 0; k < data->others; k++)
        BOUGH_TRY(make_jacobian(data, &data->other[k]));
    BOUGH_TRY(bough__buffer_create(&data->scratch, data->model->device, scratch_bytes(data)));
done:
    return status;
}

enum bough_status bough__weigh_init(struct bough__weigh_data *data, struct bough__arena *arena,
                                    const struct bough__model *model, enum bough__purpose purpose)
{
    enum bough_status status = BOUGH_OK;
    const size_t tasks = model->config->tasks_count;
    data->model = model;
    find_shared(data);
    if (purpose == BOUGH_TRAINING)
        choose_weightings(data);
    if (purpose == BOUGH_GRADIENTS)
        data->by_gradients.row = &added_up;
    const char *by = data->watches ? model->config->weighting.groups : "shared";
    BOUGH_TRY(bough__groups_find(&data->groups, arena, &model->params, by, tasks));
    BOUGH_TRY(make_places(data, arena));
    if (data->watches) {
        BOUGH_TRY(bough__watch_init(&data->epoch, arena, tasks));
        BOUGH_TRY(bough__watch_init(&data->all, arena, tasks));
    }
    BOUGH_TRY(make_weigher(data, &data->by_losses, arena));
    BOUGH_TRY(make_weigher(data, &data->by_gradients, arena));
    if (purpose == BOUGH_TRAINING || purpose == BOUGH_GRADIENTS)
        BOUGH_TRY(write_factors(data));
    BOUGH_TRY(make_jacobians(data));
done:
    return status;
}

void bough__weigh_fini(struct bough__weigh_data *data)
{
    bough__buffer_destroy(&data->by_losses.state);
    bough__buffer_destroy(&data->by_gradients.state);
    bough__buffer_destroy(&data->factor);
    bough__buffer_destroy(&data->weights);
    bough__buffer_destroy(&data->shares);
    bough__buffer_destroy(&data->measured);
    bough__buffer_destroy(&data->jacobian);
    for (size_t k = 0; k < data->others; k++)
        bough__buffer_destroy(&data->other[k]);
    bough__buffer_destroy(&data->scratch);
}

// ---- Where things lie ----

struct bough__span bough__weigh_at(const struct bough__weigh_data *data, size_t offset)
{
    return bough__span_at(bough__whole(data->measured), offset * sizeof(float));
}

struct bough__span bough__weigh_matrix(const struct bough__weigh_data *data, size_t offset,
                                       size_t i)
{
    const size_t tasks = bough__weigh_tasks(data);
    return bough__weigh_at(data, offset + i * tasks * tasks);
}

struct bough__span bough__weigh_jacobian(const struct bough__weigh_data *data, size_t batch)
{
    struct bough__span jacobian = bough__whole(batch ? data->other[batch - 1] : data->jacobian);
    jacobian.stride = data->stride;
    return jacobian;
}

size_t bough__weigh_batches(const struct bough__weigh_data *data)
{
    return data->shares ? 2 : 1;
}

struct bough__span bough__weigh_weights(const struct bough__weigh_data *data, size_t batch,
                                        size_t group)
{
    const size_t row = batch * data->groups.count + group;
    return bough__span_at(bough__whole(data->shares ? data->shares : data->weights),
                          row * bough__weigh_tasks(data) * sizeof(float));
}

// ---- In a step, on the device ----

enum bough_status bough__weigh_write(const struct bough__weigh_data *data,
                                     const struct bough__weigher *weigher,
                                     struct bough__sequence *out, struct bough__span state,
                                     struct bough__span account)
{
    const struct bough__param_block *learned = bough__model_learned(data->model);
    const struct bough__span roots = bough__weigh_at(data, data->at.roots);
    struct bough__weigh weigh = {
        .options = weigher->options,
        .tasks = bough__weigh_tasks(data),
        .step = state,
        .state = bough__whole(weigher->state),
        .losses = bough__weigh_at(data, data->at.losses),
        .factor =
            weigher == &data->by_losses ? bough__whole(data->factor) : roots, // the Jacobian's
        .weights = roots,
        .jacobian = bough__weigh_jacobian(data, 0),
        .columns = data->columns,
        .gradient = data->shared,
        .account = account,
    };
    if (learned) {
        weigh.params = learned->value;
        weigh.params_gradient = learned->gradient;
    }
    return weigher->row->write(out, &weigh);
}
