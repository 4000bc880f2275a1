// A block of rows of one direction, as the kernels of lstm and gru walk it. C and OpenCL share it.
#ifndef BOUGH_CL_RECURRENT_BLOCK_H
#define BOUGH_CL_RECURRENT_BLOCK_H

#include "recurrent_params.h"

#ifdef __OPENCL_VERSION__
#define GLOBAL global
// EACH, without the word `full`, leaves loops of two turns that were a parameter's.
#define UNROLLED(i, count) _Pragma("clang loop unroll(full)") for (int i = 0; i < (count); i++)
#else
#define GLOBAL
#define UNROLLED(i, count) _Pragma("GCC unroll 16") for (int i = 0; i < (count); i++)
#endif

struct recurrent_block {
    // Of the direction, at the block's first row. Absent ones are not read.
    GLOBAL const float *gx, *packed, *bias, *dy;
    GLOBAL float *saved, *y, *dgx, *dgates;
    GLOBAL float *state; // own rows, of `wide` floats
    int length, units, gates, saves;
    int gx_step, y_step; // from one position to the next
    int rows, longest;
    int reversed;                 // the first step is a row's last position
    int wide;                     // units, rounded up to 2 * LANES
    int own[RECURRENT_MOST_ROWS]; // lengths
};

// Where number `item` of a launch lies in what all have in common; absent ones stay so.
static inline void recurrent_block_place(struct recurrent_block *b,
                                         const struct recurrent_params *p, size_t item)
{
    const size_t direction = item / p->blocks, first = item % p->blocks * p->rows;
    const size_t position = first * p->length,
                 wide = (p->units + RECURRENT_WIDE - 1) / RECURRENT_WIDE * RECURRENT_WIDE;
    const size_t gates = (size_t)p->gates * p->units;
    const size_t gx = (position * p->directions + direction) * gates;
    const size_t y = (position * p->directions + direction) * p->units;
    b->length = p->length;
    b->units = p->units;
    b->gates = p->gates;
    b->saves = p->saves;
    b->gx_step = p->directions * p->gates * p->units;
    b->y_step = p->directions * p->units;
    b->rows = p->batch - (int)first < p->rows ? p->batch - (int)first : p->rows;
    b->reversed = (int)direction;
    b->gx += b->gx ? gx : 0;
    b->dgx += b->dgx ? gx : 0;
    b->dgates += b->dgates ? gx : 0;
    b->y += b->y ? y : 0;
    b->dy += b->dy ? y : 0;
    b->bias += b->bias ? direction * p->units : 0;
    b->saved += (direction * p->batch * p->length + position) * p->saves * p->units;
    b->packed += direction * p->gates * wide * wide;
    b->state += item * RECURRENT_STATES * p->rows * wide;
}

#endif
