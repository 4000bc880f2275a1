// The GEMM implementations of plain C, in the order in which they are tried.
#ifndef BOUGH_DEVICE_C_C_GEMM_H
#define BOUGH_DEVICE_C_C_GEMM_H

#include "device/c/c_device.h"

struct bough__c_gemm {
    const char *name;
    const struct bough__c_isa *isa; // what the fast one runs with
    int (*applicable)(const struct bough__c_gemm *self, const struct bough__gemm *gemm);
    enum bough_status (*prepare)(const struct bough__c_gemm *self, struct bough__launch **launch,
                                 struct bough_device *device, const struct bough__gemm *gemm);
};

// The last one is always applicable.
const struct bough__c_gemm *const *bough__c_gemms(size_t *count);

// Whether the processor has the set, and BOUGH_ISA names no other. Holds for what is prepared
// after.
int bough__c_isa_usable(const struct bough__c_isa *isa);

// Errors: DEVICE if BOUGH_ISA names one that this processor has not.
enum bough_status bough__c_isa_check(void);

// C' = B' A'.
struct bough__gemm bough__c_gemm_turned(const struct bough__gemm *gemm);

// The activation that is left where a relu is done by the micro-kernel.
static inline struct activation bough__c_left_activation(const struct bough__gemm *gemm)
{
    const int kind = gemm->activation == BOUGH_RELU ? BOUGH_LINEAR : (int)gemm->activation;
    return (struct activation){kind, gemm->slope};
}

void bough__c_activate(float *x, int64_t count, struct activation activation);

extern const struct bough__c_gemm bough__c_gemm_small, bough__c_gemm_avx512, bough__c_gemm_avx2,
    bough__c_gemm_base, bough__c_gemm_generic;

static inline int64_t bough__c_axis(const struct bough__axis *axis, int64_t i)
{
    return axis->inner ? i / axis->inner * axis->outer + i % axis->inner * axis->stride
                       : i * axis->stride;
}

#endif
