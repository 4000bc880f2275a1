// The last launch of a loss: the mean of what others left for its parts.
#ifndef BOUGH_OP_LOSS_MEAN_H
#define BOUGH_OP_LOSS_MEAN_H

#include "op/op.h"

// y [2] = the sum of part[0..parts - 1] over that of the weights behind them, and this sum; 0 and 0
// where it is 0.
enum bough_status bough__loss_mean(struct bough__sequence *out, struct bough__span y,
                                   struct bough__span part, int64_t parts);

#endif
