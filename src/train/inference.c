// A model behind its public face: a batch of rows from memory, through a runner of that many rows.
#include <bough/model.h>

#include "base/error.h"
#include "nn/metric.h"
#include "train/model_file.h"
#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// A table of `rows` rows of one type, whose bytes are written anew for each batch.
struct prepared {
    struct bough__split split;
    struct bough__runner *runner;
};

struct bough_model {
    struct bough__loaded loaded;
    struct bough_output *output; // [T]
    struct prepared full, rest;  // of a whole batch, and of the last number that was smaller
};

// ---- Opening ----

static void describe(struct bough_model *model)
{
    static const enum bough_output_kind kind[] = {
        [BOUGH_TARGET_CLASS] = BOUGH_OUTPUT_CLASS,
        [BOUGH_TARGET_BINARY] = BOUGH_OUTPUT_BINARY,
        [BOUGH_TARGET_NUMBER] = BOUGH_OUTPUT_NUMBER,
    };
    const struct bough__model *of = model->loaded.model;
    for (size_t t = 0; t < of->config->tasks_count; t++)
        model->output[t] = (struct bough_output){.task = of->config->tasks[t].name,
                                                 .kind = kind[of->loss[t]->target],
                                                 .width = of->width[t],
                                                 .classes = of->classes[t].mapped};
}

enum bough_status bough_model_open(struct bough_model **model, const char *path,
                                   struct bough_device *device)
{
    enum bough_status status;
    struct bough_model *made = calloc(1, sizeof *made);
    *model = NULL;
    BOUGH_TRY_MEMORY(made);
    BOUGH_TRY(bough__loaded_open(&made->loaded, path, device));
    BOUGH_TRY(bough__model_without_positions(made->loaded.model, "a row of bough_model_run"));
    made->output =
        BOUGH_NEW(&made->loaded.arena, struct bough_output, made->loaded.config->tasks_count);
    BOUGH_TRY_MEMORY(made->output);
    describe(made);
    *model = made;
    made = NULL;
done:
    bough_model_close(&made);
    return status;
}

static void forget(struct prepared *prepared)
{
    bough__runner_destroy(&prepared->runner);
    bough__split_fini(&prepared->split);
    *prepared = (struct prepared){0};
}

void bough_model_close(struct bough_model **model)
{
    if (!*model)
        return;
    forget(&(*model)->full);
    forget(&(*model)->rest);
    bough__loaded_close(&(*model)->loaded);
    free(*model);
    *model = NULL;
}

const struct bough_shape *bough_model_input(const struct bough_model *model)
{
    return &model->loaded.model->sample;
}

size_t bough_model_outputs(const struct bough_model *model)
{
    return model->loaded.config->tasks_count;
}

const struct bough_output *bough_model_output(const struct bough_model *model, size_t index)
{
    return &model->output[index];
}

// ---- Running ----

static enum bough_status prepare(struct prepared *prepared, struct bough__model *model,
                                 const void *x, enum bough_dtype dtype, int64_t rows)
{
    enum bough_status status;
    const struct bough__table *table = &prepared->split.table;
    struct bough__column column = {
        .host = x, .dtype = dtype, .width = bough_shape_elements(&model->sample)};
    if (prepared->runner && table->rows == rows && table->column[0].dtype == dtype)
        return BOUGH_OK;
    forget(prepared);
    BOUGH_TRY(bough__table_init(&prepared->split.table, model->device, &column, 1, rows, rows,
                                UINT64_MAX));
    BOUGH_TRY(bough__runner_create(&prepared->runner, model, &prepared->split, NULL, rows,
                                   BOUGH_PREDICTION));
done:
    if (status != BOUGH_OK)
        forget(prepared);
    return status;
}

// `score` [T] are where this batch's go.
static enum bough_status run_batch(struct prepared *prepared, float *const *score, const void *x,
                                   int64_t rows)
{
    enum bough_status status;
    struct bough__runner *runner = prepared->runner;
    const struct bough__column *column = &prepared->split.table.column[0];
    const size_t tasks = runner->data.model->config->tasks_count;
    struct step_state state = {.step = 1};
    float **read = calloc(tasks + 1, sizeof *read);
    BOUGH_TRY_MEMORY(read);
    BOUGH_TRY(bough__write(bough__whole(column->buffer), x,
                           (size_t)(rows * column->width) * bough_dtype_size(column->dtype)));
    runner->batch_version = 0; // the rows are others than those of the batch before
    BOUGH_TRY(bough__runner_step(runner, 0, &state));
    BOUGH_TRY(bough__runner_scores(runner, read, &rows));
    for (size_t t = 0; t < tasks; t++) {
        const int64_t width = runner->data.model->width[t];
        for (int64_t i = 0; i < rows * width; i++)
            score[t][i] = (float)bough__target_restore(&runner->data.model->config->tasks[t],
                                                       (double)read[t][i], i % width);
    }
done:
    for (size_t t = 0; read && t < tasks; t++)
        free(read[t]);
    free(read);
    return status;
}

static enum bough_status check_finite(const void *x, enum bough_dtype dtype, int64_t rows,
                                      int64_t width)
{
    const float *number = x;
    for (int64_t i = 0; dtype == BOUGH_F32 && i < rows * width; i++)
        if (!isfinite(number[i]))
            return bough__fail(BOUGH_INVALID, "row %lld, number %lld: %s; wanted finite numbers",
                               (long long)(i / width), (long long)(i % width),
                               isnan(number[i]) ? "nan" : "infinite");
    return BOUGH_OK;
}

enum bough_status bough_model_run(struct bough_model *model, float *const *scores, const void *x,
                                  enum bough_dtype dtype, int64_t rows)
{
    enum bough_status status = BOUGH_OK;
    struct bough__model *of = model->loaded.model;
    const size_t tasks = of->config->tasks_count;
    const int64_t batch = of->config->train.batch_size;
    const size_t bytes = (size_t)bough_shape_elements(&of->sample) * bough_dtype_size(dtype);
    float **to = malloc(tasks * sizeof *to + 1);
    BOUGH_TRY_MEMORY(to);
    if (rows < 0 || (dtype != BOUGH_F32 && dtype != BOUGH_U8))
        BOUGH_TRY(bough__fail(BOUGH_INVALID, "%lld rows of %s; wanted 0 or more of F32 or U8",
                              (long long)rows, bough_dtype_name(dtype)));
    BOUGH_TRY(check_finite(x, dtype, rows, bough_shape_elements(&of->sample)));
    memcpy(to, scores, tasks * sizeof *to);
    for (int64_t done = 0; done < rows; done += batch) {
        int64_t count = rows - done < batch ? rows - done : batch;
        struct prepared *prepared = count == batch ? &model->full : &model->rest;
        const char *from = (const char *)x + (size_t)done * bytes;
        BOUGH_TRY(prepare(prepared, of, from, dtype, count));
        BOUGH_TRY(run_batch(prepared, to, from, count));
        for (size_t t = 0; t < tasks; t++)
            to[t] += count * of->width[t];
    }
done:
    free(to);
    return status;
}

void bough_model_probabilities(const struct bough_model *model, size_t index, float *scores,
                               int64_t rows)
{
    const struct bough__model *of = model->loaded.model;
    bough__probabilities(scores, of->loss[index]->target, rows, of->width[index]);
}
