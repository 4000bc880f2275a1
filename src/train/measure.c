#include "train/measure.h"

#include "base/error.h"
#include "nn/metric.h"
#include "train/tagging.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double bough_metrics_find(const struct bough_metrics *metrics, const char *task, const char *metric)
{
    for (size_t i = 0; i < metrics->count; i++)
        if (strcmp(metrics->value[i].task, task) == 0 &&
            strcmp(metrics->value[i].metric, metric) == 0)
            return metrics->value[i].value;
    return NAN;
}

// ---- One task ----

// The targets in the order of the epoch, scaled as the scores are.
static enum bough_status ordered_targets(struct bough__outcome *outcome, struct bough__arena *arena,
                                         const struct bough__targets *targets,
                                         const struct bough__task *task, const int32_t *order)
{
    int64_t count = outcome->rows * targets->width;
    int32_t *label = targets->label ? BOUGH_NEW(arena, int32_t, count) : NULL;
    float *number = targets->number ? BOUGH_NEW(arena, float, count) : NULL;
    if (!label && !number)
        return bough__no_memory();
    for (int64_t n = 0; n < outcome->rows; n++) {
        if (label)
            memcpy(label + n * targets->width, targets->label + order[n] * targets->width,
                   (size_t)targets->width * sizeof *label);
        else
            memcpy(number + n * targets->width, targets->number + order[n] * targets->width,
                   (size_t)targets->width * sizeof *number);
    }
    if (number)
        bough__targets_scale(number, task, outcome->rows, targets->width);
    outcome->label = label;
    outcome->number = number;
    return BOUGH_OK;
}

// Rows [N, K, P] as [N * P, K].
static const float *positions_as_rows(struct bough__arena *arena, const float *x,
                                      const struct bough__outcome *outcome, int64_t positions)
{
    const int64_t width = outcome->width, count = outcome->rows * width * positions;
    float *row = BOUGH_NEW(arena, float, count);
    for (int64_t i = 0; row && i < count; i++) {
        const int64_t n = i / (width * positions), c = i / positions % width;
        row[(n * positions + i % positions) * width + c] = x[i];
    }
    return row;
}

// Metrics count positions as rows.
static enum bough_status count_positions(struct bough__outcome *outcome, struct bough__arena *arena,
                                         int64_t positions, int of_sequence)
{
    outcome->positions = positions;
    if (positions == 1)
        return BOUGH_OK;
    if (of_sequence) { // [N, L, K]: so they stand
        outcome->rows *= positions;
        return BOUGH_OK;
    }
    outcome->score = positions_as_rows(arena, outcome->score, outcome, positions);
    if (outcome->number)
        outcome->number = positions_as_rows(arena, outcome->number, outcome, positions);
    if (!outcome->score || (!outcome->label && !outcome->number))
        return bough__no_memory();
    outcome->rows *= positions;
    return BOUGH_OK;
}

static void add(struct bough_metrics *metrics, const char *task, const char *metric, double value)
{
    if (isnan(value))
        value = NAN; // of one sign, which printf shows
    metrics->value[metrics->count++] = (struct bough_metric_value){task, metric, value};
}

static enum bough_status add_confusion(struct bough_metrics *metrics, struct bough__arena *arena,
                                       const char *task, const struct bough__outcome *outcome)
{
    int64_t classes = bough__confusion_classes(outcome);
    int64_t *count = BOUGH_NEW(arena, int64_t, classes * classes);
    if (!count)
        return bough__no_memory();
    bough__confusion_count(count, outcome);
    metrics->confusion[metrics->confusion_count++] =
        (struct bough_confusion){task, classes, outcome->names, count};
    return BOUGH_OK;
}

static enum bough_status measure_task(struct bough_metrics *metrics, struct bough__arena *arena,
                                      const struct bough__task *task,
                                      const struct bough__outcome *outcome)
{
    for (size_t i = 0; i < task->metrics_count; i++) {
        const char *name = task->metrics[i];
        int k = 0;
        const struct bough__metric *metric = bough__metric_find(name, &k);
        enum bough_status status;
        if (metric->is_matrix) {
            status = add_confusion(metrics, arena, task->name, outcome);
        } else {
            double value = NAN;
            status = metric->measure(&value, outcome, k);
            add(metrics, task->name, name, value);
        }
        if (status != BOUGH_OK)
            return status;
    }
    return BOUGH_OK;
}

// ---- All tasks ----

static enum bough_status make_lists(struct bough_metrics *metrics, struct bough__arena *arena,
                                    const struct bough_config *config)
{
    size_t count = 0;
    for (size_t t = 0; t < config->tasks_count; t++)
        count += 1 + config->tasks[t].metrics_count;
    *metrics = (struct bough_metrics){
        .value = BOUGH_NEW(arena, struct bough_metric_value, count),
        .confusion = BOUGH_NEW(arena, struct bough_confusion, count),
        .exact_match = NAN,
    };
    return metrics->value && metrics->confusion ? BOUGH_OK : bough__no_memory();
}

// How right rows are in the tasks so far.
struct joint {
    unsigned char *row; // [rows] of enum bough__exactness; NULL = no task is asked yet
    int64_t rows;
};

// The worse of two, of those that are labelled.
static unsigned char both(unsigned char a, unsigned char b)
{
    if (a == BOUGH_UNLABELLED || b == BOUGH_UNLABELLED)
        return a > b ? a : b;
    return a < b ? a : b;
}

static enum bough_status join_exactness(struct joint *joint, const struct bough__outcome *outcome)
{
    if (!joint->row) {
        joint->rows = outcome->rows / outcome->positions;
        joint->row = calloc((size_t)joint->rows + 1, 1);
        if (!joint->row)
            return bough__no_memory();
    }
    assert(joint->rows == outcome->rows / outcome->positions);
    for (int64_t n = 0; n < joint->rows; n++)
        joint->row[n] = both(joint->row[n], (unsigned char)bough__exactness(outcome, n));
    return BOUGH_OK;
}

static double joint_match(const struct joint *joint)
{
    int64_t count[BOUGH_EXACT + 1] = {0};
    for (int64_t n = 0; n < joint->rows; n++)
        count[joint->row[n]]++;
    const int64_t all = count[BOUGH_EXACT] + count[BOUGH_INEXACT];
    return all ? (double)count[BOUGH_EXACT] / (double)all : NAN;
}

static int measures_exactness(const struct bough__task *task)
{
    size_t i = 0;
    while (i < task->metrics_count && strcmp(task->metrics[i], "exact_match") != 0)
        i++;
    return i < task->metrics_count;
}

// Of the scores [rows, width, ...] of the epoch's first rows.
static enum bough_status measure_scores(struct bough_metrics *metrics, struct bough__arena *arena,
                                        struct joint *joint, const struct bough__runner *runner,
                                        size_t t, float *score, int64_t rows)
{
    enum bough_status status;
    struct bough__arena own = {0};
    const struct bough__model *model = runner->data.model;
    const struct bough__task *task = &model->config->tasks[t];
    const struct bough__source *source = bough__runner_source(runner, t);
    struct bough__outcome outcome = {.kind = model->loss[t]->target,
                                     .rows = rows,
                                     .width = model->width[t],
                                     .score = score,
                                     .names = model->classes[t].mapped};
    const struct bough__tagged tagged = {source->split, source->feed.order, rows, score};
    bough__targets_scale(score, task, rows, model->width[t]);
    BOUGH_TRY(
        ordered_targets(&outcome, &own, &source->split->targets[t], task, source->feed.order));
    BOUGH_TRY(count_positions(&outcome, &own, bough__split_positions(source->split, model, t),
                              bough__model_is_sequence(model, t)));
    if (bough__loss_is_chain(&task->loss, NULL))
        BOUGH_TRY(bough__tagging_predict(&outcome.predicted, &own, model, t, &tagged));
    BOUGH_TRY(measure_task(metrics, arena, task, &outcome));
    if (measures_exactness(task) && bough__matches_jointly(model->config))
        BOUGH_TRY(join_exactness(joint, &outcome));
done:
    bough__arena_fini(&own);
    return status;
}

enum bough_status bough__measure(struct bough_metrics *metrics, struct bough__arena *arena,
                                 const struct bough__evaluation *of, const double *loss,
                                 const double *weight)
{
    enum bough_status status;
    const struct bough_config *config = of->runner[0]->data.model->config;
    const size_t tasks = config->tasks_count;
    float **score = calloc(tasks, sizeof *score);
    int64_t *rows = calloc(tasks, sizeof *rows);
    struct joint joint = {0};
    BOUGH_TRY_MEMORY(score);
    BOUGH_TRY_MEMORY(rows);
    BOUGH_TRY(make_lists(metrics, arena, config));
    for (size_t t = 0; t < tasks; t++) {
        struct bough__runner *runner = bough__evaluation_of(of, t);
        if (!runner)
            continue;
        add(metrics, config->tasks[t].name, "loss", weight[t] > 0 ? loss[t] / weight[t] : NAN);
        if (t == runner->first_task)
            BOUGH_TRY(bough__runner_scores(runner, score, rows));
        BOUGH_TRY(measure_scores(metrics, arena, &joint, runner, t, score[t], rows[t]));
    }
    metrics->exact_match = joint_match(&joint);
done:
    free(joint.row);
    for (size_t t = 0; score && t < tasks; t++)
        free(score[t]);
    free(score);
    free(rows);
    return status;
}

enum bough_status bough__evaluate(struct bough_metrics *metrics, struct bough__arena *arena,
                                  const struct bough__evaluation *of)
{
    enum bough_status status = BOUGH_OK;
    const size_t tasks = of->runner[0]->data.model->config->tasks_count;
    double *part, *loss = calloc(4 * tasks + 1, sizeof *loss);
    BOUGH_TRY_MEMORY(loss);
    part = loss + 2 * tasks;
    for (size_t i = 0; i < of->runners; i++) {
        BOUGH_TRY(bough__runner_run(of->runner[i]));
        BOUGH_TRY(bough__runner_losses(of->runner[i], part, part + tasks));
        for (size_t n = 0; n < 2 * tasks; n++)
            loss[n] += part[n];
    }
    BOUGH_TRY(bough__measure(metrics, arena, of, loss, loss + tasks));
done:
    free(loss);
    return status;
}

// ---- Checks ----

static enum bough_status check_metric(const struct bough__model *model, size_t t, const char *name)
{
    const char *task = model->config->tasks[t].name;
    int k = 0;
    const struct bough__metric *metric = bough__metric_find(name, &k);
    if (k > model->width[t])
        return bough__fail(BOUGH_INVALID, "tasks.%s.metrics: %s of %lld classes", task, name,
                           (long long)model->width[t]);
    if (metric->two_classes && model->loss[t]->target == BOUGH_TARGET_CLASS && model->width[t] != 2)
        return bough__fail(BOUGH_INVALID, "tasks.%s.metrics: %s of %lld classes, wanted 2", task,
                           name, (long long)model->width[t]);
    return metric->of_tags ? bough__tagging_check(model, t, "metrics: span_f1") : BOUGH_OK;
}

enum bough_status bough__metrics_check(const struct bough__model *model)
{
    for (size_t t = 0; t < model->config->tasks_count; t++) {
        const struct bough__task *task = &model->config->tasks[t];
        for (size_t i = 0; i < task->metrics_count; i++) {
            enum bough_status status = check_metric(model, t, task->metrics[i]);
            if (status != BOUGH_OK)
                return status;
        }
    }
    return bough__tagging_check_all(model);
}
