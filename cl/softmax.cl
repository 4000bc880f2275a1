#include "floats.h"
#include "softmax_params.h"

ROW_KERNEL void softmax_fwd(ARG(x), ARG(y), const ulong count, const struct softmax_params p)
{
    local float scratch[BOUGH_GROUP];
    VIEW(const float, x);
    VIEW(float, y);
    const long readable = (long)(count - get_group_id(0)) * p.classes;
    x += get_group_id(0) * p.classes;
    y += get_group_id(0) * p.classes;
    floats top = -INFINITY, sum = 0.0f;
    for (int c = 0; c < p.classes; c += LANES)
        top = larger_floats(top, load_floats(x + c, p.classes - c, readable - c, -INFINITY));
    const float most = GROUP_MAX(most_of_floats(top), scratch);
    for (int c = 0; c < p.classes; c += LANES) {
        const floats part = exp(load_floats(x + c, p.classes - c, readable - c, -INFINITY) - most);
        store_floats(part, y + c, p.classes - c);
        sum += part;
    }
    const float all = GROUP_SUM(sum_floats(sum), scratch);
    for (int c = get_local_id(0); c < p.classes; c += BOUGH_GROUP)
        y[c] /= all;
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
    const long readable = (long)(count - get_group_id(0)) * p.classes;
    floats sum = 0.0f;
    for (int c = 0; c < p.classes; c += LANES)
        sum += load_floats(y + c, p.classes - c, readable - c, 0.0f) *
               load_floats(dy + c, p.classes - c, readable - c, 0.0f);
    const float mean = GROUP_SUM(sum_floats(sum), scratch);
    for (int c = 0; c < p.classes; c += LANES) {
        const floats part = load_floats(y + c, p.classes - c, readable - c, 0.0f) *
                            (load_floats(dy + c, p.classes - c, readable - c, 0.0f) - mean);
        store_floats(part, dx + c, p.classes - c);
    }
}
