// What the fast GEMM needs of an instruction set: three small functions. gemm_isa_body.h writes
// them once, and gemm_avx512.c, gemm_avx2.c and gemm_base.c compile it for different machines.
#ifndef BOUGH_DEVICE_C_GEMM_ISA_H
#define BOUGH_DEVICE_C_GEMM_ISA_H

#include <stdint.h>

enum {
    C_ROWS = 8,      // floats from one k to the next in a packed panel of A
    C_MAX_LANES = 32 // at most that many in one of B
};

// Where a packed operand's elements come from: lane l at k stands at data[lane[l] + step[k]].
struct bough__c_steps {
    const int64_t *step;
    int64_t count;
    // Groups of at most four steps that follow one another in memory: group g begins at group[g].
    // group[groups] = count.
    const int64_t *group;
    int64_t groups;
};

// One run of the micro-kernel: c [rows, 16 * vectors] = activation(a * b + c + bias).
struct bough__c_tile {
    int64_t k;
    const float *a; // [k, C_ROWS]
    const float *b; // [k, lanes of the vectors], aligned to 64 bytes
    float *c;
    int64_t ldc;
    int add;                           // c is added; else it is not read
    const float *row_bias, *lane_bias; // or NULL
    int relu;
};

struct bough__c_isa {
    int (*supported)(void);
    int rows;  // of a tile, at most C_ROWS
    int lanes; // of a vector; a tile is one or two of them wide
    void (*const (*tile)[2])(const struct bough__c_tile *tile); // [rows - 1][vectors - 1]
    // Writes out [count, width]. It may write up to three rows more, and read up to 15 floats
    // behind an element of the source; what it finds there goes to places that are written again
    // or never used.
    //   width  C_ROWS, lanes or 2 * lanes
    void (*pack)(float *out, int width, const float *data, const int64_t *lane,
                 const struct bough__c_steps *steps);
    // Writes `rows` rows, each of `before` zeros, `count` floats and `after` zeros; the floats of
    // a row begin `stride` behind those of the one before. May read and write 15 floats more.
    void (*pad)(float *out, int64_t rows, int64_t before, int64_t count, int64_t after,
                const float *data, int64_t stride);
};

extern const struct bough__c_isa bough__c_isa_avx512, bough__c_isa_avx2, bough__c_isa_base;

#endif
