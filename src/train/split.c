#include "train/split.h"

#include "base/error.h"
#include "base/strings.h"
#include "train/input_column.h"
#include "train/input_types.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The first input of a data set.
static const struct bough__input *first_input(const struct bough__data_set *data)
{
    const struct bough__input *input = data->config->inputs;
    while (input->set != data->set)
        input++;
    return input;
}

int bough__split_exists(const struct bough__data_set *data, const char *name)
{
    int exists = 0;
    for (size_t i = 0; i < data->config->inputs_count; i++) {
        const struct bough__input *input = &data->config->inputs[i];
        char full[300];
        snprintf(full, sizeof full, "%s/%s", name, input->field);
        exists |= input->set == data->set && bough_tensor_file_find(data->file, full) != NULL;
    }
    return exists;
}

// The split of which a tensor is the input field; an empty text if it is none.
static char *split_of(struct bough__arena *arena, const char *tensor, const char *field)
{
    size_t whole = strlen(tensor), end = strlen(field) + 1;
    int is_field =
        whole > end && tensor[whole - end] == '/' && strcmp(tensor + whole - end + 1, field) == 0;
    return bough__arena_format(arena, "%.*s", is_field ? (int)(whole - end) : 0, tensor);
}

enum bough_status bough__split_choose(const char **name, struct bough__arena *arena,
                                      const struct bough__data_set *data)
{
    enum bough_status status = BOUGH_OK;
    const struct bough_tensor_file *file = data->file;
    const char *field = first_input(data)->field;
    char list[600] = "";
    size_t count = 0;
    *name = "test";
    if (bough__split_exists(data, *name))
        return BOUGH_OK;
    for (size_t i = 0; i < bough_tensor_file_count(file); i++) {
        const char *split = split_of(arena, bough_tensor_file_at(file, i)->name, field);
        BOUGH_TRY_MEMORY(split);
        if (!*split)
            continue;
        *name = split;
        bough__append(list, sizeof list, "%s%s", count++ ? ", " : "", split);
    }
    if (count > 1)
        status = bough__fail(BOUGH_DATA, "%s: no split `test`; name one of %s",
                             bough_tensor_file_path(file), list);
done:
    return status;
}

// ---- Inputs ----

int bough__sample_fits(const struct bough__model *model, size_t input,
                       const struct bough_shape *field)
{
    struct bough_shape wanted = model->sample[input];
    const struct bough_shape sample = bough__input_sample(field, &model->config->inputs[input]);
    if (model->config->inputs[input].lengths && field->rank > 1)
        wanted.dim[0] = field->dim[1];
    return bough_shape_equal(&wanted, &sample);
}

static enum bough_status check_sample(const struct bough_file_tensor *input,
                                      const struct bough__model *model, size_t index,
                                      const char *path)
{
    const struct bough_shape whole =
        bough_shape_samples(&model->sample[index], input->shape.dim[0]);
    char found[128], right[128];
    if (bough__sample_fits(model, index, &input->shape))
        return BOUGH_OK;
    return bough__fail(BOUGH_DATA, "%s: %s is %s, the model wants %s", path, input->name,
                       bough_shape_format(&input->shape, found, sizeof found),
                       bough_shape_format(&whole, right, sizeof right));
}

enum bough_status bough__sample_shapes(struct bough_shape *sample,
                                       const struct bough__data_set *data, const char *split)
{
    enum bough_status status = BOUGH_OK;
    for (size_t i = 0; i < data->config->inputs_count; i++) {
        const struct bough_file_tensor *field;
        if (data->config->inputs[i].set != data->set)
            continue;
        BOUGH_TRY(bough__input_find(&field, data->file, split, &data->config->inputs[i]));
        sample[i] = bough__input_sample(&field->shape, &data->config->inputs[i]);
    }
done:
    return status;
}

// ---- Holding out ----

int bough__validates_by_split(const struct bough__data_set *data)
{
    return data->config->train.folds < 2 && bough__split_exists(data, "validation");
}

// Which of the shuffled rows are held out: `*count` from `*first` on.
static enum bough_status held_part(int64_t *first, int64_t *count, int64_t rows,
                                   const struct bough__data_set *data)
{
    const struct bough__training *train = &data->config->train;
    const int64_t folds = train->folds, fold = train->fold;
    const double share = (double)train->validation;
    const int several = data->config->sets > 1;
    const char *of = several ? " of " : "",
               *path = several ? bough_tensor_file_path(data->file) : "";
    if (folds > rows)
        return bough__fail(BOUGH_INVALID,
                           "train.folds: %lld of %lld rows%s%s; wanted at most as many",
                           (long long)folds, (long long)rows, of, path);
    if (folds > 1) {
        *first = rows * (fold - 1) / folds;
        *count = rows * fold / folds - *first;
        return BOUGH_OK;
    }
    *count = bough__validates_by_split(data) ? 0 : llround(share * (double)rows);
    *first = rows - *count;
    if (*count >= rows)
        return bough__fail(BOUGH_INVALID,
                           "train.validation: %g of %lld rows%s%s leaves none to train on", share,
                           (long long)rows, of, path);
    return BOUGH_OK;
}

enum bough_status bough__hold_out(int32_t **row, int64_t *rows, int64_t *trained,
                                  const struct bough__data_set *data)
{
    enum bough_status status = BOUGH_OK;
    char *is_held = NULL;
    const struct bough_file_tensor *field;
    int64_t first = 0, held = 0;
    BOUGH_TRY(bough__input_find(&field, data->file, "train", first_input(data)));
    const int64_t all = field->shape.dim[0];
    BOUGH_TRY(held_part(&first, &held, all, data));
    int64_t next[2] = {0, all - held};
    *rows = all;
    *trained = all - held;
    BOUGH_TRY_MEMORY(*row = malloc((size_t)all * sizeof **row + 1));
    BOUGH_TRY_MEMORY(is_held = calloc((size_t)all + 1, 1));
    bough__shuffle(*row, all, data->config->train.seed, 0);
    for (int64_t i = first; i < first + held; i++)
        is_held[(*row)[i]] = 1;
    for (int64_t i = 0; i < all; i++)
        (*row)[next[(int)is_held[i]]++] = (int32_t)i;
done:
    free(is_held);
    return status;
}

// ---- The labels ----

static enum bough_status target_column(struct bough__column *column, struct bough__targets *targets,
                                       const struct bough_tensor_file *file, const char *split,
                                       const struct bough__model *model, int64_t positions,
                                       size_t t)
{
    const struct bough__task *task = &model->config->tasks[t];
    enum bough_status status =
        bough__targets_init(targets, file, split, task, model->loss[t]->target, model->width[t],
                            positions, &model->classes[t]);
    if (status != BOUGH_OK)
        return status;
    *column = (struct bough__column){.host = targets->label ? (const void *)targets->label
                                                            : targets->number,
                                     .dtype = targets->label ? BOUGH_I32 : BOUGH_F32,
                                     .width = targets->width};
    return BOUGH_OK;
}

// ---- Splits ----

static enum bough_status add_present(struct bough__split *split, struct bough__column *column,
                                     size_t index, const struct bough_tensor_file *file,
                                     const char *name, const struct bough__input *input,
                                     int64_t rows)
{
    float *present = malloc((size_t)rows * sizeof *present);
    if (!present)
        return bough__no_memory();
    split->present[index] = present;
    *column = (struct bough__column){.host = present, .dtype = BOUGH_F32, .width = 1};
    return bough__input_present(present, file, name, input, rows);
}

static enum bough_status add_lengths(struct bough__split *split, struct bough__column *column,
                                     size_t index, const struct bough_tensor_file *file,
                                     const char *name, const struct bough__input *input,
                                     const struct bough_shape *shape)
{
    int32_t *lengths = malloc((size_t)shape->dim[0] * sizeof *lengths);
    if (!lengths)
        return bough__no_memory();
    split->lengths[index] = lengths;
    split->longest[index] = shape->dim[1];
    *column = (struct bough__column){.host = lengths, .dtype = BOUGH_I32, .width = 1};
    return bough__input_lengths(lengths, file, name, input, shape);
}

static enum bough_status add_inputs(struct bough__split *split, struct bough__column *column,
                                    const struct bough__data_set *data, const char *name,
                                    const struct bough__model *model)
{
    enum bough_status status = BOUGH_OK;
    const struct bough_tensor_file *file = data->file;
    for (size_t i = 0; i < split->inputs; i++) {
        const struct bough__input *input = &model->config->inputs[i];
        const struct bough_file_tensor *field;
        if (input->set != data->set)
            continue;
        BOUGH_TRY(bough__input_find(&field, file, name, input));
        BOUGH_TRY(check_sample(field, model, i, bough_tensor_file_path(file)));
        char *missing = split->missing ? split->missing + (int64_t)i * field->shape.dim[0] : NULL;
        struct bough__column *side = &column[bough__side_column(model->config, i)];
        if (input->optional)
            BOUGH_TRY(add_present(split, side, i, file, name, input, field->shape.dim[0]));
        if (input->lengths)
            BOUGH_TRY(add_lengths(split, side, i, file, name, input, &field->shape));
        BOUGH_TRY(bough__input_column(&column[i], &split->converted[i],
                                      &(struct bough__gaps){split->present[i], missing}, file,
                                      field, input, &model->names[i]));
    }
done:
    return status;
}

static enum bough_status add_targets(struct bough__split *split, struct bough__column *column,
                                     const struct bough__data_set *data, const char *name,
                                     const struct bough__model *model)
{
    enum bough_status status = BOUGH_OK;
    BOUGH_TRY_MEMORY(split->targets = calloc(split->tasks + 1, sizeof *split->targets));
    for (size_t t = 0; t < split->tasks; t++)
        if (bough__task_set(model->config, t) == data->set)
            BOUGH_TRY(target_column(&column[t], &split->targets[t], data->file, name, model,
                                    bough__split_positions(split, model, t), t));
done:
    return status;
}

int bough__lacks_all(const struct bough__task *task, float *const *present, int64_t row)
{
    size_t lacked = 0;
    while (lacked < task->reads_count && present[task->reads[lacked]] &&
           present[task->reads[lacked]][row] == 0)
        lacked++;
    return lacked == task->reads_count;
}

// A row says nothing of a task of which it has no input: it may have no label.
static enum bough_status check_task_lacks(const struct bough__split *split,
                                          const struct bough__data_set *data, const char *name,
                                          int64_t rows, size_t t)
{
    const struct bough__task *task = &data->config->tasks[t];
    int64_t first = 0, count = 0;
    for (int64_t n = 0; n < rows; n++)
        if (bough__lacks_all(task, split->present, n) &&
            (!split->targets || bough__targets_any(&split->targets[t], n)) && !count++)
            first = n;
    if (!count)
        return BOUGH_OK;
    return bough__fail(
        BOUGH_DATA,
        "%s: %s: every input of task '%s' is missing in %lld row%s, the first is %lld; "
        "wanted at least one%s",
        bough_tensor_file_path(data->file), name, task->name, (long long)count,
        count == 1 ? "" : "s", (long long)first, split->targets ? ", or no label" : "");
}

static enum bough_status check_lacks(const struct bough__split *split,
                                     const struct bough__data_set *data, const char *name,
                                     int64_t rows)
{
    enum bough_status status = BOUGH_OK;
    for (size_t t = 0; status == BOUGH_OK && t < data->config->tasks_count; t++)
        if (bough__task_set(data->config, t) == data->set)
            status = check_task_lacks(split, data, name, rows, t);
    return status;
}

enum bough_status bough__split_init(struct bough__split *split, const struct bough__data_set *data,
                                    const char *name, const struct bough__model *model,
                                    enum bough__labels labels, int64_t batch)
{
    enum bough_status status;
    const struct bough_config *config = model->config;
    const size_t inputs = config->inputs_count, tasks = config->tasks_count;
    const struct bough_file_tensor *first;
    const size_t columns = bough__target_column(config) + (labels == BOUGH_WITH_LABELS ? tasks : 0);
    *split = (struct bough__split){.batch = batch, .tasks = tasks, .inputs = inputs};
    struct bough__column *column = calloc(columns, sizeof *column);
    BOUGH_TRY_MEMORY(column);
    BOUGH_TRY(bough__input_find(&first, data->file, name, first_input(data)));
    const int64_t rows = first->shape.dim[0];
    BOUGH_TRY_MEMORY(split->converted = calloc(inputs, sizeof *split->converted));
    BOUGH_TRY_MEMORY(split->present = calloc(inputs, sizeof *split->present));
    BOUGH_TRY_MEMORY(split->lengths = calloc(inputs, sizeof *split->lengths));
    BOUGH_TRY_MEMORY(split->longest = calloc(inputs, sizeof *split->longest));
    if (labels == BOUGH_WITH_GAPS)
        BOUGH_TRY_MEMORY(split->missing = calloc(inputs * (size_t)rows, 1));
    BOUGH_TRY(add_inputs(split, column, data, name, model));
    if (labels == BOUGH_WITH_LABELS)
        BOUGH_TRY(add_targets(split, column + bough__target_column(config), data, name, model));
    if (labels != BOUGH_WITH_GAPS)
        BOUGH_TRY(check_lacks(split, data, name, rows));
    BOUGH_TRY(bough__table_init(&split->table, model->device, column, (int)columns, rows,
                                batch ? batch : config->train.batch_size,
                                bough__table_budget(model->device) / config->sets));
    BOUGH_TRY(bough__tensor_file_check(data->file));
done:
    free(column);
    if (status != BOUGH_OK)
        bough__split_fini(split);
    return status;
}

void bough__split_fini(struct bough__split *split)
{
    bough__table_fini(&split->table);
    for (size_t t = 0; split->targets && t < split->tasks; t++)
        bough__targets_fini(&split->targets[t]);
    for (size_t i = 0; split->converted && i < split->inputs; i++)
        free(split->converted[i]);
    for (size_t i = 0; split->present && i < split->inputs; i++)
        free(split->present[i]);
    for (size_t i = 0; split->lengths && i < split->inputs; i++)
        free(split->lengths[i]);
    free(split->targets);
    free(split->converted);
    free(split->present);
    free(split->lengths);
    free(split->longest);
    free(split->missing);
    *split = (struct bough__split){0};
}

// ---- Sizes ----

int64_t bough__split_positions(const struct bough__split *split, const struct bough__model *model,
                               size_t t)
{
    const int32_t input = model->sequence[t];
    return input >= 0 ? split->longest[input] : model->positions[t];
}

int64_t bough__split_length(const struct bough__split *split, const struct bough__model *model,
                            size_t t, int64_t row)
{
    const int32_t input = model->sequence[t];
    return input >= 0 ? split->lengths[input][row] : model->positions[t];
}

int64_t bough__split_scores(const struct bough__split *split, const struct bough__model *model,
                            size_t t)
{
    return model->width[t] * bough__split_positions(split, model, t);
}

int64_t bough__split_targets(const struct bough__split *split, const struct bough__model *model,
                             size_t t)
{
    const int classes = model->loss[t]->target == BOUGH_TARGET_CLASS;
    return classes ? bough__split_positions(split, model, t) : bough__split_scores(split, model, t);
}
