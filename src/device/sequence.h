// A sequence of prepared launches: what ops and layers write, and a plan runs.
#ifndef BOUGH_DEVICE_SEQUENCE_H
#define BOUGH_DEVICE_SEQUENCE_H

#include "device/device.h"

// Zero-initialised but for `device`, it is empty and ready.
struct bough__sequence {
    struct bough_device *device;
    struct bough__launch **launch;
    size_t count, capacity;
    struct bough__label label; // what the next launches get
    // How many times the next kernels and products are done, each with every span of its arguments
    // moved by the span's stride; 0 stands for 1.
    int64_t stack;
};

// Prepares one more launch at the end. A kernel call or GEMM with nothing to do adds none.
enum bough_status bough__sequence_kernel(struct bough__sequence *sequence,
                                         const struct bough__kernel_call *call);
enum bough_status bough__sequence_gemm(struct bough__sequence *sequence,
                                       const struct bough__gemm *gemm);
enum bough_status bough__sequence_run(const struct bough__sequence *sequence);
void bough__sequence_fini(struct bough__sequence *sequence);

#endif
