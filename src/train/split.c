#include "train/split.h"

#include "base/error.h"
#include "base/strings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct bough_file_tensor *bough__split_input(const struct bough_tensor_file *file,
                                                   const char *name,
                                                   const struct bough_config *config)
{
    char full[300];
    snprintf(full, sizeof full, "%s/%s", name, config->input.field);
    return bough_tensor_file_find(file, full);
}

int bough__split_exists(const struct bough_tensor_file *file, const char *name,
                        const struct bough_config *config)
{
    return bough__split_input(file, name, config) != NULL;
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
                                      const struct bough_tensor_file *file,
                                      const struct bough_config *config)
{
    enum bough_status status = BOUGH_OK;
    char list[600] = "";
    size_t count = 0;
    *name = "test";
    if (bough__split_exists(file, *name, config))
        return BOUGH_OK;
    for (size_t i = 0; i < bough_tensor_file_count(file); i++) {
        const char *split =
            split_of(arena, bough_tensor_file_at(file, i)->name, config->input.field);
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

static enum bough_status check_input(const struct bough_file_tensor *input,
                                     const struct bough_tensor_file *file)
{
    const char *path = bough_tensor_file_path(file);
    char text[128];
    char key[300];
    snprintf(key, sizeof key, "text/%s", strrchr(input->name, '/') + 1);
    if (bough_tensor_file_metadata(file, key))
        return bough__fail(BOUGH_DATA, "%s: %s is text; wanted numbers", path, input->name);
    if (input->shape.rank < 2)
        return bough__fail(BOUGH_DATA, "%s: %s is %s, wanted [N, ...]", path, input->name,
                           bough_shape_format(&input->shape, text, sizeof text));
    if (bough_shape_elements(&input->shape) == 0 || input->shape.dim[0] > INT32_MAX)
        return bough__fail(BOUGH_DATA, "%s: %s is %s, wanted 1 to %d rows that are not empty", path,
                           input->name, bough_shape_format(&input->shape, text, sizeof text),
                           INT32_MAX);
    return BOUGH_OK;
}

enum bough_status bough__sample_shape(struct bough_shape *sample,
                                      const struct bough_tensor_file *file, const char *split,
                                      const struct bough_config *config)
{
    enum bough_status status;
    const struct bough_file_tensor *input;
    BOUGH_TRY(bough_dataset_field(&input, file, split, config->input.field));
    BOUGH_TRY(check_input(input, file));
    *sample = (struct bough_shape){.rank = input->shape.rank - 1};
    for (int32_t i = 0; i < sample->rank; i++)
        sample->dim[i] = input->shape.dim[i + 1];
done:
    return status;
}

// ---- Holding out ----

enum bough_status bough__hold_out(int32_t **row, int64_t *rows, int64_t *trained,
                                  const struct bough_tensor_file *file,
                                  const struct bough_config *config)
{
    enum bough_status status = BOUGH_OK;
    char *is_held = NULL;
    const double share = (double)config->train.validation;
    const int64_t all = bough__split_input(file, "train", config)->shape.dim[0];
    const int64_t held =
        bough__split_exists(file, "validation", config) ? 0 : llround(share * (double)all);
    int64_t next[2] = {0, all - held};
    *rows = all;
    *trained = all - held;
    if (held >= all)
        return bough__fail(BOUGH_INVALID,
                           "train.validation: %g of %lld rows leaves none to train on", share,
                           (long long)all);
    BOUGH_TRY_MEMORY(*row = malloc((size_t)all * sizeof **row + 1));
    BOUGH_TRY_MEMORY(is_held = calloc((size_t)all + 1, 1));
    bough__shuffle(*row, all, config->train.seed, 0);
    for (int64_t i = all - held; i < all; i++)
        is_held[(*row)[i]] = 1;
    for (int64_t i = 0; i < all; i++)
        (*row)[next[(int)is_held[i]]++] = (int32_t)i;
done:
    free(is_held);
    return status;
}

// ---- The input ----

static enum bough_status convert(struct bough__split *split, const struct bough_tensor_file *file,
                                 const struct bough_file_tensor *input)
{
    enum bough_status status = BOUGH_OK;
    const size_t size = bough_dtype_size(input->dtype), count = input->bytes / size;
    double piece[4096]; // aligned for any type
    float *to = malloc(count * sizeof(float) + 1);
    BOUGH_TRY_MEMORY(split->converted = to);
    for (size_t at = 0; at < input->bytes; at += sizeof piece) {
        const size_t left = input->bytes - at, bytes = left < sizeof piece ? left : sizeof piece;
        BOUGH_TRY(bough__tensor_read(file, input, at, piece, bytes));
        for (size_t i = 0; i < bytes / size; i++)
            *to++ = (float)bough_number_at(piece, input->dtype, (int64_t)i);
    }
done:
    return status;
}

static enum bough_status input_column(struct bough__column *column, struct bough__split *split,
                                      const struct bough_tensor_file *file,
                                      const struct bough_file_tensor *input)
{
    *column = (struct bough__column){.file = file,
                                     .tensor = input,
                                     .dtype = input->dtype,
                                     .width = bough_shape_row(&input->shape)};
    if (input->dtype == BOUGH_U8 || input->dtype == BOUGH_F32)
        return BOUGH_OK;
    enum bough_status status = convert(split, file, input);
    column->file = NULL;
    column->host = split->converted;
    column->dtype = BOUGH_F32;
    return status;
}

// The first number of a row that is not finite; `width` if there is none.
static int64_t first_bad(const float *row, int64_t width)
{
    int64_t i = 0;
    while (i < width && isfinite(row[i]))
        i++;
    return i;
}

static enum bough_status not_finite(const struct bough_tensor_file *file,
                                    const struct bough_file_tensor *input, int64_t row, int64_t at,
                                    float value)
{
    int64_t area = bough_shape_row(&input->shape) / input->shape.dim[1];
    return bough__fail(BOUGH_DATA, "%s: %s, row %lld, %s %lld: %s; wanted finite numbers",
                       bough_tensor_file_path(file), input->name, (long long)row,
                       input->shape.rank == 2 ? "column" : "channel", (long long)(at / area),
                       isnan(value) ? "nan" : "infinite");
}

// Looks at every number of the input, once.
static enum bough_status check_finite(struct bough__split *split,
                                      const struct bough_tensor_file *file,
                                      const struct bough_file_tensor *input,
                                      enum bough__labels labels)
{
    enum bough_status status = BOUGH_OK;
    int64_t rows = input->shape.dim[0], width = bough_shape_row(&input->shape);
    size_t bytes = (size_t)width * sizeof(float);
    int64_t most = bytes < 1 << 18 ? (int64_t)((1 << 18) / bytes) : 1; // rows at a time
    float *piece = NULL;
    if (!bough_dtype_is_float(input->dtype))
        return BOUGH_OK;
    if (labels == BOUGH_WITH_GAPS)
        BOUGH_TRY_MEMORY(split->missing = calloc((size_t)rows + 1, 1));
    BOUGH_TRY_MEMORY(piece = malloc((size_t)most * bytes + 1));
    for (int64_t n = 0; n < rows; n++) {
        const float *row =
            split->converted ? split->converted + n * width : piece + n % most * width;
        if (!split->converted && n % most == 0)
            BOUGH_TRY(bough__tensor_read(file, input, (size_t)n * bytes, piece,
                                         (size_t)(rows - n < most ? rows - n : most) * bytes));
        int64_t bad = first_bad(row, width);
        if (bad < width && !split->missing) {
            status = not_finite(file, input, n, bad, row[bad]);
            goto done;
        }
        if (bad < width)
            split->missing[n] = 1;
    }
done:
    free(piece);
    return status;
}

static enum bough_status check_sample(const struct bough_file_tensor *input,
                                      const struct bough_shape *wanted, const char *path)
{
    struct bough_shape whole = {.rank = wanted->rank + 1, .dim = {input->shape.dim[0]}};
    for (int32_t i = 0; i < wanted->rank; i++)
        whole.dim[i + 1] = wanted->dim[i];
    char found[128], right[128];
    if (bough_shape_equal(&whole, &input->shape))
        return BOUGH_OK;
    return bough__fail(BOUGH_DATA, "%s: %s is %s, the model wants %s", path, input->name,
                       bough_shape_format(&input->shape, found, sizeof found),
                       bough_shape_format(&whole, right, sizeof right));
}

// ---- The labels ----

static enum bough_status target_column(struct bough__column *column, struct bough__targets *targets,
                                       const struct bough_tensor_file *file, const char *split,
                                       const struct bough__model *model, size_t t, int64_t rows)
{
    const struct bough__task *task = &model->config->tasks[t];
    enum bough_status status =
        bough__targets_init(targets, file, split, task, model->loss[t]->target, model->width[t],
                            model->positions[t], &model->classes[t]);
    if (status != BOUGH_OK)
        return status;
    if (targets->rows != rows)
        return bough__fail(BOUGH_DATA, "%s: %s/%s has %lld rows, %s/%s has %lld",
                           bough_tensor_file_path(file), split, task->target,
                           (long long)targets->rows, split, model->config->input.field,
                           (long long)rows);
    *column = (struct bough__column){.host = targets->label ? (const void *)targets->label
                                                            : targets->number,
                                     .dtype = targets->label ? BOUGH_I32 : BOUGH_F32,
                                     .width = targets->width};
    return BOUGH_OK;
}

enum bough_status bough__split_init(struct bough__split *split,
                                    const struct bough_tensor_file *file, const char *name,
                                    const struct bough__model *model, enum bough__labels labels)
{
    enum bough_status status;
    const struct bough_config *config = model->config;
    size_t tasks = config->tasks_count;
    const struct bough_file_tensor *input;
    *split = (struct bough__split){.tasks = tasks};
    struct bough__column *column = calloc(tasks + 1, sizeof *column);
    BOUGH_TRY_MEMORY(column);
    BOUGH_TRY(bough_dataset_field(&input, file, name, config->input.field));
    BOUGH_TRY(check_input(input, file));
    BOUGH_TRY(check_sample(input, &model->sample, bough_tensor_file_path(file)));
    BOUGH_TRY(input_column(&column[0], split, file, input));
    BOUGH_TRY(check_finite(split, file, input, labels));
    int64_t rows = input->shape.dim[0];
    if (labels == BOUGH_WITH_LABELS) {
        split->targets = calloc(tasks + 1, sizeof *split->targets);
        BOUGH_TRY_MEMORY(split->targets);
        for (size_t t = 0; t < tasks; t++)
            BOUGH_TRY(
                target_column(&column[t + 1], &split->targets[t], file, name, model, t, rows));
    }
    BOUGH_TRY(bough__table_init(&split->table, model->device, column,
                                labels == BOUGH_WITH_LABELS ? (int)tasks + 1 : 1, rows,
                                config->train.batch_size, bough__table_budget(model->device)));
    BOUGH_TRY(bough__tensor_file_check(file));
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
    free(split->targets);
    free(split->converted);
    free(split->missing);
    *split = (struct bough__split){0};
}
