#include "device/c/c_gemm.h"

#include <math.h>

#include "cl/activation.h"

BOUGH_TWIN void bough__c_activate(float *x, int64_t count, struct activation activation)
{
    activate(x, x, 0, count, activation);
}
