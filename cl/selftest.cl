#include "bough.h"
#include "selftest.h"

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
