// lstm and gru: a group takes a block of rows of one direction through all its positions.
#include "bough.h"

#include "recurrent_block.h"

#if BOUGH_GROUP > 1
#define LANES BOUGH_GROUP
#elif BOUGH_VECTOR >= 16
#define LANES 16
#else
#define LANES 8
#endif
#include "recurrent_lanes.h"
// Behind the lanes.
#include "recurrent_body.h"

// Group (direction, LANES units).
ROW_KERNEL void recurrent_pack(ARG(w), ARG(packed), const ulong count,
                               const struct recurrent_pack_params p)
{
    VIEW(const float, w);
    VIEW(float, packed);
    const int wide = (p.units + RECURRENT_WIDE - 1) / RECURRENT_WIDE * RECURRENT_WIDE;
    const int blocks = count / p.directions;
    const int direction = get_group_id(0) / blocks, block = get_group_id(0) % blocks;
    if (block * LANES >= (p.units + 2 * LANES - 1) / (2 * LANES) * (2 * LANES))
        return;
    w += (size_t)direction * p.gates * p.units * p.units;
    packed += (size_t)direction * p.gates * wide * wide;
    if (p.backward)
        pack_backward(packed, w, p.units, p.gates, block);
    else if (block * LANES < p.units)
        pack_forward(packed, w, p.units, p.gates, block);
}

#define FORWARD(name, gates_)                                                                      \
    ROW_KERNEL void name(ARG(gx), ARG(packed), ARG(bias), ARG(lengths), ARG(saved), ARG(y),        \
                         ARG(state), const ulong count, const struct recurrent_params p)           \
    {                                                                                              \
        VIEW(const float, gx);                                                                     \
        VIEW(const float, packed);                                                                 \
        VIEW(const float, bias);                                                                   \
        VIEW(const int, lengths);                                                                  \
        VIEW(float, saved);                                                                        \
        VIEW(float, y);                                                                            \
        VIEW(float, state);                                                                        \
        struct recurrent_block b;                                                                  \
        const size_t group = get_group_id(0);                                                      \
        b.gx = gx;                                                                                 \
        b.packed = packed;                                                                         \
        b.bias = HAS(bias) ? bias : 0;                                                             \
        b.saved = saved;                                                                           \
        b.y = y;                                                                                   \
        b.state = state;                                                                           \
        b.dy = 0;                                                                                  \
        b.dgx = b.dgates = 0;                                                                      \
        recurrent_block_place(&b, &p, group);                                                      \
        block_begin(&b, HAS(lengths) ? lengths + group % p.blocks *p.rows : 0);                    \
        forward_sweep(&b, gates_);                                                                 \
        forward_padding(&b);                                                                       \
    }
FORWARD(lstm_fwd, LSTM_GATES)
FORWARD(gru_fwd, GRU_GATES)

#define BACKWARD(name, gates_)                                                                     \
    ROW_KERNEL void name(ARG(packed), ARG(lengths), ARG(saved), ARG(dy), ARG(state), ARG(dgx),     \
                         ARG(dgates), const ulong count, const struct recurrent_params p)          \
    {                                                                                              \
        VIEW(const float, packed);                                                                 \
        VIEW(const int, lengths);                                                                  \
        VIEW(float, saved);                                                                        \
        VIEW(const float, dy);                                                                     \
        VIEW(float, state);                                                                        \
        VIEW(float, dgx);                                                                          \
        VIEW(float, dgates);                                                                       \
        struct recurrent_block b;                                                                  \
        const size_t group = get_group_id(0);                                                      \
        b.packed = packed;                                                                         \
        b.saved = saved;                                                                           \
        b.dy = dy;                                                                                 \
        b.state = state;                                                                           \
        b.dgx = HAS(dgx) ? dgx : 0;                                                                \
        b.dgates = dgates;                                                                         \
        b.gx = b.bias = 0;                                                                         \
        b.y = 0;                                                                                   \
        recurrent_block_place(&b, &p, group);                                                      \
        block_begin(&b, HAS(lengths) ? lengths + group % p.blocks *p.rows : 0);                    \
        backward_sweep(&b, gates_);                                                                \
        backward_padding(&b);                                                                      \
    }
BACKWARD(lstm_bwd, LSTM_GATES)
BACKWARD(gru_bwd, GRU_GATES)

// Of what is added to h inside of r: dgates [positions, directions, gates, units], its last gate.
ITEM_KERNEL void gru_bias_bwd(ARG(dgates), ARG(dbias), const ulong count,
                              const struct recurrent_params p)
{
    VIEW(const float, dgates);
    VIEW(float, dbias);
    const int step = p.directions * p.gates * p.units, positions = p.batch * p.length;
    const int units = p.units, gates = p.gates;
    for (size_t i = items_begin(count), end = items_end(count), length; i < end; i += length) {
        const size_t direction = (uint)i / (uint)units, unit = (uint)i % (uint)units;
        global const float *from = dgates + (direction * gates + gates - 1) * units + unit;
        global float *to = dbias + i;
        length = min(units - unit, end - i);
        for (size_t j = 0; j < length; j++)
            to[j] = 0.0f;
        for (int at = 0; at < positions; at++, from += step) {
            APART
            for (size_t j = 0; j < length; j++)
                to[j] += from[j];
        }
    }
}
