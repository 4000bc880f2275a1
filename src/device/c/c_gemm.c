#include "device/c/c_gemm.h"

static const struct bough__c_gemm *const gemms[] = {
#ifdef __x86_64__
    &bough__c_gemm_small, &bough__c_gemm_avx512,  &bough__c_gemm_avx2,
#endif
    &bough__c_gemm_base,  &bough__c_gemm_generic,
};

const struct bough__c_gemm *const *bough__c_gemms(size_t *count)
{
    *count = sizeof gemms / sizeof *gemms;
    return gemms;
}

enum bough_status bough__c_prepare_gemm(struct bough__launch **launch, struct bough_device *device,
                                        const struct bough__gemm *gemm)
{
    const struct bough__c_gemm *const *candidate = gemms;
    while (!(*candidate)->applicable(*candidate, gemm))
        candidate++;
    enum bough_status status = (*candidate)->prepare(*candidate, launch, device, gemm);
    if (status == BOUGH_OK)
        (*launch)->implementation = (*candidate)->name;
    return status;
}
