// The launches of one batch: gather, forward, losses, and for training backward and update.
#ifndef BOUGH_TRAIN_PASS_H
#define BOUGH_TRAIN_PASS_H

#include "train/phase.h"

// Prepares them for batches of `rows`, in the buffers of the phase. Takes a zero-initialised pass;
// after an error, too, it is ended by bough__pass_fini.
// Errors: INVALID, DEVICE.
enum bough_status bough__pass_init(struct bough__pass *pass, struct bough__phase *phase,
                                   int64_t rows);
void bough__pass_fini(struct bough__pass *pass);

#endif
