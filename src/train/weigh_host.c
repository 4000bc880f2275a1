// What a step's weighing does on the host, and what is told of it.
#include "train/weigh_parts.h"

#include "base/clock.h"
#include "base/error.h"

#include <math.h>
#include <stdio.h>

// ---- In a step ----

static enum bough_status not_finite_loss(const char *name, float loss)
{
    return bough__fail(BOUGH_DIVERGED, "the loss of task %s is %g", name,
                       isnan(loss) ? NAN : (double)loss);
}

enum bough_status bough__weigh_bad_gradient(const struct bough_config *config, size_t task)
{
    return bough__fail(BOUGH_DIVERGED,
                       "the gradient of task %s is not finite, or its square is not, with "
                       "tasks.%s.weight %g",
                       config->tasks[task].name, config->tasks[task].name,
                       (double)config->tasks[task].weight);
}

// Where the gradients' squares are finite, so are their products.
static enum bough_status check_finite(const struct bough__weigh_data *data, int by_gram)
{
    const size_t tasks = bough__weigh_tasks(data);
    const float *losses = data->host + data->at.losses, *gram = data->host + data->at.gram;
    for (size_t t = 0; t < tasks; t++) {
        const char *name = data->model->config->tasks[t].name;
        if (!isfinite(losses[2 * t]))
            return not_finite_loss(name, losses[2 * t]);
        for (size_t g = 0; by_gram && g < data->groups.count; g++)
            if (!isfinite(gram[(g * tasks + t) * tasks + t]))
                return bough__weigh_bad_gradient(data->model->config, t);
    }
    return BOUGH_OK;
}

// By the losses alone these are all that is read.
static enum bough_status measure(const struct bough__weigh_data *data,
                                 struct bough__measured *measured, int by_gram)
{
    enum bough_status status;
    const struct bough__weigh_layout *at = &data->at;
    const size_t numbers = by_gram ? at->weights : at->roots;
    *measured = (struct bough__measured){.losses = data->host + at->losses,
                                         .factor = data->host + at->factor,
                                         .scale = by_gram ? data->host + at->roots : NULL,
                                         .gram = by_gram ? data->host + at->gram : NULL};
    BOUGH_TRY(bough__read(bough__whole(data->measured), data->host, numbers * sizeof(float)));
    BOUGH_TRY(check_finite(data, by_gram));
    if (by_gram)
        BOUGH_TRY(bough__weigh_read_others(data, measured));
done:
    return status;
}

// Warns once a training: what a solve leaves goes on from step to step.
static void note_solve(struct bough__weigh_data *data, double residual, size_t iterations)
{
    const double unsolved = data->all_solves.unsolved;
    char why[200];
    if (data->by_gradients.row == &bough__plain_sum || !data->by_gradients.solver->present)
        return;
    if (isinf(residual) && bough__weigh_steps(data))
        snprintf(why, sizeof why, "its plain steps lead to no finite loss");
    else
        snprintf(why, sizeof why, "a residual of %g, wanted at most %g", residual, BOUGH__SOLVED);
    bough__solves_add(&data->epoch_solves, residual, iterations);
    bough__solves_add(&data->all_solves, residual, iterations);
    if (unsolved == 0 && data->all_solves.unsolved > 0)
        bough__log(BOUGH_LOG_WARNING,
                   "weighting %s: step %u is not solved, %s; result.json counts such steps",
                   data->by_gradients.row->row.name, data->moment.step, why);
}

enum bough_status bough__weigh_solve_losses(struct bough__weigh_data *data)
{
    enum bough_status status;
    double residual;
    struct bough__measured measured;
    float *roots = data->host + data->at.roots, *factor = data->host + data->at.factor;
    BOUGH_TRY(measure(data, &measured, 0));
    bough__solver_run(data->by_losses.solver, roots, &residual, &measured, &data->moment);
    for (size_t t = 0; t < bough__weigh_tasks(data); t++)
        roots[t] *= factor[t];
    BOUGH_TRY(bough__write(bough__weigh_at(data, data->at.roots), roots,
                           bough__weigh_tasks(data) * sizeof(float)));
done:
    return status;
}

// Sees the groups together: the first one's matrix and weights on the host are then those of all.
static void watch(struct bough__weigh_data *data, int weighed)
{
    const struct bough__groups *groups = &data->groups;
    const size_t tasks = bough__weigh_tasks(data);
    float *gram = data->host + data->at.gram, *weights = data->host + data->at.weights;
    if (weighed) {
        bough__groups_parts(data->parts, groups, gram, weights, tasks);
        bough__groups_mean(weights, groups, weights, tasks);
    }
    bough__groups_gram(gram, groups, gram, tasks);
    const struct bough__watched step = {data->host + data->at.losses, data->host + data->at.roots,
                                        gram, weighed ? weights : NULL, data->parts};
    bough__watch_add(&data->epoch, &step);
    bough__watch_add(&data->all, &step);
}

// The step's residual is the largest of its groups.
static void solve_groups(struct bough__weigh_data *data, struct bough__measured *measured)
{
    const size_t tasks = bough__weigh_tasks(data);
    const double start = bough__clock();
    double most = 0;
    size_t iterations = 0;
    for (size_t g = 0; g < data->groups.count; g++) {
        struct bough__solver *solver = &data->by_gradients.solver[g];
        double residual;
        bough__solver_run(solver, data->host + data->at.weights + g * tasks, &residual, measured,
                          &data->moment);
        most = fmax(most, isnan(residual) ? INFINITY : residual);
        iterations += solver->iterations;
        measured->gram += tasks * tasks;
        if (measured->cross)
            measured->cross += tasks * tasks;
    }
    data->seconds += bough__clock() - start;
    note_solve(data, most, iterations);
}

static enum bough_status write_shares(const struct bough__weigh_data *data)
{
    float *shares = data->host + data->at.shares;
    if (!data->shares)
        return BOUGH_OK;
    bough__solver_shares(data->by_gradients.solver, shares);
    return bough__write(bough__whole(data->shares), shares,
                        2 * bough__weigh_tasks(data) * sizeof(float));
}

enum bough_status bough__weigh_solve(struct bough__weigh_data *data)
{
    enum bough_status status;
    struct bough__measured measured;
    const size_t bytes = data->groups.count * bough__weigh_tasks(data) * sizeof(float);
    BOUGH_TRY(measure(data, &measured, 1));
    solve_groups(data, &measured);
    BOUGH_TRY(bough__write(bough__whole(data->weights), data->host + data->at.weights, bytes));
    BOUGH_TRY(write_shares(data));
    watch(data, 1);
done:
    return status;
}

enum bough_status bough__weigh_watch(struct bough__weigh_data *data)
{
    enum bough_status status;
    struct bough__measured measured;
    BOUGH_TRY(measure(data, &measured, 1));
    watch(data, 0);
done:
    return status;
}

enum bough_status bough__weigh_ahead(struct bough__weigh_data *data, float *weights)
{
    enum bough_status status;
    struct bough__measured measured;
    BOUGH_TRY(measure(data, &measured, 0));
    measured.scale = data->host + data->at.roots; // which go by no losses: they are as they began
    bough__solver_ahead(data->by_gradients.solver, weights, &measured, &data->moment);
done:
    return status;
}

enum bough_status bough__weigh_after(struct bough__weigh_data *data)
{
    enum bough_status status;
    struct bough__measured measured;
    BOUGH_TRY(measure(data, &measured, 0));
    bough__solver_after(data->by_losses.solver, &measured, &data->moment);
done:
    return status;
}

// ---- What is told ----

// The mean of the groups' weights.
static enum bough_status read_weights(const struct bough__weigh_data *data, float *weights)
{
    const size_t tasks = bough__weigh_tasks(data),
                 bytes = data->groups.count * tasks * sizeof(float);
    const enum bough_status status = bough__read(bough__whole(data->weights), weights, bytes);
    if (status == BOUGH_OK)
        bough__groups_mean(weights, &data->groups, weights, tasks);
    return status;
}

enum bough_status bough__weigh_told(const float **weights, const struct bough__weigh_data *data)
{
    enum bough_status status = BOUGH_OK;
    const size_t tasks = bough__weigh_tasks(data), bytes = tasks * sizeof(float);
    const int by_gram = bough__weigh_needs(data) == BOUGH_NEEDS_GRAM;
    float *told = data->host + data->at.weights, *roots = data->host + data->at.roots;
    *weights = NULL;
    if (bough__weigh_needs(data) == BOUGH_NEEDS_GRADIENTS ||
        (!by_gram && !bough__weigh_sees_losses(data)))
        return BOUGH_OK;
    BOUGH_TRY(bough__read(bough__weigh_at(data, data->at.roots), roots, bytes));
    if (by_gram)
        BOUGH_TRY(read_weights(data, told));
    for (size_t t = 0; t < tasks; t++)
        told[t] = data->moment.step ? (by_gram ? told[t] : 1) * roots[t] : NAN;
    *weights = told;
done:
    return status;
}
