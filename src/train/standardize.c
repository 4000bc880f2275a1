#include "train/standardize.h"

#include "base/error.h"
#include "data/tensor_file.h"
#include "train/input_column.h"
#include "train/input_types.h"
#include "train/targets.h"

#include <math.h>
#include <stdlib.h>

// Sums of differences from the first number of each column: what is far from 0 stays exact.
struct column {
    double first, sum, squares;
    int64_t count;
};

static void count_number(struct column *column, double value)
{
    if (isnan(value))
        return;
    if (!column->count++)
        column->first = value;
    column->sum += value - column->first;
    column->squares += (value - column->first) * (value - column->first);
}

// `*mean` and `*std` [columns], in the arena.
static enum bough_status finish(const float **mean, const float **std, struct bough__arena *arena,
                                const struct column *column, size_t columns, double scale)
{
    enum bough_status status = BOUGH_OK;
    float *means = BOUGH_NEW(arena, float, columns), *stds = BOUGH_NEW(arena, float, columns);
    BOUGH_TRY_MEMORY(means);
    BOUGH_TRY_MEMORY(stds);
    for (size_t i = 0; i < columns; i++) {
        double count = column[i].count ? (double)column[i].count : 1, of = column[i].sum / count;
        double variance = column[i].squares / count - of * of;
        stds[i] = variance > 0 ? (float)(sqrt(variance) * scale) : 0;
        if (!(stds[i] > 0))
            stds[i] = 1;
        means[i] = (float)((column[i].first + of) * scale);
    }
    *mean = means;
    *std = stds;
done:
    return status;
}

// ---- The input ----

enum { PIECE = 1 << 18 }; // bytes read at a time, or one row if that is more

static int has_nan(const void *piece, enum bough_dtype dtype, int64_t first, int64_t count)
{
    int64_t i = 0;
    while (i < count && !isnan(bough_number_at(piece, dtype, first + i)))
        i++;
    return i < count;
}

// What is counted of an input, for each row.
struct counted {
    const char *mask;       // whether it is trained on
    const float *present;   // whether it has the input; NULL = all do
    int by_cells;           // a row with a NaN may have it, too
    const int32_t *lengths; // how many of its positions are no padding; NULL = it is no sequence
};

// Adds rows of one piece, which begins with row `from`, to the channels.
static void count_rows(struct column *column, size_t channels, const void *piece,
                       const struct bough_file_tensor *input, const struct counted *counted,
                       int64_t from, int64_t rows)
{
    const int64_t width = bough_shape_row(&input->shape), all = (int64_t)channels;
    for (int64_t r = 0; r < rows; r++) {
        const float *present = counted->present;
        const int32_t *lengths = counted->lengths;
        const int64_t end = lengths ? lengths[from + r] * all : width;
        const int counts =
            counted->mask[from + r] &&
            (!present || (present[from + r] == 1 &&
                          (counted->by_cells || !has_nan(piece, input->dtype, r * width, width))));
        for (int64_t i = 0; counts && i < end; i++)
            count_number(&column[lengths ? i % all : i / (width / all)],
                         bough_number_at(piece, input->dtype, r * width + i));
    }
}

static enum bough_status count_input(struct column *column, size_t channels,
                                     const struct bough_tensor_file *file,
                                     const struct bough_file_tensor *input,
                                     const struct counted *counted)
{
    enum bough_status status = BOUGH_OK;
    int64_t all = input->shape.dim[0], width = bough_shape_row(&input->shape);
    size_t row = (size_t)width * bough_dtype_size(input->dtype);
    int64_t most = row < PIECE ? (int64_t)(PIECE / row) : 1;
    void *piece = malloc((size_t)most * row + 1);
    BOUGH_TRY_MEMORY(piece);
    for (int64_t from = 0; from < all; from += most) {
        int64_t rows = all - from < most ? all - from : most;
        BOUGH_TRY(bough__tensor_read(file, input, (size_t)from * row, piece, (size_t)rows * row));
        count_rows(column, channels, piece, input, counted, from, rows);
    }
done:
    free(piece);
    return status;
}

// Those that the input reads, in its order. Ids stay as they are: the numbers of such a column are
// not counted.
static enum bough_status choose_columns(struct column **column, size_t *channels,
                                        const struct bough_tensor_file *file,
                                        const struct bough_file_tensor *field,
                                        const struct bough__input *input)
{
    enum bough_status status;
    struct bough__arena arena = {0};
    int32_t *from;
    struct column *chosen = calloc(input->columns_count + 1, sizeof *chosen);
    BOUGH_TRY_MEMORY(chosen);
    BOUGH_TRY(bough__table_columns(&from, &arena, file, field, input));
    for (size_t c = 0; c < input->columns_count; c++)
        if (!input->classes || !input->classes[c])
            chosen[c] = (*column)[from[c]];
    free(*column);
    *column = chosen;
    *channels = input->columns_count;
    chosen = NULL;
done:
    free(chosen);
    bough__arena_fini(&arena);
    return status;
}

static enum bough_status standardize_input(struct bough__input *to, struct bough__arena *arena,
                                           const struct bough_tensor_file *file, const char *mask)
{
    enum bough_status status;
    const struct bough_file_tensor *input;
    struct column *column = NULL;
    float *present = NULL;
    int32_t *lengths = NULL;
    BOUGH_TRY(bough__input_find(&input, file, "train", to));
    const int64_t rows = input->shape.dim[0];
    if (to->optional) {
        BOUGH_TRY_MEMORY(present = malloc((size_t)rows * sizeof *present));
        BOUGH_TRY(bough__input_present(present, file, "train", to, rows));
    }
    if (to->lengths) {
        BOUGH_TRY_MEMORY(lengths = malloc((size_t)rows * sizeof *lengths));
        BOUGH_TRY(bough__input_lengths(lengths, file, "train", to, &input->shape));
    }
    size_t channels = (size_t)input->shape.dim[to->lengths ? input->shape.rank - 1 : 1];
    const int bytes = input->dtype == BOUGH_U8 && !to->columns_count;
    const struct counted counted = {mask, present, bough__input_is_table(to), lengths};
    BOUGH_TRY_MEMORY(column = calloc(channels + 1, sizeof *column));
    BOUGH_TRY(count_input(column, channels, file, input, &counted));
    if (to->columns_count)
        BOUGH_TRY(choose_columns(&column, &channels, file, input, to));
    BOUGH_TRY(finish(&to->mean, &to->std, arena, column, channels, bytes ? 1.0 / 255 : 1));
    to->channels = channels;
done:
    free(present);
    free(lengths);
    free(column);
    return status;
}

// ---- Targets ----

static enum bough_status standardize_target(struct bough__task *task, struct bough__arena *arena,
                                            const struct bough_tensor_file *file, const char *mask)
{
    enum bough_status status;
    struct bough__targets targets = {0};
    const struct bough_file_tensor *tensor;
    struct column *column = NULL;
    void *bytes = NULL;
    task->mean = task->std = NULL;
    BOUGH_TRY(bough_dataset_field(&tensor, file, "train", task->target));
    int64_t width = bough_shape_row(&tensor->shape);
    BOUGH_TRY(bough__targets_init(&targets, file, "train", task, BOUGH_TARGET_NUMBER, width, 1,
                                  &(struct bough__classes){0}));
    BOUGH_TRY(bough__tensor_load(&bytes, file, tensor)); // as F32 a large one lost its digits
    BOUGH_TRY_MEMORY(column = calloc((size_t)width + 1, sizeof *column));
    for (int64_t r = 0; r < targets.rows; r++)
        for (int64_t i = 0; mask[r] && i < width; i++)
            count_number(&column[i], task->map_count
                                         ? (double)targets.number[r * width + i]
                                         : bough_number_at(bytes, tensor->dtype, r * width + i));
    BOUGH_TRY(finish(&task->mean, &task->std, arena, column, (size_t)width, 1));
    task->outputs = (size_t)width;
done:
    free(bytes);
    free(column);
    bough__targets_fini(&targets);
    return status;
}

static enum bough_status standardize_inputs(struct bough_config *config, struct bough__arena *arena,
                                            const struct bough_tensor_file *file, int32_t set,
                                            const char *mask)
{
    enum bough_status status = BOUGH_OK;
    char key[128];
    struct bough__input *input = BOUGH_NEW(arena, struct bough__input, config->inputs_count);
    BOUGH_TRY_MEMORY(input);
    for (size_t i = 0; i < config->inputs_count; i++) {
        input[i] = config->inputs[i];
        if (input[i].set != set)
            continue;
        BOUGH_TRY(bough__input_types_find(&input[i], arena, file, mask));
        if (!input[i].normalize.row)
            continue;
        if (input[i].mean || input[i].std)
            bough__log(BOUGH_LOG_WARNING,
                       "%s.normalize: auto finds mean and std anew; leave it out to keep those "
                       "given",
                       bough__input_key(&input[i], key, sizeof key));
        BOUGH_TRY(standardize_input(&input[i], arena, file, mask));
    }
    config->inputs = input;
done:
    return status;
}

enum bough_status bough__standardize(struct bough_config *config, struct bough__arena *arena,
                                     const struct bough__data_set *data, const int32_t *row,
                                     int64_t rows, int64_t all)
{
    enum bough_status status = BOUGH_OK;
    char *mask = calloc((size_t)all + 1, 1); // of rows that are trained on
    struct bough__task *task = BOUGH_NEW(arena, struct bough__task, config->tasks_count);
    BOUGH_TRY_MEMORY(mask);
    BOUGH_TRY_MEMORY(task);
    for (int64_t i = 0; i < rows; i++)
        mask[row[i]] = 1;
    for (size_t t = 0; t < config->tasks_count; t++) {
        task[t] = config->tasks[t];
        if (!task[t].standardize || bough__task_set(config, t) != data->set)
            continue;
        if (task[t].std)
            bough__log(BOUGH_LOG_WARNING,
                       "tasks.%s.target: standardize finds mean and std anew; leave it out to keep "
                       "those given",
                       task[t].name);
        BOUGH_TRY(standardize_target(&task[t], arena, data->file, mask));
    }
    config->tasks = task;
    BOUGH_TRY(standardize_inputs(config, arena, data->file, data->set, mask));
done:
    free(mask);
    return status;
}

enum bough_status bough__standardize_like(struct bough_config *config, struct bough__arena *arena,
                                          const struct bough_config *other)
{
    struct bough__task *task = BOUGH_NEW(arena, struct bough__task, config->tasks_count);
    struct bough__input *input = BOUGH_NEW(arena, struct bough__input, config->inputs_count);
    if (!task || !input)
        return bough__no_memory();
    for (size_t i = 0; i < config->inputs_count; i++) {
        input[i] = config->inputs[i];
        if (i < other->inputs_count)
            bough__input_types_like(&input[i], &other->inputs[i]);
        if (i >= other->inputs_count || !input[i].normalize.row || !other->inputs[i].normalize.row)
            continue;
        input[i].mean = other->inputs[i].mean;
        input[i].std = other->inputs[i].std;
        input[i].channels = other->inputs[i].channels;
    }
    config->inputs = input;
    for (size_t t = 0; t < config->tasks_count; t++) {
        task[t] = config->tasks[t];
        if (t >= other->tasks_count || !task[t].standardize)
            continue;
        task[t].mean = other->tasks[t].mean;
        task[t].std = other->tasks[t].std;
        task[t].outputs = other->tasks[t].outputs;
    }
    config->tasks = task;
    return BOUGH_OK;
}
