// The standard list of products.
#ifndef BOUGH_BENCH_BENCH_GEMM_H
#define BOUGH_BENCH_BENCH_GEMM_H

#include "device/device.h"

// Prepares each of them, and lets it go.
enum bough_status bough__bench_prepare_products(struct bough_device *device);

#endif
