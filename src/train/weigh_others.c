// How what was measured on the other batches of a step is read.
#include "train/weigh_parts.h"

#include "base/error.h"

#include <math.h>

static enum bough_status check_losses(const struct bough__weigh_data *data)
{
    const size_t tasks = bough__weigh_tasks(data);
    const float *losses = data->host + data->at.others;
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
    const float *cross = data->host + data->at.cross;
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
    const float *squares = data->host + data->at.squares;
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
    const float *roots = data->host + data->at.roots, *factor = data->host + data->at.factor;
    float *cross = data->host + data->at.cross;
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
    measured->cross = data->host + data->at.cross;
    measured->others = data->host + data->at.others;
    if (!bough__weigh_steps(data))
        return BOUGH_OK;
    BOUGH_TRY(check_squares(data));
    measured->squares = data->host + data->at.squares;
    measured->there = data->host + data->at.there;
done:
    return status;
}
