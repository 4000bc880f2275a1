#include "device/c/gemm_isa.h"
#ifdef __x86_64__
#define LANES         16
#define TILE_ROWS     8
#define ISA           bough__c_isa_avx512
#define ISA_SUPPORTED (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl"))
#include "device/c/gemm_isa_body.h"
#endif
