// lstm: gx [N, L, dirs * 4H], weight_hh [dirs, 4H, H], lengths [N] or absent -> y [N, L, dirs * H]
//   i, f, g, o = gx + weight_hh h, by sigmoid, sigmoid, tanh, sigmoid
//   c = f c + i g,  h = o tanh(c)
// gx are the input's products with the bias, gates in that order. With two directions the second
// goes from a row's last position to its first. Both begin with zeros; y is 0 in the padding.
#include "op/recurrent.h"

static const struct bough__recurrent kind = {
    &bough__lstm_fwd, &bough__lstm_bwd, LSTM_GATES, LSTM_SAVES,
    "[N, L, dirs * 4H], [dirs, 4H, H] with one or two dirs, and lengths I32 [N] or none"};

static enum bough_status lstm_shape(struct bough__op_need *need, const struct bough__op_call *call)
{
    return bough__recurrent_shape(need, call, &kind);
}

static enum bough_status lstm_forward(struct bough__sequence *out,
                                      const struct bough__op_call *call)
{
    return bough__recurrent_forward(out, call, &kind);
}

static enum bough_status lstm_backward(struct bough__sequence *out,
                                       const struct bough__op_call *call)
{
    return bough__recurrent_backward(out, call, &kind);
}

const struct bough__op bough__op_lstm = {
    .name = "lstm",
    .inputs_min = 2,
    .inputs_max = 3,
    .flags = BOUGH__OP_BACKWARD_READS_X,
    .no_gradient = 1 << 2,
    .shape = lstm_shape,
    .forward = lstm_forward,
    .backward = lstm_backward,
};
