#include "bough.h"

#include "activation.h"
#include "conv2d_params.h"

// One row per channel: dbias [O] = sum of dy over N and OH * OW; with y given, dy is first taken
// through the activation, in place. dbias may be absent.
ROW_KERNEL void conv2d_bias_bwd(ARG(dy), ARG(y), ARG(dbias), const ulong count,
                                const struct conv2d_params p)
{
    VIEW(float, dy);
    VIEW(const float, y);
    VIEW(float, dbias);
    local float scratch[BOUGH_GROUP];
    const size_t channel = get_group_id(0);
    const bool has_y = HAS(y);
    const struct activation_slope slope = activation_slope(p.activation);
    float total = 0.0f;
    for (int n = 0; n < p.batch; n++) {
        ANY_ORDER
        const size_t at = ((size_t)n * p.channels + channel) * p.plane;
        float sum = 0.0f; // by plane, so that rounding does not grow with the batch
        if (has_y) {
            APART
            for (int i = get_local_id(0); i < p.plane; i += BOUGH_GROUP) {
                const float value = slope_times(slope, y[at + i], dy[at + i]);
                dy[at + i] = value;
                sum += value;
            }
        } else {
            for (int i = get_local_id(0); i < p.plane; i += BOUGH_GROUP)
                sum += dy[at + i];
        }
        total += sum;
    }
    total = GROUP_SUM(total, scratch);
    if (HAS(dbias) && get_local_id(0) == 0)
        dbias[channel] = p.add ? dbias[channel] + total : total;
}

// The same of a pooling's dy: dbias [O] = sum of dy over N and OH * OW where index is not -1.
#if BOUGH_GROUP == 1

ROW_KERNEL void conv2d_pooled_bias_bwd(ARG(dy), ARG(index), ARG(dbias), const ulong count,
                                       const struct conv2d_params p)
{
    VIEW(const float, dy);
    VIEW(const int, index);
    VIEW(float, dbias);
    const size_t channel = get_group_id(0);
    float16 total = 0.0f;
    float all = 0.0f;
    // By plane, so that rounding does not grow with the batch.
    for (int n = 0; n < p.batch; n++) {
        const size_t at = ((size_t)n * p.channels + channel) * p.plane;
        float16 sum = 0.0f;
        float rest = 0.0f;
        int i = 0;
        for (; i + 16 <= p.plane; i += 16) {
            const int16 from = vload16(0, index + at + i);
            sum += select(vload16(0, dy + at + i), (float16)(0.0f), from < 0);
        }
        for (; i < p.plane; i++)
            rest += index[at + i] < 0 ? 0.0f : dy[at + i];
        total += sum;
        all += rest;
    }
    for (int i = 0; i < 16; i++)
        all += total[i];
    dbias[channel] = p.add ? dbias[channel] + all : all;
}

#else

ROW_KERNEL void conv2d_pooled_bias_bwd(ARG(dy), ARG(index), ARG(dbias), const ulong count,
                                       const struct conv2d_params p)
{
    VIEW(const float, dy);
    VIEW(const int, index);
    VIEW(float, dbias);
    local float scratch[BOUGH_GROUP];
    const size_t channel = get_group_id(0);
    float total = 0.0f;
    for (int n = 0; n < p.batch; n++) {
        const size_t at = ((size_t)n * p.channels + channel) * p.plane;
        float sum = 0.0f;
        for (int i = get_local_id(0); i < p.plane; i += BOUGH_GROUP)
            sum += index[at + i] < 0 ? 0.0f : dy[at + i];
        total += sum;
    }
    total = GROUP_SUM(total, scratch);
    if (get_local_id(0) == 0)
        dbias[channel] = p.add ? dbias[channel] + total : total;
}

#endif
