#include "train/trainer.h"

#include "base/error.h"
#include "mtl/weighting.h"
#include "train/run_dir.h"
#include "train/standardize.h"
#include "train/trainer_check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// ---- Walks ----

enum bough_status bough__walk_init(struct bough__walk *walk, struct bough__model *model,
                                   const struct bough__split *split, const int32_t *order,
                                   int64_t count, enum bough__purpose purpose, const float *weights)
{
    enum bough_status status;
    walk->split = split;
    BOUGH_TRY(bough__feed_init(&walk->feed, &split->table, count));
    if (order)
        BOUGH_TRY(bough__feed_order(&walk->feed, order));
    BOUGH_TRY(bough__phase_create(&walk->phase, model, &walk->feed, purpose, weights));
done:
    return status;
}

void bough__walk_fini(struct bough__walk *walk)
{
    bough__phase_destroy(&walk->phase);
    bough__feed_fini(&walk->feed);
}

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
    if (bough__split_exists(trainer->data, "validation", config))
        BOUGH_TRY(bough__split_init(&trainer->validation_split, trainer->data, "validation",
                                    trainer->model, BOUGH_WITH_LABELS));
    if (bough__split_exists(trainer->data, "test", config))
        BOUGH_TRY(bough__split_init(&trainer->test_split, trainer->data, "test", trainer->model,
                                    BOUGH_WITH_LABELS));
done:
    return status;
}

static enum bough_status weigh(const struct bough__trainer *trainer, float *weight)
{
    const struct bough_config *config = &trainer->config;
    const struct bough__weighting *weighting = bough__weighting_find(config->weighting.name);
    if (!weighting)
        return bough__fail(BOUGH_INVALID, "weighting: unknown weighting %s",
                           config->weighting.name);
    if (weighting->needs != BOUGH_NEEDS_NOTHING)
        return bough__fail(BOUGH_INTERNAL, "weighting %s needs what no step gives yet",
                           weighting->name);
    enum bough_status status =
        weighting->weigh(weight, &config->weighting, config->tasks_count, NULL);
    for (size_t t = 0; status == BOUGH_OK && t < config->tasks_count; t++)
        weight[t] *= fmaxf(config->tasks[t].weight, 0);
    return status;
}

static enum bough_status make_walks(struct bough__trainer *trainer)
{
    enum bough_status status;
    struct bough__model *model = trainer->model;
    int64_t rows = trainer->train_split.table.rows, trained = trainer->trained;
    float *weight = malloc(trainer->config.tasks_count * sizeof *weight + 1);
    BOUGH_TRY_MEMORY(weight);
    BOUGH_TRY(weigh(trainer, weight));
    BOUGH_TRY(bough__walk_init(&trainer->training, model, &trainer->train_split,
                               trainer->train_rows, trained, BOUGH_TRAINING, weight));
    if (trainer->validation_split.table.rows)
        BOUGH_TRY(bough__walk_init(&trainer->validation, model, &trainer->validation_split, NULL,
                                   trainer->validation_split.table.rows, BOUGH_EVALUATION, NULL));
    else if (trained < rows)
        BOUGH_TRY(bough__walk_init(&trainer->validation, model, &trainer->train_split,
                                   trainer->train_rows + trained, rows - trained, BOUGH_EVALUATION,
                                   NULL));
    if (trainer->test_split.table.rows)
        BOUGH_TRY(bough__walk_init(&trainer->test, model, &trainer->test_split, NULL,
                                   trainer->test_split.table.rows, BOUGH_EVALUATION, NULL));
done:
    free(weight);
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
    char text[128];
    enum bough_status status =
        bough__model_create(&trainer->model, &trainer->config, sample, trainer->device, NULL);
    if (status != BOUGH_INVALID)
        return status;
    return bough__fail(BOUGH_INVALID, "%s (%s: a sample of train/%s is %s)", bough_last_error(),
                       trainer->config.data, trainer->config.input.field,
                       bough_shape_format(sample, text, sizeof text));
}

enum bough_status bough__trainer_create(struct bough__trainer **trainer,
                                        const struct bough_config *config,
                                        const struct bough_train_options *options)
{
    enum bough_status status;
    struct bough_shape sample;
    struct bough__trainer *made = calloc(1, sizeof *made);
    BOUGH_TRY_MEMORY(made);
    made->options = options;
    made->run_dir = options->resume ? options->resume : options->run_dir;
    BOUGH_TRY(bough__run_dir_settle(made, config));
    BOUGH_TRY(settle_device(made));
    BOUGH_TRY(bough_tensor_file_open(&made->data, made->config.data));
    BOUGH_TRY(bough__sample_shape(&sample, made->data, "train", &made->config));
    BOUGH_TRY(
        bough__hold_out(&made->train_rows, &made->rows, &made->trained, made->data, &made->config));
    if (!options->resume)
        BOUGH_TRY(bough__standardize(&made->config, &made->arena, made->data, made->train_rows,
                                     made->trained, made->rows));
    BOUGH_TRY(make_model(made, &sample));
    BOUGH_TRY(read_classes(made));
    BOUGH_TRY(bough__scoring_check(made->model));
    BOUGH_TRY(load_splits(made));
    BOUGH_TRY(make_walks(made));
    BOUGH_TRY(bough__trainer_check(made));
    BOUGH_TRY(bough__progress_init(&made->progress, &made->arena, &made->config, made->data));
    BOUGH_TRY(bough__run_dir_enter(made));
    BOUGH_TRY(bough__record_open(&made->record, made->run_dir, made->progress.epoch));
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
    bough__walk_fini(&gone->training);
    bough__walk_fini(&gone->validation);
    bough__walk_fini(&gone->test);
    bough__split_fini(&gone->train_split);
    bough__split_fini(&gone->validation_split);
    bough__split_fini(&gone->test_split);
    bough__model_destroy(&gone->model);
    bough_tensor_file_close(&gone->data);
    bough_device_close(&gone->own_device);
    bough_config_file_close(&gone->config_file);
    bough__lock_close(&gone->lock);
    free(gone->train_rows);
    bough__arena_fini(&gone->arena);
    free(gone);
    *trainer = NULL;
}

int bough__trainer_is_stale(const struct bough__trainer *trainer)
{
    const int32_t patience = trainer->config.train.early_stopping.patience;
    return patience > 0 && trainer->validation.phase && trainer->progress.stale >= patience;
}

enum bough_status bough__trainer_save(struct bough__trainer *trainer)
{
    if (!trainer->run_dir)
        return BOUGH_OK;
    return bough__save_last(trainer->run_dir, trainer->model, &trainer->progress,
                            trainer->training.phase);
}
