// What the fast GEMM needs of an instruction set: three small functions. gemm_isa_body.h writes
// them once, and gemm_avx512.c, gemm_avx2.c and gemm_base.c compile it for different machines.
#ifndef BOUGH_DEVICE_C_GEMM_ISA_H
#define BOUGH_DEVICE_C_GEMM_ISA_H

#include <stdint.h>

enum {
    C_MAX_ROWS = 16,  // at most that many floats from one k to the next in a packed panel of A
    C_MAX_LANES = 32, // at most that many in one of B
    C_SUMS_SIDE = 5   // rows and columns of a tile of C_SUMS
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

// Where a vector of lanes stands in an image that is read unpacked: lane l at data + from + l, but
// those of `mask` at data + other + l.
struct bough__c_pair {
    int64_t from, other;
    uint32_t mask;
};

// At most 16 of k that follow one another: they begin at a and at b.
struct bough__c_stretch {
    int64_t a, b;
};

// How the micro-kernel finds its operands; row i of a and lane l of b at k are
enum bough__c_form {
    C_PACKED,  // a[k * a_step + i]            b[k * b_step + l]
    C_ROWS,    // a[row[i] + run[r] + s * a_step]  the same; k counts r, then s < run_k
    C_WINDOWS, // a[k * a_step + i]            b[step[k] + pair of l]
    C_FORMS,
    C_SUMS = C_FORMS // a[row[i] + k]              b[l * b_step + k], k by stretches
};

// One run of the micro-kernel: c [rows, lanes] = activation(a * b + c + bias).
// Whole vectors are read, of b, the biases and (without `masks`) c.
struct bough__c_tile {
    int64_t k;
    const float *a, *b;
    int64_t a_step, b_step;
    const int64_t *row, *run;
    int64_t runs, run_k;
    const int64_t *step;
    const struct bough__c_pair *pair;
    const struct bough__c_stretch *stretch; // `full` of 16, then as many of `rest` as k has more
    int64_t full, rest;
    float *c;
    int64_t ldc;
    // Of c. Lanes from `split` on stand `jump` further. Without `masks` all are written, as if
    // split were `lanes`.
    int lanes, split;
    int64_t jump;
    int add;                           // c is added; else it is not read
    const float *row_bias, *lane_bias; // or NULL
    int relu;
};

typedef void bough__c_tile_fn(const struct bough__c_tile *tile);

struct bough__c_isa {
    const char *name;
    int (*supported)(void); // by this processor
    int rows;               // of a tile
    int panel_rows;         // from one k to the next in a packed panel of A: 8 or 16
    int lanes;              // of a vector; a tile is one or two of them wide
    int masks; // tiles may end or split within a vector; C_WINDOWS and C_SUMS are there
    bough__c_tile_fn *const (*tile)[2]; // [C_FORMS * rows], [form * rows + row - 1][vectors - 1]
    bough__c_tile_fn *const (*sums)[C_SUMS_SIDE]; // [rows - 1][columns - 1], of C_SUMS
    // Writes out [count, width]. It may write up to three rows more, and read up to 15 floats
    // behind an element of the source; what it finds there goes to places that are written again
    // or never used.
    //   width  panel_rows, lanes or 2 * lanes
    void (*pack)(float *out, int width, const float *data, const int64_t *lane,
                 const struct bough__c_steps *steps);
    // Writes `rows` rows, each of `before` zeros, `count` floats and `after` zeros; the floats of
    // a row begin `stride` behind those of the one before. May read and write 15 floats more.
    void (*pad)(float *out, int64_t rows, int64_t before, int64_t count, int64_t after,
                const float *data, int64_t stride);
};

extern const struct bough__c_isa bough__c_isa_avx512, bough__c_isa_avx2, bough__c_isa_base;

static inline bough__c_tile_fn *bough__c_tile_of(const struct bough__c_isa *isa,
                                                 enum bough__c_form form, int64_t rows, int vectors)
{
    return isa->tile[form * isa->rows + rows - 1][vectors - 1];
}

#endif
