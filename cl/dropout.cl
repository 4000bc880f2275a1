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
    EACH_ITEM (i) {
        const struct random4 draw = dropout_draw(seed0, seed1, now, p.stream, (uint)i);
        if ((int)i < p.full) {
            const float4 four = vload4(i, x);
            vstore4((float4)(dropout_value(four.x, draw.v[0], p.p, p.scale),
                             dropout_value(four.y, draw.v[1], p.p, p.scale),
                             dropout_value(four.z, draw.v[2], p.p, p.scale),
                             dropout_value(four.w, draw.v[3], p.p, p.scale)),
                    i, y);
        } else {
            for (int j = 0; j < p.tail; j++)
                y[4 * i + j] = dropout_value(x[4 * i + j], draw.v[j], p.p, p.scale);
        }
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
