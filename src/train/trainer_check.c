#include "train/trainer_check.h"

#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// ---- Labels ----

static int any_label(const struct bough__source *source, size_t t)
{
    const struct bough__feed *feed = &source->feed;
    int64_t i = 0;
    while (i < feed->count && !bough__targets_any(&source->split->targets[t], feed->order[i]))
        i++;
    return i < feed->count;
}

static int are_same(const struct bough__targets *targets, int64_t a, int64_t b)
{
    return targets->label ? targets->label[a] == targets->label[b]
                          : targets->number[a] == targets->number[b];
}

// Whether all rows have the same target, as far as they have one.
static int is_constant(const struct bough__train_set *set, size_t t)
{
    const struct bough__targets *targets = &set->train.targets[t];
    for (int64_t i = 0; i < targets->width; i++)
        for (int64_t n = 0, first = -1; n < set->trained; n++) {
            const int64_t at = set->row[n] * targets->width + i;
            if (!bough__targets_has(targets, at))
                continue;
            if (first >= 0 && !are_same(targets, first, at))
                return 0;
            first = at;
        }
    return set->trained > 1;
}

static enum bough_status check_labels(const struct bough__trainer *trainer, size_t t)
{
    const struct bough__task *task = &trainer->config.tasks[t];
    const struct bough__train_set *set = &trainer->set[bough__task_set(&trainer->config, t)];
    const struct {
        const char *name;
        const struct bough__evaluation *evaluation;
    } measured[] = {{"validation", &trainer->validation}, {"test", &trainer->test}};
    if (!trainer->labels[t])
        return bough__fail(
            BOUGH_DATA,
            "%s: train/%s: 0 of %lld rows have a label, task %s has nothing to learn "
            "from",
            bough__task_data(&trainer->config, t), task->target, (long long)set->trained,
            task->name);
    if (is_constant(set, t))
        bough__log(
            BOUGH_LOG_WARNING,
            "tasks.%s: its target, %s, is the same in all training rows: there is nothing to "
            "tell apart",
            task->name, task->target);
    for (size_t i = 0; i < 2; i++) {
        const struct bough__runner *runner = bough__evaluation_of(measured[i].evaluation, t);
        if (runner && !any_label(bough__runner_source(runner, t), t))
            bough__log(BOUGH_LOG_WARNING,
                       "tasks.%s: 0 of %lld rows of %s have a label: it has no scores there",
                       task->name, (long long)bough__runner_source(runner, t)->feed.count,
                       measured[i].name);
    }
    return BOUGH_OK;
}

// ---- Inputs ----

static enum bough_status check_lacking(const struct bough__trainer *trainer, size_t input)
{
    const struct bough__train_set *set = &trainer->set[trainer->config.inputs[input].set];
    const float *present = set->train.present[input];
    int64_t lacking = 0;
    for (int64_t i = 0; present && i < set->trained; i++)
        lacking += present[set->row[i]] == 0;
    if (!present)
        return BOUGH_OK;
    if (lacking == set->trained)
        return bough__fail(BOUGH_DATA,
                           "%s: none of %lld rows of train has it: there is nothing to learn of it",
                           trainer->model->input_key[input], (long long)set->trained);
    bough__log(BOUGH_LOG_INFO, "%s: %lld of %lld rows of train lack it",
               trainer->model->input_key[input], (long long)lacking, (long long)set->trained);
    return BOUGH_OK;
}

// ---- Losses ----

// One integer a row is a class; several, as the pixels of an image, are numbers.
static enum bough_status check_loss(const struct bough__trainer *trainer, size_t t)
{
    const struct bough__task *task = &trainer->config.tasks[t];
    const struct bough_file_tensor *field;
    char key[300];
    if (trainer->model->loss[t]->target != BOUGH_TARGET_NUMBER || task->map_count)
        return BOUGH_OK;
    const struct bough_tensor_file *file = trainer->set[bough__task_set(&trainer->config, t)].file;
    enum bough_status status = bough_dataset_field(&field, file, "train", task->target);
    if (status != BOUGH_OK)
        return status;
    snprintf(key, sizeof key, "classes/%s", task->target);
    const int named = bough_tensor_file_metadata(file, key) != NULL;
    if (!named && (bough_dtype_is_float(field->dtype) || bough_shape_row(&field->shape) != 1))
        return BOUGH_OK;
    return bough__fail(
        BOUGH_INVALID,
        "tasks.%s: %s is for numbers, and %s: %s is of classes (%s); store it as F32, "
        "say by target.map which number each class stands for, or take cross_entropy",
        task->name, task->loss.row->name, bough__task_data(&trainer->config, t), field->name,
        named ? "they have names" : bough_dtype_name(field->dtype));
}

static void check_head(const struct bough__task *task, enum bough__target_kind target)
{
    const char *last = task->head[task->head_count - 1].row->name;
    const char *applied[] = {[BOUGH_TARGET_CLASS] = "softmax",
                             [BOUGH_TARGET_BINARY] = "sigmoid",
                             [BOUGH_TARGET_NUMBER] = ""};
    if (strcmp(last, applied[target]) == 0)
        bough__log(BOUGH_LOG_WARNING,
                   "tasks.%s.head: ends in %s, and %s applies it itself: leave it out", task->name,
                   last, task->loss.row->name);
}

// ---- Validation ----

// A data set of which nothing is held out; NULL = there is none.
static const char *find_bare(const struct bough__trainer *trainer)
{
    for (size_t t = 0; t < trainer->config.tasks_count; t++)
        if (!bough__evaluation_of(&trainer->validation, t))
            return bough__task_data(&trainer->config, t);
    return NULL;
}

static void tell_left_out(const struct bough__trainer *trainer)
{
    const struct bough_config *config = &trainer->config;
    for (size_t s = 0; config->train.folds > 1 && s < config->sets; s++) {
        const struct bough__data_set data = bough__trainer_data(trainer, s);
        if (bough__split_exists(&data, "validation"))
            bough__log(BOUGH_LOG_WARNING,
                       "train.folds: a part of `train` is held out, and the split `validation` of "
                       "%s is left out",
                       config->set[s]);
    }
}

// Of a task alone, of which nothing is held out while something is of others.
static enum bough_status check_task_validation(const struct bough__trainer *trainer, size_t t)
{
    const struct bough_config *config = &trainer->config;
    const char *task = config->tasks[t].name, *metric = config->train.early_stopping.metric;
    const size_t length = strlen(task);
    if (bough__evaluation_of(&trainer->validation, t))
        return BOUGH_OK;
    if (strncmp(metric, task, length) == 0 && metric[length] == '.')
        return bough__fail(BOUGH_INVALID,
                           "train.early_stopping.metric: %s, and nothing of %s is held out", metric,
                           bough__task_data(config, t));
    bough__log(BOUGH_LOG_WARNING,
               "tasks.%s: nothing of %s is held out: it has no say in which epoch is the best",
               task, bough__task_data(config, t));
    return BOUGH_OK;
}

// Options that go by the validation, where there is none, are a mistake and not a default.
static enum bough_status check_validation(const struct bough__trainer *trainer)
{
    enum bough_status status = BOUGH_OK;
    const struct bough_config *config = &trainer->config;
    const struct bough__schedule *schedule = bough__schedule_of(&config->schedule);
    const char *bare = find_bare(trainer);
    int64_t most = 0;
    tell_left_out(trainer);
    for (size_t t = 0; trainer->validation.runners && t < config->tasks_count; t++)
        BOUGH_TRY(check_task_validation(trainer, t));
    if (trainer->validation.runners)
        return BOUGH_OK;
    if (trainer->options->needs_validation)
        return bough__fail(BOUGH_INVALID,
                           "nothing is held out: set train.validation or train.folds, or add a "
                           "split `validation` to %s",
                           bare);
    if (schedule->by_validation || config->train.early_stopping.patience > 0)
        return bough__fail(
            BOUGH_INVALID,
            "%s%s goes by the validation, and nothing is held out: set train.validation, "
            "or add a split `validation` to %s",
            schedule->by_validation ? "schedule.name: " : "train.early_stopping",
            schedule->by_validation ? schedule->row.name : "", bare);
    for (size_t s = 0; s < config->sets; s++)
        most = trainer->set[s].rows > most ? trainer->set[s].rows : most;
    if (config->train.validation > 0)
        bough__log(BOUGH_LOG_WARNING,
                   "train.validation: %g of %lld rows is less than half a row: nothing is held out",
                   (double)config->train.validation, (long long)most);
done:
    return status;
}

// ---- Weightings ----

// What goes by the gradients of what tasks share, where they share nothing.
static void check_shared(const struct bough__trainer *trainer)
{
    const struct bough_config *config = &trainer->config;
    const struct bough__choice *choice = &config->weighting.choice;
    const int by_gradients = bough__by_gradients(bough__weighting_of(choice)->needs);
    if (trainer->training->data.weigh.by_gradients.row || !(by_gradients || config->diagnostics))
        return;
    bough__log(BOUGH_LOG_WARNING,
               "%s%s: goes by the tasks' gradients of what they share, and %s: it is left out",
               by_gradients ? "weighting: " : "diagnostics", by_gradients ? choice->row->name : "",
               config->tasks_count < 2 ? "there is one task" : "nothing is shared");
}

// Epochs until some of what tasks share is trained: 0 = it is from the first, INT32_MAX = never.
static int32_t shared_thaw(const struct bough__trainer *trainer)
{
    const struct bough__params *params = &trainer->model->params;
    int32_t epochs = INT32_MAX;
    for (int32_t i = 0; i < params->count; i++) {
        const struct bough__param *param = &params->param[i];
        const int32_t thaw = param->frozen ? trainer->config.parameters[param->group].thaw : 0;
        if (param->block == 0 && (thaw || !param->frozen) && thaw < epochs)
            epochs = thaw;
    }
    return epochs;
}

// Gradients of what is shared are compared, of which nothing is to be had where it is frozen.
static enum bough_status check_frozen(const struct bough__trainer *trainer)
{
    const int diagnostics = trainer->config.diagnostics;
    const int32_t thaw = shared_thaw(trainer);
    char until[40] = "";
    if (!thaw || !trainer->training->data.weigh.by_gradients.row)
        return BOUGH_OK;
    if (thaw < INT32_MAX)
        snprintf(until, sizeof until, " until %d epoch%s done", (int)thaw,
                 thaw == 1 ? " is" : "s are");
    return bough__fail(
        BOUGH_INVALID,
        "parameters: all that tasks share is frozen%s, and %s goes by its gradients; wanted %s%s, "
        "or no freeze",
        until, diagnostics ? "diagnostics" : trainer->config.weighting.choice.row->name,
        diagnostics ? "no diagnostics" : "equal", *until ? " until then" : "");
}

static void check_warmup(const struct bough_config *config, const struct bough__choice *choice)
{
    const struct bough__weighting *row = bough__weighting_of(choice);
    const int32_t epochs = row->warmup ? row->warmup(choice->options) : 0;
    if (epochs > 0 && epochs >= config->train.epochs)
        bough__log(BOUGH_LOG_WARNING,
                   "weighting: %s: a warmup of %d epochs, and train.epochs is %d: it is never "
                   "behind it",
                   row->row.name, epochs, config->train.epochs);
}

enum bough_status bough__trainer_check(const struct bough__trainer *trainer)
{
    enum bough_status status = BOUGH_OK;
    for (size_t i = 0; i < trainer->config.inputs_count; i++)
        BOUGH_TRY(check_lacking(trainer, i));
    for (size_t t = 0; t < trainer->config.tasks_count; t++) {
        check_head(&trainer->config.tasks[t], trainer->model->loss[t]->target);
        BOUGH_TRY(check_loss(trainer, t));
        BOUGH_TRY(check_labels(trainer, t));
    }
    BOUGH_TRY(check_validation(trainer));
    BOUGH_TRY(check_frozen(trainer));
    check_shared(trainer);
    check_warmup(&trainer->config, bough__weighing_losses(&trainer->config.weighting));
done:
    return status;
}
