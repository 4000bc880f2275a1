#include "train/pass.h"

#include "base/error.h"
#include "cl/account.h"
#include "data/gather.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// Scores beyond this many bytes a task are not kept.
static const int64_t scores_bytes = 256 << 20;

static const char remedy[] = "; a lower optimizer.lr, or optimizer.clip_norm, keeps it in bounds";

static size_t tasks_of(const struct bough__phase *phase)
{
    return phase->model->config->tasks_count;
}

static int64_t target_width(const struct bough__model *model, size_t t)
{
    return model->loss[t]->target == BOUGH_TARGET_CLASS ? 1 : model->width[t];
}

static int64_t channels_of(const struct bough__model *model)
{
    return model->sample.dim[0];
}

// ---- Buffers ----

// What turns the input into x: see bough__gather_normalize.
static enum bough_status make_normalization(struct bough__phase *phase)
{
    enum bough_status status;
    const struct bough_input *input = &phase->model->config->input;
    const enum bough_dtype dtype = phase->feed->table->column[0].dtype;
    size_t channels = (size_t)channels_of(phase->model), bytes = channels * sizeof(float);
    if (dtype == BOUGH_F32 && !input->channels) // as it is
        return BOUGH_OK;
    float *scale = malloc(2 * bytes);
    BOUGH_TRY_MEMORY(scale);
    if (input->channels > 1 && input->channels != channels) {
        status =
            bough__fail(BOUGH_INVALID, "input.normalize: %zu numbers, the input has %zu channels",
                        input->channels, channels);
        goto done;
    }
    bough__gather_normalize(scale, scale + channels, channels, dtype, input->mean, input->std,
                            input->channels);
    BOUGH_TRY(bough__buffer_create(&phase->scale, phase->model->device, bytes));
    BOUGH_TRY(bough__buffer_create(&phase->shift, phase->model->device, bytes));
    BOUGH_TRY(bough__write(bough__whole(phase->scale), scale, bytes));
    BOUGH_TRY(bough__write(bough__whole(phase->shift), scale + channels, bytes));
done:
    free(scale);
    return status;
}

static enum bough_status make_task_buffers(struct bough__phase *phase, size_t t)
{
    enum bough_status status = BOUGH_OK;
    struct bough__model *model = phase->model;
    int64_t width = model->width[t];
    if (phase->purpose != BOUGH_PREDICTION)
        BOUGH_TRY(bough__buffer_create(&phase->target[t], model->device,
                                       (size_t)(phase->batch * target_width(model, t)) * 4));
    BOUGH_TRY(bough__buffer_create(&phase->scores[t], model->device,
                                   (size_t)(phase->room * width) * sizeof(float)));
    if (phase->room)
        BOUGH_TRY(bough__fill_zero(bough__whole(phase->scores[t]),
                                   (size_t)(phase->room * width) * sizeof(float)));
done:
    return status;
}

static void find_room(struct bough__phase *phase)
{
    phase->room = phase->feed->count;
    for (size_t t = 0; t < tasks_of(phase); t++) {
        int64_t most = scores_bytes / (int64_t)sizeof(float) / phase->model->width[t];
        if (phase->purpose == BOUGH_TRAINING && phase->room > most)
            phase->room = most;
    }
}

static enum bough_status make_buffers(struct bough__phase *phase)
{
    enum bough_status status = BOUGH_OK;
    struct bough_device *device = phase->model->device;
    size_t tasks = tasks_of(phase);
    size_t sample = (size_t)bough_shape_elements(&phase->model->sample);
    phase->target = BOUGH_NEW(&phase->arena, struct bough__buffer *, tasks);
    phase->scores = BOUGH_NEW(&phase->arena, struct bough__buffer *, tasks);
    BOUGH_TRY_MEMORY(phase->target);
    phase->account_host = BOUGH_NEW(&phase->arena, struct loss_account, tasks);
    BOUGH_TRY_MEMORY(phase->scores);
    BOUGH_TRY_MEMORY(phase->account_host);
    BOUGH_TRY(
        bough__buffer_create(&phase->input, device, (size_t)phase->batch * sample * sizeof(float)));
    BOUGH_TRY(bough__buffer_create(&phase->losses, device, tasks * 2 * sizeof(float)));
    BOUGH_TRY(bough__buffer_create(&phase->weights, device, tasks * sizeof(float)));
    BOUGH_TRY(bough__buffer_create(&phase->account, device, tasks * sizeof(struct loss_account)));
    BOUGH_TRY(bough__buffer_create(&phase->step, device, sizeof(struct step_state)));
    BOUGH_TRY(make_normalization(phase));
    for (size_t t = 0; t < tasks; t++)
        BOUGH_TRY(make_task_buffers(phase, t));
done:
    return status;
}

// ---- The phase ----

enum bough_status bough__phase_create(struct bough__phase **phase, struct bough__model *model,
                                      struct bough__feed *feed, enum bough__purpose purpose,
                                      const float *weights)
{
    enum bough_status status;
    struct bough__phase *made = calloc(1, sizeof *made);
    BOUGH_TRY_MEMORY(made);
    made->model = model;
    made->feed = feed;
    made->purpose = purpose;
    int64_t batch = model->config->train.batch_size;
    made->batch = batch < feed->count ? batch : feed->count;
    made->steps = made->batch ? (feed->count + batch - 1) / batch : 0;
    find_room(made);
    BOUGH_TRY(make_buffers(made));
    if (weights)
        BOUGH_TRY(
            bough__write(bough__whole(made->weights), weights, tasks_of(made) * sizeof *weights));
    if (made->batch)
        BOUGH_TRY(bough__pass_init(&made->full, made, made->batch));
    if (made->batch && feed->count % made->batch)
        BOUGH_TRY(bough__pass_init(&made->rest, made, feed->count % made->batch));
done:
    if (status != BOUGH_OK)
        bough__phase_destroy(&made);
    *phase = made;
    return status;
}

void bough__phase_destroy(struct bough__phase **phase)
{
    struct bough__phase *gone = *phase;
    if (!gone)
        return;
    bough__pass_fini(&gone->full);
    bough__pass_fini(&gone->rest);
    for (size_t t = 0; t < tasks_of(gone); t++) {
        if (gone->target)
            bough__buffer_destroy(&gone->target[t]);
        if (gone->scores)
            bough__buffer_destroy(&gone->scores[t]);
    }
    struct bough__buffer **buffer[] = {&gone->input, &gone->losses, &gone->account, &gone->weights,
                                       &gone->step,  &gone->scale,  &gone->shift,   &gone->clip};
    for (size_t i = 0; i < sizeof buffer / sizeof *buffer; i++)
        bough__buffer_destroy(buffer[i]);
    bough__arena_fini(&gone->arena);
    free(gone);
    *phase = NULL;
}

enum bough_status bough__phase_begin(struct bough__phase *phase)
{
    return bough__fill_zero(bough__whole(phase->account),
                            tasks_of(phase) * sizeof(struct loss_account));
}

// A walk of one batch has it already, unless the order is another one.
static int has_batch(const struct bough__phase *phase)
{
    return phase->steps == 1 && phase->fed == phase->feed->age;
}

enum bough_status bough__phase_step(struct bough__phase *phase, int64_t index,
                                    struct step_state *state)
{
    enum bough_status status;
    int64_t first = index * phase->batch, left = phase->feed->count - first;
    const struct bough__pass *pass = left >= phase->batch ? &phase->full : &phase->rest;
    const size_t skipped = has_batch(phase) ? pass->feeding : 0;
    assert(left > 0);
    state->first = (unsigned)first;
    if (!skipped)
        BOUGH_TRY(bough__feed_fetch(phase->feed, first, pass->rows));
    BOUGH_TRY(bough__write(bough__whole(phase->step), state, sizeof *state));
    BOUGH_TRY(bough__run(phase->model->device, pass->sequence.launch + skipped,
                         pass->sequence.count - skipped));
    phase->fed = phase->feed->age;
done:
    return status;
}

enum bough_status bough__phase_losses(struct bough__phase *phase, double *loss, double *weight)
{
    enum bough_status status = BOUGH_OK;
    size_t tasks = tasks_of(phase);
    struct loss_account *account = phase->account_host;
    BOUGH_TRY(bough__read(bough__whole(phase->account), account, tasks * sizeof *account));
    for (size_t t = 0; t < tasks; t++) {
        loss[t] = account[t].loss;
        weight[t] = account[t].weight;
    }
    for (size_t t = 0; t < tasks; t++)
        if (account[t].bad_step) {
            const int training = phase->purpose == BOUGH_TRAINING;
            status = bough__fail(BOUGH_DIVERGED, "%s %u: the loss of task %s is %s%s",
                                 training ? "step" : "evaluation, batch", account[t].bad_step,
                                 phase->model->config->tasks[t].name,
                                 isnan(account[t].bad_loss) ? "nan"
                                 : account[t].bad_loss > 0  ? "inf"
                                                            : "-inf",
                                 training ? remedy : "");
            goto done;
        }
done:
    return status;
}

enum bough_status bough__phase_scores(struct bough__phase *phase, float **score, int64_t *rows)
{
    enum bough_status status = BOUGH_OK;
    size_t tasks = tasks_of(phase);
    memset(score, 0, tasks * sizeof *score);
    if (*rows > phase->room)
        *rows = phase->room;
    for (size_t t = 0; t < tasks; t++) {
        size_t bytes = (size_t)(*rows * phase->model->width[t]) * sizeof(float);
        score[t] = malloc(bytes + 1);
        BOUGH_TRY_MEMORY(score[t]);
        if (bytes)
            BOUGH_TRY(bough__read(bough__whole(phase->scores[t]), score[t], bytes));
    }
done:
    if (status != BOUGH_OK)
        for (size_t t = 0; t < tasks; t++) {
            free(score[t]);
            score[t] = NULL;
        }
    return status;
}

// ---- Going on another day ----

static size_t scores_size(const struct bough__phase *phase, size_t t)
{
    return (size_t)(phase->room * phase->model->width[t]) * sizeof(float);
}

size_t bough__phase_state_bytes(const struct bough__phase *phase)
{
    size_t bytes = tasks_of(phase) * sizeof(struct loss_account);
    for (size_t t = 0; t < tasks_of(phase); t++)
        bytes += scores_size(phase, t);
    return bytes;
}

static enum bough_status state_pieces(struct bough__phase *phase, char *out, const char *in)
{
    size_t bytes = tasks_of(phase) * sizeof(struct loss_account), at = 0;
    struct bough__span span = bough__whole(phase->account);
    for (size_t piece = 0;; piece++) {
        enum bough_status status = BOUGH_OK;
        if (bytes)
            status = out ? bough__read(span, out + at, bytes) : bough__write(span, in + at, bytes);
        if (status != BOUGH_OK || piece == tasks_of(phase))
            return status;
        at += bytes;
        span = bough__whole(phase->scores[piece]);
        bytes = scores_size(phase, piece);
    }
}

enum bough_status bough__phase_state_read(struct bough__phase *phase, void *state)
{
    return state_pieces(phase, state, NULL);
}

enum bough_status bough__phase_state_write(struct bough__phase *phase, const void *state)
{
    return state_pieces(phase, NULL, state);
}
