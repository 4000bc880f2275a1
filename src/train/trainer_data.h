// The data sets of a training.
#ifndef BOUGH_TRAIN_TRAINER_DATA_H
#define BOUGH_TRAIN_TRAINER_DATA_H

#include "train/trainer.h"

// Opens them, and finds the rows of each that are trained on, its batches, and the shapes of a
// sample, `*sample` [inputs] in the trainer's arena. Errors: INVALID, DATA.
enum bough_status bough__trainer_open_data(struct bough__trainer *trainer,
                                           struct bough_shape **sample);
void bough__trainer_close_data(struct bough__trainer *trainer);

// Loads the splits that there are, and makes the runners. Errors: INVALID, DATA, DEVICE.
enum bough_status bough__trainer_load_data(struct bough__trainer *trainer);

// Tells what an epoch is, where there are several data sets.
void bough__trainer_tell_data(const struct bough__trainer *trainer);

#endif
