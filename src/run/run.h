// The outcome that bough_train and bough_evaluate hand out.
#ifndef BOUGH_RUN_H
#define BOUGH_RUN_H

#include "base/arena.h"

#include <bough/train.h>

struct bough_run {
    struct bough__arena arena; // of the names and numbers that the result points to
    struct bough_result result;
    struct bough_metrics validation, test;
};

// "c: AMD EPYC": the device's id and name.
void bough__run_device(struct bough_run *run, const struct bough_device *device);

// The names in the metrics belong to a config: gives the run copies that are its own.
enum bough_status bough__run_own_names(struct bough_run *run);

#endif
