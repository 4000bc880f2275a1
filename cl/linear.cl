#include "bough.h"

#include "linear_params.h"

// A group a column: a bias has few columns and many rows.
ROW_KERNEL void column_sum(ARG(x), ARG(y), const ulong count, const struct column_sum_params p)
{
    local float scratch[BOUGH_GROUP];
    VIEW(const float, x);
    VIEW(float, y);
    const size_t column = get_group_id(0);
    float sum = 0.0f;
    for (int r = get_local_id(0); r < p.rows; r += BOUGH_GROUP) {
        ANY_ORDER
        sum += x[(size_t)r * p.columns + column];
    }
    sum = GROUP_SUM(sum, scratch);
    if (get_local_id(0) == 0)
        y[column] = sum + (p.add ? y[column] : 0.0f);
}
