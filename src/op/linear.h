// A part of linear for other ops.
#ifndef BOUGH_OP_LINEAR_H
#define BOUGH_OP_LINEAR_H

#include "op/op.h"

// dbias [units] = the sum over the rows of dy [rows, units].
enum bough_status bough__bias_gradient(struct bough__sequence *out, struct bough__span dbias,
                                       struct bough__span dy, int64_t rows, int64_t units);

#endif
