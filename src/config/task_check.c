// What is checked of each task, and completed.
#include "base/error.h"
#include "base/strings.h"
#include "config/config_check.h"
#include "nn/metric.h"

#include <stdio.h>
#include <string.h>

// ---- Metrics ----

static int fits(const struct bough__metric *metric, const struct bough__task *task)
{
    return (int)(metric->kinds >> bough__loss_of(&task->loss)->target & 1);
}

static enum bough_status check_metric(struct bough__config_place *place,
                                      const struct bough__task *task, size_t index)
{
    const char *names[64], *name = task->metrics[index];
    char what[120];
    size_t count = 0, mark = bough__config_enter(place, "metrics");
    const struct bough__metric *metric = bough__metric_find(name, NULL);
    for (size_t i = 0; i < bough__metrics.count && count < 63; i++)
        if (fits((const struct bough__metric *)(const void *)bough__metrics.row[i], task))
            names[count++] = bough__metrics.row[i]->name;
    names[count] = NULL;
    snprintf(what, sizeof what, "unknown metric%s '%.60s'", metric ? " for this loss" : "", name);
    if (!metric || !fits(metric, task))
        return bough__config_unknown(place, NULL, what, name, names, NULL);
    for (size_t i = 0; i < index; i++)
        if (strcmp(task->metrics[i], name) == 0)
            return bough__config_wrong(place, NULL, "%s is given twice", name);
    bough__config_leave(place, mark);
    return BOUGH_OK;
}

static enum bough_status complete_metrics(struct bough__config_place *place,
                                          struct bough__task *task)
{
    enum bough_status status = BOUGH_OK;
    if (!task->metrics_count) {
        task->metrics = &bough__loss_of(&task->loss)->metric;
        task->metrics_count = 1;
    }
    for (size_t i = 0; i < task->metrics_count && status == BOUGH_OK; i++)
        status = check_metric(place, task, i);
    return status;
}

int bough__task_measures(const struct bough__task *task, const char *metric)
{
    const struct bough__metric *known = bough__metric_find(metric, NULL);
    int measured = strcmp(metric, "loss") == 0;
    for (size_t m = 0; m < task->metrics_count; m++)
        measured |= strcmp(task->metrics[m], metric) == 0 && !(known && known->is_matrix);
    return measured;
}

int bough__matches_jointly(const struct bough_config *config)
{
    size_t count = 0, first = 0;
    for (size_t t = 0; t < config->tasks_count; t++) {
        if (!bough__task_measures(&config->tasks[t], "exact_match"))
            continue;
        first = count++ ? first : t;
        if (bough__task_set(config, t) != bough__task_set(config, first))
            return 0;
    }
    return count > 1;
}

static enum bough_status complete_monitor(struct bough__config_place *place,
                                          struct bough__task *task)
{
    char list[512] = "loss";
    if (!task->monitor)
        task->monitor = bough__task_measures(task, "accuracy") ? "accuracy" : "loss";
    if (bough__task_measures(task, task->monitor))
        return BOUGH_OK;
    for (size_t m = 0; m < task->metrics_count; m++)
        if (bough__task_measures(task, task->metrics[m]))
            bough__append(list, sizeof list, ", %s", task->metrics[m]);
    bough__config_enter(place, "monitor");
    return bough__config_wrong(place, NULL, "'%.60s' is not measured; wanted one of %s",
                               task->monitor, list);
}

// ---- Tasks ----

static int is_read(const struct bough__task *task, const struct bough__input *input)
{
    int found = !task->inputs_count;
    for (size_t i = 0; i < task->inputs_count; i++)
        found |= input->name && strcmp(task->inputs[i], input->name) == 0;
    return found;
}

static enum bough_status unknown_input(const struct bough__config_place *place,
                                       const struct bough_config *config, const char *name)
{
    const char *names[64];
    char what[120];
    size_t count = 0;
    for (size_t i = 0; i < config->inputs_count && count < 63; i++)
        if (config->inputs[i].name)
            names[count++] = config->inputs[i].name;
    names[count] = NULL;
    snprintf(what, sizeof what, "unknown input '%.60s'", name);
    return bough__config_unknown(place, NULL, what, name, names, NULL);
}

static enum bough_status check_names(const struct bough__config_place *place,
                                     const struct bough_config *config,
                                     const struct bough__task *task)
{
    for (size_t i = 0; i < task->inputs_count; i++) {
        size_t found = 0;
        while (found < config->inputs_count &&
               (!config->inputs[found].name ||
                strcmp(config->inputs[found].name, task->inputs[i]) != 0))
            found++;
        if (found == config->inputs_count)
            return unknown_input(place, config, task->inputs[i]);
        for (size_t j = 0; j < i; j++)
            if (strcmp(task->inputs[i], task->inputs[j]) == 0)
                return bough__config_wrong(place, NULL, "%s is given twice", task->inputs[i]);
    }
    return BOUGH_OK;
}

// In the config's order, so that tasks that read the same say the same.
static enum bough_status complete_inputs(struct bough__config_place *place,
                                         const struct bough_config *config,
                                         struct bough__task *task, struct bough__arena *arena)
{
    enum bough_status status;
    const size_t mark = bough__config_enter(place, "inputs");
    int32_t *reads = BOUGH_NEW(arena, int32_t, config->inputs_count);
    BOUGH_TRY_MEMORY(reads);
    BOUGH_TRY(check_names(place, config, task));
    for (size_t i = 0; i < config->inputs_count; i++)
        if (is_read(task, &config->inputs[i]))
            reads[task->reads_count++] = (int32_t)i;
    task->reads = reads;
    bough__config_leave(place, mark);
done:
    return status;
}

static enum bough_status check_is_read(struct bough__config_place *place,
                                       const struct bough_config *config, size_t input)
{
    for (size_t t = 0; t < config->tasks_count; t++)
        if (bough__task_reads(&config->tasks[t], input))
            return BOUGH_OK;
    bough__config_enter(place, "inputs");
    bough__config_enter(place, config->inputs[input].name);
    return bough__config_wrong(place, NULL, "no task reads it");
}

static enum bough_status check_set(struct bough__config_place *place,
                                   const struct bough_config *config,
                                   const struct bough__task *task)
{
    const struct bough__input *first = &config->inputs[task->reads[0]];
    for (size_t i = 1; i < task->reads_count; i++) {
        const struct bough__input *other = &config->inputs[task->reads[i]];
        if (other->set == first->set)
            continue;
        bough__config_enter(place, "tasks");
        bough__config_enter(place, task->name);
        bough__config_enter(place, "inputs");
        return bough__config_wrong(place, NULL,
                                   "%s and %s are of two data sets; wanted inputs of the same rows",
                                   first->name, other->name);
    }
    return BOUGH_OK;
}

enum bough_status bough__data_check(struct bough__config_place *place,
                                    const struct bough_config *config)
{
    size_t s = 0;
    while (config->data && s < config->sets && strcmp(config->set[s], config->data) != 0)
        s++;
    if (s < config->sets)
        return BOUGH_OK;
    bough__config_enter(place, "data");
    return bough__config_wrong(place, NULL,
                               "no input reads %s, as each names its own; wanted "
                               "inputs.<input>.data",
                               config->data);
}

enum bough_status bough__task_sets_check(struct bough__config_place *place,
                                         const struct bough_config *config)
{
    enum bough_status status = BOUGH_OK;
    for (size_t t = 0; t < config->tasks_count && status == BOUGH_OK; t++)
        status = check_set(place, config, &config->tasks[t]);
    return status;
}

static enum bough_status check_standardize(struct bough__config_place *place,
                                           const struct bough__task *task)
{
    if (!task->standardize && !task->mean && !task->std)
        return BOUGH_OK;
    size_t mark = bough__config_enter(place, "target");
    if (bough__loss_of(&task->loss)->target != BOUGH_TARGET_NUMBER)
        return bough__config_wrong(
            place, NULL,
            "standardize, mean and std are for numbers (mse, l1, huber), and the loss is %s",
            task->loss.row->name);
    if (!task->mean != !task->std)
        return bough__config_wrong(place, NULL, "mean and std go together");
    bough__config_leave(place, mark);
    return BOUGH_OK;
}

static enum bough_status check_task(struct bough__config_place *place, struct bough__task *task)
{
    enum bough_status status;
    BOUGH_TRY(bough__name_check(place, "task", task->name));
    if (strcmp(task->name, "trunk") == 0)
        return bough__config_wrong(place, NULL, "a task cannot be named trunk");
    if (strcmp(task->name, "exact_match") == 0)
        return bough__config_wrong(place, NULL, "a task cannot be named exact_match");
    size_t mark = bough__config_enter(place, task->name);
    BOUGH_TRY(complete_metrics(place, task));
    BOUGH_TRY(complete_monitor(place, task));
    BOUGH_TRY(check_standardize(place, task));
    bough__config_leave(place, mark);
done:
    return status;
}

enum bough_status bough__tasks_check(struct bough__config_place *place, struct bough_config *config,
                                     struct bough__arena *arena)
{
    enum bough_status status = BOUGH_OK;
    const size_t root = bough__config_enter(place, "tasks");
    for (size_t t = 0; t < config->tasks_count; t++) {
        struct bough__task *task = (struct bough__task *)&config->tasks[t];
        BOUGH_TRY(check_task(place, task));
        const size_t mark = bough__config_enter(place, task->name);
        BOUGH_TRY(complete_inputs(place, config, task, arena));
        bough__config_leave(place, mark);
    }
    bough__config_leave(place, root);
    for (size_t i = 0; i < config->inputs_count; i++)
        BOUGH_TRY(check_is_read(place, config, i));
done:
    return status;
}
