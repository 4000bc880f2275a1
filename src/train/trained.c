#include "train/trained.h"

#include "base/error.h"
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

// Of `*count` rows from `first` on, which the set's rows then begin with, no more than `most`.
static enum bough_status draw(struct bough__trained_set *set, const struct bough_config *config,
                              int64_t first, int64_t *count, int64_t most)
{
    if (!most || *count <= most)
        return BOUGH_OK;
    int32_t *row = malloc((size_t)*count * sizeof *row);
    if (!row)
        return bough__no_memory();
    bough__shuffle(row, *count, config->train.seed, 0);
    for (int64_t i = 0; set->row && i < most; i++)
        row[i] = set->row[first + row[i]];
    free(set->row);
    set->row = row;
    *count = most;
    return BOUGH_OK;
}

static int has_field(const struct bough__data_set *data, const char *split, const char *field)
{
    char full[600];
    snprintf(full, sizeof full, "%s/%s", split, field);
    return bough_tensor_file_find(data->file, full) != NULL;
}

// Whether a file has all fields of a data set that it is to stand for. `names` are its tasks.
static int stands_for(const struct bough__data_set *data, const char *split,
                      enum bough__labels labels, char *names, size_t size)
{
    const struct bough_config *config = data->config;
    int has = 1;
    for (size_t i = 0; i < config->inputs_count; i++)
        if (config->inputs[i].set == data->set)
            has &= has_field(data, split, config->inputs[i].field);
    for (size_t t = 0; t < config->tasks_count; t++) {
        if (bough__task_set(config, t) != data->set)
            continue;
        bough__append(names, size, "%s%s", *names ? ", " : "", config->tasks[t].name);
        if (labels == BOUGH_WITH_LABELS)
            has &= has_field(data, split, config->tasks[t].target);
    }
    return has;
}

// The rows of a data set; none where another file is given that does not have its fields.
static enum bough_status read_set(struct bough__trained *trained, struct bough__rows *rows,
                                  int32_t number, const struct bough__trained_rows *wanted)
{
    enum bough_status status;
    const struct bough_config *config = trained->loaded.config;
    struct bough__trained_set *set = &trained->set[number];
    struct bough__data_set data = {.config = config, .set = number};
    const char *split = wanted->split, *path = wanted->data ? wanted->data : config->set[number];
    int64_t count, first = 0;
    char names[300] = "";
    BOUGH_TRY(bough_tensor_file_open(&set->file, path));
    data.file = set->file;
    if (!split)
        BOUGH_TRY(bough__split_choose(&split, &trained->loaded.arena, &data));
    if (wanted->data && config->sets > 1 &&
        !stands_for(&data, split, wanted->labels, names, sizeof names)) {
        bough__log(BOUGH_LOG_INFO, "%s: has not all fields of %s in %s, which is left out", path,
                   names, split);
        return BOUGH_OK;
    }
    set->split_name = split;
    if (!wanted->data && is_held_out(&data, split)) {
        split = "train";
        BOUGH_TRY(bough__hold_out(&set->row, &count, &first, &data));
    }
    BOUGH_TRY(bough__split_init(&set->split, &data, split, trained->loaded.model, wanted->labels,
                                config->train.batch_size));
    count = set->split.table.rows - first;
    const int32_t *order = set->row;
    BOUGH_TRY(draw(set, config, first, &count, wanted->most));
    *rows = (struct bough__rows){&set->split, set->row, count};
    if (set->row && set->row == order) // not drawn
        rows->order += first;
    if (!trained->first)
        trained->first = set;
done:
    return status;
}

enum bough_status bough__trained_read(struct bough__trained *trained,
                                      const struct bough__trained_rows *wanted)
{
    enum bough_status status = BOUGH_OK;
    const struct bough_config *config = trained->loaded.config;
    struct bough__rows *rows = calloc(config->sets, sizeof *rows);
    BOUGH_TRY_MEMORY(rows);
    trained->set = BOUGH_NEW(&trained->loaded.arena, struct bough__trained_set, config->sets);
    BOUGH_TRY_MEMORY(trained->set);
    for (size_t s = 0; s < config->sets; s++)
        BOUGH_TRY(read_set(trained, &rows[s], (int32_t)s, wanted));
    if (!trained->first)
        BOUGH_TRY(bough__fail(BOUGH_DATA, "%s: has all fields of none of the model's data sets",
                              wanted->data));
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
                       "%s: the tasks have data sets of their own; wanted one for "
                       "all",
                       what);
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
