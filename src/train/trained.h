// A trained model, made ready for a split.
#ifndef BOUGH_TRAIN_TRAINED_H
#define BOUGH_TRAIN_TRAINED_H

#include "train/model_file.h"
#include "train/trainer.h"

// Rows of one of the config's data sets.
struct bough__trained_set {
    struct bough_tensor_file *file;
    const char *split_name; // borrowed from the caller or from the arena
    struct bough__split split;
    int32_t *row; // rows of the split, where not all are taken as they stand; else NULL
};

struct bough__trained {
    struct bough__loaded loaded;
    struct bough__trained_set *set;         // [sets]; zeros = its tasks are left out
    const struct bough__trained_set *first; // that is not left out
    struct bough__evaluation evaluation;    // at least one runner
};

// The rows that it is to be run on.
struct bough__trained_rows {
    // NULL = what it was trained on. A file stands for every data set whose fields it has.
    const char *data;
    // NULL = `test`, or the only one that there is; `validation` of what it was trained on may be
    // the rows that were held out.
    const char *split;
    enum bough__labels labels;
    enum bough__purpose purpose;
    int64_t most; // of more rows so many are drawn, from the config's seed; 0 = all
};

// Zero-initialised is closed; after an error, too, it is ended by bough__trained_close.
//   path  a model's file, or a run folder
// Errors: INVALID, DATA, DEVICE.
enum bough_status bough__trained_open(struct bough__trained *trained, const char *path,
                                      struct bough_device *device);

// Then once: makes the runners. Errors: INVALID, DATA, DEVICE.
enum bough_status bough__trained_read(struct bough__trained *trained,
                                      const struct bough__trained_rows *rows);
void bough__trained_close(struct bough__trained *trained);

// Errors: INVALID where tasks have data sets of their own, which `what` cannot do.
enum bough_status bough__trained_is_one(const struct bough__trained *trained, const char *what);

#endif
