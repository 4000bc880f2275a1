// How the GEMM kernels see their operands. C and OpenCL share this file.
//
// An operand has two axes: `across` runs along the output (rows of A, columns of B), `depth` along
// k. Every GEMM kernel takes the same arguments:
//   kernel void name(ARG(a), ARG(b), ARG(c), ARG(bias), ARG(scratch), const struct gemm_params p)
#ifndef BOUGH_CL_GEMM_H
#define BOUGH_CL_GEMM_H

#ifdef __OPENCL_VERSION__
typedef long gemm_long;
#else
#include <stdint.h>
typedef int64_t gemm_long;
#endif

// (i / inner) * outer + (i % inner) * stride; inner = 0: i * stride.
struct gemm_axis {
    gemm_long inner, stride, outer;
};

enum { GEMM_PLAIN, GEMM_POSITIONS_ACROSS, GEMM_POSITIONS_DEEP };

// How those that are neighbours in memory lie there, but for gaps between whole runs: anyhow, one
// after the other, every second element (windows that move by 2), or each with a zero behind it
// (windows over an input dilated by 2).
enum { GEMM_ANYHOW, GEMM_ADJACENT, GEMM_SECONDS, GEMM_DILATED };

struct gemm_view {
    struct gemm_axis across, depth; // plain
    gemm_long batch_stride, image_stride;
    gemm_long extent; // elements from the first of a batch to its last, and one
    int kind;
    int deep; // neighbours in memory lie along depth
    int height, width, kernel_h, kernel_w, out_h, out_w;
    int stride_h, stride_w, padding_h, padding_w;
    int dilation_h, dilation_w, input_dilation_h, input_dilation_w;
    int flip;
    int runs; // GEMM_ANYHOW ...
};

// How the images of windows are cut: a tile is some rows of one image's positions, padded into the
// own scratch of a group. Counts in floats.
struct gemm_padded_tiles {
    gemm_long count, per_image;
    gemm_long own_at, own_size; // of the first group; from one group to the next
    gemm_long tap_at, image_at, panel_at, partial_at; // in it
    int rows;                                         // of positions in a tile
    int pitch, phase, channel; // from one padded row, phase, channel to the next
    int width;                 // of a strip of the plain operand
    int dot_rows;              // of it, that are multiplied along positions at a time; 0: packed
    // Of the gradient of few weights:
    gemm_long copies_at, rest_at;
    int part_rows, taps, images; // that are done at once
    int slots;                   // sums of a group
};

struct gemm_params {
    gemm_long m, n, k, batch;
    struct gemm_view a, b;
    struct gemm_axis c_row, c_col;
    gemm_long c_batch;
    // In `scratch`, in floats: A and B as they were packed, and partial sums
    // [splits, batch, m, n].
    gemm_long a_at, b_at, partial_at;
    gemm_long a_batch;                // from one packed batch of A to the next
    gemm_long split_depth;            // of k
    gemm_long group_rows, group_cols; // that a group does, where that is not one tile
    int splits;                       // 0: c itself holds the sums
    int a_packed;                     // before, for all groups
    int b_packed;                     // by each group
    int depth;                        // of k, that is done at a time
    float alpha, beta;
    int bias_per_row, bias_per_col;
    int activation; // enum bough__activation
    float slope;    // of a leaky_relu
    struct gemm_padded_tiles tiles;
};

#ifdef __OPENCL_VERSION__
#include "activation.h"

// Vectors anywhere in memory. PoCL's vload and vstore may become several smaller ones.
typedef float8 __attribute__((aligned(4))) any_float8;
typedef float16 __attribute__((aligned(4))) any_float16;
#define AT8(at)  (*(global any_float8 *)(at))
#define AT16(at) (*(global any_float16 *)(at))

// 64-bit division is slow on most GPUs and seldom needed.
static inline long gemm_divide(long a, long b)
{
    return ((a | b) >> 32) == 0 ? (long)((uint)a / (uint)b) : a / b;
}

static inline long gemm_axis_at(const struct gemm_axis *axis, long i)
{
    if (axis->inner == 0)
        return i * axis->stride;
    const long whole = gemm_divide(i, axis->inner);
    return whole * axis->outer + (i - whole * axis->inner) * axis->stride;
}

// What an index of one axis adds to the place of an element: an offset, and for windows a height
// and a width in units of 1 / input_dilation.
struct gemm_place {
    long at;
    int h, w;
};

static inline struct gemm_place gemm_position(const struct gemm_view *v, long i)
{
    const long row = gemm_divide(i, v->out_w), image = gemm_divide(row, v->out_h);
    const int w = (int)(i - row * v->out_w), h = (int)(row - image * v->out_h);
    const struct gemm_place place = {image * v->image_stride, h * v->stride_h - v->padding_h,
                                     w * v->stride_w - v->padding_w};
    return place;
}

static inline struct gemm_place gemm_tap(const struct gemm_view *v, long i)
{
    const long row = gemm_divide(i, v->kernel_w), channel = gemm_divide(row, v->kernel_h);
    int w = (int)(i - row * v->kernel_w), h = (int)(row - channel * v->kernel_h);
    if (v->flip) {
        h = v->kernel_h - 1 - h;
        w = v->kernel_w - 1 - w;
    }
    const struct gemm_place place = {channel * v->height * v->width, h * v->dilation_h,
                                     w * v->dilation_w};
    return place;
}

static inline struct gemm_place gemm_across(const struct gemm_view *v, long i)
{
    if (v->kind == GEMM_POSITIONS_ACROSS)
        return gemm_position(v, i);
    if (v->kind == GEMM_POSITIONS_DEEP)
        return gemm_tap(v, i);
    const struct gemm_place place = {gemm_axis_at(&v->across, i), 0, 0};
    return place;
}

static inline struct gemm_place gemm_depth(const struct gemm_view *v, long i)
{
    if (v->kind == GEMM_POSITIONS_ACROSS)
        return gemm_tap(v, i);
    if (v->kind == GEMM_POSITIONS_DEEP)
        return gemm_position(v, i);
    const struct gemm_place place = {gemm_axis_at(&v->depth, i), 0, 0};
    return place;
}

static inline float gemm_fetch(global const float *x, const struct gemm_view *v,
                               struct gemm_place across, struct gemm_place depth)
{
    const long at = across.at + depth.at;
    if (v->kind == GEMM_PLAIN)
        return x[at];
    int h = across.h + depth.h, w = across.w + depth.w;
    if (h < 0 || w < 0)
        return 0.0f;
    if (v->input_dilation_h != 1 || v->input_dilation_w != 1) {
        if (h % v->input_dilation_h != 0 || w % v->input_dilation_w != 0)
            return 0.0f;
        h /= v->input_dilation_h;
        w /= v->input_dilation_w;
    }
    return h < v->height && w < v->width ? x[at + (long)h * v->width + w] : 0.0f;
}

// Partial sums take the place of c, which another kernel makes of them: returns where those of a
// split go.
static inline global float *gemm_aim_at_partial(struct gemm_params *p, global float *scratch,
                                                long split)
{
    p->c_row = (struct gemm_axis){0, p->n, 0};
    p->c_col = (struct gemm_axis){0, 1, 0};
    p->c_batch = p->m * p->n;
    p->alpha = 1.0f;
    p->beta = 0.0f;
    p->bias_per_row = p->bias_per_col = 0;
    p->activation = BOUGH_LINEAR;
    return scratch + p->partial_at + split * p->batch * p->m * p->n;
}

// What becomes of a sum on its way into c.
static inline float gemm_finish(const struct gemm_params *p, float sum, float old,
                                global const float *bias, long batch, long row, long col)
{
    float value = p->alpha * sum;
    if (p->beta != 0.0f)
        value += old;
    if (p->bias_per_row)
        value += bias[batch * p->m + row];
    if (p->bias_per_col)
        value += bias[batch * p->n + col];
    return activated(p->activation, p->slope, value);
}

#define GEMM_ACTIVATE(kind, x, slope)                                                              \
    for (int i = 0; i < 16; i++)                                                                   \
    (x)[i] = activated(kind, slope, (x)[i])

ONCE void gemm_activate(float *x, int kind, float slope)
{
    BY_ACTIVATION(kind, GEMM_ACTIVATE, x, slope)
}

// A vector on its way into c.
static inline float16 gemm_activated(const struct gemm_params *p, float16 value)
{
    float one[16];
    if (p->activation == BOUGH_LINEAR)
        return value;
    if (p->activation == BOUGH_RELU)
        return select(value, (float16)(0.0f), value < 0.0f); // NaN stays NaN
    vstore16(value, 0, one);
    gemm_activate(one, p->activation, p->slope);
    return vload16(0, one);
}

static inline void gemm_store(const struct gemm_params *p, global float *c, float sum,
                              global const float *bias, long batch, long row, long col)
{
    global float *to =
        c + batch * p->c_batch + gemm_axis_at(&p->c_row, row) + gemm_axis_at(&p->c_col, col);
    *to = gemm_finish(p, sum, p->beta != 0.0f ? *to : 0.0f, bias, batch, row, col);
}

#endif

#endif
