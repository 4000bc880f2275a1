// A run folder's best model, made ready to walk through a split.
#ifndef BOUGH_TRAIN_TRAINED_H
#define BOUGH_TRAIN_TRAINED_H

#include "train/trainer.h"

struct bough__trained {
    struct bough_config_file *config_file;
    struct bough_config config; // complete, in the arena
    struct bough__arena arena;
    struct bough_device *device, *own_device;
    struct bough_tensor_file *data;
    struct bough__model *model;
    struct bough__split split;
    struct bough__walk walk;
};

// `data` NULL = the config's own. Errors: INVALID, DATA, DEVICE; then there is nothing to close.
enum bough_status bough__trained_open(struct bough__trained *trained, const char *run_dir,
                                      const char *data, const char *split,
                                      struct bough_device *device, enum bough__labels labels);
void bough__trained_close(struct bough__trained *trained);

#endif
