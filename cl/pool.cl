#include "bough.h"
#include "pool_params.h"

// Item i as an element of [planes, height, width].
struct place {
    size_t plane;
    int h, w;
};

static inline struct place place_of(size_t i, int height, int width)
{
    const size_t plane = i / ((size_t)height * width);
    const int rest = (int)(i - plane * height * width);
    struct place place = {plane, rest / width, rest % width};
    return place;
}

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
    x += at.plane * p.h.size * p.w.size;
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
    y[i] = most;
    index[i] = best;
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
    const size_t plane = at.plane * p.h.out * p.w.out;
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
    x += at.plane * p.h.size * p.w.size;
    float sum = 0.0f;
    for (int h = rows.begin; h < rows.end; h++)
        for (int w = cols.begin; w < cols.end; w++)
            sum += x[h * p.w.size + w];
    y[i] = sum / (float)(p.h.window * p.w.window);
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
    dy += at.plane * p.h.out * p.w.out;
    float sum = 0.0f;
    for (int h = rows.begin; h < rows.end; h++)
        for (int w = cols.begin; w < cols.end; w++)
            sum += dy[h * p.w.out + w];
    dx[i] = sum / (float)(p.h.window * p.w.window);
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

kernel void global_avg_pool2d_bwd(ARG(dy), ARG(dx), const ulong count,
                                  const struct plane_params p)
{
    VIEW(const float, dy);
    VIEW(float, dx);
    const size_t i = get_global_id(0);
    if (i < count)
        dx[i] = dy[i / p.plane] / (float)p.plane;
}
