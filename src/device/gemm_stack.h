// A stack of products: the same one with every matrix, and the bias, moved by its span's stride.
#ifndef BOUGH_DEVICE_GEMM_STACK_H
#define BOUGH_DEVICE_GEMM_STACK_H

#include "device/device.h"

// Number `index` of the stack.
struct bough__gemm bough__gemm_in_stack(const struct bough__gemm *gemm, int64_t index);

// All of them as one product: more rows of A and C, more columns of B and C, or a batch. 0 if
// there is none.
int bough__gemm_of_stack(struct bough__gemm *all, const struct bough__gemm *gemm, int64_t stack);

#endif
