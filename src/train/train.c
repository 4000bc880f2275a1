// The loop: shuffle, steps, validation, the best kept, the last saved, and the test at the end.
#include "base/clock.h"
#include "base/error.h"
#include "device/profile.h"
#include "run/run.h"
#include "run/trace.h"
#include "train/monitor.h"
#include "train/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double log_interval = 0.25; // seconds between two log points

// ---- An epoch ----

// Epochs and steps done of the phase: each is a training of its own.
static int32_t phase_epoch(const struct bough__trainer *trainer)
{
    return trainer->progress.epoch - trainer->progress.first_epoch;
}

static int64_t phase_step(const struct bough__trainer *trainer)
{
    return trainer->progress.step - trainer->progress.first_step;
}

// Epochs of the phase that are done before a step, from 0, of the one in progress.
static double done_before(const struct bough__trainer *trainer, int64_t epoch_step)
{
    return (double)phase_epoch(trainer) + (double)epoch_step / (double)trainer->training->steps;
}

// Of a step of the epoch in progress, from 0.
static float lr_of(const struct bough__trainer *trainer, int64_t epoch_step)
{
    const struct bough_config *config = &trainer->config;
    const struct bough__progress *progress = &trainer->progress;
    double at = done_before(trainer, epoch_step);
    return (float)bough__schedule_lr(&config->schedule, bough__optimizer_lr(&config->optimizer), at,
                                     at + 1 / (double)trainer->training->steps,
                                     config->train.epochs, &progress->plateau);
}

static struct step_state next_state(const struct bough__trainer *trainer)
{
    uint64_t seed = trainer->config.train.seed;
    const int64_t epoch_step = trainer->progress.epoch_step;
    struct step_state state = {.seed = {(unsigned)seed, (unsigned)(seed >> 32)},
                               .epoch = (float)done_before(trainer, epoch_step),
                               .epochs = (float)trainer->config.train.epochs};
    bough__optimizer_set_step(&state, &trainer->config.optimizer, (uint32_t)phase_step(trainer) + 1,
                              lr_of(trainer, epoch_step));
    return state;
}

// Of a regime that trains one task a step.
static void choose_task(struct bough__trainer *trainer)
{
    const struct bough__choice *regime = &trainer->config.train.regime;
    struct bough__progress *progress = &trainer->progress;
    struct bough__runner *training = trainer->training;
    if (bough__regime_of(regime)->draws) {
        training->task = bough__regime_draw(regime, trainer->config.train.seed, progress->step,
                                            trainer->labels, progress->tasks);
        training->task_step = (uint32_t)++progress->task_steps[training->task];
    } else {
        training->task_step = (uint32_t)phase_step(trainer) + 1;
    }
}

enum bough_status bough__trainer_step(struct bough__trainer *trainer, float *lr)
{
    struct step_state state = next_state(trainer);
    trainer->training->epoch = (uint32_t)phase_epoch(trainer) + 1;
    choose_task(trainer);
    enum bough_status status =
        bough__runner_step(trainer->training, trainer->progress.epoch_step, &state);
    if (status != BOUGH_OK)
        return status;
    trainer->progress.epoch_step++;
    trainer->progress.step++;
    *lr = state.lr;
    return BOUGH_OK;
}

static enum bough_status stop_if_wanted(const struct bough__trainer *trainer)
{
    const struct bough__progress *progress = &trainer->progress;
    if (!trainer->options->stop || !*trainer->options->stop)
        return BOUGH_OK;
    return bough__fail(BOUGH_INTERRUPTED, "stopped in epoch %d after step %lld of %lld",
                       progress->epoch + 1, (long long)progress->epoch_step,
                       (long long)trainer->training->steps);
}

// Runs the steps of the epoch that are left. Ends early with INTERRUPTED when a stop is wanted.
static enum bough_status run_steps(struct bough__trainer *trainer, struct bough__report *report)
{
    enum bough_status status = BOUGH_OK;
    struct bough__progress *progress = &trainer->progress;
    double before = progress->seconds, start = bough__clock();
    report->time = start;
    if (progress->epoch_step) // a run that goes on, perhaps from behind the last one
        report->lr = lr_of(trainer, progress->epoch_step - 1);
    while (progress->epoch_step < trainer->training->steps) {
        BOUGH_TRY(bough__trainer_step(trainer, &report->lr));
        double time = bough__clock();
        progress->seconds = before + time - start;
        BOUGH_TRY(stop_if_wanted(trainer));
        if (time - report->time >= log_interval) {
            BOUGH_TRY(bough__report_step(report));
            report->time = bough__clock();
        }
    }
    BOUGH_TRY(bough__finish(trainer->device));
    progress->seconds = before + bough__clock() - start;
done:
    return status;
}

// The errors of the first epoch, in a phase of its task alone.
static void take_reference(struct bough__trainer *trainer, const struct bough_metrics *validation)
{
    bough__monitor_errors(trainer->progress.first, validation, &trainer->config);
    for (size_t t = 0; t < trainer->progress.tasks; t++)
        if (bough__trainer_phases(trainer) > 1 && t != trainer->training->task)
            trainer->progress.first[t] = NAN;
}

static int has_reference(const struct bough__progress *progress)
{
    for (size_t t = 0; t < progress->tasks; t++)
        if (!isnan(progress->first[t]))
            return 1;
    return 0;
}

// Whether this epoch is the best so far: where nothing is held out the last one is. One that gives
// no number is no better than any, but the first: from there on there is a model.
static int judge(struct bough__trainer *trainer, const struct bough_metrics *validation)
{
    struct bough__progress *progress = &trainer->progress;
    const struct bough_config *config = &trainer->config;
    char text[160];
    const char *criterion = bough__trainer_criterion(text, sizeof text, trainer);
    double value = progress->epoch;
    if (validation && !has_reference(progress))
        take_reference(trainer, validation);
    if (validation)
        value = bough__monitored(validation, config, criterion, progress->first);
    int known = !isnan(value), best = !progress->best_epoch || (known && value > progress->best);
    if (!known)
        bough__log(BOUGH_LOG_WARNING,
                   "epoch %d: validation gives no number for `%s`, is nothing labelled there? The "
                   "epoch counts as no better",
                   progress->epoch, criterion);
    progress->stale = best && known ? 0 : progress->stale + 1;
    if (best) {
        progress->best = known ? value : -INFINITY;
        progress->best_epoch = progress->epoch;
    }
    if (known)
        bough__plateau_update(&progress->plateau, &config->schedule, value);
    return best;
}

static enum bough_status save_epoch(struct bough__trainer *trainer, int best)
{
    enum bough_status status = BOUGH_OK;
    if (best)
        BOUGH_TRY(bough__model_keep_best(trainer->model));
    if (best && trainer->run_dir)
        BOUGH_TRY(bough__save_model(trainer->run_dir, trainer->model));
    BOUGH_TRY(bough__trainer_save(trainer));
done:
    return status;
}

static enum bough_status end_epoch(struct bough__trainer *trainer, struct bough__report *report)
{
    enum bough_status status;
    struct bough__arena arena = {0};
    struct bough_metrics train, validation, *held = NULL;
    const struct bough__evaluation of_training = {&trainer->training, 1};
    bough__report_rewind(report);
    BOUGH_TRY(bough__report_read(report));
    BOUGH_TRY(bough__measure(&train, &arena, &of_training, report->loss, report->weight));
    if (trainer->validation.runners) {
        held = &validation;
        BOUGH_TRY(bough__evaluate(held, &arena, &trainer->validation));
    }
    trainer->progress.epoch++;
    trainer->progress.epoch_step = 0;
    int best = judge(trainer, bough__trainer_validates(trainer) ? held : NULL);
    BOUGH_TRY(bough__report_epoch(report, &train, held, best)); // a resumed run drops it if need be
    BOUGH_TRY(save_epoch(trainer, best));
done:
    bough__arena_fini(&arena);
    return status;
}

static enum bough_status run_epoch(struct bough__trainer *trainer, struct bough__report *report)
{
    enum bough_status status;
    BOUGH_TRY(bough__trainer_freeze(trainer));
    BOUGH_TRY(bough__trainer_shuffle(trainer));
    bough__report_rewind(report);
    if (trainer->progress.epoch_step == 0)
        BOUGH_TRY(bough__runner_begin(trainer->training));
    BOUGH_TRY(run_steps(trainer, report));
    BOUGH_TRY(end_epoch(trainer, report));
done:
    return status;
}

// ---- The training ----

// The next one begins where this one was best, with an optimizer that has seen nothing.
static enum bough_status end_phase(struct bough__trainer *trainer)
{
    enum bough_status status;
    struct bough__progress *progress = &trainer->progress;
    BOUGH_TRY(bough__model_use_best(trainer->model));
    BOUGH_TRY(bough__params_forget(&trainer->model->params));
    progress->phase++;
    progress->first_epoch = progress->epoch;
    progress->first_step = progress->step;
    progress->best = -INFINITY;
    progress->best_epoch = progress->stale = 0;
    progress->plateau = (struct bough__plateau){.best = -INFINITY, .scale = 1};
    for (size_t t = 0; t < progress->tasks; t++)
        progress->first[t] = NAN;
    BOUGH_TRY(bough__trainer_save(trainer));
done:
    return status;
}

static enum bough_status run_phases(struct bough__trainer *trainer, struct bough__report *report)
{
    enum bough_status status = BOUGH_OK;
    for (;;) {
        while (bough__trainer_goes_on(trainer))
            BOUGH_TRY(run_epoch(trainer, report));
        if (trainer->progress.phase + 1 >= bough__trainer_phases(trainer))
            break;
        BOUGH_TRY(end_phase(trainer));
    }
done:
    return status;
}

static enum bough_status save_interrupted(struct bough__trainer *trainer,
                                          struct bough__report *report)
{
    enum bough_status status = bough__trainer_save(trainer);
    if (status == BOUGH_OK)
        status = bough__report_interrupted(report);
    return status == BOUGH_OK ? BOUGH_INTERRUPTED : status;
}

// Measures the best model on what was held out and on the test split.
static enum bough_status measure_best(struct bough__trainer *trainer, struct bough_run *run)
{
    enum bough_status status;
    BOUGH_TRY(bough__model_use_best(trainer->model));
    if (trainer->validation.runners) {
        BOUGH_TRY(bough__evaluate(&run->validation, &run->arena, &trainer->validation));
        run->result.validation = &run->validation;
    }
    if (trainer->test.runners) {
        BOUGH_TRY(bough__evaluate(&run->test, &run->arena, &trainer->test));
        run->result.test = &run->test;
        run->result.split = "test";
    }
    bough__run_device(run, trainer->device);
    BOUGH_TRY(bough__run_own_names(run));
done:
    return status;
}

static enum bough_status train(struct bough__trainer *trainer, struct bough_run *run,
                               struct bough__report *report)
{
    enum bough_status status;
    BOUGH_TRY(bough__report_start(report));
    status = run_phases(trainer, report);
    if (status == BOUGH_DIVERGED)
        status = bough__report_diverged(report);
    if (status == BOUGH_INTERRUPTED)
        status = save_interrupted(trainer, report);
    BOUGH_TRY(status);
    BOUGH_TRY(measure_best(trainer, run));
    BOUGH_TRY(bough__report_end(report, &run->result));
done:
    return status;
}

// With the times of its launches, also where it was interrupted; where it failed, that is told.
static enum bough_status train_profiled(struct bough__trainer *trainer, struct bough_run *run,
                                        struct bough__report *report)
{
    enum bough_status status, trained;
    BOUGH_TRY(bough__profile_begin(trainer->device));
    trained = train(trainer, run, report);
    if (trained == BOUGH_OK || trained == BOUGH_INTERRUPTED) {
        if (trainer->run_dir)
            BOUGH_TRY(bough__trace_write(trainer->run_dir, trainer->device));
        BOUGH_TRY(bough__profile_result(run, trainer->device));
    }
    status = trained;
done:
    bough__profile_end(trainer->device);
    return status;
}

enum bough_status bough_train(struct bough_run **run, const struct bough_config *config,
                              const struct bough_train_options *options)
{
    static const struct bough_train_options defaults;
    enum bough_status status;
    struct bough__trainer *trainer = NULL;
    struct bough__arena arena = {0};
    struct bough__report report;
    struct bough_run *made = calloc(1, sizeof *made);
    BOUGH_TRY_MEMORY(made);
    BOUGH_TRY(bough__trainer_create(&trainer, config, options ? options : &defaults));
    BOUGH_TRY(bough__report_init(&report, &arena, trainer));
    BOUGH_TRY((trainer->options->profile ? train_profiled : train)(trainer, made, &report));
done:
    bough__trainer_destroy(&trainer);
    bough__arena_fini(&arena);
    if (status != BOUGH_OK)
        bough_run_destroy(&made);
    *run = made;
    return status;
}
