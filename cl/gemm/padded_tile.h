// Images with the zeros that windows look at around them, for CPU devices. A group pads some rows
// of one image at a time, a padded tile, into scratch of its own; taps and positions are offsets
// there.
#ifndef BOUGH_CL_GEMM_PADDED_TILE_H
#define BOUGH_CL_GEMM_PADDED_TILE_H

#include "gemm/gemm.h"

// ---- Padded images ----

// Where row `h` of a padded tile comes from; -1: it is zero.
static int source_row(const struct gemm_view *v, int first, int h)
{
    const int at = first + h;
    if (at < 0 || at % v->input_dilation_h != 0 || at / v->input_dilation_h >= v->height)
        return -1;
    return at / v->input_dilation_h;
}

static void copy_row(global float *to, global const float *from, int count)
{
    int i = 0;
    for (; i + 16 <= count; i += 16)
        AT16(to + i) = AT16(from + i);
    if (i < count && count >= 16) {
        AT16(to + count - 16) = AT16(from + count - 16);
    } else if (count >= 8) {
        AT8(to) = AT8(from);
        AT8(to + count - 8) = AT8(from + count - 8);
    } else {
        for (; i < count; i++)
            to[i] = from[i];
    }
}

// A row between its zeros, its columns sorted by the phase of the windows' stride.
static void pad_row(const struct gemm_params *p, global float *to, global const float *from)
{
    const struct gemm_view *v = &p->b;
    const int width = p->tiles.pitch;
    if (v->stride_w == 1 && v->input_dilation_w == 1) {
        const int first = max(0, -v->padding_w), at = max(0, v->padding_w);
        copy_row(to + at, from + first, min(v->width - first, width - at));
        return;
    }
    for (int w = 0; w < v->width; w++) {
        const int at = w * v->input_dilation_w + v->padding_w;
        if (at >= 0 && at < width)
            to[at % v->stride_w * p->tiles.phase + at / v->stride_w] = from[w];
    }
}

// The rows that the windows from `row` on reach. What is to be zero is so already.
static void pad(const struct gemm_params *p, global float *to, global const float *image, int row,
                int channels)
{
    const struct gemm_view *v = &p->b;
    const int rows = (p->tiles.rows - 1) * v->stride_h + (v->kernel_h - 1) * v->dilation_h + 1;
    for (int h = 0; h < rows; h++) {
        const int from = source_row(v, row * v->stride_h - v->padding_h, h);
        if (from < 0)
            continue;
        for (int c = 0; c < channels; c++)
            pad_row(p, to + c * p->tiles.channel + h * p->tiles.pitch,
                    image + ((long)c * v->height + from) * v->width);
    }
}

static void clear(global float *to, long count)
{
    for (long i = 0; i < count; i += 16)
        AT16(to + i) = (float16)(0.0f);
}

// Where tap (c, h, w) lies behind the position that looks through it.
static int tap_at(const struct gemm_params *p, int tap)
{
    const struct gemm_view *v = &p->b;
    const int row = tap / v->kernel_w, c = row / v->kernel_h;
    int w = tap - row * v->kernel_w, h = row - c * v->kernel_h;
    if (v->flip) {
        h = v->kernel_h - 1 - h;
        w = v->kernel_w - 1 - w;
    }
    w *= v->dilation_w;
    return c * p->tiles.channel + h * v->dilation_h * p->tiles.pitch +
           w % v->stride_w * p->tiles.phase + w / v->stride_w;
}

// ---- Tiles ----

// One tile of one image: rows row..row+rows-1 of the output.
struct padded_tile {
    long image;
    int row, rows;
};

static struct padded_tile padded_tile_at(const struct gemm_params *p, long index)
{
    struct padded_tile padded;
    padded.image = index / p->tiles.per_image;
    padded.row = (int)(index - padded.image * p->tiles.per_image) * p->tiles.rows;
    padded.rows = min(p->tiles.rows, p->b.out_h - padded.row);
    return padded;
}

// The group's part of all tiles.
static long first_tile(const struct gemm_params *p, long group)
{
    return p->tiles.count * group / (long)get_num_groups(0);
}

// A group's operands, its own scratch, and its tiles: up to the last, not with it.
struct work {
    global const float *a, *b; // of the batch
    global float *own;
    long first, last;
    // Of the batch too, for a kernel that finishes c to set.
    global const float *bias;
    global float *c;
};

// Of kernels whose groups are (tiles, 1, batch).
static struct work work_of(const struct gemm_params *p, global const float *a,
                           global const float *b, global float *scratch)
{
    const long group = get_group_id(0), batch = get_group_id(2);
    struct work w;
    w.a = a + batch * p->a.batch_stride;
    w.b = b + batch * p->b.batch_stride;
    w.own = scratch + p->tiles.own_at + (batch * get_num_groups(0) + group) * p->tiles.own_size;
    w.first = first_tile(p, group);
    w.last = first_tile(p, group + 1);
    return w;
}

#endif
