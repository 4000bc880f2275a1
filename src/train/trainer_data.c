#include "train/trainer_data.h"

#include "base/error.h"
#include "mtl/sampling.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t sets_of(const struct bough__trainer *trainer)
{
    return trainer->config.sets;
}

struct bough__data_set bough__trainer_data(const struct bough__trainer *trainer, size_t set)
{
    return (struct bough__data_set){trainer->set[set].file, &trainer->config, (int32_t)set};
}

// ---- Batches ----

static int64_t most_rows(const struct bough__trainer *trainer)
{
    int64_t most = 0;
    for (size_t s = 0; s < sets_of(trainer); s++)
        if (trainer->set[s].trained > most)
            most = trainer->set[s].trained;
    return most;
}

// An epoch is a pass over the largest data set: of one alone, whose last batch may be smaller. With
// several there are full batches alone, and rows come again where a data set has too few of them.
static void find_batches(struct bough__trainer *trainer)
{
    const struct bough__training *train = &trainer->config.train;
    const int64_t most = most_rows(trainer);
    const int64_t batch = train->batch_size < most ? train->batch_size : most;
    for (size_t s = 0; s < sets_of(trainer); s++) {
        struct bough__train_set *set = &trainer->set[s];
        set->batch = train->batch_size;
        set->count = set->trained;
        if (sets_of(trainer) == 1)
            continue;
        set->batch = bough__sampling_batch(&train->sampling, batch, set->trained, most);
        set->count = (most + batch - 1) / batch * set->batch;
    }
}

// Pass after pass over the rows that are trained on, each in an order of its own; `number` 0 = as
// they stand.
static enum bough_status order_rows(int32_t *order, const struct bough__trainer *trainer, size_t s,
                                    uint32_t number)
{
    const struct bough__train_set *set = &trainer->set[s];
    int32_t *pass = malloc((size_t)set->trained * sizeof *pass + 1);
    if (!pass)
        return bough__no_memory();
    for (int64_t first = 0, n = 0; first < set->count; first += set->trained, n++) {
        const uint64_t apart = (uint64_t)s << 48 ^ (uint64_t)n << 32;
        const int64_t left = set->count - first;
        if (number)
            bough__shuffle(pass, set->trained, trainer->config.train.seed ^ apart, number);
        for (int64_t i = 0; i < left && i < set->trained; i++)
            order[first + i] = set->row[number ? pass[i] : i];
    }
    free(pass);
    return BOUGH_OK;
}

// The order within a batch changes nothing: where one batch holds all rows they stay as they are.
enum bough_status bough__trainer_shuffle(struct bough__trainer *trainer)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__progress *progress = &trainer->progress;
    const uint32_t number = (uint32_t)(progress->epoch - progress->first_epoch) + 1;
    for (size_t s = 0; s < sets_of(trainer); s++) {
        if (trainer->training->steps <= 1 && trainer->set[s].count == trainer->set[s].trained)
            continue;
        int32_t *order = malloc((size_t)trainer->set[s].count * sizeof *order + 1);
        BOUGH_TRY_MEMORY(order);
        status = order_rows(order, trainer, s, number);
        if (status == BOUGH_OK)
            status = bough__runner_order(trainer->training, s, order);
        free(order);
        BOUGH_TRY(status);
    }
done:
    return status;
}

void bough__trainer_tell_data(const struct bough__trainer *trainer)
{
    if (sets_of(trainer) == 1)
        return;
    bough__log(
        BOUGH_LOG_INFO,
        "an epoch is %lld steps, each of a batch of %s:", (long long)trainer->training->steps,
        trainer->training->single ? "the data set of the task that it trains" : "every data set");
    for (size_t s = 0; s < sets_of(trainer); s++) {
        const struct bough__train_set *set = &trainer->set[s];
        const double times = (double)set->count / (double)set->trained;
        char often[40] = "";
        if (!trainer->training->single)
            snprintf(often, sizeof often, ", %.3g times an epoch", times);
        bough__log(BOUGH_LOG_INFO, "%s: %lld rows, batches of %lld%s", trainer->config.set[s],
                   (long long)set->trained, (long long)set->batch, often);
    }
}

// ---- Files ----

enum bough_status bough__trainer_open_data(struct bough__trainer *trainer,
                                           struct bough_shape **sample)
{
    enum bough_status status = BOUGH_OK;
    const struct bough_config *config = &trainer->config;
    trainer->set = BOUGH_NEW(&trainer->arena, struct bough__train_set, config->sets);
    BOUGH_TRY_MEMORY(trainer->set);
    *sample = BOUGH_NEW(&trainer->arena, struct bough_shape, config->inputs_count);
    BOUGH_TRY_MEMORY(*sample);
    for (size_t s = 0; s < config->sets; s++) {
        struct bough__train_set *set = &trainer->set[s];
        BOUGH_TRY(bough_tensor_file_open(&set->file, config->set[s]));
        const struct bough__data_set data = bough__trainer_data(trainer, s);
        BOUGH_TRY(bough__sample_shapes(*sample, &data, "train"));
        BOUGH_TRY(bough__hold_out(&set->row, &set->rows, &set->trained, &data));
    }
    find_batches(trainer);
done:
    return status;
}

void bough__trainer_close_data(struct bough__trainer *trainer)
{
    bough__runner_destroy(&trainer->training);
    bough__evaluation_fini(&trainer->validation);
    bough__evaluation_fini(&trainer->test);
    for (size_t s = 0; trainer->set && s < sets_of(trainer); s++) {
        struct bough__train_set *set = &trainer->set[s];
        bough__split_fini(&set->train);
        bough__split_fini(&set->validation);
        bough__split_fini(&set->test);
        bough_tensor_file_close(&set->file);
        free(set->row);
    }
}

// ---- Splits and runners ----

static enum bough_status load_splits(struct bough__trainer *trainer, size_t s)
{
    enum bough_status status;
    struct bough__train_set *set = &trainer->set[s];
    const struct bough__data_set data = bough__trainer_data(trainer, s);
    const struct bough__model *model = trainer->model;
    BOUGH_TRY(bough__split_init(&set->train, &data, "train", model, BOUGH_WITH_LABELS, set->batch));
    if (bough__validates_by_split(&data))
        BOUGH_TRY(bough__split_init(&set->validation, &data, "validation", model, BOUGH_WITH_LABELS,
                                    trainer->config.train.batch_size));
    if (bough__split_exists(&data, "test"))
        BOUGH_TRY(bough__split_init(&set->test, &data, "test", model, BOUGH_WITH_LABELS,
                                    trainer->config.train.batch_size));
done:
    return status;
}

static enum bough_status make_training(struct bough__trainer *trainer)
{
    enum bough_status status = BOUGH_OK;
    const size_t sets = sets_of(trainer);
    struct bough__rows *rows = calloc(sets, sizeof *rows);
    int32_t **order = calloc(sets, sizeof *order);
    BOUGH_TRY_MEMORY(rows);
    BOUGH_TRY_MEMORY(order);
    for (size_t s = 0; s < sets; s++) {
        const struct bough__train_set *set = &trainer->set[s];
        BOUGH_TRY_MEMORY(order[s] = malloc((size_t)set->count * sizeof **order + 1));
        BOUGH_TRY(order_rows(order[s], trainer, s, 0));
        rows[s] = (struct bough__rows){&set->train, order[s], set->count};
    }
    BOUGH_TRY(bough__runner_create(&trainer->training, trainer->model, rows, 0,
                                   trainer->config.tasks_count, BOUGH_TRAINING));
done:
    for (size_t s = 0; order && s < sets; s++)
        free(order[s]);
    free(order);
    free(rows);
    return status;
}

static enum bough_status make_evaluations(struct bough__trainer *trainer)
{
    enum bough_status status = BOUGH_OK;
    const size_t sets = sets_of(trainer);
    struct bough__rows *rows = calloc(sets, sizeof *rows), *test = calloc(sets, sizeof *test);
    BOUGH_TRY_MEMORY(rows);
    BOUGH_TRY_MEMORY(test);
    for (size_t s = 0; s < sets; s++) {
        const struct bough__train_set *set = &trainer->set[s];
        if (set->validation.table.rows)
            rows[s] = (struct bough__rows){&set->validation, NULL, set->validation.table.rows};
        else if (set->trained < set->rows)
            rows[s] = (struct bough__rows){&set->train, set->row + set->trained,
                                           set->rows - set->trained};
        if (set->test.table.rows)
            test[s] = (struct bough__rows){&set->test, NULL, set->test.table.rows};
    }
    BOUGH_TRY(bough__evaluation_init(&trainer->validation, trainer->model, rows, BOUGH_EVALUATION));
    BOUGH_TRY(bough__evaluation_init(&trainer->test, trainer->model, test, BOUGH_EVALUATION));
done:
    free(test);
    free(rows);
    return status;
}

enum bough_status bough__trainer_load_data(struct bough__trainer *trainer)
{
    enum bough_status status = BOUGH_OK;
    for (size_t s = 0; s < sets_of(trainer); s++)
        BOUGH_TRY(load_splits(trainer, s));
    BOUGH_TRY(make_training(trainer));
    BOUGH_TRY(make_evaluations(trainer));
done:
    return status;
}
