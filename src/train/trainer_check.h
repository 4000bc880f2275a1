// What is told before the first step: data and config that do not go together, and what a user
// would otherwise find out from odd scores.
#ifndef BOUGH_TRAIN_TRAINER_CHECK_H
#define BOUGH_TRAIN_TRAINER_CHECK_H

#include "train/trainer.h"

// Takes a trainer with its runners made. Warns of a task without a label in validation or test, of
// scores that the loss would squash once more, of a share that holds nothing out, of a weighting by
// gradients where no two tasks share any, of a warm-up that the training does not leave.
// Errors: DATA for a task without a label to train on; INVALID for a loss of numbers on a field of
// classes (one integer a row, or with class names; a map makes numbers of them), and for options
// that want a validation where there is none.
enum bough_status bough__trainer_check(const struct bough__trainer *trainer);

#endif
