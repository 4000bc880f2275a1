// How the fast GEMM reads an operand: lanes across, k down, cut into blocks, every element at
// data[lane + step].
#ifndef BOUGH_DEVICE_C_GEMM_VIEW_H
#define BOUGH_DEVICE_C_GEMM_VIEW_H

#include "device/c/c_device.h"
#include "device/c/gemm/gemm_isa.h"

// A range of an index. Where the index is (n, oh, ow) of windows, the range is whole images, or
// whole rows of one image, or a part of one row.
struct bough__c_box {
    int64_t first, count;
    int64_t image, images, row, rows, col, cols;
};

// An index of images * rows * cols values, cut into boxes of at most box_* each.
struct bough__c_cut {
    int64_t images, rows, cols;
    int64_t box_images, box_rows, box_cols;
    int64_t count; // of boxes
};

// Boxes of about equal size, of at most `largest` indices; those of a plain index (images and rows
// 1) but the last are multiples of `grain`.
struct bough__c_cut bough__c_cut_make(int64_t images, int64_t rows, int64_t cols, int64_t largest,
                                      int64_t grain);
struct bough__c_box bough__c_cut_box(const struct bough__c_cut *cut, int64_t index);

static inline int64_t bough__c_largest_box(const struct bough__c_cut *cut)
{
    return cut->box_images * cut->box_rows * cut->box_cols;
}

struct bough__c_side {
    const float *data;
    int64_t batch_stride;
    int64_t lanes, k;
    enum bough__c_side_kind {
        C_SIDE_PLAIN,
        C_SIDE_PIXELS_ACROSS, // lanes (n, oh, ow), k (c, kh, kw)
        C_SIDE_PIXELS_DOWN,   // the other way round
    } kind;
    struct bough__axis lane_axis, k_axis; // plain
    struct bough__windows windows;
    int inside;  // no window leaves the image: it is read where it stands
    int shifted; // it is copied once for each kw, so that pixels of a row follow on the one before
};

// `across` is the matrix's axis that becomes the lanes.
enum bough__c_across { C_ROWS_ACROSS, C_COLS_ACROSS };
void bough__c_side_init(struct bough__c_side *side, const struct bough__matrix *matrix,
                        enum bough__c_across across, int64_t rows, int64_t cols);

// The cut of the side's lanes or of its k, if that is pixels; else of a plain index.
struct bough__c_cut bough__c_side_cut_lanes(const struct bough__c_side *side, int64_t largest,
                                            int64_t grain);
struct bough__c_cut bough__c_side_cut_k(const struct bough__c_side *side, int64_t largest);

// A block of a side: where it is read from.
struct bough__c_block {
    const struct bough__c_side *side;
    const struct bough__c_box *lanes, *k;
    const float *data;
    int64_t image, channel, row, tap; // strides, of windows; tap: from one kw to the next
    int64_t first_channel;
};

// Floats of scratch that bough__c_block_open needs for blocks of at most these sizes.
int64_t bough__c_block_scratch(const struct bough__c_side *side, const struct bough__c_cut *lanes,
                               const struct bough__c_cut *k);
// Copies an image that windows leave, or a shifted one, into `scratch`, with the zeros around it.
void bough__c_block_open(struct bough__c_block *block, const struct bough__c_isa *isa,
                         const struct bough__c_side *side, int64_t batch,
                         const struct bough__c_box *lanes, const struct bough__c_box *k,
                         float *scratch);
// Offsets of `count` lanes from the block's lane `first` on.
void bough__c_block_lanes(const struct bough__c_block *block, int64_t first, int64_t count,
                          int64_t *offset);
// Offsets of all its k; `step` and `group` have room for k->count + 1.
struct bough__c_steps bough__c_block_steps(const struct bough__c_block *block, int64_t *step,
                                           int64_t *group);
// For C_ROWS: where each run of k begins; `run` has room for k->count.
struct bough__c_runs {
    const int64_t *run;
    int64_t count, step; // step from one k to the next in a run
};
struct bough__c_runs bough__c_block_runs(const struct bough__c_block *block, int64_t *run);
// For C_WINDOWS: a pair for each 16 lanes of the block.
void bough__c_block_pairs(const struct bough__c_block *block, struct bough__c_pair *pair);
// For C_SUMS: the stretches of the pixels of this block, which is shifted, and of `k_axis`, the
// plain side's. Those of 16 come first; returns how many pixels the others have. `stretch` has room
// for a 16th of k->count and one for each image.
int64_t bough__c_block_stretches(const struct bough__c_block *block,
                                 const struct bough__axis *k_axis,
                                 struct bough__c_stretch *stretch);

#endif
