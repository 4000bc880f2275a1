#include "device/c/gemm/gemm_isa.h"
#ifdef __x86_64__
#define LANES         16
#define TILE_ROWS     14
#define PANEL_ROWS    16
#define ISA_NAME      "avx512"
#define ISA           bough__c_isa_avx512
#define ISA_SUPPORTED (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl"))
#include "device/c/gemm/gemm_isa_body.h"
#endif
