#include "train/trained.h"

#include "base/error.h"
#include "base/file.h"
#include "base/strings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Whether the split is of rows of `train`.
static int is_held_out(const struct bough__data_set *data, const char *split)
{
    const struct bough__training *train = &data->config->train;
    return strcmp(split, "validation") == 0 && (train->validation > 0 || train->folds > 1) &&
           !bough__validates_by_split(data) && bough__split_exists(data, "train");
}

enum bough_status bough__trained_open(struct bough__trained *trained, const char *path,
                                      struct bough_device *device)
{
    enum bough_status status = bough__loaded_open(&trained->loaded, path, device);
    return status == BOUGH_OK ? bough__metrics_check(trained->loaded.model) : status;
}

// Of `*count` rows from `*first` on no more than `most`.
static enum bough_status draw(struct bough__trained_set *set, const struct bough_config *config,
                              int64_t *first, int64_t *count, int64_t most)
{
    if (!most || *count <= most)
        return BOUGH_OK;
    int32_t *row = malloc((size_t)*count * sizeof *row);
    if (!row)
        return bough__no_memory();
    bough__shuffle(row, *count, config->train.seed, 0);
    for (int64_t i = 0; set->row && i < most; i++)
        row[i] = set->row[*first + row[i]];
    free(set->row);
    set->row = row;
    *first = 0;
    *count = most;
    return BOUGH_OK;
}

// ---- Which data sets, which split ----

static const struct bough_file_tensor *find(const struct bough__data_set *data, const char *split,
                                            const char *field)
{
    char full[600];
    snprintf(full, sizeof full, "%s/%s", split, field);
    return bough_tensor_file_find(data->file, full);
}

// Whether a split has what is read of a data set, in the model's shapes, and with `labels` the
// targets.
static int has_fields(const struct bough__trained *trained, const struct bough__data_set *data,
                      const char *split, enum bough__labels labels)
{
    const struct bough_config *config = data->config;
    int has = 1;
    for (size_t i = 0; has && i < config->inputs_count; i++) {
        if (config->inputs[i].set != data->set)
            continue;
        const struct bough_file_tensor *field = find(data, split, config->inputs[i].field);
        has = field && bough__sample_fits(trained->loaded.model, i, &field->shape);
    }
    for (size_t t = 0; labels == BOUGH_WITH_LABELS && has && t < config->tasks_count; t++)
        if (bough__task_set(config, t) == data->set)
            has = find(data, split, config->tasks[t].target) != NULL;
    return has;
}

// Whether a file is given that is another one of the config's data sets.
static int is_another(const struct bough_config *config, int32_t set, const char *given)
{
    int another = 0;
    for (size_t s = 0; given && s < config->sets; s++)
        another |= (int32_t)s != set && bough__file_is_same(config->set[s], given);
    return another && !bough__file_is_same(config->set[set], given);
}

static int has_split(const struct bough__data_set *data, const char *split,
                     const struct bough__trained_rows *wanted)
{
    return bough__split_exists(data, split) || (!wanted->data && is_held_out(data, split));
}

static struct bough__data_set data_of(const struct bough__trained *trained, size_t s)
{
    return (struct bough__data_set){trained->set[s].file, trained->loaded.config, (int32_t)s};
}

// One for all: `test` where a data set has it, else the only one of the first that has any.
static enum bough_status choose_split(const char **split, struct bough__trained *trained,
                                      const struct bough__trained_rows *wanted)
{
    enum bough_status status = BOUGH_OK;
    const size_t sets = trained->loaded.config->sets;
    *split = wanted->split ? wanted->split : "test";
    for (size_t s = 0; s < sets; s++) {
        const struct bough__data_set data = data_of(trained, s);
        if (wanted->split || bough__split_exists(&data, "test"))
            return BOUGH_OK;
    }
    for (size_t s = 0; s < sets; s++) {
        const struct bough__data_set data = data_of(trained, s);
        BOUGH_TRY(bough__split_choose(split, &trained->loaded.arena, &data));
        if (bough__split_exists(&data, *split))
            return BOUGH_OK;
    }
done:
    return status;
}

// Of several data sets, those that a file does not stand for, or that have no such split.
static int is_left_out(const struct bough__trained *trained, size_t s, const char *split,
                       const struct bough__trained_rows *wanted)
{
    const struct bough__data_set data = data_of(trained, s);
    const struct bough_config *config = data.config;
    const char *why = NULL;
    char names[300] = "";
    if (config->sets == 1)
        return 0;
    if (!has_split(&data, split, wanted))
        why = "has no rows in";
    else if (wanted->data && (is_another(config, data.set, wanted->data) ||
                              !has_fields(trained, &data, split, wanted->labels)))
        why = "does not stand for their data set in";
    for (size_t t = 0; why && t < config->tasks_count; t++)
        if (bough__task_set(config, t) == data.set)
            bough__append(names, sizeof names, "%s%s", *names ? ", " : "", config->tasks[t].name);
    if (why)
        bough__log(BOUGH_LOG_INFO, "left out: %s: %s %s `%s`", names,
                   bough_tensor_file_path(data.file), why, split);
    return why != NULL;
}

// ---- Rows ----

static enum bough_status read_set(struct bough__trained *trained, struct bough__rows *rows,
                                  size_t number, const char *split,
                                  const struct bough__trained_rows *wanted)
{
    enum bough_status status;
    const struct bough_config *config = trained->loaded.config;
    const struct bough__data_set data = data_of(trained, number);
    struct bough__trained_set *set = &trained->set[number];
    int64_t count, first = 0;
    set->split_name = split;
    if (!wanted->data && is_held_out(&data, split)) {
        split = "train";
        BOUGH_TRY(bough__hold_out(&set->row, &count, &first, &data));
    }
    BOUGH_TRY(bough__split_init(&set->split, &data, split, trained->loaded.model, wanted->labels,
                                config->train.batch_size));
    count = set->split.table.rows - first;
    BOUGH_TRY(draw(set, config, &first, &count, wanted->most));
    if (count)
        *rows = (struct bough__rows){&set->split, set->row ? set->row + first : NULL, count};
    if (count && !trained->first)
        trained->first = set;
done:
    return status;
}

enum bough_status bough__trained_read(struct bough__trained *trained,
                                      const struct bough__trained_rows *wanted)
{
    enum bough_status status = BOUGH_OK;
    const struct bough_config *config = trained->loaded.config;
    const char *split;
    struct bough__rows *rows = calloc(config->sets, sizeof *rows);
    BOUGH_TRY_MEMORY(rows);
    trained->set = BOUGH_NEW(&trained->loaded.arena, struct bough__trained_set, config->sets);
    BOUGH_TRY_MEMORY(trained->set);
    for (size_t s = 0; s < config->sets; s++)
        BOUGH_TRY(bough_tensor_file_open(&trained->set[s].file,
                                         wanted->data ? wanted->data : config->set[s]));
    BOUGH_TRY(choose_split(&split, trained, wanted));
    for (size_t s = 0; s < config->sets; s++)
        if (!is_left_out(trained, s, split, wanted))
            BOUGH_TRY(read_set(trained, &rows[s], s, split, wanted));
    if (!trained->first)
        BOUGH_TRY(bough__fail(BOUGH_DATA, "%s: no rows for any of the tasks in split `%s`",
                              wanted->data ? wanted->data : config->set[0], split));
    BOUGH_TRY(
        bough__evaluation_init(&trained->evaluation, trained->loaded.model, rows, wanted->purpose));
done:
    free(rows);
    return status;
}

enum bough_status bough__trained_is_one(const struct bough__trained *trained, const char *what)
{
    if (trained->loaded.config->sets == 1)
        return BOUGH_OK;
    return bough__fail(BOUGH_INVALID,
                       "%s: the tasks have data sets of their own; wanted one for all", what);
}

void bough__trained_close(struct bough__trained *trained)
{
    bough__evaluation_fini(&trained->evaluation);
    for (size_t s = 0; trained->set && s < trained->loaded.config->sets; s++) {
        bough__split_fini(&trained->set[s].split);
        free(trained->set[s].row);
        bough_tensor_file_close(&trained->set[s].file);
    }
    bough__loaded_close(&trained->loaded);
}
