#include "device/c/gemm/c_gemm.h"

#include "base/error.h"
#include "base/strings.h"
#include "device/c/gemm/gemm_isa.h"

#include <string.h>

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

// ---- Which instruction set ----

static const struct bough__c_isa *const isas[] = {
#ifdef __x86_64__
    &bough__c_isa_avx512,
    &bough__c_isa_avx2,
#endif
    &bough__c_isa_base,
};

int bough__c_isa_usable(const struct bough__c_isa *isa)
{
    const char *wanted = bough__variable("BOUGH_ISA");
    return isa->supported() && (!wanted || strcmp(wanted, isa->name) == 0);
}

enum bough_status bough__c_isa_check(void)
{
    const char *wanted = bough__variable("BOUGH_ISA");
    char names[64] = "";
    for (size_t i = 0; i < sizeof isas / sizeof *isas; i++) {
        if (!wanted || (strcmp(wanted, isas[i]->name) == 0 && isas[i]->supported()))
            return BOUGH_OK;
        if (isas[i]->supported())
            bough__append(names, sizeof names, " %s", isas[i]->name);
    }
    return bough__fail(BOUGH_DEVICE, "BOUGH_ISA is \"%s\", and this processor has:%s", wanted,
                       names);
}

// ---- Preparing ----

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
