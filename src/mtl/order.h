// A random order of tasks.
#ifndef BOUGH_MTL_ORDER_H
#define BOUGH_MTL_ORDER_H

#include "mtl/weighting.h"

struct bough__ordered {
    uint32_t key;
    uint32_t place; // 0..n-1
};

// Writes all places but `i` in the order in which task[i] meets the others in this step. Any two
// others are met in the same order whether a third is here or not.
//   order  [n], of which n - 1 are written
void bough__order_others(struct bough__ordered *order, const struct bough__solve *solve, size_t i);

#endif
