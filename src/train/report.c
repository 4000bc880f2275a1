#include "train/report.h"

#include "base/error.h"
#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static size_t tasks_of(const struct bough__report *report)
{
    return report->trainer->config.tasks_count;
}

enum bough_status bough__report_init(struct bough__report *report, struct bough__arena *arena,
                                     struct bough__trainer *trainer)
{
    size_t tasks = trainer->config.tasks_count;
    double *numbers = BOUGH_NEW(arena, double, 5 * tasks);
    *report =
        (struct bough__report){.trainer = trainer, .task = BOUGH_NEW(arena, const char *, tasks)};
    if (!numbers || !report->task)
        return bough__no_memory();
    report->loss = numbers;
    report->weight = numbers + tasks;
    report->loss0 = numbers + 2 * tasks;
    report->weight0 = numbers + 3 * tasks;
    report->mean = numbers + 4 * tasks;
    for (size_t t = 0; t < tasks; t++)
        report->task[t] = trainer->config.tasks[t].name;
    return BOUGH_OK;
}

enum bough_status bough__report_read(struct bough__report *report)
{
    enum bough_status status =
        bough__runner_losses(report->trainer->training, report->loss, report->weight);
    for (size_t t = 0; t < tasks_of(report); t++) {
        double weight = report->weight[t] - report->weight0[t];
        report->mean[t] = weight > 0 ? (report->loss[t] - report->loss0[t]) / weight : NAN;
    }
    return status;
}

void bough__report_rewind(struct bough__report *report)
{
    memset(report->loss0, 0, tasks_of(report) * sizeof *report->loss0);
    memset(report->weight0, 0, tasks_of(report) * sizeof *report->weight0);
}

// ---- Events ----

static struct bough_event event_of(const struct bough__report *report, enum bough_event_kind kind)
{
    const struct bough__trainer *trainer = report->trainer;
    const struct bough__progress *progress = &trainer->progress;
    int64_t steps = trainer->training->steps, done = progress->step;
    int32_t epochs = bough__trainer_epochs(trainer);
    const int32_t phases = bough__trainer_phases(trainer);
    double samples = (double)done * bough__runner_step_rows(trainer->training);
    double left = (double)(steps * epochs - done);
    return (struct bough_event){
        .kind = kind,
        .epoch = progress->epoch + (kind == BOUGH_EVENT_STEP),
        .epochs = epochs,
        .step = kind == BOUGH_EVENT_STEP ? progress->epoch_step : steps,
        .steps = steps,
        .samples_per_second = progress->seconds > 0 ? samples / progress->seconds : 0,
        .seconds_left = done ? progress->seconds / (double)done * left : 0,
        .lr = report->lr,
        .only = phases > 1 ? report->task[trainer->training->task] : NULL,
        .tasks = tasks_of(report),
        .task = report->task,
        .loss = report->mean,
        .conflicting = NAN,
    };
}

static void tell(const struct bough__report *report, const struct bough_event *event)
{
    const struct bough_train_options *options = report->trainer->options;
    if (options->observe)
        options->observe(options->user, event);
}

enum bough_status bough__report_start(struct bough__report *report)
{
    const struct bough__trainer *trainer = report->trainer;
    struct bough_event event = event_of(report, BOUGH_EVENT_START);
    tell(report, &event);
    return bough__record_event(
        trainer->record,
        json_pack("{s:s, s:s, s:s, s:I, s:I}", "event", trainer->progress.step ? "resume" : "start",
                  "device", trainer->device->info.id, "name", trainer->device->info.name,
                  "parameters", (json_int_t)bough__params_trained(&trainer->model->params),
                  "samples", (json_int_t)bough__runner_rows(trainer->training)));
}

enum bough_status bough__report_step(struct bough__report *report)
{
    enum bough_status status = bough__report_read(report);
    if (status != BOUGH_OK)
        return status;
    struct bough_event event = event_of(report, BOUGH_EVENT_STEP);
    tell(report, &event);
    memcpy(report->loss0, report->loss, tasks_of(report) * sizeof *report->loss);
    memcpy(report->weight0, report->weight, tasks_of(report) * sizeof *report->weight);
    return BOUGH_OK;
}

// Takes the reference. `lost`: memory ended while it was put together.
static enum bough_status record_measured(const struct bough__report *report, json_t *line, int lost)
{
    if (!lost)
        return bough__record_event(report->trainer->record, line);
    json_decref(line);
    return bough__no_memory();
}

// {"left": 0.4, "right": 0.6}
static int put_weights(json_t *line, const struct bough__report *report, const float *weights)
{
    json_t *object = json_object();
    int lost = json_object_set_new(line, "weights", object);
    for (size_t t = 0; t < tasks_of(report) && !lost; t++)
        lost = json_object_set_new(object, report->task[t], bough__json_number((double)weights[t]));
    return lost;
}

// What was seen of the gradients, under `key`. Nothing where none were compared.
static int put_watched(json_t *line, const struct bough__report *report, const char *key,
                       const struct bough__watch *watch)
{
    json_t *object = json_object();
    int lost =
        json_object_set_new(line, key, object) || bough__watch_put(object, watch, report->task);
    if (!lost && !json_object_size(object))
        json_object_del(line, key);
    return lost;
}

enum bough_status bough__report_epoch(struct bough__report *report,
                                      const struct bough_metrics *train,
                                      const struct bough_metrics *validation, int best)
{
    enum bough_status status;
    struct bough_event event = event_of(report, BOUGH_EVENT_EPOCH);
    const float *weights;
    struct bough__weigh_data *weigh = &report->trainer->training->data.weigh;
    BOUGH_TRY(bough__weigh_told(&weights, weigh));
    event.train = train;
    event.validation = validation;
    event.best = best;
    if (report->trainer->config.diagnostics)
        event.conflicting = bough__watch_conflicting(&weigh->epoch);
    event.unsolved = (int64_t)weigh->epoch_solves.unsolved;
    json_t *line = json_pack("{s:s, s:i, s:I, s:f, s:f}", "event", "epoch", "epoch",
                             (int)event.epoch, "step", (json_int_t)report->trainer->progress.step,
                             "lr", event.lr, "samples_per_second", event.samples_per_second);
    status = record_measured(
        report, line,
        (event.only && json_object_set_new(line, "task", json_string(event.only))) ||
            (weights && put_weights(line, report, weights)) ||
            bough__solves_put(line, &weigh->epoch_solves) ||
            (report->trainer->config.diagnostics &&
             put_watched(line, report, "diagnostics", &weigh->epoch)) ||
            bough__metrics_put(line, "train", train) ||
            bough__metrics_put(line, "validation", validation) ||
            json_object_set_new(line, "best", json_boolean(best)));
    tell(report, &event);
    bough__watch_clear(&weigh->epoch);
    weigh->epoch_solves = (struct bough__solves){0};
done:
    return status;
}

enum bough_status bough__report_interrupted(struct bough__report *report)
{
    return bough__record_event(report->trainer->record,
                               json_pack("{s:s, s:I}", "event", "interrupted", "step",
                                         (json_int_t)report->trainer->progress.step));
}

enum bough_status bough__report_diverged(struct bough__report *report)
{
    enum bough_status status =
        bough__record_event(report->trainer->record, json_pack("{s:s, s:s}", "event", "diverged",
                                                               "message", bough_last_error()));
    return status == BOUGH_OK ? BOUGH_DIVERGED : status;
}

// And how the weights were solved for.
static int put_gradients(json_t *more, const struct bough__report *report)
{
    const struct bough__weigh_data *weigh = &report->trainer->training->data.weigh;
    int lost = put_watched(more, report, "gradients", &weigh->all);
    json_t *object = json_object_get(more, "gradients");
    if (lost || !object)
        return lost;
    return bough__solves_put(object, &weigh->all_solves) ||
           json_object_set_new(object, "solve_seconds", bough__json_number(weigh->seconds));
}

static enum bough_status record_result(const struct bough__report *report,
                                       const struct bough_result *result)
{
    json_t *more = json_object();
    const int lost = !more || put_gradients(more, report);
    enum bough_status status =
        lost ? bough__no_memory() : bough__record_result(report->trainer->run_dir, result, more);
    json_decref(more);
    return status;
}

enum bough_status bough__report_end(struct bough__report *report, struct bough_result *result)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__trainer *trainer = report->trainer;
    struct bough_event event = event_of(report, BOUGH_EVENT_END);
    result->epochs = trainer->progress.epoch;
    result->best_epoch = trainer->progress.best_epoch;
    result->samples_per_second = event.samples_per_second;
    event.validation = result->validation;
    event.test = result->test;
    if (trainer->run_dir)
        BOUGH_TRY(record_result(report, result));
    json_t *line = json_pack("{s:s, s:i}", "event", "end", "best_epoch", (int)result->best_epoch);
    BOUGH_TRY(record_measured(report, line, bough__metrics_put(line, "test", result->test)));
    tell(report, &event);
done:
    return status;
}
