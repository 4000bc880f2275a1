#include "bough.h"

#include "activation.h"
#include "conv1d_params.h"
#include "lengths.h"

ROW_KERNEL void conv1d_pad(ARG(x), ARG(y), ARG(lengths), ARG(to), const ulong count,
                           const struct conv1d_pad_params p)
{
    VIEW(const float, x);
    VIEW(const float, y);
    VIEW(const int, lengths);
    VIEW(float, to);
    const struct activation_slope slope = activation_slope(p.activation);
    const bool has_y = HAS(y), told = HAS(lengths);
    EACH_ROW (row) {
        const size_t n = row / p.padded;
        const int l = (int)(row % p.padded) - p.shift;
        const bool inside = l >= 0 && l < row_length(told, lengths, n, p.length);
        const long at = ((long)n * p.length + l) * p.width;
        for (int i = get_local_id(0); i < p.width; i += BOUGH_GROUP) {
            float value = 0.0f;
            if (inside)
                value = has_y ? slope_times(slope, y[at + i], x[at + i]) : x[at + i];
            to[row * p.width + i] = value;
        }
    }
}

ROW_KERNEL void conv1d_turn(ARG(weight), ARG(to), const ulong count,
                            const struct conv1d_turn_params p)
{
    VIEW(const float, weight);
    VIEW(float, to);
    EACH_ROW (row) {
        const size_t tap = p.taps - 1 - row / p.outputs, o = row % p.outputs;
        for (int c = get_local_id(0); c < p.channels; c += BOUGH_GROUP)
            to[row * p.channels + c] = weight[(o * p.channels + c) * p.taps + tap];
    }
}
