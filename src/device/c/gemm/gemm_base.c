// What every machine has: 128 bits on x86-64 and on AArch64.
#define LANES         4
#define TILE_ROWS     6
#define PANEL_ROWS    8
#define ISA_NAME      "base"
#define ISA           bough__c_isa_base
#define ISA_SUPPORTED 1
#include "device/c/gemm/gemm_isa_body.h"
