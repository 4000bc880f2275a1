#include "train/monitor.h"

#include "base/error.h"
#include "nn/metric.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Of metrics for which lower is not better, 1 is the best that there is.
static double error_of(const struct bough_metrics *metrics, const char *task, const char *metric)
{
    const double value = bough_metrics_find(metrics, task, metric);
    const struct bough__metric *known = bough__metric_find(metric, NULL);
    return known && !known->lower_is_better ? 1 - value : value;
}

void bough__monitor_errors(double *error, const struct bough_metrics *metrics,
                           const struct bough_config *config)
{
    for (size_t t = 0; t < config->tasks_count; t++)
        error[t] = error_of(metrics, config->tasks[t].name, config->tasks[t].monitor);
}

static double change(double first, double now)
{
    const double larger = first > now ? first : now;
    return larger > 0 ? (first - now) / larger : first - now;
}

static double mean_of_changes(const struct bough_metrics *metrics,
                              const struct bough_config *config, const double *first)
{
    double sum = 0;
    int known = 0;
    for (size_t t = 0; t < config->tasks_count; t++) {
        const struct bough__task *task = &config->tasks[t];
        if (isnan(first[t]) || task->weight == 0) // that is not trained
            continue;
        sum += change(first[t], error_of(metrics, task->name, task->monitor)); // NaN stays
        known++;
    }
    return known ? sum / known : NAN;
}

static double sum_of_losses(const struct bough_metrics *metrics, const struct bough_config *config)
{
    double sum = 0;
    int known = 0;
    for (size_t t = 0; t < config->tasks_count; t++) {
        const double value = bough_metrics_find(metrics, config->tasks[t].name, "loss");
        sum += isnan(value) ? 0 : value;
        known += !isnan(value);
    }
    return known ? -sum : NAN;
}

double bough__monitored(const struct bough_metrics *metrics, const struct bough_config *config,
                        const char *criterion, const double *first)
{
    if (strcmp(criterion, "mean") == 0)
        return mean_of_changes(metrics, config, first);
    if (strcmp(criterion, "loss") == 0)
        return sum_of_losses(metrics, config);
    if (strcmp(criterion, "exact_match") == 0)
        return metrics->exact_match - 1;
    const char *dot = strrchr(criterion, '.');
    for (size_t t = 0; dot && t < config->tasks_count; t++) {
        const char *name = config->tasks[t].name;
        const size_t length = (size_t)(dot - criterion);
        if (strlen(name) == length && strncmp(name, criterion, length) == 0)
            return -error_of(metrics, name, dot + 1);
    }
    return NAN;
}

enum bough_status bough_metrics_score(double *score, const struct bough_metrics *metrics,
                                      const struct bough_config *config,
                                      const struct bough_metrics *reference)
{
    double *first = calloc(config->tasks_count, sizeof *first);
    if (!first)
        return bough__no_memory();
    bough__monitor_errors(first, reference, config);
    *score = bough__monitored(metrics, config, config->train.early_stopping.metric, first);
    free(first);
    return BOUGH_OK;
}
