// C and OpenCL share this file, and so draw the same mask.
#ifndef BOUGH_CL_DROPOUT_PARAMS_H
#define BOUGH_CL_DROPOUT_PARAMS_H

#include "activation_params.h"
#include "random.h"

struct dropout_params {
    unsigned int stream;
    float p, scale;               // scale 1 / (1 - p); 0 where p is 1
    int full;                     // dropout: blocks of four elements,
    int tail;                     // and elements behind them, 0 to 3
    int plane;                    // dropout2d: elements of a channel
    struct activation activation; // activation_dropout: before it
};

enum { DROPOUT_BLOCK = 1024 }; // items that the first cache holds between two loops over them

// Item i takes elements 4 i to 4 i + 3; the first one of an item.
static inline int dropout_element(const struct dropout_params p, int item)
{
    return item <= p.full ? 4 * item : 4 * p.full + p.tail;
}

// Draw `index` of a stream in a step: four numbers.
BOUGH_DRAW struct random4 dropout_draw(unsigned int seed0, unsigned int seed1, unsigned int step,
                                       unsigned int stream, unsigned int index)
{
    return random_bits(seed0, seed1, index, 0, stream, step);
}

static inline float dropout_value(float x, unsigned int bits, float p, float scale)
{
    return random_unit(bits) < p ? 0.0f : x * scale;
}

#endif
