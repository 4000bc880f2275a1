#include "weigh/alone.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

// ---- Setting up ----

static enum bough_status make(struct bough__alone *alone, struct bough__span *span, size_t bytes)
{
    enum bough_status status;
    struct bough__buffer **buffer = &alone->buffer[alone->buffers++];
    BOUGH_TRY(bough__buffer_create(buffer, alone->sequence.device, bytes ? bytes : 1));
    *span = bough__whole(*buffer);
    BOUGH_TRY(bough__fill_zero(*span, bytes ? bytes : 1));
done:
    return status;
}

static enum bough_status make_learned(struct bough__alone *alone, struct bough__arena *arena)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__weigh *weigh = &alone->weigh;
    if (!alone->row->params)
        return BOUGH_OK;
    alone->learned_count = alone->row->params(NULL, weigh->options, weigh->tasks);
    BOUGH_TRY_MEMORY(alone->learned = BOUGH_NEW(arena, float, alone->learned_count));
    BOUGH_TRY_MEMORY(alone->learned_gradient = BOUGH_NEW(arena, float, alone->learned_count));
    alone->row->params(alone->learned, weigh->options, weigh->tasks);
done:
    return status;
}

static enum bough_status make_writing(struct bough__alone *alone, struct bough__arena *arena)
{
    enum bough_status status;
    struct bough__weigh *weigh = &alone->weigh;
    const size_t tasks = weigh->tasks, row = (size_t)weigh->columns * sizeof(float);
    const int direct = alone->row->needs == BOUGH_NEEDS_GRADIENTS;
    BOUGH_TRY(make_learned(alone, arena));
    BOUGH_TRY_MEMORY(alone->line = BOUGH_NEW(arena, float, weigh->columns));
    BOUGH_TRY_MEMORY(alone->account = BOUGH_NEW(arena, struct loss_account, tasks));
    if (alone->row->state)
        alone->state_bytes = alone->row->state(tasks, weigh->columns) * sizeof(float);
    BOUGH_TRY(make(alone, &weigh->step, sizeof(struct step_state)));
    BOUGH_TRY(make(alone, &weigh->state, alone->state_bytes));
    BOUGH_TRY(make(alone, &weigh->losses, 2 * tasks * sizeof(float)));
    BOUGH_TRY(make(alone, &weigh->factor, tasks * sizeof(float)));
    BOUGH_TRY(make(alone, &weigh->params, alone->learned_count * sizeof(float)));
    BOUGH_TRY(make(alone, &weigh->params_gradient, alone->learned_count * sizeof(float)));
    BOUGH_TRY(make(alone, &weigh->weights, tasks * sizeof(float)));
    BOUGH_TRY(make(alone, &weigh->jacobian, direct ? tasks * row : 0));
    BOUGH_TRY(make(alone, &weigh->gradient, direct ? row : 0));
    BOUGH_TRY(make(alone, &weigh->account, tasks * sizeof *alone->account));
    weigh->jacobian.stride = row;
    BOUGH_TRY(alone->row->write(&alone->sequence, weigh));
done:
    return status;
}

enum bough_status bough__alone_init(struct bough__alone *alone, struct bough__arena *arena,
                                    struct bough_device **device,
                                    const struct bough__choice *choice, size_t tasks,
                                    int64_t columns)
{
    enum bough_status status = BOUGH_OK;
    alone->row = bough__weighting_of(choice);
    alone->weigh =
        (struct bough__weigh){.options = choice->options, .tasks = tasks, .columns = columns};
    if (alone->row->solve)
        return bough__solver_init(&alone->solver, arena, choice, tasks, columns);
    if (!alone->row->write)
        return BOUGH_OK;
    if (!*device)
        BOUGH_TRY(bough_device_open(device, "c"));
    alone->sequence.device = *device;
    BOUGH_TRY(make_writing(alone, arena));
done:
    return status;
}

void bough__alone_fini(struct bough__alone *alone)
{
    bough__sequence_fini(&alone->sequence);
    for (size_t i = 0; i < alone->buffers; i++)
        bough__buffer_destroy(&alone->buffer[i]);
}

// ---- A step of a row that writes ----

static enum bough_status run(struct bough__alone *alone, const float *losses, const float *factor)
{
    enum bough_status status;
    const size_t bytes = alone->weigh.tasks * sizeof(float);
    BOUGH_TRY(bough__write(alone->weigh.losses, losses, 2 * bytes));
    BOUGH_TRY(bough__write(alone->weigh.factor, factor, bytes));
    BOUGH_TRY(bough__sequence_run(&alone->sequence));
done:
    return status;
}

enum bough_status bough__alone_weigh(struct bough__alone *alone, float *weights,
                                     const float *losses, const float *factor)
{
    enum bough_status status;
    const struct bough__weigh *weigh = &alone->weigh;
    const size_t bytes = alone->learned_count * sizeof(float);
    if (bytes)
        BOUGH_TRY(bough__write(weigh->params, alone->learned, bytes));
    BOUGH_TRY(run(alone, losses, factor));
    BOUGH_TRY(bough__read(weigh->weights, weights, weigh->tasks * sizeof *weights));
    if (bytes)
        BOUGH_TRY(bough__read(weigh->params_gradient, alone->learned_gradient, bytes));
done:
    return status;
}

static enum bough_status write_gradients(struct bough__alone *alone, const float *gradients,
                                         const float *losses, const float *factor)
{
    enum bough_status status = BOUGH_OK;
    const size_t columns = (size_t)alone->weigh.columns, row = alone->weigh.jacobian.stride;
    for (size_t t = 0; t < alone->weigh.tasks; t++) {
        const int labelled = losses[2 * t + 1] != 0;
        for (size_t i = 0; i < columns; i++)
            alone->line[i] = labelled ? factor[t] * gradients[t * columns + i] : 0;
        BOUGH_TRY(bough__write(bough__span_at(alone->weigh.jacobian, t * row), alone->line, row));
    }
done:
    return status;
}

static enum bough_status check_account(const struct bough__alone *alone)
{
    enum bough_status status;
    const size_t tasks = alone->weigh.tasks;
    BOUGH_TRY(bough__read(alone->weigh.account, alone->account, tasks * sizeof *alone->account));
    for (size_t t = 0; t < tasks; t++)
        if (alone->account[t].bad_gradient)
            return bough__fail(
                BOUGH_DIVERGED,
                "the gradient of task %zu, as it is weighed, is too long for %s: its "
                "square is not finite",
                t, alone->row->row.name);
done:
    return status;
}

enum bough_status bough__alone_direct(struct bough__alone *alone, float *direction,
                                      const float *gradients, const float *losses,
                                      const float *factor, const struct bough__moment *moment)
{
    enum bough_status status;
    const struct bough__weigh *weigh = &alone->weigh;
    const struct step_state step = {.seed = {moment->seed[0], moment->seed[1]},
                                    .step = moment->step};
    BOUGH_TRY(bough__write(weigh->step, &step, sizeof step));
    BOUGH_TRY(bough__fill_zero(weigh->account, weigh->tasks * sizeof *alone->account));
    BOUGH_TRY(write_gradients(alone, gradients, losses, factor));
    BOUGH_TRY(run(alone, losses, factor));
    BOUGH_TRY(check_account(alone));
    BOUGH_TRY(bough__read(weigh->gradient, direction, weigh->jacobian.stride));
done:
    return status;
}

// ---- What it keeps ----

static size_t solver_bytes(const struct bough__alone *alone)
{
    return alone->solver.state_count * sizeof(double);
}

static size_t learned_bytes(const struct bough__alone *alone)
{
    return alone->learned_count * sizeof(float);
}

size_t bough__alone_state_size(const struct bough__alone *alone)
{
    return solver_bytes(alone) + learned_bytes(alone) + alone->state_bytes;
}

enum bough_status bough__alone_save(const struct bough__alone *alone, char *state)
{
    if (solver_bytes(alone))
        memcpy(state, alone->solver.state, solver_bytes(alone));
    state += solver_bytes(alone);
    if (learned_bytes(alone))
        memcpy(state, alone->learned, learned_bytes(alone));
    state += learned_bytes(alone);
    return alone->state_bytes ? bough__read(alone->weigh.state, state, alone->state_bytes)
                              : BOUGH_OK;
}

static double number_at(const struct bough__alone *alone, const char *state, size_t i)
{
    const size_t doubles = alone->solver.state_count;
    double number;
    float single;
    if (i < doubles)
        return memcpy(&number, state + i * sizeof number, sizeof number), number;
    state += solver_bytes(alone) + (i - doubles) * sizeof single;
    return memcpy(&single, state, sizeof single), (double)single;
}

enum bough_status bough__alone_check(const struct bough__alone *alone, const char *state)
{
    const size_t floats = alone->learned_count + alone->state_bytes / sizeof(float);
    for (size_t i = 0; i < alone->solver.state_count + floats; i++) {
        const double number = number_at(alone, state, i);
        if (!isfinite(number))
            return bough__fail(BOUGH_DATA, "a damaged state of %s: number %zu is %g",
                               alone->row->row.name, i, isnan(number) ? NAN : number);
    }
    return BOUGH_OK;
}

enum bough_status bough__alone_load(struct bough__alone *alone, const char *state)
{
    if (solver_bytes(alone))
        memcpy(alone->solver.state, state, solver_bytes(alone));
    state += solver_bytes(alone);
    if (learned_bytes(alone))
        memcpy(alone->learned, state, learned_bytes(alone));
    state += learned_bytes(alone);
    return alone->state_bytes ? bough__write(alone->weigh.state, state, alone->state_bytes)
                              : BOUGH_OK;
}
