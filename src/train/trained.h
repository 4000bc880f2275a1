// A trained model, made ready for a split.
#ifndef BOUGH_TRAIN_TRAINED_H
#define BOUGH_TRAIN_TRAINED_H

#include "train/model_file.h"
#include "train/trainer.h"

struct bough__trained {
    struct bough__loaded loaded;
    struct bough_tensor_file *data;
    const char *split_name; // borrowed from the caller or from the arena
    struct bough__split split;
    int32_t *row; // the rows of `train`, where those held out are taken; else NULL
    struct bough__runner *runner;
};

//   path   a model's file, or a run folder
//   data   NULL = what it was trained on
//   split  NULL = `test`, or the only one that there is; `validation` of what it was trained on may
//          be the rows that were held out
// Errors: INVALID, DATA, DEVICE; then there is nothing to close.
enum bough_status bough__trained_open(struct bough__trained *trained, const char *path,
                                      const char *data, const char *split,
                                      struct bough_device *device, enum bough__labels labels);
void bough__trained_close(struct bough__trained *trained);

#endif
