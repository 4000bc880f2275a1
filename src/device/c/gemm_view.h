// How the fast GEMM reads an operand: lanes across, k down, cut into blocks, every element at
// data[lane + step].
#ifndef BOUGH_DEVICE_C_GEMM_VIEW_H
#define BOUGH_DEVICE_C_GEMM_VIEW_H

#include "device/c/c_device.h"
#include "device/c/gemm_isa.h"

// A range of an index. Where the index is (n, oh, ow) of windows, the range is whole images, or
// whole rows of one image, or a part of one row.
struct c_box {
    int64_t first, count;
    int64_t image, images, row, rows, col, cols;
};

// An index of images * rows * cols values, cut into boxes of at most box_* each.
struct c_cut {
    int64_t images, rows, cols;
    int64_t box_images, box_rows, box_cols;
    int64_t count; // of boxes
};

// Boxes of about equal size, of at most `largest` indices; those of a plain index (images and rows
// 1) but the last are multiples of `grain`.
struct c_cut c_cut_make(int64_t images, int64_t rows, int64_t cols, int64_t largest, int64_t grain);
struct c_box c_cut_box(const struct c_cut *cut, int64_t index);

struct c_side {
    const float *data;
    int64_t batch_stride;
    int64_t lanes, k;
    enum c_side_kind {
        C_SIDE_PLAIN,
        C_SIDE_PIXELS_ACROSS, // lanes (n, oh, ow), k (c, kh, kw)
        C_SIDE_PIXELS_DOWN,   // the other way round
    } kind;
    struct bough__axis lane_axis, k_axis; // plain
    struct bough__windows windows;
    int inside; // no window leaves the image: it is read where it stands
};

// `across` is the matrix's axis that becomes the lanes.
enum c_across { C_ROWS_ACROSS, C_COLS_ACROSS };
void c_side_init(struct c_side *side, const struct bough__matrix *matrix, enum c_across across,
                 int64_t rows, int64_t cols);

// The cut of the side's lanes or of its k, if that is pixels; else of a plain index.
struct c_cut c_side_cut_lanes(const struct c_side *side, int64_t largest, int64_t grain);
struct c_cut c_side_cut_k(const struct c_side *side, int64_t largest);

// A block of a side: where it is read from.
struct c_block {
    const struct c_side *side;
    const struct c_box *lanes, *k;
    const float *data;
    int64_t image, channel, row; // strides, of windows
    int64_t first_channel;
};

// Floats of scratch that c_block_open needs for blocks of at most these sizes.
int64_t c_block_scratch(const struct c_side *side, const struct c_cut *lanes,
                        const struct c_cut *k);
// Copies an image that windows leave into `scratch`, with the zeros around it.
void c_block_open(struct c_block *block, const struct c_isa *isa, const struct c_side *side,
                  int64_t batch, const struct c_box *lanes, const struct c_box *k, float *scratch);
// Offsets of `count` lanes from the block's lane `first` on.
void c_block_lanes(const struct c_block *block, int64_t first, int64_t count, int64_t *offset);
// Offsets of all its k; `step` and `group` have room for k->count + 1.
struct c_steps c_block_steps(const struct c_block *block, int64_t *step, int64_t *group);

#endif
