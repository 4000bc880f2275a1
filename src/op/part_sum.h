// The last launch of an op whose y is a number: the sum of what others left for each row or column.
#ifndef BOUGH_OP_PART_SUM_H
#define BOUGH_OP_PART_SUM_H

#include "op/op.h"

// y [1] = factor times the sum of part [parts]; 0 of none.
enum bough_status bough__part_sum(struct bough__sequence *out, struct bough__span y,
                                  struct bough__span part, int64_t parts, float factor);

#endif
