// What the front checks before a backend is called.
#ifndef BOUGH_DEVICE_CHECK_H
#define BOUGH_DEVICE_CHECK_H

#include "device/device.h"

// `size` bytes from the span on lie in its buffer. Errors: INVALID; `what` begins the message.
enum bough_status bough__check_span(const char *what, struct bough__span span, size_t size);

// Errors: INVALID, naming the kernel and the argument.
enum bough_status bough__check_kernel(const struct bough_device *device,
                                      const struct bough__kernel_call *call);

// Sizes, views and windows agree, and every element that they reach lies in its buffer.
// Errors: INVALID, naming the matrix.
enum bough_status bough__check_gemm(const struct bough_device *device,
                                    const struct bough__gemm *gemm);

// Elements from the start of a matrix that was checked to the last one that it reaches, and one
// more; -1 if that does not fit.
int64_t bough__matrix_extent(const struct bough__matrix *x, int64_t rows, int64_t cols,
                             int64_t batch);

#endif
