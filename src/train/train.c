#include "base/error.h"
#include "train/run.h"
#include "train/trainer.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const double log_interval = 0.25; // seconds between two log points

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int stop_wanted(const struct bough__trainer *trainer)
{
    return trainer->options->stop && *trainer->options->stop;
}

static int64_t steps_of(const struct bough__trainer *trainer)
{
    return trainer->training.phase->steps;
}

// ---- Telling ----

// What is known at a log point.
struct log_point {
    double time;            // of the last one
    double *sum, *weight;   // [T] now
    double *sum0, *weight0; // [T] at the last log point
    double *mean;           // [T]
    float lr;               // of the last step
    const char **task;      // [T]
};

static struct bough_event event_of(const struct bough__trainer *trainer, enum bough_event_kind kind,
                                   const struct log_point *point)
{
    const struct bough__progress *progress = &trainer->progress;
    int32_t epochs = trainer->config.train.epochs;
    int64_t steps = steps_of(trainer), all = steps * epochs;
    double seconds = progress->seconds;
    int64_t done = progress->step;
    double samples = (double)done * (double)trainer->training.feed.count / (double)steps;
    return (struct bough_event){
        .kind = kind,
        .epoch = progress->epoch + (kind == BOUGH_EVENT_STEP),
        .epochs = epochs,
        .step = kind == BOUGH_EVENT_STEP ? progress->epoch_step : steps,
        .steps = steps,
        .samples_per_second = seconds > 0 ? samples / seconds : 0,
        .seconds_left = done ? seconds / (double)done * (double)(all - done) : 0,
        .lr = point->lr,
        .tasks = trainer->config.tasks_count,
        .task = point->task,
        .loss = point->mean,
    };
}

static void tell(const struct bough__trainer *trainer, const struct bough_event *event)
{
    if (trainer->options->observe)
        trainer->options->observe(trainer->options->user, event);
}

// Reads the account; the means are of what came since `sum0`, `weight0`.
static enum bough_status read_losses(struct bough__trainer *trainer, struct log_point *point)
{
    enum bough_status status =
        bough__phase_losses(trainer->training.phase, point->sum, point->weight);
    for (size_t t = 0; t < trainer->config.tasks_count; t++)
        point->mean[t] = (point->sum[t] - point->sum0[t]) / (point->weight[t] - point->weight0[t]);
    return status;
}

static enum bough_status log_step(struct bough__trainer *trainer, struct log_point *point)
{
    enum bough_status status = read_losses(trainer, point);
    if (status != BOUGH_OK)
        return status;
    struct bough_event event = event_of(trainer, BOUGH_EVENT_STEP, point);
    tell(trainer, &event);
    size_t bytes = trainer->config.tasks_count * sizeof(double);
    memcpy(point->sum0, point->sum, bytes);
    memcpy(point->weight0, point->weight, bytes);
    return BOUGH_OK;
}

static enum bough_status record_epoch(struct bough__trainer *trainer,
                                      const struct bough_event *event)
{
    return bough__record_event(
        trainer->record,
        json_pack("{s:s, s:i, s:I, s:f, s:f, s:o, s:o*, s:b}", "event", "epoch", "epoch",
                  (int)event->epoch, "step", (json_int_t)trainer->progress.step, "lr", event->lr,
                  "samples_per_second", event->samples_per_second, "train",
                  bough__scores_json(event->train), "validation",
                  bough__scores_json(event->validation), "best", event->best));
}

// ---- An epoch ----

static enum bough_status shuffle(struct bough__trainer *trainer)
{
    enum bough_status status;
    int64_t count = trainer->training.feed.count;
    int32_t *order = malloc((size_t)count * sizeof *order + 1);
    BOUGH_TRY_MEMORY(order);
    bough__shuffle(order, count, trainer->config.train.seed, (uint32_t)trainer->progress.epoch + 1);
    for (int64_t i = 0; i < count; i++)
        order[i] = trainer->train_rows[order[i]];
    BOUGH_TRY(bough__feed_order(&trainer->training.feed, order));
done:
    free(order);
    return status;
}

static struct step_state next_state(const struct bough__trainer *trainer)
{
    const struct bough__progress *progress = &trainer->progress;
    const struct bough_optimizer *optimizer = &trainer->config.optimizer;
    uint64_t seed = trainer->config.train.seed;
    double steps = (double)steps_of(trainer);
    double at = (double)progress->epoch + (double)progress->epoch_step / steps;
    double lr = bough__schedule_lr(&trainer->config.schedule, optimizer->lr, at, at + 1 / steps,
                                   trainer->config.train.epochs, &progress->plateau);
    struct step_state state = {.seed = {(unsigned)seed, (unsigned)(seed >> 32)}};
    bough__optimizer_set_step(&state, optimizer, (uint32_t)progress->step + 1, (float)lr);
    return state;
}

// Runs the steps of the epoch that are left. Ends early with INTERRUPTED when a stop is wanted.
static enum bough_status run_steps(struct bough__trainer *trainer, struct log_point *point)
{
    enum bough_status status = BOUGH_OK;
    struct bough__progress *progress = &trainer->progress;
    double before = progress->seconds, start = now();
    point->time = start;
    while (progress->epoch_step < steps_of(trainer)) {
        struct step_state state = next_state(trainer);
        BOUGH_TRY(bough__phase_step(trainer->training.phase, progress->epoch_step, &state));
        progress->epoch_step++;
        point->lr = state.lr;
        progress->step++;
        double time = now();
        progress->seconds = before + time - start;
        if (stop_wanted(trainer)) {
            status = bough__fail(BOUGH_INTERRUPTED, "stopped in epoch %d after step %lld of %lld",
                                 progress->epoch + 1, (long long)progress->epoch_step,
                                 (long long)steps_of(trainer));
            goto done;
        }
        if (time - point->time >= log_interval) {
            BOUGH_TRY(log_step(trainer, point));
            point->time = now();
        }
    }
    BOUGH_TRY(bough__finish(trainer->device));
    progress->seconds = before + now() - start;
done:
    return status;
}

static void judge(struct bough__trainer *trainer, const struct bough_scores *validation, int *best)
{
    struct bough__progress *progress = &trainer->progress;
    double value = validation ? bough__monitored(validation, &trainer->config,
                                                 trainer->config.train.early_stopping.metric)
                              : progress->epoch; // without validation the last epoch is the best
    *best = value > progress->best;
    if (*best) {
        progress->best = value;
        progress->best_epoch = progress->epoch;
        progress->stale = 0;
    } else {
        progress->stale++;
    }
    bough__plateau_update(&progress->plateau, &trainer->config.schedule, value);
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

// After the last step of an epoch: scores, validation, best kept, checkpoint, log.
static enum bough_status end_epoch(struct bough__trainer *trainer, struct log_point *point)
{
    enum bough_status status;
    struct bough__arena arena = {0};
    struct bough_scores train, validation;
    struct bough__walk *held = &trainer->validation;
    int best;
    memset(point->sum0, 0, trainer->config.tasks_count * sizeof(double));
    memset(point->weight0, 0, trainer->config.tasks_count * sizeof(double));
    BOUGH_TRY(read_losses(trainer, point));
    BOUGH_TRY(bough__score(&train, &arena, trainer->training.phase, trainer->train_split.targets,
                           point->sum, point->weight, trainer->training.feed.count));
    if (held->phase)
        BOUGH_TRY(bough__evaluate(&validation, &arena, held->phase, held->split->targets));
    trainer->progress.epoch++;
    trainer->progress.epoch_step = 0;
    judge(trainer, held->phase ? &validation : NULL, &best);
    BOUGH_TRY(save_epoch(trainer, best));
    struct bough_event event = event_of(trainer, BOUGH_EVENT_EPOCH, point);
    event.train = &train;
    event.validation = held->phase ? &validation : NULL;
    event.best = best;
    BOUGH_TRY(record_epoch(trainer, &event));
    tell(trainer, &event);
done:
    bough__arena_fini(&arena);
    return status;
}

static enum bough_status run_epoch(struct bough__trainer *trainer, struct log_point *point)
{
    enum bough_status status;
    size_t bytes = trainer->config.tasks_count * sizeof(double);
    BOUGH_TRY(shuffle(trainer));
    memset(point->sum0, 0, bytes);
    memset(point->weight0, 0, bytes);
    if (trainer->progress.epoch_step == 0)
        BOUGH_TRY(bough__phase_begin(trainer->training.phase));
    BOUGH_TRY(run_steps(trainer, point));
    BOUGH_TRY(end_epoch(trainer, point));
done:
    return status;
}

// ---- The training ----

static int goes_on(const struct bough__trainer *trainer)
{
    const struct bough_train *train = &trainer->config.train;
    int32_t patience = train->early_stopping.patience;
    return trainer->progress.epoch < train->epochs &&
           !(patience && trainer->validation.phase && trainer->progress.stale >= patience);
}

static enum bough_status save_interrupted(struct bough__trainer *trainer)
{
    enum bough_status status = bough__trainer_save(trainer);
    if (status == BOUGH_OK)
        status = bough__record_event(trainer->record,
                                     json_pack("{s:s, s:I}", "event", "interrupted", "step",
                                               (json_int_t)trainer->progress.step));
    return status == BOUGH_OK ? BOUGH_INTERRUPTED : status;
}

// The best model, measured on what was held out and on the test split.
static enum bough_status finish(struct bough__trainer *trainer, struct bough_run *run,
                                struct log_point *point)
{
    enum bough_status status;
    struct bough_result *result = &run->result;
    BOUGH_TRY(bough__model_use_best(trainer->model));
    if (trainer->validation.phase) {
        BOUGH_TRY(bough__evaluate(&run->validation, &run->arena, trainer->validation.phase,
                                  trainer->validation.split->targets));
        result->validation = &run->validation;
    }
    if (trainer->test.phase) {
        BOUGH_TRY(bough__evaluate(&run->test, &run->arena, trainer->test.phase,
                                  trainer->test.split->targets));
        result->test = &run->test;
    }
    struct bough_event event = event_of(trainer, BOUGH_EVENT_END, point);
    event.test = result->test;
    bough__run_device(run, trainer->device);
    result->epochs = trainer->progress.epoch;
    result->best_epoch = trainer->progress.best_epoch;
    result->samples_per_second = event.samples_per_second;
    if (trainer->run_dir)
        BOUGH_TRY(bough__record_result(trainer->run_dir, result));
    BOUGH_TRY(
        bough__record_event(trainer->record, json_pack("{s:s, s:i, s:o*}", "event", "end",
                                                       "best_epoch", (int)result->best_epoch,
                                                       "test", bough__scores_json(result->test))));
    BOUGH_TRY(bough__run_own_names(run));
    tell(trainer, &event);
done:
    return status;
}

static enum bough_status begin(struct bough__trainer *trainer, const struct log_point *point)
{
    struct bough_event event = event_of(trainer, BOUGH_EVENT_START, point);
    tell(trainer, &event);
    return bough__record_event(trainer->record,
                               json_pack("{s:s, s:s, s:s, s:I, s:I}", "event",
                                         trainer->options->resume ? "resume" : "start", "device",
                                         trainer->device->info.id, "name",
                                         trainer->device->info.name, "parameters",
                                         (json_int_t)bough__params_trained(&trainer->model->params),
                                         "samples", (json_int_t)trainer->training.feed.count));
}

static enum bough_status log_point_init(struct log_point *point, struct bough__arena *arena,
                                        const struct bough_config *config)
{
    size_t tasks = config->tasks_count;
    double *numbers = BOUGH_NEW(arena, double, 5 * tasks);
    point->task = BOUGH_NEW(arena, const char *, tasks);
    if (!numbers || !point->task)
        return bough__no_memory();
    point->sum = numbers;
    point->weight = numbers + tasks;
    point->sum0 = numbers + 2 * tasks;
    point->weight0 = numbers + 3 * tasks;
    point->mean = numbers + 4 * tasks;
    for (size_t t = 0; t < tasks; t++)
        point->task[t] = config->tasks[t].name;
    return BOUGH_OK;
}

enum bough_status bough_train(struct bough_run **run, const struct bough_config *config,
                              const struct bough_train_options *options)
{
    static const struct bough_train_options defaults;
    enum bough_status status;
    struct bough__trainer *trainer = NULL;
    struct bough__arena arena = {0};
    struct log_point point = {0};
    struct bough_run *made = calloc(1, sizeof *made);
    BOUGH_TRY_MEMORY(made);
    BOUGH_TRY(bough__trainer_create(&trainer, config, options ? options : &defaults));
    BOUGH_TRY(log_point_init(&point, &arena, &trainer->config));
    BOUGH_TRY(begin(trainer, &point));
    while (goes_on(trainer) && status == BOUGH_OK)
        status = run_epoch(trainer, &point);
    if (status == BOUGH_INTERRUPTED)
        status = save_interrupted(trainer);
    if (status == BOUGH_OK)
        status = finish(trainer, made, &point);
done:
    bough__trainer_destroy(&trainer);
    bough__arena_fini(&arena);
    if (status != BOUGH_OK)
        bough_run_destroy(&made);
    *run = made;
    return status;
}
