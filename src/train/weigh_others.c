// Where the other batches of a step leave their gradients and losses, and how these are read.
#include "train/weigh_parts.h"

#include "base/error.h"

#include <math.h>

// ---- Where things lie ----

static struct bough__span after_gram(const struct bough__weigh_data *data, size_t matrices,
                                     size_t numbers)
{
    const size_t tasks = bough__weigh_tasks(data);
    return bough__span_at(bough__weigh_gram(data, 0),
                          (matrices * tasks * tasks + numbers) * sizeof(float));
}

struct bough__span bough__weigh_cross(const struct bough__weigh_data *data, size_t group)
{
    return after_gram(data, data->groups.count + group, 0);
}

struct bough__span bough__weigh_losses_of(const struct bough__weigh_data *data, size_t batch)
{
    if (!batch)
        return bough__weigh_losses(data);
    return after_gram(data, 2 * data->groups.count, (batch - 1) * 2 * bough__weigh_tasks(data));
}

struct bough__span bough__weigh_square(const struct bough__weigh_data *data, size_t batch)
{
    return after_gram(data, 2 * data->groups.count + batch,
                      data->others * 2 * bough__weigh_tasks(data));
}

struct bough__span bough__weigh_there(const struct bough__weigh_data *data)
{
    return bough__weigh_square(data, 2);
}

struct bough__span bough__weigh_jacobian_of(const struct bough__weigh_data *data, size_t batch)
{
    struct bough__span jacobian = bough__weigh_jacobian(data);
    if (batch)
        jacobian.buffer = data->other[batch - 1];
    return jacobian;
}

// ---- On the host ----

static enum bough_status check_losses(const struct bough__weigh_data *data)
{
    const size_t tasks = bough__weigh_tasks(data);
    const float *losses = bough__host_others(data);
    for (size_t i = 0; i < data->others * tasks; i++)
        if (!isfinite(losses[2 * i]))
            return bough__fail(BOUGH_DIVERGED, "the loss of task %s in another batch is %g",
                               data->model->config->tasks[i % tasks].name,
                               isnan(losses[2 * i]) ? NAN : (double)losses[2 * i]);
    return BOUGH_OK;
}

// Those of one batch by another may be infinite where the squares of each are not.
static enum bough_status check_products(const struct bough__weigh_data *data)
{
    const size_t tasks = bough__weigh_tasks(data);
    const float *cross = bough__host_cross(data);
    for (size_t i = 0; i < data->groups.count * tasks * tasks; i++)
        if (!isfinite(cross[i]))
            return bough__fail(BOUGH_DIVERGED,
                               "the gradient of task %s by that of task %s in another batch is not "
                               "finite",
                               data->model->config->tasks[i / tasks % tasks].name,
                               data->model->config->tasks[i % tasks].name);
    return BOUGH_OK;
}

static enum bough_status check_squares(const struct bough__weigh_data *data)
{
    const size_t tasks = bough__weigh_tasks(data);
    const float *squares = bough__host_squares(data);
    for (size_t i = 0; i < 2 * tasks; i++)
        if (!isfinite(squares[i / tasks * tasks * tasks + i % tasks * (tasks + 1)]))
            return bough__fail(BOUGH_DIVERGED,
                               "the gradient of task %s by all parameters is not finite, or its "
                               "square is not",
                               data->model->config->tasks[i % tasks].name);
    return BOUGH_OK;
}

// Other batches go before the own one, by whose losses the roots may go: until here their gradients
// are those of factor[t] L_t.
static void scale_products(const struct bough__weigh_data *data)
{
    const size_t tasks = bough__weigh_tasks(data);
    const float *roots = bough__host_roots(data), *factor = bough__host_factor(data);
    float *cross = bough__host_cross(data);
    for (size_t i = 0; i < data->groups.count * tasks * tasks; i++) {
        const size_t a = i / tasks % tasks, b = i % tasks;
        if (factor[a] != 0 && factor[b] != 0)
            cross[i] *= roots[a] / factor[a] * (roots[b] / factor[b]);
    }
}

enum bough_status bough__weigh_read_others(const struct bough__weigh_data *data,
                                           struct bough__measured *measured)
{
    enum bough_status status = BOUGH_OK;
    if (!data->others)
        return BOUGH_OK;
    BOUGH_TRY(check_losses(data));
    if (bough__weigh_sees_losses(data))
        scale_products(data);
    BOUGH_TRY(check_products(data));
    measured->cross = bough__host_cross(data);
    measured->others = bough__host_others(data);
    if (!bough__weigh_steps(data))
        return BOUGH_OK;
    BOUGH_TRY(check_squares(data));
    measured->squares = bough__host_squares(data);
    measured->there = bough__host_there(data);
done:
    return status;
}
