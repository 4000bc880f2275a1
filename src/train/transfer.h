// Parameters that start where an earlier training left others.
#ifndef BOUGH_TRAIN_TRANSFER_H
#define BOUGH_TRAIN_TRANSFER_H

#include "train/model.h"

// Loads what the config's `from` says into the model, and tells what was loaded, is missing, has
// another shape, or is left over. What the weighting learns starts anew. Does nothing where it
// names no file. Errors: DATA, also where nothing fits.
enum bough_status bough__transfer(struct bough__model *model);

#endif
