#include "train/trainer.h"

#include "base/error.h"
#include "base/strings.h"
#include "train/run_dir.h"
#include "train/standardize.h"
#include "train/trainer_check.h"
#include "train/transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// ---- Data ----

// Of a run that goes on, those that it was begun with.
static enum bough_status read_classes(struct bough__trainer *trainer)
{
    enum bough_status status;
    struct bough_tensor_file *last = NULL;
    char path[4096];
    snprintf(path, sizeof path, "%s/last.safetensors", trainer->run_dir ? trainer->run_dir : "");
    if (trainer->options->resume && access(path, F_OK) == 0)
        BOUGH_TRY(bough_tensor_file_open(&last, path));
    BOUGH_TRY(bough__model_read_classes(trainer->model, last ? last : trainer->data));
done:
    bough_tensor_file_close(&last);
    return status;
}

static enum bough_status load_splits(struct bough__trainer *trainer)
{
    enum bough_status status;
    const struct bough_config *config = &trainer->config;
    BOUGH_TRY(bough__split_init(&trainer->train_split, trainer->data, "train", trainer->model,
                                BOUGH_WITH_LABELS));
    if (bough__validates_by_split(trainer->data, config))
        BOUGH_TRY(bough__split_init(&trainer->validation_split, trainer->data, "validation",
                                    trainer->model, BOUGH_WITH_LABELS));
    if (bough__split_exists(trainer->data, "test", config))
        BOUGH_TRY(bough__split_init(&trainer->test_split, trainer->data, "test", trainer->model,
                                    BOUGH_WITH_LABELS));
done:
    return status;
}

static enum bough_status make_runners(struct bough__trainer *trainer)
{
    enum bough_status status;
    struct bough__model *model = trainer->model;
    const struct bough__split *train = &trainer->train_split, *test = &trainer->test_split,
                              *validation = &trainer->validation_split;
    const int32_t *order = trainer->train_rows;
    const int64_t trained = trainer->trained, rows = train->table.rows;
    BOUGH_TRY(
        bough__runner_create(&trainer->training, model, train, order, trained, BOUGH_TRAINING));
    if (validation->table.rows)
        BOUGH_TRY(bough__runner_create(&trainer->validation, model, validation, NULL,
                                       validation->table.rows, BOUGH_EVALUATION));
    else if (trained < rows)
        BOUGH_TRY(bough__runner_create(&trainer->validation, model, train, order + trained,
                                       rows - trained, BOUGH_EVALUATION));
    if (test->table.rows)
        BOUGH_TRY(bough__runner_create(&trainer->test, model, test, NULL, test->table.rows,
                                       BOUGH_EVALUATION));
done:
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
    for (size_t i = 0; i < config->inputs_count; i++)
        bough__append(samples, sizeof samples, "%s train/%s is %s", i ? ", of" : "a sample of",
                      config->inputs[i].field, bough_shape_format(&sample[i], text, sizeof text));
    return bough__fail(BOUGH_INVALID, "%s (%s: %s)", bough_last_error(), config->data, samples);
}

static enum bough_status count_labels(struct bough__trainer *trainer)
{
    const struct bough__runner *training = trainer->training;
    trainer->labels = BOUGH_NEW(&trainer->arena, int64_t, trainer->config.tasks_count);
    if (!trainer->labels)
        return bough__no_memory();
    for (size_t t = 0; t < trainer->config.tasks_count; t++)
        for (int64_t i = 0; i < training->feed.count; i++)
            trainer->labels[t] +=
                bough__targets_any(&training->split->targets[t], training->feed.order[i]);
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
    BOUGH_TRY(bough_tensor_file_open(&made->data, made->config.data));
    BOUGH_TRY(bough__sample_shapes(&sample, &made->arena, made->data, "train", &made->config));
    BOUGH_TRY(
        bough__hold_out(&made->train_rows, &made->rows, &made->trained, made->data, &made->config));
    if (!options->resume)
        BOUGH_TRY(bough__standardize(&made->config, &made->arena, made->data, made->train_rows,
                                     made->trained, made->rows));
    BOUGH_TRY(make_model(made, sample));
    if (!options->resume)
        BOUGH_TRY(bough__transfer(made->model));
    BOUGH_TRY(read_classes(made));
    BOUGH_TRY(bough__metrics_check(made->model));
    BOUGH_TRY(load_splits(made));
    BOUGH_TRY(make_runners(made));
    BOUGH_TRY(count_labels(made));
    BOUGH_TRY(bough__trainer_check(made));
    BOUGH_TRY(bough__progress_init(&made->progress, &made->arena, &made->config, made->data));
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
    bough__runner_destroy(&gone->training);
    bough__runner_destroy(&gone->validation);
    bough__runner_destroy(&gone->test);
    bough__split_fini(&gone->train_split);
    bough__split_fini(&gone->validation_split);
    bough__split_fini(&gone->test_split);
    bough__model_destroy(&gone->model);
    bough_tensor_file_close(&gone->data);
    bough_device_close(&gone->own_device);
    bough_config_close(&gone->resumed);
    bough__lock_close(&gone->lock);
    free(gone->train_rows);
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

int bough__trainer_goes_on(const struct bough__trainer *trainer)
{
    const struct bough__progress *progress = &trainer->progress;
    const int32_t patience = trainer->config.train.early_stopping.patience;
    const int stale = patience > 0 && trainer->validation && progress->stale >= patience;
    return progress->epoch - progress->first_epoch < trainer->config.train.epochs && !stale;
}

enum bough_status bough__trainer_save(struct bough__trainer *trainer)
{
    if (!trainer->run_dir)
        return BOUGH_OK;
    return bough__save_last(trainer->run_dir, trainer->model, &trainer->progress,
                            trainer->training);
}
