#include "train/trained.h"

#include "base/error.h"
#include "train/config_check.h"

#include <stdio.h>

enum bough_status bough__trained_open(struct bough__trained *trained, const char *run_dir,
                                      const char *data, const char *split,
                                      struct bough_device *device, enum bough__labels labels)
{
    enum bough_status status;
    struct bough_shape sample;
    char path[4096];
    *trained = (struct bough__trained){.device = device};
    snprintf(path, sizeof path, "%s/config.yaml", run_dir);
    BOUGH_TRY(bough_config_file_open(&trained->config_file, path, NULL, 0));
    BOUGH_TRY(bough__config_complete(&trained->config, &trained->arena,
                                     bough_config_file_config(trained->config_file), NULL));
    if (!device) {
        BOUGH_TRY(bough_device_open(&trained->own_device, "c"));
        trained->device = trained->own_device;
    }
    BOUGH_TRY(bough_tensor_file_open(&trained->data, data ? data : trained->config.data));
    BOUGH_TRY(bough__sample_shape(&sample, trained->data, split, &trained->config));
    BOUGH_TRY(
        bough__model_create(&trained->model, &trained->config, &sample, trained->device, NULL));
    BOUGH_TRY(bough__scoring_check(trained->model));
    BOUGH_TRY(bough__load_model(run_dir, trained->model));
    BOUGH_TRY(bough__split_init(&trained->split, trained->data, split, trained->model, labels));
    BOUGH_TRY(bough__walk_init(
        &trained->walk, trained->model, &trained->split, NULL, trained->split.table.rows,
        labels == BOUGH_WITH_LABELS ? BOUGH_EVALUATION : BOUGH_PREDICTION, NULL));
done:
    if (status != BOUGH_OK)
        bough__trained_close(trained);
    return status;
}

void bough__trained_close(struct bough__trained *trained)
{
    bough__walk_fini(&trained->walk);
    bough__split_fini(&trained->split);
    bough__model_destroy(&trained->model);
    bough_tensor_file_close(&trained->data);
    bough_config_file_close(&trained->config_file);
    bough_device_close(&trained->own_device);
    bough__arena_fini(&trained->arena);
}
