#include "bough.h"
#include "pool_params.h"

// Item i as an element of [planes, height, width].
struct place {
    uint plane;
    int h, w;
};

static inline struct place place_of(size_t i, int height, int width)
{
    const uint row = (uint)i / (uint)width, plane = row / (uint)height;
    struct place place = {plane, (int)(row - plane * height), (int)((uint)i - row * width)};
    return place;
}

// Windows of two by two, side by side and without padding: no loop, no division but for the place.

kernel void max_pool2d_by_two_fwd(ARG(x), ARG(y), ARG(index), const ulong count,
                                  const struct pool_params p)
{
    VIEW(const float, x);
    VIEW(float, y);
    VIEW(int, index);
    const size_t i = get_global_id(0);
    if (i >= count)
        return;
    const struct place at = place_of(i, p.h.out, p.w.out);
    const int width = p.w.size, first = 2 * at.h * width + 2 * at.w;
    x += (size_t)at.plane * p.h.size * width + first;
    const float b = x[1], c = x[width], d = x[width + 1];
    float most = x[0];
    int best = first;
    best = pool_takes(b, most) ? first + 1 : best;
    most = pool_takes(b, most) ? b : most;
    best = pool_takes(c, most) ? first + width : best;
    most = pool_takes(c, most) ? c : most;
    best = pool_takes(d, most) ? first + width + 1 : best;
    most = pool_takes(d, most) ? d : most;
    y[i] = pool_value(p.relu, most);
    index[i] = pool_index(p.relu, most, best);
}

// One item per window, which writes its four elements, and the last ones of an odd row or plane.
kernel void max_pool2d_by_two_bwd(ARG(dy), ARG(index), ARG(dx), const ulong count,
                                  const struct pool_params p)
{
    VIEW(const float, dy);
    VIEW(const int, index);
    VIEW(float, dx);
    const size_t i = get_global_id(0);
    if (i >= count)
        return;
    const struct place at = place_of(i, p.h.out, p.w.out);
    const int width = p.w.size, first = 2 * at.h * width + 2 * at.w;
    const int from = index[i] - first;
    const float slope = dy[i];
    dx += (size_t)at.plane * p.h.size * width + first;
    dx[0] = from == 0 ? slope : 0.0f;
    dx[1] = from == 1 ? slope : 0.0f;
    dx[width] = from == width ? slope : 0.0f;
    dx[width + 1] = from == width + 1 ? slope : 0.0f;
    const bool last_w = width % 2 && at.w == p.w.out - 1;
    const bool last_h = p.h.size % 2 && at.h == p.h.out - 1;
    if (last_w)
        dx[2] = dx[width + 2] = 0.0f;
    if (last_h)
        dx[2 * width] = dx[2 * width + 1] = 0.0f;
    if (last_w && last_h)
        dx[2 * width + 2] = 0.0f;
}

// Any windows.

kernel void max_pool2d_fwd(ARG(x), ARG(y), ARG(index), const ulong count,
                           const struct pool_params p)
{
    VIEW(const float, x);
    VIEW(float, y);
    VIEW(int, index);
    const size_t i = get_global_id(0);
    if (i >= count)
        return;
    const struct place at = place_of(i, p.h.out, p.w.out);
    const struct pool_range rows = pool_window(p.h, at.h), cols = pool_window(p.w, at.w);
    x += (size_t)at.plane * p.h.size * p.w.size;
    int best = rows.begin * p.w.size + cols.begin;
    float most = x[best];
    for (int h = rows.begin; h < rows.end; h++)
        for (int w = cols.begin; w < cols.end; w++) {
            const float value = x[h * p.w.size + w];
            if (pool_takes(value, most)) {
                most = value;
                best = h * p.w.size + w;
            }
        }
    y[i] = pool_value(p.relu, most);
    index[i] = pool_index(p.relu, most, best);
}

kernel void max_pool2d_bwd(ARG(dy), ARG(index), ARG(dx), const ulong count,
                           const struct pool_params p)
{
    VIEW(const float, dy);
    VIEW(const int, index);
    VIEW(float, dx);
    const size_t i = get_global_id(0);
    if (i >= count)
        return;
    const struct place at = place_of(i, p.h.size, p.w.size);
    const struct pool_range rows = pool_windows_over(p.h, at.h);
    const struct pool_range cols = pool_windows_over(p.w, at.w);
    const size_t plane = (size_t)at.plane * p.h.out * p.w.out;
    const int wanted = at.h * p.w.size + at.w;
    float sum = 0.0f;
    for (int h = rows.begin; h < rows.end; h++)
        for (int w = cols.begin; w < cols.end; w++) {
            const size_t window = plane + h * p.w.out + w;
            sum += index[window] == wanted ? dy[window] : 0.0f;
        }
    dx[i] = sum;
}

kernel void avg_pool2d_fwd(ARG(x), ARG(y), const ulong count, const struct pool_params p)
{
    VIEW(const float, x);
    VIEW(float, y);
    const size_t i = get_global_id(0);
    if (i >= count)
        return;
    const struct place at = place_of(i, p.h.out, p.w.out);
    const struct pool_range rows = pool_window(p.h, at.h), cols = pool_window(p.w, at.w);
    x += (size_t)at.plane * p.h.size * p.w.size;
    float sum = 0.0f;
    for (int h = rows.begin; h < rows.end; h++)
        for (int w = cols.begin; w < cols.end; w++)
            sum += x[h * p.w.size + w];
    y[i] = sum / ((float)p.h.window * (float)p.w.window);
}

kernel void avg_pool2d_bwd(ARG(dy), ARG(dx), const ulong count, const struct pool_params p)
{
    VIEW(const float, dy);
    VIEW(float, dx);
    const size_t i = get_global_id(0);
    if (i >= count)
        return;
    const struct place at = place_of(i, p.h.size, p.w.size);
    const struct pool_range rows = pool_windows_over(p.h, at.h);
    const struct pool_range cols = pool_windows_over(p.w, at.w);
    dy += (size_t)at.plane * p.h.out * p.w.out;
    float sum = 0.0f;
    for (int h = rows.begin; h < rows.end; h++)
        for (int w = cols.begin; w < cols.end; w++)
            sum += dy[h * p.w.out + w];
    dx[i] = sum / ((float)p.h.window * (float)p.w.window);
}

ROW_KERNEL void global_avg_pool2d_fwd(ARG(x), ARG(y), const ulong count,
                                      const struct plane_params p)
{
    VIEW(const float, x);
    VIEW(float, y);
    local float scratch[BOUGH_GROUP];
    const size_t row = get_group_id(0);
    float sum = 0.0f;
    for (int i = get_local_id(0); i < p.plane; i += BOUGH_GROUP)
        sum += x[row * p.plane + i];
    sum = GROUP_SUM(sum, scratch);
    if (get_local_id(0) == 0)
        y[row] = sum / (float)p.plane;
}

kernel void global_avg_pool2d_bwd(ARG(dy), ARG(dx), const ulong count, const struct plane_params p)
{
    VIEW(const float, dy);
    VIEW(float, dx);
    const size_t i = get_global_id(0);
    if (i < count)
        dx[i] = dy[(uint)i / (uint)p.plane] / (float)p.plane;
}
