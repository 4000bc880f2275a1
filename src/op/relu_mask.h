// For ops that apply a relu behind them.
#ifndef BOUGH_OP_RELU_MASK_H
#define BOUGH_OP_RELU_MASK_H

#include "op/op.h"

// dx = dy where y > 0, else 0; `count` elements. dx may be dy.
enum bough_status bough__relu_mask(struct bough__sequence *out, int64_t count, struct bough__span y,
                                   struct bough__span dy, struct bough__span dx);

#endif
