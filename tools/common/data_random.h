// Random numbers by counter: draw `n` of item `index` is the same whatever was drawn before.
#ifndef BOUGH_DATA_RANDOM_H
#define BOUGH_DATA_RANDOM_H

#include "cl/random.h"

#include <math.h>
#include <stdint.h>

struct draws {
    uint64_t seed, index;
    uint32_t stream, number; // number: draws made
};

static inline struct draws draws_of(uint64_t seed, uint32_t stream, uint64_t index)
{
    return (struct draws){seed, index, stream, 0};
}

static inline struct random4 draw_bits(struct draws *draws)
{
    return random_bits((uint32_t)draws->seed, (uint32_t)(draws->seed >> 32), (uint32_t)draws->index,
                       (uint32_t)(draws->index >> 32), draws->stream, draws->number++);
}

// A whole number from 0 to count-1; the bias is below count / 2^64.
static inline uint64_t draw_below(struct draws *draws, uint64_t count)
{
    const struct random4 r = draw_bits(draws);
    return ((uint64_t)r.v[0] << 32 | r.v[1]) % count;
}

// In [0, 1).
static inline double draw_unit(struct draws *draws)
{
    const struct random4 r = draw_bits(draws);
    return (double)(((uint64_t)r.v[0] << 32 | r.v[1]) >> 11) * 0x1p-53;
}

// Mean 0, standard deviation 1 (Box and Muller).
static inline double draw_normal(struct draws *draws)
{
    const double radius = sqrt(-2 * log(1 - draw_unit(draws)));
    return radius * cos(6.283185307179586 * draw_unit(draws));
}

#endif
