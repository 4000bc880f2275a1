// What a runner tells: the account of losses, what went bad and what helps, scores, and its state
// within an epoch.
#include "base/error.h"
#include "base/strings.h"
#include "train/runner_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- What keeps a training in bounds ----

// Appends the keys of that name that the weightings have.
static void append_keys(char *text, const struct bough__weighing *config, const char *before,
                        const char *name)
{
    const struct bough__choice *losses = bough__weighing_losses(config);
    if (bough__option_find(&config->choice.row->options, name))
        bough__append(text, BOUGH__LONGEST_REMEDY, "%sweighting.%s", before, name);
    if (losses != &config->choice && bough__option_find(&losses->row->options, name))
        bough__append(text, BOUGH__LONGEST_REMEDY, "%sweighting.losses.%s", before, name);
}

const char *bough__remedy(char *text, const struct bough__runner *runner, unsigned int step)
{
    const struct bough__weighing *config = &runner->data.model->config->weighting;
    *text = '\0';
    if (step == 1) {
        append_keys(text, config, "; another ", "start");
        bough__append(text, BOUGH__LONGEST_REMEDY, "%s", *text ? " keeps it in bounds" : "");
        return text;
    }
    bough__append(text, BOUGH__LONGEST_REMEDY, "; a lower optimizer.lr");
    append_keys(text, config, " or ", "lr");
    bough__append(text, BOUGH__LONGEST_REMEDY, ", or optimizer.clip_norm");
    append_keys(text, config, ", or another ", "start");
    bough__append(text, BOUGH__LONGEST_REMEDY, ", keeps it in bounds");
    return text;
}

// ---- Reading ----

struct bad {
    unsigned int step; // 0 = all is well
    size_t task;
    int gradient;
};

// What went bad first: of a step the loss, whose gradient then is no better.
static struct bad first_bad(const struct loss_account *account, size_t tasks)
{
    struct bad first = {0};
    for (int gradient = 0; gradient < 2; gradient++)
        for (size_t t = 0; t < tasks; t++) {
            const unsigned int step = gradient ? account[t].bad_gradient : account[t].bad_step;
            if (step && (!first.step || step < first.step))
                first = (struct bad){step, t, gradient};
        }
    return first;
}

static enum bough_status check_account(const struct bough__runner *runner)
{
    const struct loss_account *account = runner->account_host;
    const struct bad bad = first_bad(account, bough__runner_tasks(runner));
    const char *task = runner->data.model->config->tasks[bad.task].name;
    const int training = runner->data.purpose == BOUGH_TRAINING;
    const float loss = account[bad.task].bad_loss;
    char text[BOUGH__LONGEST_REMEDY];
    if (!bad.step)
        return BOUGH_OK;
    if (bad.gradient) {
        bough__weigh_bad_gradient(runner->data.model->config, bad.task);
        return bough__fail(BOUGH_DIVERGED, "step %u: %s%s", bad.step, bough_last_error(),
                           bough__remedy(text, runner, bad.step));
    }
    return bough__fail(BOUGH_DIVERGED, "%s %u: the loss of task %s is %g%s",
                       training ? "step" : "evaluation, batch", bad.step, task,
                       isnan(loss) ? NAN : (double)loss,
                       training ? bough__remedy(text, runner, bad.step) : "");
}

enum bough_status bough__runner_losses(struct bough__runner *runner, double *loss, double *weight)
{
    enum bough_status status = BOUGH_OK;
    size_t tasks = bough__runner_tasks(runner);
    struct loss_account *account = runner->account_host;
    BOUGH_TRY(bough__read(bough__whole(runner->data.account), account, tasks * sizeof *account));
    for (size_t t = 0; t < tasks; t++) {
        loss[t] = account[t].loss;
        weight[t] = account[t].weight;
    }
    BOUGH_TRY(check_account(runner));
done:
    return status;
}

static size_t scores_size(const struct bough__runner *runner, size_t t)
{
    const struct bough__source *source = bough__runner_source(runner, t);
    if (!source || !source->split)
        return 0;
    return (size_t)(runner->data.stored[t] *
                    bough__split_scores(source->split, runner->data.model, t)) *
           sizeof(float);
}

enum bough_status bough__runner_scores(struct bough__runner *runner, float **score, int64_t *rows)
{
    enum bough_status status = BOUGH_OK;
    for (size_t t = runner->first_task; t < runner->end_task; t++)
        score[t] = NULL;
    for (size_t t = runner->first_task; t < runner->end_task; t++) {
        const size_t bytes = scores_size(runner, t);
        score[t] = malloc(bytes + 1);
        BOUGH_TRY_MEMORY(score[t]);
        rows[t] = runner->data.stored[t];
        if (bytes)
            BOUGH_TRY(bough__read(bough__whole(runner->data.scores[t]), score[t], bytes));
    }
done:
    if (status != BOUGH_OK)
        for (size_t t = runner->first_task; t < runner->end_task; t++) {
            free(score[t]);
            score[t] = NULL;
        }
    return status;
}

// ---- Going on another day ----

size_t bough__runner_state_bytes(const struct bough__runner *runner)
{
    size_t bytes = bough__runner_tasks(runner) * sizeof(struct loss_account);
    for (size_t t = 0; t < bough__runner_tasks(runner); t++)
        bytes += scores_size(runner, t);
    return bytes;
}

static enum bough_status state_pieces(struct bough__runner *runner, char *out, const char *in)
{
    size_t bytes = bough__runner_tasks(runner) * sizeof(struct loss_account), at = 0;
    struct bough__span span = bough__whole(runner->data.account);
    for (size_t piece = 0;; piece++) {
        enum bough_status status = BOUGH_OK;
        if (bytes)
            status = out ? bough__read(span, out + at, bytes) : bough__write(span, in + at, bytes);
        if (status != BOUGH_OK || piece == bough__runner_tasks(runner))
            return status;
        at += bytes;
        span = bough__whole(runner->data.scores[piece]);
        bytes = scores_size(runner, piece);
    }
}

enum bough_status bough__runner_state_read(struct bough__runner *runner, void *state)
{
    return state_pieces(runner, state, NULL);
}

enum bough_status bough__runner_state_write(struct bough__runner *runner, const void *state)
{
    return state_pieces(runner, NULL, state);
}
