#include "train/trained.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

// Whether the split is of rows of `train`.
static int is_held_out(const struct bough__trained *trained, const char *split)
{
    const struct bough_config *config = trained->loaded.config;
    return strcmp(split, "validation") == 0 && config->train.validation > 0 &&
           !bough__split_exists(trained->data, split, config) &&
           bough__split_exists(trained->data, "train", config);
}

enum bough_status bough__trained_open(struct bough__trained *trained, const char *path,
                                      const char *data, const char *split,
                                      struct bough_device *device, enum bough__labels labels)
{
    enum bough_status status;
    struct bough__model *model;
    int64_t rows, first = 0;
    *trained = (struct bough__trained){0};
    BOUGH_TRY(bough__loaded_open(&trained->loaded, path, device));
    model = trained->loaded.model;
    BOUGH_TRY(bough__metrics_check(model));
    BOUGH_TRY(bough_tensor_file_open(&trained->data, data ? data : trained->loaded.config->data));
    if (!split)
        BOUGH_TRY(bough__split_choose(&split, &trained->loaded.arena, trained->data,
                                      trained->loaded.config));
    trained->split_name = split;
    if (!data && is_held_out(trained, split)) {
        split = "train";
        BOUGH_TRY(
            bough__hold_out(&trained->row, &rows, &first, trained->data, trained->loaded.config));
    }
    BOUGH_TRY(bough__split_init(&trained->split, trained->data, split, model, labels));
    rows = trained->split.table.rows;
    BOUGH_TRY(bough__runner_create(
        &trained->runner, model, &trained->split, trained->row ? trained->row + first : NULL,
        rows - first, labels == BOUGH_WITH_LABELS ? BOUGH_EVALUATION : BOUGH_PREDICTION));
done:
    if (status != BOUGH_OK)
        bough__trained_close(trained);
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
