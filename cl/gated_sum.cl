#include "floats.h"
#include "gated_sum_params.h"

ITEM_KERNEL void gated_sum_fwd(ARG(x), ARG(gate), ARG(y), const ulong count,
                               const struct gated_sum_params p)
{
    VIEW(const float, x);
    VIEW(const float, gate);
    VIEW(float, y);
    for (size_t i = items_begin(count), end = items_end(count); i < end;) {
        const size_t row = (uint)i / (uint)p.width, at = i - row * p.width;
        const size_t length = min(p.width - at, end - i);
        global const float *from = x + row * p.experts * p.width + at;
        global const float *factor = gate + row * p.gates;
        global float *to = y + i;
        APART
        for (size_t j = 0; j < length; j++)
            to[j] = factor[0] * from[j];
        for (int e = 1; e < p.experts; e++) {
            global const float *next = from + (size_t)e * p.width;
            APART
            for (size_t j = 0; j < length; j++)
                to[j] += factor[e] * next[j];
        }
        i += length;
    }
}

ITEM_KERNEL void gated_sum_dx(ARG(gate), ARG(dy), ARG(dx), const ulong count,
                              const struct gated_sum_params p)
{
    VIEW(const float, gate);
    VIEW(const float, dy);
    VIEW(float, dx);
    for (size_t i = items_begin(count), end = items_end(count); i < end;) {
        const size_t expert = (uint)i / (uint)p.width, at = i - expert * p.width;
        const size_t length = min(p.width - at, end - i);
        const size_t row = (uint)expert / (uint)p.experts;
        global const float *from = dy + row * p.width + at;
        const float factor = gate[row * p.gates + (expert - row * p.experts)];
        APART
        for (size_t j = 0; j < length; j++)
            dx[i + j] = factor * from[j] + (p.add ? dx[i + j] : 0.0f);
        i += length;
    }
}

ROW_KERNEL void gated_sum_dgate(ARG(x), ARG(dy), ARG(dgate), const ulong count,
                                const struct gated_sum_params p)
{
    local float scratch[BOUGH_GROUP];
    VIEW(const float, x);
    VIEW(const float, dy);
    VIEW(float, dgate);
    const size_t row = get_group_id(0), sample = row / p.experts;
    const long x_room = (long)(count - row) * p.width;
    const long dy_room = (long)(count / p.experts - sample) * p.width;
    x += row * p.width;
    dy += sample * p.width;
    floats sum = 0.0f;
    for (int c = 0; c < p.width; c += LANES)
        sum += load_floats(x + c, p.width - c, x_room - c, 0.0f) *
               load_floats(dy + c, p.width - c, dy_room - c, 0.0f);
    const float dot = GROUP_SUM(sum_floats(sum), scratch);
    if (get_local_id(0) == 0)
        dgate[row] = dot + (p.add ? dgate[row] : 0.0f);
}

// One row per expert.
ROW_KERNEL void gated_sum_dgate_end(ARG(part), ARG(dgate), const ulong count,
                                    const struct gated_sum_end_params p)
{
    local float scratch[BOUGH_GROUP];
    VIEW(const float, part);
    VIEW(float, dgate);
    const size_t expert = get_group_id(0);
    float sum = 0.0f;
    for (int row = get_local_id(0); row < p.rows; row += BOUGH_GROUP)
        sum += part[(size_t)row * p.experts + expert];
    const float all = GROUP_SUM(sum, scratch);
    if (get_local_id(0) == 0)
        dgate[expert] = all + (p.add ? dgate[expert] : 0.0f);
}
