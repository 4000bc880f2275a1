// What the losses share. A loss gives y [2]: the mean, and the weight that it was averaged over;
// 0 and 0 where nothing is labelled. Its dy is [1]: the factor of the mean.
#ifndef BOUGH_OP_LOSS_MEAN_H
#define BOUGH_OP_LOSS_MEAN_H

#include "op/op.h"
#include "op/quick_math.h"

#include "cl/loss.h"

// y = [sum of the values / sum of the weights, sum of the weights], in a fixed order. `part` holds
// `parts` values and then as many weights.
enum bough_status bough__loss_mean(struct bough__sequence *out, int64_t parts,
                                   struct bough__span part, struct bough__span y);

#endif
