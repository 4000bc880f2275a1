// What weightings keep from step to step, for a checkpoint.
#include "train/weigh.h"

#include "base/error.h"

#include <string.h>

static size_t solver_bytes(const struct bough__weigher *weigher)
{
    size_t count = 0;
    for (size_t i = 0; i < weigher->solvers; i++)
        count += weigher->solver[i].state_count;
    return count * sizeof(double);
}

static size_t watch_bytes(const struct bough__weigh_data *data)
{
    return data->all.count * sizeof(double);
}

static size_t solves_bytes(const struct bough__weigh_data *data)
{
    return bough__weigh_solves(&data->by_gradients) ? sizeof data->all_solves : 0;
}

// What the losses of the last step were multiplied by; where nothing sees them it always is.
static size_t roots_bytes(const struct bough__weigh_data *data)
{
    return bough__weigh_sees_losses(data) ? data->model->config->tasks_count * sizeof(float) : 0;
}

size_t bough__weigh_state_bytes(const struct bough__weigh_data *data)
{
    return solver_bytes(&data->by_losses) + data->by_losses.state_bytes +
           solver_bytes(&data->by_gradients) + data->by_gradients.state_bytes + roots_bytes(data) +
           2 * watch_bytes(data) + 2 * solves_bytes(data);
}

static enum bough_status read_state(const struct bough__weigher *weigher, char **to)
{
    enum bough_status status = BOUGH_OK;
    for (size_t i = 0; i < weigher->solvers; i++) {
        const size_t bytes = weigher->solver[i].state_count * sizeof(double);
        memcpy(*to, weigher->solver[i].state, bytes);
        *to += bytes;
    }
    if (weigher->state_bytes)
        status = bough__read(bough__whole(weigher->state), *to, weigher->state_bytes);
    *to += weigher->state_bytes;
    return status;
}

static enum bough_status write_state(struct bough__weigher *weigher, const char **from)
{
    enum bough_status status = BOUGH_OK;
    for (size_t i = 0; i < weigher->solvers; i++) {
        const size_t bytes = weigher->solver[i].state_count * sizeof(double);
        memcpy(weigher->solver[i].state, *from, bytes);
        *from += bytes;
    }
    if (weigher->state_bytes)
        status = bough__write(bough__whole(weigher->state), *from, weigher->state_bytes);
    *from += weigher->state_bytes;
    return status;
}

enum bough_status bough__weigh_state_read(const struct bough__weigh_data *data, void *state)
{
    enum bough_status status;
    char *to = state;
    BOUGH_TRY(read_state(&data->by_losses, &to));
    BOUGH_TRY(read_state(&data->by_gradients, &to));
    if (roots_bytes(data))
        BOUGH_TRY(bough__read(bough__weigh_at(data, data->at.roots), to, roots_bytes(data)));
    to += roots_bytes(data);
    if (watch_bytes(data)) {
        memcpy(to, data->epoch.sum, watch_bytes(data));
        memcpy(to + watch_bytes(data), data->all.sum, watch_bytes(data));
        to += 2 * watch_bytes(data);
    }
    memcpy(to, &data->epoch_solves, solves_bytes(data));
    memcpy(to + solves_bytes(data), &data->all_solves, solves_bytes(data));
done:
    return status;
}

// What the steps up to the next solve go by.
static enum bough_status write_last(struct bough__weigh_data *data)
{
    const size_t tasks = data->model->config->tasks_count, groups = data->groups.count;
    float *weights = data->host + data->at.weights;
    for (size_t g = 0; g < groups; g++)
        bough__solver_last(&data->by_gradients.solver[g], weights + g * tasks);
    return bough__write(bough__whole(data->weights), weights, groups * tasks * sizeof(float));
}

enum bough_status bough__weigh_state_write(struct bough__weigh_data *data, const void *state)
{
    enum bough_status status;
    const char *from = state;
    BOUGH_TRY(write_state(&data->by_losses, &from));
    BOUGH_TRY(write_state(&data->by_gradients, &from));
    if (bough__weigh_solves(&data->by_gradients))
        BOUGH_TRY(write_last(data));
    if (roots_bytes(data))
        BOUGH_TRY(bough__write(bough__weigh_at(data, data->at.roots), from, roots_bytes(data)));
    from += roots_bytes(data);
    if (watch_bytes(data)) {
        memcpy(data->epoch.sum, from, watch_bytes(data));
        memcpy(data->all.sum, from + watch_bytes(data), watch_bytes(data));
        from += 2 * watch_bytes(data);
    }
    memcpy(&data->epoch_solves, from, solves_bytes(data));
    memcpy(&data->all_solves, from + solves_bytes(data), solves_bytes(data));
done:
    return status;
}
