#include "bough.h"
#include "gather_params.h"
#include "step.h"

// Where output element i is in the source. Without an order, row n is row n.
static inline size_t source_of(size_t i, global const int *order, bool ordered,
                               global const struct step_state *step, int width)
{
    const size_t row = i / width;
    return (ordered ? (size_t)order[step->first + row] : row) * width + i % width;
}

kernel void gather_u8(ARG(source), ARG(order), ARG(step), ARG(scale), ARG(shift), ARG(x),
                      const ulong count, const struct gather_params p)
{
    VIEW(const uchar, source);
    VIEW(const int, order);
    VIEW(const struct step_state, step);
    VIEW(const float, scale);
    VIEW(const float, shift);
    VIEW(float, x);
    const size_t i = get_global_id(0);
    if (i >= count)
        return;
    const int channel = (int)(i % p.width) / p.plane;
    const size_t from = source_of(i, order, order_base != 0, step, p.width);
    x[i] = (float)source[from] * scale[channel] + shift[channel];
}

kernel void gather_f32(ARG(source), ARG(order), ARG(step), ARG(scale), ARG(shift), ARG(x),
                       const ulong count, const struct gather_params p)
{
    VIEW(const float, source);
    VIEW(const int, order);
    VIEW(const struct step_state, step);
    VIEW(const float, scale);
    VIEW(const float, shift);
    VIEW(float, x);
    const size_t i = get_global_id(0);
    if (i >= count)
        return;
    const int channel = (int)(i % p.width) / p.plane;
    const size_t from = source_of(i, order, order_base != 0, step, p.width);
    x[i] = source[from] * scale[channel] + shift[channel];
}

// Four bytes each, untouched.
kernel void gather_words(ARG(source), ARG(order), ARG(step), ARG(x), const ulong count,
                         const struct gather_params p)
{
    VIEW(const uint, source);
    VIEW(const int, order);
    VIEW(const struct step_state, step);
    VIEW(uint, x);
    const size_t i = get_global_id(0);
    if (i < count)
        x[i] = source[source_of(i, order, order_base != 0, step, p.width)];
}
