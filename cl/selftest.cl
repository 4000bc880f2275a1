#include "bough.h"
#include "selftest.h"
#include "walk.h"

// sums [rows] = row sums of x [rows, cols]
ROW_KERNEL void selftest_row_sum(ARG(x), ARG(sums), const ulong count,
                                 const struct selftest_params p)
{
    VIEW(const float, x);
    VIEW(float, sums);
    local float scratch[BOUGH_GROUP];
    const size_t row = get_group_id(0);
    float sum = 0.0f;
    for (int i = get_local_id(0); i < p.cols; i += BOUGH_GROUP)
        sum += x[row * p.cols + i];
    sum = GROUP_SUM(sum, scratch);
    if (get_local_id(0) == 0)
        sums[row] = sum;
}

// y [rows, cols] = softmax of every row of x
ROW_KERNEL void selftest_softmax(ARG(x), ARG(y), const ulong count, const struct selftest_params p)
{
    VIEW(const float, x);
    VIEW(float, y);
    local float scratch[BOUGH_GROUP];
    const size_t at = get_group_id(0) * p.cols;
    float top = -INFINITY, sum = 0.0f;
    for (int i = get_local_id(0); i < p.cols; i += BOUGH_GROUP)
        top = fmax(top, x[at + i]);
    top = GROUP_MAX(top, scratch);
    for (int i = get_local_id(0); i < p.cols; i += BOUGH_GROUP)
        sum += exp(x[at + i] - top);
    sum = GROUP_SUM(sum, scratch);
    for (int i = get_local_id(0); i < p.cols; i += BOUGH_GROUP)
        y[at + i] = exp(x[at + i] - top) / sum;
}

// sums [C] = sums over the channels of x [N, C, plane]
ROW_KERNEL void selftest_channel_sum(ARG(x), ARG(sums), const ulong count,
                                     const struct selftest_walk_params p)
{
    VIEW(const float, x);
    VIEW(float, sums);
    local float scratch[BOUGH_GROUP];
    const size_t c = get_group_id(0);
    const struct walk walk = walk_of(p.plane);
    float sum = 0.0f;
    EACH_PLACE (i, c, p.batch, p.channels, p.plane) {
        ANY_ORDER
        sum += x[i];
    }
    sum = GROUP_SUM(sum, scratch);
    if (get_local_id(0) == 0)
        sums[c] = sum;
}

// turns [rows] = how often a long loop over a row of x turned
ROW_KERNEL void selftest_long_loop(ARG(x), ARG(turns), const ulong count,
                                   const struct selftest_params p)
{
    VIEW(const float, x);
    VIEW(float, turns);
    const size_t row = get_group_id(0);
    int turned = 0;
    for (int i = 0; i < (get_local_id(0) == 0 ? SELFTEST_TURNS : 0); i++)
        turned += x[row * p.cols + i % p.cols] < 2.0f;
    if (get_local_id(0) == 0)
        turns[row] = turned;
}
