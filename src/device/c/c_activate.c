#include "device/c/gemm/c_gemm.h"

#include <math.h>

#include "cl/activation.h"

BOUGH_TWIN static void activate_all(float *x, int64_t count, struct activation activation)
{
    activate(x, x, 0, count, activation);
}

// Clang calls a clone by its plain name only from the file that it is in.
void bough__c_activate(float *x, int64_t count, struct activation activation)
{
    activate_all(x, count, activation);
}
