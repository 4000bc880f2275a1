#include "bough.h"

#include "activation.h"
#include "dropout_params.h"
#include "step.h"

// Items `begin` to `end` - 1, of four elements and one draw each; y may be x.
static inline void drop(global float *y, global const float *x,
                        global const struct step_state *step, const struct dropout_params p,
                        size_t begin, size_t end)
{
    const uint seed0 = step->seed[0], seed1 = step->seed[1], now = step->step;
    const size_t full = p.full, last = min(end, full);
    APART
    for (size_t i = begin; i < last; i++) {
        const struct random4 draw = dropout_draw(seed0, seed1, now, p.stream, (uint)i);
        EACH (j, 4)
            y[4 * i + j] = dropout_value(x[4 * i + j], draw.v[j], p.p, p.scale);
    }
    if (begin < end && end > full) {
        const struct random4 draw = dropout_draw(seed0, seed1, now, p.stream, (uint)full);
        for (int j = 0; j < p.tail; j++)
            y[4 * full + j] = dropout_value(x[4 * full + j], draw.v[j], p.p, p.scale);
    }
}

ITEM_KERNEL void dropout(ARG(x), ARG(step), ARG(y), const ulong count,
                         const struct dropout_params p)
{
    VIEW(const float, x);
    VIEW(const struct step_state, step);
    VIEW(float, y);
    drop(y, x, step, p, items_begin(count), items_end(count));
}

ITEM_KERNEL void activation_dropout_fwd(ARG(x), ARG(step), ARG(y), const ulong count,
                                        const struct dropout_params p)
{
    VIEW(const float, x);
    VIEW(const struct step_state, step);
    VIEW(float, y);
    const size_t end = items_end(count);
    for (size_t at = items_begin(count), next; at < end; at = next) {
        next = min(at + DROPOUT_BLOCK, end);
        activate(y, x, dropout_element(p, at), dropout_element(p, next), p.activation);
        drop(y, y, step, p, at, next);
    }
}

// dx may be dy.
ITEM_KERNEL void activation_dropout_bwd(ARG(x), ARG(step), ARG(dy), ARG(dx), const ulong count,
                                        const struct dropout_params p)
{
    VIEW(const float, x);
    VIEW(const struct step_state, step);
    VIEW(const float, dy);
    VIEW(float, dx);
    const size_t end = items_end(count);
    for (size_t at = items_begin(count), next; at < end; at = next) {
        next = min(at + DROPOUT_BLOCK, end);
        drop(dx, dy, step, p, at, next);
        activation_back(dx, dx, x, dropout_element(p, at), dropout_element(p, next), p.activation);
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
