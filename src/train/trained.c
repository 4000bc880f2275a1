#include "train/trained.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

// Whether the split is of rows of `train`.
static int is_held_out(const struct bough__trained *trained, const char *split)
{
    const struct bough_config *config = trained->loaded.config;
    return strcmp(split, "validation") == 0 &&
           (config->train.validation > 0 || config->train.folds > 1) &&
           !bough__validates_by_split(trained->data, config) &&
           bough__split_exists(trained->data, "train", config);
}

enum bough_status bough__trained_open(struct bough__trained *trained, const char *path,
                                      struct bough_device *device)
{
    enum bough_status status = bough__loaded_open(&trained->loaded, path, device);
    return status == BOUGH_OK ? bough__metrics_check(trained->loaded.model) : status;
}

// Of the rows from `*first` up to `*end`.
static enum bough_status draw(struct bough__trained *trained, int64_t *first, int64_t *end,
                              int64_t most)
{
    const int64_t count = *end - *first;
    if (!most || count <= most)
        return BOUGH_OK;
    int32_t *row = malloc((size_t)count * sizeof *row);
    if (!row)
        return bough__no_memory();
    bough__shuffle(row, count, trained->loaded.config->train.seed, 0);
    for (int64_t i = 0; trained->row && i < most; i++)
        row[i] = trained->row[*first + row[i]];
    free(trained->row);
    trained->row = row;
    *first = 0;
    *end = most;
    return BOUGH_OK;
}

enum bough_status bough__trained_read(struct bough__trained *trained,
                                      const struct bough__trained_rows *wanted)
{
    enum bough_status status;
    const struct bough_config *config = trained->loaded.config;
    struct bough__model *model = trained->loaded.model;
    const char *split = wanted->split;
    int64_t end, first = 0;
    BOUGH_TRY(bough_tensor_file_open(&trained->data, wanted->data ? wanted->data : config->data));
    if (!split)
        BOUGH_TRY(bough__split_choose(&split, &trained->loaded.arena, trained->data, config));
    trained->split_name = split;
    if (!wanted->data && is_held_out(trained, split)) {
        split = "train";
        BOUGH_TRY(bough__hold_out(&trained->row, &end, &first, trained->data, config));
    }
    BOUGH_TRY(bough__split_init(&trained->split, trained->data, split, model, wanted->labels));
    end = trained->split.table.rows;
    BOUGH_TRY(draw(trained, &first, &end, wanted->most));
    BOUGH_TRY(bough__runner_create(&trained->runner, model, &trained->split,
                                   trained->row ? trained->row + first : NULL, end - first,
                                   wanted->purpose));
done:
    return status;
}

void bough__trained_close(struct bough__trained *trained)
{
    bough__runner_destroy(&trained->runner);
    bough__split_fini(&trained->split);
    free(trained->row);
    bough_tensor_file_close(&trained->data);
    bough__loaded_close(&trained->loaded);
}
