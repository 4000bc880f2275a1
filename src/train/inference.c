// A model behind its public face: batches of rows from memory, through a runner of that many rows.
#include <bough/model.h>

#include "base/error.h"
#include "nn/metric.h"
#include "train/model_file.h"
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A table of `rows` rows of such types, whose bytes are written anew for each batch.
struct prepared {
    struct bough__split split;
    struct bough__runner *runner;
};

struct bough_model {
    struct bough__loaded loaded;
    struct bough_input *input;   // [inputs]
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
    for (size_t i = 0; i < of->config->inputs_count; i++) {
        const struct bough__input *input = &of->config->inputs[i];
        model->input[i] = (struct bough_input){
            .name = input->name ? input->name : input->field,
            .kind = bough__input_is_ids(input) ? BOUGH_INPUT_IDS : BOUGH_INPUT_NUMBERS,
            .shape = of->sample[i],
            .optional = input->optional,
            .has_lengths = input->lengths != NULL};
    }
    for (size_t t = 0; t < of->config->tasks_count; t++)
        model->output[t] =
            (struct bough_output){.task = of->config->tasks[t].name,
                                  .kind = kind[of->loss[t]->target],
                                  .width = of->width[t],
                                  .input = bough__model_is_sequence(of, t) ? of->sequence[t] : -1,
                                  .classes = of->classes[t].mapped};
}

// All inputs are given together, as if they were of one data set.
static void join_sets(struct bough_config *config)
{
    config->sets = 1;
    for (size_t i = 0; i < config->inputs_count; i++)
        ((struct bough__input *)&config->inputs[i])->set = 0;
}

enum bough_status bough_model_open(struct bough_model **model, const char *path,
                                   struct bough_device *device)
{
    enum bough_status status;
    struct bough_model *made = calloc(1, sizeof *made);
    *model = NULL;
    BOUGH_TRY_MEMORY(made);
    BOUGH_TRY(bough__loaded_open(&made->loaded, path, device));
    join_sets(made->loaded.config);
    BOUGH_TRY(bough__model_without_positions(made->loaded.model, "a row of bough_model_run"));
    made->output =
        BOUGH_NEW(&made->loaded.arena, struct bough_output, made->loaded.config->tasks_count);
    made->input =
        BOUGH_NEW(&made->loaded.arena, struct bough_input, made->loaded.config->inputs_count);
    BOUGH_TRY_MEMORY(made->output);
    BOUGH_TRY_MEMORY(made->input);
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

size_t bough_model_inputs(const struct bough_model *model)
{
    return model->loaded.config->inputs_count;
}

const struct bough_input *bough_model_input(const struct bough_model *model, size_t index)
{
    return &model->input[index];
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

// What is run, and which rows lack what of it.
struct given {
    const struct bough_rows *x; // [inputs]
    float **present;            // [inputs], of each optional one [rows]: 1, or 0; or NULL
};

static enum bough_dtype type_of(const struct bough_input *input, const struct bough_rows *x)
{
    if (x->data)
        return x->dtype;
    return input->kind == BOUGH_INPUT_IDS ? BOUGH_I32 : BOUGH_F32;
}

static int64_t positions_of(const struct bough_input *input, const struct bough_rows *x)
{
    return x->positions ? x->positions : input->shape.dim[0];
}

// Numbers of a row.
static int64_t width_of(const struct bough_input *input, const struct bough_rows *x)
{
    struct bough_shape shape = input->shape;
    if (input->has_lengths)
        shape.dim[0] = positions_of(input, x);
    return bough_shape_elements(&shape);
}

static size_t row_bytes(const struct bough_input *input, const struct bough_rows *x)
{
    return (size_t)width_of(input, x) * bough_dtype_size(type_of(input, x));
}

static int is_prepared(const struct prepared *prepared, const struct bough_model *model,
                       const struct bough_rows *x, int64_t rows)
{
    const struct bough__table *table = &prepared->split.table;
    int same = prepared->runner && table->rows == rows;
    for (size_t i = 0; same && i < bough_model_inputs(model); i++)
        same = table->column[i].dtype == type_of(&model->input[i], &x[i]) &&
               table->column[i].width == width_of(&model->input[i], &x[i]);
    return same;
}

// The table's columns, of zeros: they are written before each batch.
static enum bough_status make_table(struct bough__table *table, const struct bough_model *model,
                                    const struct bough_rows *x, int64_t rows)
{
    enum bough_status status;
    const struct bough__model *of = model->loaded.model;
    const size_t inputs = bough_model_inputs(model), columns = bough__target_column(of->config);
    size_t most = sizeof(float);
    void *zeros = NULL;
    struct bough__column *column = calloc(columns, sizeof *column);
    BOUGH_TRY_MEMORY(column);
    for (size_t i = 0; i < inputs; i++)
        if (most < row_bytes(&model->input[i], &x[i]))
            most = row_bytes(&model->input[i], &x[i]);
    BOUGH_TRY_MEMORY(zeros = calloc((size_t)rows, most));
    for (size_t c = 0; c < columns; c++)
        column[c] = (struct bough__column){.host = zeros, .dtype = BOUGH_F32, .width = 1};
    for (size_t i = 0; i < inputs; i++) {
        column[i].dtype = type_of(&model->input[i], &x[i]);
        column[i].width = width_of(&model->input[i], &x[i]);
        if (model->input[i].has_lengths)
            column[bough__side_column(of->config, i)].dtype = BOUGH_I32;
    }
    BOUGH_TRY(bough__table_init(table, of->device, column, (int)columns, rows, rows, UINT64_MAX));
done:
    free(zeros);
    free(column);
    return status;
}

static enum bough_status prepare(struct prepared *prepared, const struct bough_model *model,
                                 const struct bough_rows *x, int64_t rows)
{
    enum bough_status status = BOUGH_OK;
    if (is_prepared(prepared, model, x, rows))
        return BOUGH_OK;
    forget(prepared);
    prepared->split.inputs = bough_model_inputs(model);
    BOUGH_TRY_MEMORY(prepared->split.longest =
                         calloc(prepared->split.inputs, sizeof *prepared->split.longest));
    for (size_t i = 0; i < prepared->split.inputs; i++)
        if (model->input[i].has_lengths)
            prepared->split.longest[i] = positions_of(&model->input[i], &x[i]);
    BOUGH_TRY(make_table(&prepared->split.table, model, x, rows));
    BOUGH_TRY(bough__runner_create_one(&prepared->runner, model->loaded.model, &prepared->split,
                                       NULL, rows, BOUGH_PREDICTION));
done:
    if (status != BOUGH_OK)
        forget(prepared);
    return status;
}

static enum bough_status send_lengths(struct bough__buffer *to, const struct bough_input *input,
                                      const struct bough_rows *x, int64_t first, int64_t rows)
{
    enum bough_status status;
    int32_t *lengths = malloc((size_t)rows * sizeof *lengths);
    if (!lengths)
        return bough__no_memory();
    for (int64_t n = 0; n < rows; n++)
        lengths[n] = x->lengths ? x->lengths[first + n] : (int32_t)positions_of(input, x);
    status = bough__write(bough__whole(to), lengths, (size_t)rows * sizeof *lengths);
    free(lengths);
    return status;
}

// Brings rows from number `first` on to the device.
static enum bough_status send_rows(struct prepared *prepared, const struct bough_model *model,
                                   const struct given *given, int64_t first, int64_t rows)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__column *column = prepared->split.table.column;
    for (size_t i = 0; i < bough_model_inputs(model); i++) {
        const struct bough_rows *x = &given->x[i];
        const size_t bytes = row_bytes(&model->input[i], x),
                     side = bough__side_column(model->loaded.config, i);
        if (x->data)
            BOUGH_TRY(bough__write(bough__whole(column[i].buffer),
                                   (const char *)x->data + (size_t)first * bytes,
                                   (size_t)rows * bytes));
        if (given->present[i])
            BOUGH_TRY(bough__write(bough__whole(column[side].buffer), given->present[i] + first,
                                   (size_t)rows * sizeof(float)));
        if (model->input[i].has_lengths)
            BOUGH_TRY(send_lengths(column[side].buffer, &model->input[i], x, first, rows));
    }
    prepared->runner->batch_version = 0; // the rows are others than those of the batch before
done:
    return status;
}

// `score` [T] are where this batch's go.
static enum bough_status run_batch(struct prepared *prepared, float *const *score, int64_t rows)
{
    enum bough_status status;
    struct bough__runner *runner = prepared->runner;
    const size_t tasks = runner->data.model->config->tasks_count;
    struct step_state state = {.step = 1};
    float **read = calloc(tasks + 1, sizeof *read);
    int64_t *stored = calloc(tasks + 1, sizeof *stored); // all rows, of a prediction
    BOUGH_TRY_MEMORY(read);
    BOUGH_TRY_MEMORY(stored);
    BOUGH_TRY(bough__runner_step(runner, 0, &state));
    BOUGH_TRY(bough__runner_scores(runner, read, stored));
    for (size_t t = 0; t < tasks; t++) {
        const int64_t width = runner->data.model->width[t],
                      row = bough__split_scores(&prepared->split, runner->data.model, t);
        for (int64_t i = 0; i < rows * row; i++)
            score[t][i] = (float)bough__target_restore(&runner->data.model->config->tasks[t],
                                                       (double)read[t][i], i % width);
    }
done:
    for (size_t t = 0; read && t < tasks; t++)
        free(read[t]);
    free(read);
    free(stored);
    return status;
}

// ---- What is run ----

static enum bough_status check_type(const struct bough_input *input, const char *place,
                                    enum bough_dtype dtype, int64_t rows)
{
    const int ids = input->kind == BOUGH_INPUT_IDS;
    const int known = ids ? dtype == BOUGH_I32 : dtype == BOUGH_F32 || dtype == BOUGH_U8;
    if (rows >= 0 && known)
        return BOUGH_OK;
    return bough__fail(BOUGH_INVALID, "%s%lld rows of %s; wanted 0 or more of %s", place,
                       (long long)rows, bough_dtype_name(dtype), ids ? "I32" : "F32 or U8");
}

static enum bough_status check_id(const char *place, const struct bough_rows *x, int64_t i,
                                  int64_t width)
{
    const int32_t id = ((const int32_t *)x->data)[i];
    if (id >= 0)
        return BOUGH_OK;
    return bough__fail(BOUGH_INVALID, "%srow %lld, number %lld: %d; wanted ids from 0", place,
                       (long long)(i / width), (long long)(i % width), id);
}

// A row lacks an optional input, `present` of it, where a number is NaN; of a table it lacks that
// cell alone.
static enum bough_status check_number(float *present, const char *place, const struct bough_rows *x,
                                      int64_t i, int64_t width, int table)
{
    const float number = ((const float *)x->data)[i];
    if (isfinite(number) || (table && isnan(number)))
        return BOUGH_OK;
    if (present && isnan(number)) {
        present[i / width] = 0;
        return BOUGH_OK;
    }
    return bough__fail(BOUGH_INVALID, "%srow %lld, number %lld: %s; wanted finite numbers", place,
                       (long long)(i / width), (long long)(i % width),
                       isnan(number) ? "nan" : "infinite");
}

static enum bough_status check_values(float *present, const char *place, const struct bough_rows *x,
                                      int64_t rows, int64_t width, int table)
{
    enum bough_status status = BOUGH_OK;
    for (int64_t n = 0; present && n < rows; n++)
        present[n] = x->data ? 1 : 0;
    for (int64_t i = 0; x->data && status == BOUGH_OK && i < rows * width; i++)
        if (x->dtype == BOUGH_I32)
            status = check_id(place, x, i, width);
        else if (x->dtype == BOUGH_F32)
            status = check_number(present, place, x, i, width, table);
    return status;
}

static enum bough_status check_lengths(const struct bough_input *input, const char *place,
                                       const struct bough_rows *x, int64_t rows)
{
    const int64_t most = positions_of(input, x);
    if (!input->has_lengths && (x->lengths || x->positions))
        return bough__fail(BOUGH_INVALID, "%slengths; wanted none: the model's rows are of one",
                           place);
    if (x->positions < 0 || x->positions > INT32_MAX)
        return bough__fail(BOUGH_INVALID, "%s%lld positions; wanted 0 to %d", place,
                           (long long)x->positions, INT32_MAX);
    for (int64_t n = 0; x->lengths && n < rows; n++)
        if (x->lengths[n] < 0 || x->lengths[n] > most)
            return bough__fail(BOUGH_INVALID, "%srow %lld: length %d; wanted 0 to %lld", place,
                               (long long)n, x->lengths[n], (long long)most);
    return BOUGH_OK;
}

// Each task reads some input of each row.
static enum bough_status check_lacks(const struct bough_model *model, float *const *present,
                                     int64_t rows)
{
    const struct bough_config *config = model->loaded.config;
    for (size_t t = 0; t < config->tasks_count; t++)
        for (int64_t n = 0; n < rows; n++)
            if (bough__lacks_all(&config->tasks[t], present, n))
                return bough__fail(BOUGH_INVALID,
                                   "row %lld: every input of task '%s' is missing; wanted at least "
                                   "one",
                                   (long long)n, config->tasks[t].name);
    return BOUGH_OK;
}

static enum bough_status check_rows(const struct bough_model *model, const struct given *given,
                                    int64_t rows)
{
    enum bough_status status = BOUGH_OK;
    for (size_t i = 0; i < bough_model_inputs(model); i++) {
        const struct bough_input *input = &model->input[i];
        const struct bough_rows *x = &given->x[i];
        char place[80] = "";
        if (bough_model_inputs(model) > 1)
            snprintf(place, sizeof place, "%s: ", input->name);
        if (!x->data && rows > 0 && !input->optional)
            return bough__fail(BOUGH_INVALID, "%sno rows; wanted %lld of them", place,
                               (long long)rows);
        BOUGH_TRY(check_type(input, place, type_of(input, x), rows));
        BOUGH_TRY(check_lengths(input, place, x, rows));
        BOUGH_TRY(check_values(given->present[i], place, x, rows, width_of(input, x),
                               bough__input_is_table(&model->loaded.config->inputs[i])));
    }
    BOUGH_TRY(check_lacks(model, given->present, rows));
done:
    return status;
}

// Room for what rows have of optional inputs.
static enum bough_status make_given(struct given *given, const struct bough_model *model,
                                    const struct bough_rows *x, int64_t rows)
{
    enum bough_status status = BOUGH_OK;
    const size_t inputs = bough_model_inputs(model);
    *given = (struct given){.x = x, .present = calloc(inputs, sizeof *given->present)};
    BOUGH_TRY_MEMORY(given->present);
    for (size_t i = 0; rows > 0 && i < inputs; i++)
        if (model->input[i].optional)
            BOUGH_TRY_MEMORY(given->present[i] = malloc((size_t)rows * sizeof(float)));
done:
    return status;
}

static void free_given(struct given *given, const struct bough_model *model)
{
    for (size_t i = 0; given->present && i < bough_model_inputs(model); i++)
        free(given->present[i]);
    free(given->present);
}

enum bough_status bough_model_run(struct bough_model *model, float *const *scores,
                                  const struct bough_rows *x, int64_t rows)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__model *of = model->loaded.model;
    const size_t tasks = of->config->tasks_count;
    const int64_t batch = of->config->train.batch_size;
    struct given given = {0};
    float **to = malloc(tasks * sizeof *to + 1);
    BOUGH_TRY_MEMORY(to);
    BOUGH_TRY(make_given(&given, model, x, rows));
    BOUGH_TRY(check_rows(model, &given, rows));
    memcpy(to, scores, tasks * sizeof *to);
    for (int64_t done = 0; done < rows; done += batch) {
        int64_t count = rows - done < batch ? rows - done : batch;
        struct prepared *prepared = count == batch ? &model->full : &model->rest;
        BOUGH_TRY(prepare(prepared, model, x, count));
        BOUGH_TRY(send_rows(prepared, model, &given, done, count));
        BOUGH_TRY(run_batch(prepared, to, count));
        for (size_t t = 0; t < tasks; t++)
            to[t] += count * bough__split_scores(&prepared->split, of, t);
    }
done:
    free_given(&given, model);
    free(to);
    return status;
}

void bough_model_probabilities(const struct bough_model *model, size_t index, float *scores,
                               int64_t rows)
{
    const struct bough__model *of = model->loaded.model;
    bough__probabilities(scores, of->loss[index]->target, rows, of->width[index]);
}
