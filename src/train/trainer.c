#include "train/trainer.h"

#include "base/error.h"
#include "base/strings.h"
#include "train/run_dir.h"
#include "train/standardize.h"
#include "train/trainer_check.h"
#include "train/trainer_data.h"
#include "train/transfer.h"
#include "train/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// ---- Data ----

// Of a run that goes on, those that it was begun with.
static enum bough_status read_classes(struct bough__trainer *trainer)
{
    enum bough_status status = BOUGH_OK;
    struct bough_tensor_file *last = NULL;
    char path[4096];
    snprintf(path, sizeof path, "%s/last.safetensors", trainer->run_dir ? trainer->run_dir : "");
    if (trainer->options->resume && access(path, F_OK) == 0)
        BOUGH_TRY(bough_tensor_file_open(&last, path));
    for (size_t s = 0; s < trainer->config.sets; s++)
        BOUGH_TRY(bough__model_read_classes(trainer->model, last ? last : trainer->set[s].file,
                                            (int32_t)s));
done:
    bough_tensor_file_close(&last);
    return status;
}

// ---- The trainer ----

static enum bough_status settle_device(struct bough__trainer *trainer)
{
    trainer->device = trainer->options->device;
    if (trainer->device)
        return BOUGH_OK;
    enum bough_status status = bough_device_open(&trainer->own_device, "c");
    trainer->device = trainer->own_device;
    return status;
}

// Layers that do not go with the samples are told with what the data hold.
static enum bough_status make_model(struct bough__trainer *trainer,
                                    const struct bough_shape *sample)
{
    const struct bough_config *config = &trainer->config;
    char text[128], samples[600] = "";
    enum bough_status status =
        bough__model_create(&trainer->model, config, sample, trainer->device, NULL);
    if (status == BOUGH_OK)
        return bough__model_check_tasks(trainer->model);
    if (status != BOUGH_INVALID)
        return status;
    for (size_t i = 0; i < config->inputs_count; i++) {
        const int32_t set = config->inputs[i].set;
        if (!i || set != config->inputs[i - 1].set)
            bough__append(samples, sizeof samples, "%s%s: a sample", i ? "; " : "",
                          config->set[set]);
        else
            bough__append(samples, sizeof samples, ",");
        bough__append(samples, sizeof samples, " of train/%s is %s", config->inputs[i].field,
                      bough_shape_format(&sample[i], text, sizeof text));
    }
    return bough__fail(BOUGH_INVALID, "%s (%s)", bough_last_error(), samples);
}

static enum bough_status count_labels(struct bough__trainer *trainer)
{
    trainer->labels = BOUGH_NEW(&trainer->arena, int64_t, trainer->config.tasks_count);
    if (!trainer->labels)
        return bough__no_memory();
    for (size_t t = 0; t < trainer->config.tasks_count; t++) {
        const struct bough__train_set *set = &trainer->set[bough__task_set(&trainer->config, t)];
        for (int64_t i = 0; i < set->trained; i++)
            trainer->labels[t] += bough__targets_any(&set->train.targets[t], set->row[i]);
    }
    return BOUGH_OK;
}

enum bough_status bough__trainer_create(struct bough__trainer **trainer,
                                        const struct bough_config *config,
                                        const struct bough_train_options *options)
{
    enum bough_status status;
    struct bough_shape *sample;
    struct bough__trainer *made = calloc(1, sizeof *made);
    BOUGH_TRY_MEMORY(made);
    made->options = options;
    made->run_dir = options->resume ? options->resume : options->run_dir;
    BOUGH_TRY(bough__run_dir_settle(made, config));
    BOUGH_TRY(settle_device(made));
    BOUGH_TRY(bough__trainer_open_data(made, &sample));
    for (size_t s = 0; !options->resume && s < made->config.sets; s++) {
        const struct bough__train_set *set = &made->set[s];
        const struct bough__data_set data = bough__trainer_data(made, s);
        BOUGH_TRY(bough__standardize(&made->config, &made->arena, &data, set->row, set->trained,
                                     set->rows));
    }
    BOUGH_TRY(make_model(made, sample));
    if (!options->resume)
        BOUGH_TRY(bough__transfer(made->model));
    BOUGH_TRY(read_classes(made));
    if (!options->resume)
        BOUGH_TRY(bough__vectors_load(made->model));
    BOUGH_TRY(bough__metrics_check(made->model));
    BOUGH_TRY(bough__trainer_load_data(made));
    BOUGH_TRY(count_labels(made));
    BOUGH_TRY(bough__trainer_check(made));
    bough__trainer_tell_data(made);
    BOUGH_TRY(bough__progress_init(&made->progress, &made->arena, &made->config));
    for (size_t s = 0; s < made->config.sets; s++)
        BOUGH_TRY(bough__data_digest(made->progress.data, made->set[s].file, s > 0));
    BOUGH_TRY(bough__run_dir_enter(made));
    BOUGH_TRY(bough__record_open(&made->record, made->run_dir,
                                 made->progress.step ? made->progress.epoch : -1));
done:
    if (status != BOUGH_OK)
        bough__trainer_destroy(&made);
    *trainer = made;
    return status;
}

void bough__trainer_destroy(struct bough__trainer **trainer)
{
    struct bough__trainer *gone = *trainer;
    if (!gone)
        return;
    bough__record_close(&gone->record);
    bough__trainer_close_data(gone);
    bough__model_destroy(&gone->model);
    bough_device_close(&gone->own_device);
    bough_config_close(&gone->resumed);
    bough__lock_close(&gone->lock);
    bough__arena_fini(&gone->arena);
    free(gone);
    *trainer = NULL;
}

int32_t bough__trainer_phases(const struct bough__trainer *trainer)
{
    const int phases = bough__regime_of(&trainer->config.train.regime)->phases;
    return phases ? (int32_t)trainer->config.tasks_count : 1;
}

int32_t bough__trainer_epochs(const struct bough__trainer *trainer)
{
    return bough__trainer_phases(trainer) * trainer->config.train.epochs;
}

enum bough_status bough__trainer_freeze(struct bough__trainer *trainer)
{
    const struct bough__progress *progress = &trainer->progress;
    const int shared = progress->phase > 0 && bough__regime_freezes(&trainer->config.train.regime);
    const size_t task = (size_t)progress->phase;
    const int turns = bough__trainer_phases(trainer) > 1 && trainer->training->task != task;
    const int32_t epochs = progress->epoch - progress->first_epoch;
    trainer->training->task = task;
    return bough__model_freeze(trainer->model, epochs, shared) || turns
               ? bough__runner_renew(trainer->training)
               : BOUGH_OK;
}

const char *bough__trainer_criterion(char *text, size_t size, const struct bough__trainer *trainer)
{
    const struct bough_config *config = &trainer->config;
    const char *criterion = config->train.early_stopping.metric;
    const char *task = config->tasks[trainer->training->task].name;
    const size_t length = strlen(task);
    if (bough__trainer_phases(trainer) == 1 ||
        (strncmp(criterion, task, length) == 0 && criterion[length] == '.'))
        return criterion;
    snprintf(text, size, "%s.loss", task);
    return strcmp(criterion, "loss") == 0 ? text : "mean";
}

int bough__trainer_validates(const struct bough__trainer *trainer)
{
    if (bough__trainer_phases(trainer) == 1)
        return trainer->validation.runners > 0;
    return bough__evaluation_of(&trainer->validation, trainer->training->task) != NULL;
}

int bough__trainer_goes_on(const struct bough__trainer *trainer)
{
    const struct bough__progress *progress = &trainer->progress;
    const int32_t patience = trainer->config.train.early_stopping.patience;
    const int stale =
        patience > 0 && bough__trainer_validates(trainer) && progress->stale >= patience;
    return progress->epoch - progress->first_epoch < trainer->config.train.epochs && !stale;
}

enum bough_status bough__trainer_save(struct bough__trainer *trainer)
{
    if (!trainer->run_dir)
        return BOUGH_OK;
    return bough__save_last(trainer->run_dir, trainer->model, &trainer->progress,
                            trainer->training);
}
