// The fast GEMM: operands are packed into panels that a micro-kernel of registers reads in order.
//
// C is cut into items, each computed by one thread: a range of rows, a block of columns ("lanes"
// of vectors), one batch, and where k is long and C small, a share of k whose partial sums are
// added at the end. An item goes through k in blocks, packs a block of B and a part of a block of
// A into its thread's scratch, and runs the micro-kernel over their panels. One of the two may be
// read where it stands (enum bough__c_form). Windows are read from the image, or from a padded copy
// of the part that the block needs.
//
// What is summed in which order depends on the shape alone: never on the number of threads.
#ifndef BOUGH_DEVICE_C_GEMM_PACKED_H
#define BOUGH_DEVICE_C_GEMM_PACKED_H

#include "device/c/gemm/gemm_view.h"

enum {
    C_BLOCK_ROWS = 128, // rows of A packed at once
    C_MOST_PANELS = 32, // of them
};

// Where sums go: C, or partial sums.
struct bough__c_target {
    float *data;
    struct bough__axis row, col;
    int64_t batch_stride;
    int beta;
    const float *row_bias, *col_bias; // NULL = none
    int relu;
    struct activation activation; // another one
};

struct bough__c_packed {
    struct bough__c_launch base;
    const struct bough__c_isa *isa;
    int64_t m, n, k, batch;
    float alpha;
    struct bough__c_side a, b; // rows of C are lanes of a, columns are lanes of b
    struct bough__c_target c;
    enum bough__c_form form;
    struct bough__c_cut row_cut, col_cut, k_cut;
    int64_t shares; // of k
    int threads;
    // In floats. Of one thread's scratch, and of all: where the partial sums begin.
    int64_t a_at, b_at, image_at, steps_at, pairs_at, scratch, partial_at;
};

static inline int64_t bough__c_least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

// Up to a multiple of `grain`.
static inline int64_t bough__c_up(int64_t value, int64_t grain)
{
    return (value + grain - 1) / grain * grain;
}

// Floats from one panel to the next: packing writes up to three rows more.
static inline int64_t bough__c_panel_floats(int64_t k, int64_t width)
{
    return (k + 4) * width;
}

static inline int64_t bough__c_items(const struct bough__c_packed *l)
{
    return l->batch * l->shares * l->row_cut.count * l->col_cut.count;
}

// Computes one item.
//   scratch  the device's, where partial sums go
//   own      the thread's part of it
void bough__c_run_item(const struct bough__c_packed *l, float *scratch, float *own, int64_t item);
// With more shares of k than one, when all items are done: adds the partial sums of one of the
// batch * m rows, and finishes it.
void bough__c_add_shares(const struct bough__c_packed *l, float *scratch, int64_t index);

#endif
