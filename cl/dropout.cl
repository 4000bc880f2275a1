#include "bough.h"
#include "dropout_params.h"
#include "step.h"

// Item i takes elements 4 i to 4 i + 3: one draw.
ITEM_KERNEL void dropout(ARG(x), ARG(step), ARG(y), const ulong count,
                         const struct dropout_params p)
{
    VIEW(const float, x);
    VIEW(const struct step_state, step);
    VIEW(float, y);
    const uint seed0 = step->seed[0], seed1 = step->seed[1], now = step->step;
    const size_t begin = items_begin(count), end = items_end(count), full = p.full;
    APART
    for (size_t i = begin; i < min(end, full); i++) {
        const struct random4 draw = dropout_draw(seed0, seed1, now, p.stream, (uint)i);
        for (int j = 0; j < 4; j++)
            y[4 * i + j] = dropout_value(x[4 * i + j], draw.v[j], p.p, p.scale);
    }
    if (begin < end && end > full) {
        const struct random4 draw = dropout_draw(seed0, seed1, now, p.stream, (uint)full);
        for (int j = 0; j < p.tail; j++)
            y[4 * full + j] = dropout_value(x[4 * full + j], draw.v[j], p.p, p.scale);
    }
}

// One row per channel of a sample.
ROW_KERNEL void dropout2d(ARG(x), ARG(step), ARG(y), const ulong count,
                          const struct dropout_params p)
{
    VIEW(const float, x);
    VIEW(const struct step_state, step);
    VIEW(float, y);
    const size_t row = get_group_id(0);
    const struct random4 draw =
        dropout_draw(step->seed[0], step->seed[1], step->step, p.stream, (uint)row);
    x += row * p.plane;
    y += row * p.plane;
    for (int i = get_local_id(0); i < p.plane; i += BOUGH_GROUP)
        y[i] = dropout_value(x[i], draw.v[0], p.p, p.scale);
}
