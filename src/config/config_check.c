#include "config/config_check.h"

#include "base/error.h"
#include "base/strings.h"
#include "config/name_fits.h"
#include "config/schema.h"
#include "mtl/alignment.h"
#include "mtl/weighting.h"
#include "nn/loss.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Names of inputs and tasks become parts of key paths, those of tasks parts of parameters' names
// and columns of a CSV, too.
enum bough_status bough__name_check(const struct bough__config_place *place, const char *what,
                                    const char *name)
{
    if (bough__name_fits(name))
        return BOUGH_OK;
    return bough__config_wrong(
        place, NULL,
        "%s name '%.80s'; wanted 1 to 63 bytes of UTF-8 without control characters, quotes, any of "
        ". / \\ , ; : = [ ] { }, or a blank at an end",
        what, name);
}

// ---- Inputs ----

static int any_names_data(const struct bough_config *config)
{
    size_t i = 0;
    while (i < config->inputs_count && !config->inputs[i].data)
        i++;
    return i < config->inputs_count;
}

static enum bough_status check_input(struct bough__config_place *place, struct bough__input *input,
                                     const struct bough_config *config)
{
    if (strcmp(input->type, "ids") != 0)
        input->type = NULL; // a saved config does not tell what is so by default
    if (!input->field)
        input->field = input->name ? input->name : "image";
    input->optional |= input->present != NULL;
    if (!input->data && !config->data) {
        if (!any_names_data(config))
            bough__config_leave(place, 0);
        return bough__config_wrong(place, NULL, "data is missing: path of the data set");
    }
    if (input->lengths && input->optional) {
        bough__config_enter(place, "lengths");
        return bough__config_wrong(place, NULL,
                                   "the input is optional; wanted length 0 of a row that lacks it");
    }
    const char *key = input->vocabulary ? "vocabulary" : "columns";
    if (input->vocabulary ? !bough__input_is_ids(input)
                          : bough__input_is_ids(input) && input->columns_count > 0) {
        bough__config_enter(place, key);
        return bough__config_wrong(place, NULL, "is for an input of %s, and the type is %s",
                                   input->vocabulary ? "ids" : "numbers",
                                   input->vocabulary ? "numbers" : "ids");
    }
    if (!bough__input_is_ids(input) || (!input->normalize.row && !input->channels))
        return BOUGH_OK;
    bough__config_enter(place, "normalize");
    return bough__config_wrong(place, NULL, "numbers are normalized, and the type is ids");
}

enum bough_status bough__inputs_check(struct bough__config_place *place,
                                      struct bough_config *config)
{
    enum bough_status status = BOUGH_OK;
    const int named = !config->inputs_count || config->inputs[0].name;
    const size_t root = bough__config_enter(place, named ? "inputs" : "input");
    if (!config->inputs_count)
        return bough__config_wrong(place, NULL, "none; wanted one or more");
    for (size_t i = 0; i < config->inputs_count; i++) {
        const char *name = config->inputs[i].name;
        if (name)
            BOUGH_TRY(bough__name_check(place, "input", name));
        const size_t mark = name ? bough__config_enter(place, name) : strlen(place->path);
        BOUGH_TRY(check_input(place, (struct bough__input *)&config->inputs[i], config));
        bough__config_leave(place, mark);
    }
    bough__config_leave(place, root);
done:
    return status;
}

static enum bough_status check_by_task(struct bough__config_place *place,
                                       const struct bough_config *config,
                                       const struct bough__option *option)
{
    const struct bough__key list = {option, config->architecture.options};
    const size_t tasks = config->tasks_count, found = option ? *bough__key_count(&list) : tasks;
    if (!found || found == tasks)
        return BOUGH_OK;
    bough__config_enter(place, option->name);
    return bough__config_wrong(place, NULL, "%zu for %zu task%s; wanted one each", found, tasks,
                               tasks == 1 ? "" : "s");
}

enum bough_status bough__architecture_check(struct bough__config_place *place,
                                            const struct bough_config *config)
{
    const struct bough__architecture *architecture = bough__architecture_of(&config->architecture);
    const size_t mark = bough__config_enter(place, "architecture");
    if (architecture->needs_trunk && !config->trunk_count)
        return bough__config_wrong(place, NULL, "%s copies the trunk, which is empty",
                                   architecture->row.name);
    for (size_t t = 0; architecture->is_sequence && t < config->tasks_count; t++) {
        const struct bough__task *task = &config->tasks[t];
        if (bough__loss_of(&task->loss)->target != BOUGH_TARGET_BINARY)
            return bough__config_wrong(place, NULL,
                                       "%s is for events in a sequence, and the loss of task '%s' "
                                       "is %s; wanted binary_cross_entropy",
                                       architecture->row.name, task->name, task->loss.row->name);
    }
    const enum bough_status status = check_by_task(place, config, architecture->by_task);
    bough__config_leave(place, mark);
    return status;
}

// [T], what each task's loss is multiplied by as far as that stands in the config, the caller's;
// NULL = out of memory.
static float *weights_of(const struct bough_config *config)
{
    float *weight = calloc(config->tasks_count, sizeof *weight);
    if (!weight)
        return NULL;
    bough__weighing_start(weight, &config->weighting, config->tasks_count);
    for (size_t t = 0; t < config->tasks_count; t++)
        weight[t] *= config->tasks[t].weight;
    return weight;
}

// One task a step leaves nothing to weigh.
static enum bough_status check_weighs_nothing(struct bough__config_place *place,
                                              const struct bough_config *config, const char *regime)
{
    const struct bough__row *row = config->weighting.choice.row;
    const int weighs = bough__weighting_of(&config->weighting.choice)->needs != BOUGH_NEEDS_NOTHING;
    bough__config_enter(place, weighs ? "weighting" : "diagnostics");
    if (weighs)
        return bough__config_wrong(place, NULL,
                                   "%s weighs several tasks, and train.regime: %s trains one a "
                                   "step; wanted equal or fixed",
                                   row->name, regime);
    return config->diagnostics
               ? bough__config_wrong(place, NULL,
                                     "compares several tasks' gradients, and train.regime: %s "
                                     "trains one a step",
                                     regime)
               : BOUGH_OK;
}

// A task whose weight is 0 would have steps that train nothing.
static enum bough_status check_has_weights(struct bough__config_place *place,
                                           const struct bough_config *config, const char *regime)
{
    size_t t = 0;
    float *weight = weights_of(config);
    if (!weight)
        return bough__no_memory();
    while (t < config->tasks_count && weight[t] > 0)
        t++;
    free(weight);
    if (t == config->tasks_count)
        return BOUGH_OK;
    bough__config_enter(place, "train.regime");
    return bough__config_wrong(place, NULL,
                               "%s trains one task a step, and the weight of task '%s' is 0; "
                               "wanted above 0, or the task left out",
                               regime, config->tasks[t].name);
}

enum bough_status bough__regime_check(struct bough__config_place *place,
                                      const struct bough_config *config)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__choice *regime = &config->train.regime;
    const struct bough__row *architecture = config->architecture.row;
    const size_t root = strlen(place->path);
    if (bough__trains_one(regime))
        BOUGH_TRY(check_weighs_nothing(place, config, regime->row->name));
    bough__config_leave(place, root);
    if (bough__trains_one(regime))
        BOUGH_TRY(check_has_weights(place, config, regime->row->name));
    if (bough__regime_of(regime)->apart && architecture != &bough__architecture_hard_sharing.row) {
        bough__config_enter(place, "architecture");
        status = bough__config_wrong(place, NULL,
                                     "%s shares, and train.regime: %s trains a net for each task; "
                                     "wanted hard_sharing, whose trunk and heads those nets have",
                                     architecture->name, regime->row->name);
    }
done:
    return status;
}

enum bough_status bough__alignment_check(struct bough__config_place *place,
                                         const struct bough_config *config)
{
    const struct bough__choice *regime = &config->train.regime;
    const int wants_classes = bough__alignment_wants_classes(&config->alignment);
    const size_t mark = bough__config_enter(place, "alignment");
    if (bough__aligns(&config->alignment) && bough__regime_of(regime)->apart)
        return bough__config_wrong(
            place, NULL, "%s draws tasks together, and train.regime: %s trains a net for each task",
            config->alignment.row->name, regime->row->name);
    for (size_t t = 0; wants_classes && t < config->tasks_count; t++) {
        const struct bough__task *task = &config->tasks[t];
        if (bough__loss_of(&task->loss)->target == BOUGH_TARGET_CLASS)
            continue;
        bough__config_enter(place, "on");
        return bough__config_wrong(
            place, NULL,
            "%s of scores is for classes, and the loss of task '%s' is %s; wanted cross_entropy",
            config->alignment.row->name, task->name, task->loss.row->name);
    }
    bough__config_leave(place, mark);
    return BOUGH_OK;
}

static enum bough_status wrong_for(struct bough__config_place *place, const char *key,
                                   const struct bough__weighting *row, const char *wanted)
{
    bough__config_enter(place, key);
    return bough__config_wrong(place, NULL, "is for a weighting that %s, and %s does not", wanted,
                               row->row.name);
}

static enum bough_status no_groups(struct bough__config_place *place, const char *groups)
{
    bough__config_enter(place, "groups");
    return bough__config_wrong(
        place, NULL, "%s does not go with on: representation, which has one gradient", groups);
}

// A weighting by the losses stands alone, or before one by the gradients.
static enum bough_status check_before(struct bough__config_place *place,
                                      const struct bough__weighting *losses,
                                      const struct bough__weighting *row)
{
    if (bough__takes_losses(row) || losses == &bough__weighting_equal ||
        (row->ahead && losses->needs == BOUGH_NEEDS_NOTHING))
        return BOUGH_OK;
    bough__config_enter(place, "losses");
    if (row->ahead)
        return bough__config_wrong(place, NULL,
                                   "%s's weights change in the training; before %s wanted ones "
                                   "that do not, as fixed",
                                   losses->row.name, row->row.name);
    return bough__config_wrong(place, NULL,
                               "%s stands before a weighting by gradients, and %s is none",
                               losses->row.name, row->row.name);
}

// Which keys go with the row, but for `losses`.
static enum bough_status check_keys_of(struct bough__config_place *place,
                                       const struct bough__weighing *config)
{
    const struct bough__weighting *row = bough__weighting_of(&config->choice);
    const int by_gram = row->needs == BOUGH_NEEDS_GRAM;
    const int of_representation = strcmp(config->on, "representation") == 0;
    const int of_groups = strcmp(config->groups, "shared") != 0;
    if (of_representation && !bough__takes_representation(row))
        return wrong_for(place, "on", row,
                         by_gram ? "compares gradients of one batch" : "goes by the Gram matrix");
    if (of_groups && !bough__takes_groups(row))
        return wrong_for(place, "groups", row,
                         by_gram ? "weighs the shared layers alone" : "goes by the Gram matrix");
    if (of_representation && of_groups)
        return no_groups(place, config->groups);
    if (config->every != 1 && !bough__takes_every(row))
        return wrong_for(place, "every", row,
                         by_gram ? "goes by the gradients of one batch"
                                 : "goes by the Gram matrix");
    if (config->smoothing > 0 && !bough__takes_smoothing(row))
        return wrong_for(place, "smoothing", row,
                         row->ahead ? "finds its weights anew in each step"
                                    : "solves for weights in a step");
    return BOUGH_OK;
}

// Of the tasks' own weights, or as `losses` leaves nothing of them.
static enum bough_status no_weight(struct bough__config_place *place,
                                   const struct bough_config *config)
{
    size_t t = 0;
    while (t < config->tasks_count && !(config->tasks[t].weight > 0))
        t++;
    if (t == config->tasks_count) {
        bough__config_leave(place, 0);
        bough__config_enter(place, "tasks");
    }
    return bough__config_wrong(place, NULL, "no task has a weight above 0");
}

// By weights_of.
static enum bough_status check_tasks_of(struct bough__config_place *place,
                                        const struct bough_config *config, const float *weight)
{
    const struct bough__choice *choice = &config->weighting.choice;
    const struct bough__weighting *row = bough__weighting_of(choice);
    const char *key, *wrong;
    char wanted[64] = "";
    int64_t most;
    size_t count = 0;
    for (size_t t = 0; t < config->tasks_count; t++)
        count += weight[t] > 0;
    if (!count)
        return no_weight(place, config);
    for (size_t t = 0; row->leads && t < config->tasks_count; t++)
        if (row->leads(choice->options, t) && !(weight[t] > 0))
            return bough__config_wrong(place, NULL,
                                       "%s goes by task '%s', whose weight is 0; wanted above 0",
                                       row->row.name, config->tasks[t].name);
    wrong = row->too_few ? row->too_few(choice->options, count, &key, &most) : NULL;
    if (!wrong)
        return BOUGH_OK;
    bough__config_enter(place, key);
    if (most >= 0)
        snprintf(wanted, sizeof wanted, "; wanted at most %lld", (long long)most);
    return bough__config_wrong(place, NULL, "%s, and %zu %s a weight above 0%s", wrong, count,
                               count == 1 ? "has" : "have", wanted);
}

static enum bough_status check_weights(struct bough__config_place *place,
                                       const struct bough_config *config)
{
    float *weight = weights_of(config);
    if (!weight)
        return bough__no_memory();
    const enum bough_status status = check_tasks_of(place, config, weight);
    free(weight);
    return status;
}

enum bough_status bough__weighting_check(struct bough__config_place *place,
                                         const struct bough_config *config)
{
    enum bough_status status;
    const size_t mark = bough__config_enter(place, "weighting");
    BOUGH_TRY(check_keys_of(place, &config->weighting));
    BOUGH_TRY(check_before(place, bough__weighting_of(&config->weighting.losses),
                           bough__weighting_of(&config->weighting.choice)));
    BOUGH_TRY(check_weights(place, config));
    bough__config_leave(place, mark);
done:
    return status;
}

// The first task that reads other inputs than the first; 0 = none does.
static size_t reads_others(const struct bough_config *config)
{
    size_t t = 1;
    while (t < config->tasks_count && bough__reads_same(&config->tasks[0], &config->tasks[t]))
        t++;
    return t < config->tasks_count ? t : 0;
}

enum bough_status bough__meeting_check(struct bough__config_place *place,
                                       const struct bough_config *config)
{
    const struct bough__architecture *architecture = bough__architecture_of(&config->architecture);
    const size_t t = reads_others(config);
    if (t && architecture->meets) {
        bough__config_enter(place, "architecture");
        return bough__config_wrong(place, NULL,
                                   "in %s tasks take over what others make of the same input, and "
                                   "'%s' and '%s' read others; wanted one for all, or "
                                   "an architecture as hard_sharing, mmoe or adapters",
                                   architecture->row.name, config->tasks[0].name,
                                   config->tasks[t].name);
    }
    if (t && bough__aligns(&config->alignment)) {
        bough__config_enter(place, "alignment");
        return bough__config_wrong(place, NULL,
                                   "%s compares what tasks make of the same input, and '%s' and "
                                   "'%s' read others",
                                   config->alignment.row->name, config->tasks[0].name,
                                   config->tasks[t].name);
    }
    if (t && strcmp(config->weighting.on, "representation") == 0) {
        bough__config_enter(place, "weighting.on");
        return bough__config_wrong(place, NULL,
                                   "representation is for one that all tasks share, and '%s' and "
                                   "'%s' read other inputs; wanted on: parameters",
                                   config->tasks[0].name, config->tasks[t].name);
    }
    return BOUGH_OK;
}

// ---- Parameters of another file ----

static int stars(const char *text)
{
    const char *star = strchr(text, '*');
    return star ? 1 + (strchr(star + 1, '*') != NULL) : 0;
}

static enum bough_status check_renaming(const struct bough__config_place *place,
                                        const struct bough__renaming *map)
{
    if (stars(map->pattern) > 1 || strpbrk(map->pattern, "?[\\"))
        return bough__config_wrong(
            place, NULL,
            "wanted a pattern with at most one *, which stands for any text, and no ? [ or \\");
    if (stars(map->name) > stars(map->pattern) || strpbrk(map->name, "?[\\"))
        return bough__config_wrong(place, NULL,
                                   "'%.80s'; wanted a name with %s *, and no ? [ or \\", map->name,
                                   stars(map->pattern) ? "at most one" : "no");
    return BOUGH_OK;
}

enum bough_status bough__transfer_check(struct bough__config_place *place,
                                        const struct bough_config *config)
{
    enum bough_status status = BOUGH_OK;
    const size_t root = bough__config_enter(place, "from.map");
    for (size_t i = 0; i < config->from.map_count; i++) {
        const size_t mark = bough__config_enter(place, config->from.map[i].pattern);
        BOUGH_TRY(check_renaming(place, &config->from.map[i]));
        bough__config_leave(place, mark);
    }
    bough__config_leave(place, root);
done:
    return status;
}

// ---- The training ----

enum bough_status bough__folds_check(struct bough__config_place *place,
                                     const struct bough_config *config)
{
    const struct bough__training *train = &config->train;
    if (train->fold <= train->folds)
        return BOUGH_OK;
    bough__config_enter(place, "train.fold");
    return bough__config_wrong(place, NULL, "%d; wanted at most train.folds, %d", train->fold,
                               train->folds);
}

// Whether `metric` is "<task>.<metric>" of a task that measures it.
static int is_measured(const struct bough_config *config, const char *metric)
{
    for (size_t t = 0; t < config->tasks_count; t++) {
        const struct bough__task *task = &config->tasks[t];
        size_t length = strlen(task->name);
        if (strncmp(metric, task->name, length) == 0 && metric[length] == '.' &&
            bough__task_measures(task, metric + length + 1))
            return 1;
    }
    return 0;
}

enum bough_status bough__early_stopping_check(struct bough__config_place *place,
                                              const struct bough_config *config)
{
    const char *metric = config->train.early_stopping.metric;
    if (strcmp(metric, "mean") == 0 || strcmp(metric, "loss") == 0 || is_measured(config, metric))
        return BOUGH_OK;
    if (strcmp(metric, "exact_match") == 0 && bough__matches_jointly(config))
        return BOUGH_OK;
    bough__config_enter(place, "train.early_stopping.metric");
    return bough__config_wrong(
        place, NULL,
        "'%.80s'; wanted mean, loss, <task>.<metric> with a metric of that task, or exact_match of "
        "tasks of one data set, two or more, that have it",
        metric);
}
