#include "bough.h"
#include "pool_params.h"

// Those of this work-item's items, as elements of [planes, height, width], that lie in one row.
struct run {
    size_t at; // the first of them
    uint plane;
    int h, w, length;
};

static inline struct run first_run(ulong count, int height, int width)
{
    const size_t at = items_begin(count), end = items_end(count);
    const uint row = (uint)at / (uint)width, plane = row / (uint)height;
    const int w = (int)((uint)at - row * width);
    struct run run = {at, plane, (int)(row - plane * height), w, 0};
    run.length = at < end ? (int)min((size_t)(width - w), end - at) : 0;
    return run;
}

// Length 0 behind the last one.
static inline struct run next_run(struct run run, ulong count, int height, int width)
{
    run.at += run.length;
    run.w = 0;
    run.h = run.h + 1 < height ? run.h + 1 : 0;
    run.plane += run.h == 0;
    run.length = (int)min((size_t)width, items_end(count) - run.at);
    return run;
}

#define EACH_RUN(run, height, width)                                                               \
    for (struct run run = first_run(count, height, width); run.length > 0;                         \
         run = next_run(run, count, height, width))

// The turns of a loop over a run. On a CPU device they are made up to whole vectors where what lies
// behind the run is the same work-item's: its next runs write it again.
static inline int turns_of(struct run run, ulong count)
{
    const int whole = (run.length + 7) / 8 * 8;
    return BOUGH_GROUP == 1 && run.at + whole <= items_end(count) ? whole : run.length;
}

#if BOUGH_GROUP == 1
#define BY_EIGHT                                                                                   \
    _Pragma("clang loop vectorize(assume_safety) vectorize_width(8) interleave_count(1)")
#else
#define BY_EIGHT
#endif

// Windows of two by two, side by side and without padding: no loop, no division but for the place.

ITEM_KERNEL void max_pool2d_by_two_fwd(ARG(x), ARG(y), ARG(index), const ulong count,
                                       const struct pool_params p)
{
    VIEW(const float, x);
    VIEW(float, y);
    VIEW(int, index);
    EACH_RUN (run, p.h.out, p.w.out) {
        const int width = p.w.size, begin = 2 * run.h * width + 2 * run.w;
        global const float *from = x + (size_t)run.plane * p.h.size * width + begin;
        const int turns = turns_of(run, count);
        BY_EIGHT
        for (int j = 0; j < turns; j++) {
            const int first = begin + 2 * j;
            const float b = from[2 * j + 1], c = from[width + 2 * j], d = from[width + 2 * j + 1];
            float most = from[2 * j];
            int best = first;
            best = pool_takes(b, most) ? first + 1 : best;
            most = pool_takes(b, most) ? b : most;
            best = pool_takes(c, most) ? first + width : best;
            most = pool_takes(c, most) ? c : most;
            best = pool_takes(d, most) ? first + width + 1 : best;
            most = pool_takes(d, most) ? d : most;
            y[run.at + j] = pool_value(p.relu, most);
            index[run.at + j] = pool_index(p.relu, most, best);
        }
    }
}

// One item per window, which writes its four elements, and the last ones of an odd row or plane.
ITEM_KERNEL void max_pool2d_by_two_bwd(ARG(dy), ARG(index), ARG(dx), const ulong count,
                                       const struct pool_params p)
{
    VIEW(const float, dy);
    VIEW(const int, index);
    VIEW(float, dx);
    EACH_RUN (run, p.h.out, p.w.out) {
        const int width = p.w.size, begin = 2 * run.h * width + 2 * run.w;
        global float *to = dx + (size_t)run.plane * p.h.size * width + begin;
        // From the middle of a row, more turns would reach into the row below, which is another's.
        const int turns = run.w == 0 ? turns_of(run, count) : run.length;
        for (int row = 0; row < 2; row++, to += width) {
            BY_EIGHT
            for (int j = 0; j < turns; j++) {
                const int from = index[run.at + j] - begin - row * width - 2 * j;
                const float slope = dy[run.at + j];
                to[2 * j] = from == 0 ? slope : 0.0f;
                to[2 * j + 1] = from == 1 ? slope : 0.0f;
            }
        }
        const int end = 2 * run.length, ends = run.w + run.length == p.w.out ? width % 2 : 0;
        if (ends)
            to[end - 2 * width] = to[end - width] = 0.0f;
        if (p.h.size % 2 && run.h == p.h.out - 1)
            for (int j = 0; j < end + ends; j++)
                to[j] = 0.0f;
    }
}

// Any windows.

ITEM_KERNEL void max_pool2d_fwd(ARG(x), ARG(y), ARG(index), const ulong count,
                                const struct pool_params p)
{
    VIEW(const float, x);
    VIEW(float, y);
    VIEW(int, index);
    EACH_RUN (run, p.h.out, p.w.out) {
        const struct pool_range rows = pool_window(p.h, run.h);
        global const float *from = x + (size_t)run.plane * p.h.size * p.w.size;
        for (int j = 0; j < run.length; j++) {
            const struct pool_range cols = pool_window(p.w, run.w + j);
            int best = rows.begin * p.w.size + cols.begin;
            float most = from[best];
            for (int h = rows.begin; h < rows.end; h++)
                for (int w = cols.begin; w < cols.end; w++) {
                    const float value = from[h * p.w.size + w];
                    if (pool_takes(value, most)) {
                        most = value;
                        best = h * p.w.size + w;
                    }
                }
            y[run.at + j] = pool_value(p.relu, most);
            index[run.at + j] = pool_index(p.relu, most, best);
        }
    }
}

ITEM_KERNEL void max_pool2d_bwd(ARG(dy), ARG(index), ARG(dx), const ulong count,
                                const struct pool_params p)
{
    VIEW(const float, dy);
    VIEW(const int, index);
    VIEW(float, dx);
    EACH_RUN (run, p.h.size, p.w.size) {
        const struct pool_range rows = pool_windows_over(p.h, run.h);
        const size_t plane = (size_t)run.plane * p.h.out * p.w.out;
        for (int j = 0; j < run.length; j++) {
            const struct pool_range cols = pool_windows_over(p.w, run.w + j);
            const int wanted = run.h * p.w.size + run.w + j;
            float sum = 0.0f;
            for (int h = rows.begin; h < rows.end; h++)
                for (int w = cols.begin; w < cols.end; w++) {
                    const size_t window = plane + h * p.w.out + w;
                    sum += index[window] == wanted ? dy[window] : 0.0f;
                }
            dx[run.at + j] = sum;
        }
    }
}

// The sum of a part of a plane whose rows are `width` wide, over the size of a window.
static inline float pool_mean(const struct pool_params *p, global const float *plane, int width,
                              struct pool_range rows, struct pool_range cols)
{
    float sum = 0.0f;
    for (int h = rows.begin; h < rows.end; h++)
        for (int w = cols.begin; w < cols.end; w++)
            sum += plane[h * width + w];
    return sum / ((float)p->h.window * (float)p->w.window);
}

ITEM_KERNEL void avg_pool2d_fwd(ARG(x), ARG(y), const ulong count, const struct pool_params p)
{
    VIEW(const float, x);
    VIEW(float, y);
    const int by_two = pool_by_two(&p), width = p.w.size;
    EACH_RUN (run, p.h.out, p.w.out) {
        const struct pool_range rows = pool_window(p.h, run.h);
        global const float *from = x + (size_t)run.plane * p.h.size * p.w.size;
        if (by_two) {
            from += 2 * (run.h * width + run.w);
            APART
            for (int j = 0; j < run.length; j++)
                y[run.at + j] = (from[2 * j] + from[2 * j + 1] + from[width + 2 * j] +
                                 from[width + 2 * j + 1]) /
                                4.0f;
            continue;
        }
        for (int j = 0; j < run.length; j++)
            y[run.at + j] = pool_mean(&p, from, p.w.size, rows, pool_window(p.w, run.w + j));
    }
}

ITEM_KERNEL void avg_pool2d_bwd(ARG(dy), ARG(dx), const ulong count, const struct pool_params p)
{
    VIEW(const float, dy);
    VIEW(float, dx);
    const int by_two = pool_by_two(&p);
    EACH_RUN (run, p.h.size, p.w.size) {
        const struct pool_range rows = pool_windows_over(p.h, run.h);
        global const float *from = dy + (size_t)run.plane * p.h.out * p.w.out;
        if (by_two) {
            const int covered = run.h / 2 < p.h.out ? 2 * p.w.out : 0;
            from += min(run.h / 2, p.h.out - 1) * p.w.out;
            APART
            for (int j = 0; j < run.length; j++) {
                const int w = run.w + j;
                dx[run.at + j] = w < covered ? from[min(w / 2, p.w.out - 1)] / 4.0f : 0.0f;
            }
            continue;
        }
        for (int j = 0; j < run.length; j++)
            dx[run.at + j] = pool_mean(&p, from, p.w.out, rows, pool_windows_over(p.w, run.w + j));
    }
}

ROW_KERNEL void global_avg_pool2d_fwd(ARG(x), ARG(y), const ulong count,
                                      const struct plane_params p)
{
    VIEW(const float, x);
    VIEW(float, y);
    local float scratch[BOUGH_GROUP];
    const size_t row = get_group_id(0);
    x += row * p.plane;
    float sum = 0.0f;
    {
        ANY_ORDER
        for (int i = get_local_id(0); i < p.plane; i += BOUGH_GROUP)
            sum += x[i];
    }
    sum = GROUP_SUM(sum, scratch);
    if (get_local_id(0) == 0)
        y[row] = sum / (float)p.plane;
}

ITEM_KERNEL void global_avg_pool2d_bwd(ARG(dy), ARG(dx), const ulong count,
                                       const struct plane_params p)
{
    VIEW(const float, dy);
    VIEW(float, dx);
    EACH_RUN (run, 1, p.plane) {
        const float share = dy[run.plane] / (float)p.plane;
        APART
        for (int j = 0; j < run.length; j++)
            dx[run.at + j] = share;
    }
}
