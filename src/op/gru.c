// gru: gx [N, L, dirs * 3H], weight_hh [dirs, 3H, H], bias_hn [dirs, H], lengths [N] or absent
//      -> y [N, L, dirs * H]
//   r, z = sigmoid(gx + weight_hh h),  n = tanh(gx + r (weight_hh h + bias_hn))
//   h = (1 - z) n + z h
// gx are the input's products with the bias, gates in that order; directions as in lstm.
#include "op/recurrent.h"

static const struct bough__recurrent kind = {&bough__gru_fwd, &bough__gru_bwd, GRU_GATES, GRU_SAVES,
                                             "[N, L, dirs * 3H], [dirs, 3H, H] with one or two "
                                             "dirs, [dirs, H], and lengths I32 [N] or none"};

static enum bough_status gru_shape(struct bough__op_need *need, const struct bough__op_call *call)
{
    return bough__recurrent_shape(need, call, &kind);
}

static enum bough_status gru_forward(struct bough__sequence *out, const struct bough__op_call *call)
{
    return bough__recurrent_forward(out, call, &kind);
}

static enum bough_status gru_backward(struct bough__sequence *out,
                                      const struct bough__op_call *call)
{
    return bough__recurrent_backward(out, call, &kind);
}

const struct bough__op bough__op_gru = {
    .name = "gru",
    .inputs_min = 3,
    .inputs_max = 4,
    .flags = BOUGH__OP_BACKWARD_READS_X,
    .no_gradient = 1 << 3,
    .shape = gru_shape,
    .forward = gru_forward,
    .backward = gru_backward,
};
