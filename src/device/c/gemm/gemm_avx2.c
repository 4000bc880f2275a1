#include "device/c/gemm/gemm_isa.h"
#ifdef __x86_64__
#define LANES         8
#define TILE_ROWS     6
#define PANEL_ROWS    8
#define ISA_NAME      "avx2"
#define ISA           bough__c_isa_avx2
#define ISA_SUPPORTED (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
#include "device/c/gemm/gemm_isa_body.h"
#endif
