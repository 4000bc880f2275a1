// The C twins of lstm and gru: cl/recurrent_body.h by vectors of 16 where the processor has them.
#include "op/recurrent.h"

#include "cl/recurrent_block.h"

#define LANES 16
#include "cl/recurrent_lanes.h"
// Behind the lanes.
#include "cl/recurrent_body.h"
#define LANES 8
#include "cl/recurrent_lanes.h"
// Behind the lanes.
#include "cl/recurrent_body.h"

static int has_wide_vectors(void)
{
#if defined __x86_64__ && !defined BOUGH_WITHOUT_AVX512
    return __builtin_cpu_supports("avx512f") != 0;
#else
    return 0;
#endif
}

// A row of the launch is 8 units of a direction.
BOUGH_TWIN static void recurrent_pack(void *const *arg, const void *params, int64_t begin,
                                      int64_t end)
{
    const struct recurrent_pack_params *p = params;
    const int lanes = has_wide_vectors() ? 16 : 8;
    const int wide = (p->units + RECURRENT_WIDE - 1) / RECURRENT_WIDE * RECURRENT_WIDE;
    const int blocks = wide / 8, used = (p->units + 2 * lanes - 1) / (2 * lanes) * 2;
    for (int64_t row = begin; row < end; row++) {
        const size_t direction = (size_t)(row / blocks), gates = (size_t)p->gates;
        const int block = (int)(row % blocks), units = p->units;
        const float *w = (const float *)arg[0] + direction * gates * (size_t)units * (size_t)units;
        float *packed = (float *)arg[1] + direction * gates * (size_t)wide * (size_t)wide;
        if (block >= used || (!p->backward && block * lanes >= units))
            continue;
        if (lanes == 16 && p->backward)
            pack_backward_16(packed, w, units, p->gates, block);
        else if (lanes == 16)
            pack_forward_16(packed, w, units, p->gates, block);
        else if (p->backward)
            pack_backward_8(packed, w, units, p->gates, block);
        else
            pack_forward_8(packed, w, units, p->gates, block);
    }
}

BOUGH_IN_TWIN void forward(void *const *arg, const struct recurrent_params *p, int64_t item,
                           int gates)
{
    const int32_t *lengths = arg[3];
    struct recurrent_block b = {.gx = arg[0],
                                .packed = arg[1],
                                .bias = arg[2],
                                .saved = arg[4],
                                .y = arg[5],
                                .state = arg[6]};
    recurrent_block_place(&b, p, (size_t)item);
    lengths += lengths ? item % p->blocks * p->rows : 0;
    if (has_wide_vectors()) {
        block_begin_16(&b, lengths);
        forward_sweep_16(&b, gates);
        forward_padding_16(&b);
    } else {
        block_begin_8(&b, lengths);
        forward_sweep_8(&b, gates);
        forward_padding_8(&b);
    }
}

BOUGH_IN_TWIN void backward(void *const *arg, const struct recurrent_params *p, int64_t item,
                            int gates)
{
    const int32_t *lengths = arg[1];
    struct recurrent_block b = {.packed = arg[0],
                                .saved = arg[2],
                                .dy = arg[3],
                                .state = arg[4],
                                .dgx = arg[5],
                                .dgates = arg[6]};
    recurrent_block_place(&b, p, (size_t)item);
    lengths += lengths ? item % p->blocks * p->rows : 0;
    if (has_wide_vectors()) {
        block_begin_16(&b, lengths);
        backward_sweep_16(&b, gates);
        backward_padding_16(&b);
    } else {
        block_begin_8(&b, lengths);
        backward_sweep_8(&b, gates);
        backward_padding_8(&b);
    }
}

BOUGH_TWIN static void lstm_fwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    for (int64_t item = begin; item < end; item++)
        forward(arg, params, item, LSTM_GATES);
}

BOUGH_TWIN static void lstm_bwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    for (int64_t item = begin; item < end; item++)
        backward(arg, params, item, LSTM_GATES);
}

BOUGH_TWIN static void gru_fwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    for (int64_t item = begin; item < end; item++)
        forward(arg, params, item, GRU_GATES);
}

BOUGH_TWIN static void gru_bwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    for (int64_t item = begin; item < end; item++)
        backward(arg, params, item, GRU_GATES);
}

BOUGH_TWIN static void gru_bias_bwd(void *const *arg, const void *params, int64_t begin,
                                    int64_t end)
{
    const struct recurrent_params *p = params;
    const int64_t step = (int64_t)p->directions * p->gates * p->units;
    float *restrict dbias = arg[1];
    for (int64_t i = begin, length; i < end; i += length) {
        const int64_t direction = i / p->units, unit = i % p->units;
        const float *from =
            (const float *)arg[0] + (direction * p->gates + p->gates - 1) * p->units + unit;
        length = p->units - unit < end - i ? p->units - unit : end - i;
        for (int64_t j = 0; j < length; j++)
            dbias[i + j] = 0.0f;
        for (int64_t at = 0; at < (int64_t)p->batch * p->length; at++)
            for (int64_t j = 0; j < length; j++)
                dbias[i + j] += from[at * step + j];
    }
}

const struct bough__kernel bough__recurrent_pack = {
    "recurrent_pack", "recurrent", recurrent_pack,
    BOUGH_GRID_ROWS,  .args = 2,   .params_size = sizeof(struct recurrent_pack_params)};
const struct bough__kernel bough__lstm_fwd = {
    "lstm_fwd",      "recurrent", lstm_fwd,
    BOUGH_GRID_ROWS, .args = 7,   .params_size = sizeof(struct recurrent_params)};
const struct bough__kernel bough__lstm_bwd = {
    "lstm_bwd",      "recurrent", lstm_bwd,
    BOUGH_GRID_ROWS, .args = 7,   .params_size = sizeof(struct recurrent_params)};
const struct bough__kernel bough__gru_fwd = {
    "gru_fwd",       "recurrent", gru_fwd,
    BOUGH_GRID_ROWS, .args = 7,   .params_size = sizeof(struct recurrent_params)};
const struct bough__kernel bough__gru_bwd = {
    "gru_bwd",       "recurrent", gru_bwd,
    BOUGH_GRID_ROWS, .args = 7,   .params_size = sizeof(struct recurrent_params)};
const struct bough__kernel bough__gru_bias_bwd = {
    "gru_bias_bwd",   "recurrent", gru_bias_bwd,
    BOUGH_GRID_ITEMS, .args = 2,   .params_size = sizeof(struct recurrent_params)};
