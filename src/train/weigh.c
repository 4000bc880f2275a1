#include "train/weigh.h"

#include "base/error.h"
#include "graph/gram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// A Jacobian that takes more bytes is kept only where the weighting wants all of it: not a part of
// the device's memory, as the last bits of a training go by it.
static const uint64_t jacobian_bytes = 256 << 20;

static size_t tasks_of(const struct bough__weigh_data *data)
{
    return data->model->config->tasks_count;
}

// ---- What the weighting needs ----

// Where no parameter is shared there is nothing to agree on.
static int agrees(const struct bough__weigh_data *data)
{
    return !bough__by_gradients(data->weighting->needs) || (data->columns && tasks_of(data) > 1);
}

// The Gram matrix of a Jacobian that is kept saves the second, weighted pass.
static int keeps_jacobian(const struct bough__weigh_data *data)
{
    const struct bough__model *model = data->model;
    const uint64_t bytes = tasks_of(data) * data->stride;
    if (data->needs != BOUGH_NEEDS_GRAM)
        return data->needs == BOUGH_NEEDS_GRADIENTS;
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

int bough__weigh_solves(const struct bough__weigh_data *data)
{
    return data->needs != BOUGH_NEEDS_NOTHING && data->weighting->solve;
}

static int by_gram(const struct bough__weigh_data *data)
{
    return data->needs == BOUGH_NEEDS_GRAM;
}

static enum bough_status make_host(struct bough__weigh_data *data, struct bough__arena *arena)
{
    const size_t tasks = tasks_of(data), numbers = 2 * tasks + tasks * tasks + tasks + tasks;
    data->host = BOUGH_NEW(arena, float, numbers);
    if (!data->host)
        return bough__no_memory();
    return bough__weigh_solves(data)
               ? bough__solver_init(&data->solver, arena, &data->model->config->weighting, tasks,
                                    data->columns)
               : BOUGH_OK;
}

static float *host_weights(const struct bough__weigh_data *data)
{
    return data->host + 2 * tasks_of(data) + tasks_of(data) * tasks_of(data);
}

static float *host_factor(const struct bough__weigh_data *data)
{
    return host_weights(data) + tasks_of(data);
}

static enum bough_status write_factors(struct bough__weigh_data *data)
{
    enum bough_status status = BOUGH_OK;
    const struct bough_config *config = data->model->config;
    float *factor = host_factor(data);
    for (size_t t = 0; t < tasks_of(data); t++)
        factor[t] = 1;
    if (data->weighting->needs == BOUGH_NEEDS_NOTHING)
        data->weighting->start(factor, config->weighting.options, config->tasks_count);
    for (size_t t = 0; t < tasks_of(data); t++)
        factor[t] *= config->tasks[t].weight;
    BOUGH_TRY(bough__write(bough__whole(data->factor), factor, tasks_of(data) * sizeof *factor));
done:
    return status;
}

// An epoch may end without a step, where a run goes on behind its last one: no weights were found.
static enum bough_status clear_weights(struct bough__weigh_data *data)
{
    float *weights = host_weights(data);
    for (size_t t = 0; t < tasks_of(data); t++)
        weights[t] = NAN;
    return bough__write(bough__whole(data->weights), weights, tasks_of(data) * sizeof *weights);
}

static enum bough_status make_jacobian(struct bough__weigh_data *data)
{
    enum bough_status status = BOUGH_OK;
    struct bough_device *device = data->model->device;
    const int64_t tasks = (int64_t)tasks_of(data);
    const size_t bytes = tasks_of(data) * data->stride;
    if (!keeps_jacobian(data))
        return BOUGH_OK;
    BOUGH_TRY(bough__buffer_create(&data->jacobian, device, bytes));
    BOUGH_TRY(bough__fill_zero(bough__whole(data->jacobian), bytes));
    BOUGH_TRY(
        bough__buffer_create(&data->scratch, device, bough__gram_scratch(tasks, data->columns)));
done:
    return status;
}

static void find_weighting(struct bough__weigh_data *data)
{
    data->weighting = bough__weighting_of(&data->model->config->weighting);
    data->needs = agrees(data) ? data->weighting->needs : BOUGH_NEEDS_NOTHING;
}

enum bough_status bough__weigh_init(struct bough__weigh_data *data, struct bough__arena *arena,
                                    const struct bough__model *model, int training)
{
    enum bough_status status = BOUGH_OK;
    struct bough_device *device = model->device;
    const size_t tasks = model->config->tasks_count;
    data->model = model;
    find_shared(data);
    if (training)
        find_weighting(data);
    const size_t gram = data->needs == BOUGH_NEEDS_GRAM ? tasks * tasks : 0;
    BOUGH_TRY(make_host(data, arena));
    BOUGH_TRY(bough__buffer_create(&data->factor, device, tasks * sizeof(float)));
    BOUGH_TRY(bough__buffer_create(&data->weights, device, tasks * sizeof(float)));
    BOUGH_TRY(bough__buffer_create(&data->measured, device, (2 * tasks + gram) * sizeof(float)));
    if (training) {
        BOUGH_TRY(write_factors(data));
        BOUGH_TRY(clear_weights(data));
    }
    BOUGH_TRY(make_jacobian(data));
done:
    return status;
}

void bough__weigh_fini(struct bough__weigh_data *data)
{
    bough__buffer_destroy(&data->factor);
    bough__buffer_destroy(&data->weights);
    bough__buffer_destroy(&data->measured);
    bough__buffer_destroy(&data->jacobian);
    bough__buffer_destroy(&data->scratch);
}

// ---- Where things lie ----

struct bough__span bough__weigh_losses(const struct bough__weigh_data *data)
{
    return bough__whole(data->measured);
}

struct bough__span bough__weigh_gram(const struct bough__weigh_data *data)
{
    return bough__span_at(bough__whole(data->measured), 2 * tasks_of(data) * sizeof(float));
}

struct bough__span bough__weigh_jacobian(const struct bough__weigh_data *data)
{
    struct bough__span jacobian = bough__whole(data->jacobian);
    jacobian.stride = data->stride;
    return jacobian;
}

struct bough__span bough__weigh_roots(const struct bough__weigh_data *data)
{
    return bough__whole(data->needs == BOUGH_NEEDS_LOSSES ? data->weights : data->factor);
}

// ---- In a step ----

enum bough_status bough__weigh_write(const struct bough__weigh_data *data,
                                     struct bough__sequence *out, struct bough__span state)
{
    const struct bough__param_block *learned = bough__model_learned(data->model);
    struct bough__weigh weigh = {
        .options = data->model->config->weighting.options,
        .tasks = tasks_of(data),
        .step = state,
        .losses = bough__weigh_losses(data),
        .factor = bough__whole(data->factor),
        .weights = bough__whole(data->weights),
        .jacobian = bough__weigh_jacobian(data),
        .columns = data->columns,
        .gradient = data->shared,
    };
    if (learned) {
        weigh.params = learned->value;
        weigh.params_gradient = learned->gradient;
    }
    return data->weighting->write(out, &weigh);
}

// Where the gradients' squares are finite, so are their products.
static enum bough_status check_finite(const struct bough__weigh_data *data)
{
    const size_t tasks = tasks_of(data);
    const float *losses = data->host, *gram = losses + 2 * tasks;
    for (size_t t = 0; t < tasks; t++) {
        const char *name = data->model->config->tasks[t].name;
        if (!isfinite(losses[2 * t]))
            return bough__fail(BOUGH_DIVERGED, "the loss of task %s is %g", name,
                               isnan(losses[2 * t]) ? NAN : (double)losses[2 * t]);
        if (by_gram(data) && !isfinite(gram[t * tasks + t]))
            return bough__fail(BOUGH_DIVERGED,
                               "the gradient of task %s is not finite, or its square is not", name);
    }
    return BOUGH_OK;
}

// Warns once: what a solve leaves goes on from step to step.
static void note_residual(struct bough__weigh_data *data, double residual)
{
    data->residual = fmax(data->residual, residual);
    if (data->warned || residual <= BOUGH__SOLVED)
        return;
    bough__log(BOUGH_LOG_WARNING, "weighting %s: a residual of %g, wanted at most %g",
               data->weighting->row.name, residual, BOUGH__SOLVED);
    data->warned = 1;
}

enum bough_status bough__weigh_solve(struct bough__weigh_data *data)
{
    enum bough_status status;
    const size_t tasks = tasks_of(data), gram = by_gram(data) ? tasks * tasks : 0;
    double residual;
    const struct bough__measured measured = {
        .losses = data->host,
        .factor = host_factor(data),
        .gram = gram ? data->host + 2 * tasks : NULL,
    };
    BOUGH_TRY(
        bough__read(bough__whole(data->measured), data->host, (2 * tasks + gram) * sizeof(float)));
    BOUGH_TRY(check_finite(data));
    bough__solver_run(&data->solver, host_weights(data), &residual, &measured, &data->moment);
    note_residual(data, residual);
    BOUGH_TRY(bough__write(bough__whole(data->weights), host_weights(data), tasks * sizeof(float)));
done:
    return status;
}

enum bough_status bough__weigh_told(const float **weights, double *residual,
                                    struct bough__weigh_data *data)
{
    enum bough_status status = BOUGH_OK;
    const int solved = data->needs == BOUGH_NEEDS_GRAM;
    *weights = NULL;
    *residual = solved ? data->residual : NAN;
    data->residual = 0;
    if (!solved && data->needs != BOUGH_NEEDS_LOSSES)
        return BOUGH_OK;
    BOUGH_TRY(bough__read(bough__whole(data->weights), host_weights(data),
                          tasks_of(data) * sizeof(float)));
    *weights = host_weights(data);
done:
    return status;
}
