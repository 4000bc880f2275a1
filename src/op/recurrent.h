// What lstm and gru have in common.
#ifndef BOUGH_OP_RECURRENT_H
#define BOUGH_OP_RECURRENT_H

#include "op/op.h"

#include "cl/recurrent_params.h"

// One of the two. What their kernels are given stands in recurrent.c.
struct bough__recurrent {
    const struct bough__kernel *forward, *backward;
    int gates, saves;
    const char *wanted; // of the inputs' shapes
};

extern const struct bough__kernel bough__recurrent_pack, bough__gru_bias_bwd;
extern const struct bough__kernel bough__lstm_fwd, bough__lstm_bwd;
extern const struct bough__kernel bough__gru_fwd, bough__gru_bwd;

// gx, weight_hh, of gru bias_hn, and lengths or nothing.
enum bough_status bough__recurrent_shape(struct bough__op_need *need,
                                         const struct bough__op_call *call,
                                         const struct bough__recurrent *kind);
enum bough_status bough__recurrent_forward(struct bough__sequence *out,
                                           const struct bough__op_call *call,
                                           const struct bough__recurrent *kind);
enum bough_status bough__recurrent_backward(struct bough__sequence *out,
                                            const struct bough__op_call *call,
                                            const struct bough__recurrent *kind);

#endif
