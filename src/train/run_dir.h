// What a training finds and leaves in its run folder before its first step.
#ifndef BOUGH_TRAIN_RUN_DIR_H
#define BOUGH_TRAIN_RUN_DIR_H

#include "train/trainer.h"

// First of all: the trainer's config, with `resume` that of the run folder but for what may change
// on the way. A folder that is resumed is locked from here on.
// Errors: INVALID; DATA if another process trains there.
enum bough_status bough__run_dir_settle(struct bough__trainer *trainer,
                                        const struct bough_config *config);

// Last of all: locks the folder, and begins in it, or goes on from its checkpoint. A training is
// begun over another one only where no epoch of that had ended.
// Errors: INVALID; DATA if another process trains there, or the data set is another one.
enum bough_status bough__run_dir_enter(struct bough__trainer *trainer);

#endif
