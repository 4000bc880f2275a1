#include "bough.h"

#include "softmax_params.h"

ROW_KERNEL void softmax_fwd(ARG(x), ARG(y), const ulong count, const struct softmax_params p)
{
    local float scratch[BOUGH_GROUP];
    VIEW(const float, x);
    VIEW(float, y);
    x += get_group_id(0) * p.classes;
    y += get_group_id(0) * p.classes;
    float most = -INFINITY, sum = 0.0f;
    for (int c = get_local_id(0); c < p.classes; c += BOUGH_GROUP)
        most = fmax(most, x[c]);
    most = GROUP_MAX(most, scratch);
    for (int c = get_local_id(0); c < p.classes; c += BOUGH_GROUP) {
        y[c] = exp(x[c] - most);
        sum += y[c];
    }
    sum = GROUP_SUM(sum, scratch);
    for (int c = get_local_id(0); c < p.classes; c += BOUGH_GROUP)
        y[c] /= sum;
}

ROW_KERNEL void softmax_bwd(ARG(y), ARG(dy), ARG(dx), const ulong count,
                            const struct softmax_params p)
{
    local float scratch[BOUGH_GROUP];
    VIEW(const float, y);
    VIEW(const float, dy);
    VIEW(float, dx);
    y += get_group_id(0) * p.classes;
    dy += get_group_id(0) * p.classes;
    dx += get_group_id(0) * p.classes;
    float mean = 0.0f;
    for (int c = get_local_id(0); c < p.classes; c += BOUGH_GROUP)
        mean += y[c] * dy[c];
    mean = GROUP_SUM(mean, scratch);
    for (int c = get_local_id(0); c < p.classes; c += BOUGH_GROUP)
        dx[c] = y[c] * (dy[c] - mean);
}
