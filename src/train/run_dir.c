#include "train/run_dir.h"

#include "base/error.h"
#include "base/file.h"
#include "base/strings.h"
#include "config/config.h"
#include "train/model_file.h"
#include "train/monitor.h"
#include "train/standardize.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct path {
    char text[4096];
};

static struct path in_folder(const struct bough__trainer *trainer, const char *name)
{
    struct path path;
    snprintf(path.text, sizeof path.text, "%s/%s", trainer->run_dir, name);
    return path;
}

static int has_checkpoint(const struct bough__trainer *trainer)
{
    return access(in_folder(trainer, "last.safetensors").text, F_OK) == 0;
}

// ---- Config ----

static enum bough_status take_what_may_change(struct bough_config *config,
                                              struct bough__arena *arena,
                                              const struct bough_config *from)
{
    config->train.epochs = from->train.epochs;
    config->train.early_stopping = from->train.early_stopping;
    if (config->inputs_count != from->inputs_count)
        return BOUGH_OK;
    struct bough__input *input = BOUGH_NEW(arena, struct bough__input, config->inputs_count);
    if (!input)
        return bough__no_memory();
    for (size_t i = 0; i < config->inputs_count; i++) {
        input[i] = config->inputs[i];
        input[i].data = from->inputs[i].data;
        input[i].set = from->inputs[i].set;
    }
    config->inputs = input;
    config->data = from->data;
    config->set = from->set;
    config->sets = from->sets;
    return BOUGH_OK;
}

// `path` is of the run's own.
static enum bough_status check_same(const struct bough_config *begun, struct bough__arena *arena,
                                    const struct bough_config *config, const char *path)
{
    char text[1000];
    struct bough_config same = *begun;
    const enum bough_status status = take_what_may_change(&same, arena, config);
    if (status != BOUGH_OK || bough__config_same(config, &same, text, sizeof text))
        return status;
    return bough__fail(BOUGH_INVALID,
                       "%s: the run was begun with another config, which differs in %s; only data, "
                       "train.epochs and train.early_stopping may change",
                       path, text);
}

// A config.yaml that was edited by hand is not what the checkpoint was made with.
static enum bough_status check_unchanged(struct bough__trainer *trainer, const char *path)
{
    enum bough_status status;
    struct bough_tensor_file *last = NULL;
    struct bough_config *begun = NULL;
    if (!has_checkpoint(trainer))
        return BOUGH_OK;
    BOUGH_TRY(bough_tensor_file_open(&last, in_folder(trainer, "last.safetensors").text));
    BOUGH_TRY(bough__model_file_config(&begun, last));
    BOUGH_TRY(check_same(begun, &trainer->arena, trainer->resumed, path));
done:
    bough_config_close(&begun);
    bough_tensor_file_close(&last);
    return status;
}

// Its own config, but for what may change on the way.
static enum bough_status resumed_config(struct bough__trainer *trainer,
                                        const struct bough_config *config)
{
    enum bough_status status;
    const struct path path = in_folder(trainer, "config.yaml");
    BOUGH_TRY(bough_config_open(&trainer->resumed, path.text, NULL, 0));
    BOUGH_TRY(bough__lock_open(&trainer->lock, trainer->run_dir));
    BOUGH_TRY(check_unchanged(trainer, path.text));
    trainer->config = *trainer->resumed;
    if (config) {
        BOUGH_TRY(take_what_may_change(&trainer->config, &trainer->arena, config));
        struct bough_config asked = *config;
        BOUGH_TRY(bough__standardize_like(&asked, &trainer->arena, &trainer->config));
        BOUGH_TRY(check_same(&trainer->config, &trainer->arena, &asked, path.text));
    }
done:
    return status;
}

enum bough_status bough__run_dir_settle(struct bough__trainer *trainer,
                                        const struct bough_config *config)
{
    if (trainer->options->resume)
        return resumed_config(trainer, config);
    if (!config)
        return bough__fail(BOUGH_INVALID, "there is no config to train");
    trainer->config = *config;
    return BOUGH_OK;
}

static enum bough_status save_config(const struct bough__trainer *trainer)
{
    return bough_config_save(&trainer->config, in_folder(trainer, "config.yaml").text);
}

// ---- Beginning ----

// What a training would write over must not stand there, unless it is of one whose first epoch
// never ended: that has no model yet.
static enum bough_status check_unused(struct bough__trainer *trainer)
{
    static const char *const ours[] = {"config.yaml", "model.safetensors", "log.jsonl",
                                       "result.json"};
    enum bough_status status = BOUGH_OK;
    struct bough__progress found = {0}; // of no tasks
    if (!has_checkpoint(trainer)) {
        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
            if (access(in_folder(trainer, ours[i]).text, F_OK) == 0)
                return bough__fail(BOUGH_INVALID,
                                   "%s: holds %s and no checkpoint, and a training would write "
                                   "over it; name another folder",
                                   trainer->run_dir, ours[i]);
        return BOUGH_OK;
    }
    BOUGH_TRY(bough__load_progress(&found, trainer->run_dir));
    if (found.epoch > 0)
        BOUGH_TRY(bough__fail(BOUGH_INVALID,
                              "%s: holds a training already, of %d epochs; resume it, or name "
                              "another folder",
                              trainer->run_dir, found.epoch));
    remove(in_folder(trainer, "model.safetensors").text);
    remove(in_folder(trainer, "result.json").text);
    bough__log(BOUGH_LOG_WARNING, "%s: begins anew: no epoch of the training there had ended",
               trainer->run_dir);
done:
    return status;
}

// A killed training may have left its config alone: that one begins. A model without a checkpoint
// is not ours to begin over.
static enum bough_status check_resumable(const struct bough__trainer *trainer)
{
    if (access(in_folder(trainer, "model.safetensors").text, F_OK) != 0)
        return BOUGH_OK;
    return bough__fail(BOUGH_DATA,
                       "%s: holds a model and no last.safetensors: there is nothing to "
                       "go on from",
                       trainer->run_dir);
}

// Config first: a folder that holds it can be resumed, if need be from the beginning.
static enum bough_status begin(struct bough__trainer *trainer)
{
    enum bough_status status = BOUGH_OK;
    if (!trainer->options->resume) {
        BOUGH_TRY(bough__folder_create(trainer->run_dir));
        BOUGH_TRY(bough__lock_open(&trainer->lock, trainer->run_dir));
        BOUGH_TRY(check_unused(trainer));
    } else {
        BOUGH_TRY(check_resumable(trainer));
    }
    BOUGH_TRY(save_config(trainer));
    BOUGH_TRY(bough__trainer_save(trainer));
done:
    return status;
}

// ---- Going on ----

static enum bough_status check_data(const struct bough__trainer *trainer, const char *digest)
{
    const char *found = trainer->progress.data;
    const struct bough_config *config = &trainer->config;
    char names[600] = "";
    if (!*found || strcmp(found, digest) == 0)
        return BOUGH_OK;
    for (size_t s = 0; s < config->sets; s++)
        bough__append(names, sizeof names, "%s%s", s ? ", or " : "", config->set[s]);
    if (trainer->options->force) {
        bough__log(BOUGH_LOG_WARNING, "%s: is not the data set that the run was begun with", names);
        return BOUGH_OK;
    }
    return bough__fail(
        BOUGH_DATA,
        "%s: is not the data set that %s was begun with: fields, shapes, class names "
        "or first rows differ; give that one, or --force to go on with this",
        names, trainer->run_dir);
}

// Where it was measured on other data, or is a value of something else.
static enum bough_status measure_best_anew(struct bough__trainer *trainer)
{
    enum bough_status status = BOUGH_OK;
    char text[160];
    struct bough__arena arena = {0};
    struct bough_metrics metrics;
    struct bough__progress *progress = &trainer->progress;
    double value = -INFINITY;
    if (bough__trainer_validates(trainer) && progress->best_epoch > 0) {
        BOUGH_TRY(bough__load_model(trainer->run_dir, trainer->model));
        BOUGH_TRY(bough__evaluate(&metrics, &arena, &trainer->validation));
        value =
            bough__monitored(&metrics, &trainer->config,
                             bough__trainer_criterion(text, sizeof text, trainer), progress->first);
    }
    progress->best = progress->plateau.best = isnan(value) ? -INFINITY : value;
done:
    bough__arena_fini(&arena);
    return status;
}

// More epochs than are wanted, and no phase to come.
static int has_too_many(const struct bough__trainer *trainer)
{
    const struct bough__progress *progress = &trainer->progress;
    return progress->phase + 1 == bough__trainer_phases(trainer) &&
           progress->epoch - progress->first_epoch > trainer->config.train.epochs;
}

static void tell_what_is_left(const struct bough__trainer *trainer)
{
    const struct bough__progress *progress = &trainer->progress;
    const int32_t phases = bough__trainer_phases(trainer);
    const int32_t done = progress->epoch - progress->first_epoch;
    char of[160] = "";
    if (progress->phase + 1 < phases || bough__trainer_goes_on(trainer))
        return;
    if (phases > 1)
        snprintf(of, sizeof of, " of %s", trainer->config.tasks[progress->phase].name);
    if (has_too_many(trainer))
        bough__log(BOUGH_LOG_WARNING,
                   "%s: train.epochs is %d, and %d epochs%s are done: nothing is trained, and "
                   "config.yaml stays as it is",
                   trainer->run_dir, trainer->config.train.epochs, done, of);
    else if (done == trainer->config.train.epochs)
        bough__log(BOUGH_LOG_WARNING,
                   "%s: all %d epochs%s are done: nothing is trained; more of them by train.epochs",
                   trainer->run_dir, done, of);
    else
        bough__log(BOUGH_LOG_WARNING,
                   "%s: stopped early after %d epochs%s: nothing is trained; go on by a larger "
                   "train.early_stopping.patience",
                   trainer->run_dir, done, of);
}

static enum bough_status go_on(struct bough__trainer *trainer)
{
    enum bough_status status;
    struct bough__progress *progress = &trainer->progress;
    const struct bough__progress fresh = *progress;
    BOUGH_TRY(bough__load_progress(progress, trainer->run_dir));
    if (progress->phase >= bough__trainer_phases(trainer))
        BOUGH_TRY(bough__fail(BOUGH_DATA, "%s: its progress says phase %d of %d",
                              in_folder(trainer, "last.safetensors").text, progress->phase + 1,
                              bough__trainer_phases(trainer)));
    BOUGH_TRY(bough__trainer_freeze(trainer));
    BOUGH_TRY(check_data(trainer, fresh.data));
    if (strcmp(progress->criterion, fresh.criterion) != 0 ||
        strcmp(progress->data, fresh.data) != 0)
        BOUGH_TRY(measure_best_anew(trainer));
    const double best = progress->best, plateau_best = progress->plateau.best;
    char begun[sizeof fresh.data];
    memcpy(begun, progress->data, sizeof begun);
    BOUGH_TRY(bough__load_last(trainer->run_dir, trainer->model, progress, trainer->training));
    progress->best = best;
    progress->plateau.best = plateau_best;
    memcpy(progress->criterion, fresh.criterion, sizeof fresh.criterion);
    memcpy(progress->data, fresh.data, sizeof fresh.data);
    remove(in_folder(trainer, "result.json").text); // there is a new one at the end
    tell_what_is_left(trainer);
    if (!has_too_many(trainer))
        BOUGH_TRY(save_config(trainer));
    if (strcmp(begun, fresh.data) != 0) // the checkpoint is of what the config names
        BOUGH_TRY(bough__trainer_save(trainer));
done:
    return status;
}

enum bough_status bough__run_dir_enter(struct bough__trainer *trainer)
{
    if (!trainer->run_dir)
        return BOUGH_OK;
    return trainer->options->resume && has_checkpoint(trainer) ? go_on(trainer) : begin(trainer);
}
