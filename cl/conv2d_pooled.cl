// The gradient of a convolution's weight where max pooling stands behind it: see
// op/conv2d_pooled.c.
#include "bough.h"

#include "conv2d_pooled_params.h"

ROW_KERNEL void conv2d_turn(ARG(x), ARG(turned), const ulong count, const struct turn_params p)
{
    VIEW(const float, x);
    VIEW(float, turned);
    const int row = get_group_id(0), n = row / p.rows, y = row - n * p.rows - p.padding_h;
    global const float *from = x + ((size_t)n * p.channels * p.height + y) * p.width;
    global float *to = turned + (size_t)row * p.columns * p.channels;
    const bool inside = y >= 0 && y < p.height;
    for (int i = 0; i < p.columns; i++) {
        const int j = i - p.padding_w;
        for (int c = get_local_id(0); c < p.channels; c += BOUGH_GROUP)
            to[(size_t)i * p.channels + c] =
                inside && j >= 0 && j < p.width ? from[(size_t)c * p.height * p.width + j] : 0.0f;
    }
    if (row == p.last)
        for (int i = get_local_id(0); i < BOUGH_LANES; i += BOUGH_GROUP)
            to[p.columns * p.channels + i] = 0.0f;
}

ROW_KERNEL void conv2d_turn_windows(ARG(x), ARG(turned), const ulong count,
                                    const struct turn_windows_params p)
{
    VIEW(const float, x);
    VIEW(float, turned);
    const struct turn_params t = p.turn;
    const int row = get_group_id(0), n = row / t.rows;
    const int top = (row - n * t.rows) * p.stride_h - t.padding_h;
    const int elements = p.kernel_h * p.kernel_w * t.channels;
    global float *to = turned + (size_t)row * t.columns * p.lanes;
    for (int i = get_local_id(0); i < p.lanes; i += BOUGH_GROUP) {
        const int tap = i / t.channels, c = i - tap * t.channels;
        const int y = top + tap / p.kernel_w * p.dilation_h;
        const int left = tap % p.kernel_w * p.dilation_w - t.padding_w;
        const bool inside = i < elements && y >= 0 && y < t.height;
        global const float *from = x + (((size_t)n * t.channels + c) * t.height + y) * t.width;
        for (int j = 0; j < t.columns; j++) {
            const int column = left + j * p.stride_w;
            to[(size_t)j * p.lanes + i] =
                inside && column >= 0 && column < t.width ? from[column] : 0.0f;
        }
    }
}

#if BOUGH_GROUP == 1

enum { SOME = 64 };

// sum [16 * vectors] += the runs of x that begin at `at`, each times its dy.
#define ADD_RUNS(vectors)                                                                          \
    static inline void add_runs_##vectors(global float *sum, global const float *x, const int *at, \
                                          const float *dy, int count)                              \
    {                                                                                              \
        float16 total[vectors];                                                                    \
        EACH (v, vectors)                                                                          \
            total[v] = vload16(v, sum);                                                            \
        for (int i = 0; i < count; i++)                                                            \
            EACH (v, vectors)                                                                      \
                total[v] += dy[i] * vload16(v, x + at[i]);                                         \
        EACH (v, vectors)                                                                          \
            vstore16(total[v], v, sum);                                                            \
    }
ADD_RUNS(6)
ADD_RUNS(3)
ADD_RUNS(1)

// Likewise, of one vector: by sums that do not wait for each other.
static inline void add_windows(global float *sum, global const float *x, const int *at,
                               const float *dy, int count)
{
    float16 total[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    int i = 0;
    for (; i + 4 <= count; i += 4)
        EACH (j, 4)
            total[j] += dy[i + j] * vload16(0, x + at[i + j]);
    for (; i < count; i++)
        total[0] += dy[i] * vload16(0, x + at[i]);
    vstore16(vload16(0, sum) + ((total[0] + total[1]) + (total[2] + total[3])), 0, sum);
}

// Of one image and channel, from output `first` on, all: those without a gradient with a dy of 0,
// as by vectors it is quick to find where windows begin.
static inline int collect(int *at, float *slope, global const float *dy, global const int *index,
                          int first, const struct pooled_params p)
{
    const float inverse = 1.0f / (float)p.width;
    const int some = min((int)SOME, p.plane - first);
    for (int i = 0; i < some; i++) {
        const int from = max(index[first + i], 0), y = POOLED_ROW(from, inverse);
        at[i] = y * p.row + (from - y * p.width) * p.column;
        slope[i] = index[first + i] < 0 ? 0.0f : dy[first + i];
    }
    return some;
}

// Leaves out those without a gradient.
static inline int leave_out(int *at, float *slope, global const int *index, int some)
{
    int count = 0;
    for (int i = 0; i < some; i++) {
        at[count] = at[i];
        slope[count] = slope[i];
        count += index[i] >= 0;
    }
    return count;
}

static inline void add_outputs(global float *sum, global const float *x, const int *at,
                               const float *slope, int count, const struct pooled_params p)
{
    for (int tap = 0; tap < p.taps; tap++, sum += p.lanes, x += p.tap_row) {
        int i = 0;
        for (; i + 96 <= p.lanes; i += 96)
            add_runs_6(sum + i, x + i, at, slope, count);
        for (; i + 48 <= p.lanes; i += 48)
            add_runs_3(sum + i, x + i, at, slope, count);
        for (; i < p.lanes; i += 16)
            add_runs_1(sum + i, x + i, at, slope, count);
    }
}

static void add_plane(global float *sum, global const float *x, global const float *dy,
                      global const int *index, const struct pooled_params p)
{
    for (int first = 0; first < p.plane; first += SOME) {
        int at[SOME];
        float slope[SOME];
        const int some = collect(at, slope, dy, index, first, p);
        for (int i = 0; p.windows && i < p.lanes; i += BOUGH_LANES)
            add_windows(sum + i, x + i, at, slope, some);
        if (!p.windows)
            add_outputs(sum, x, at, slope, leave_out(at, slope, index + first, some), p);
    }
}

// One row per channel.
ROW_KERNEL void conv2d_pooled_weight_bwd(ARG(dy), ARG(index), ARG(turned), ARG(sums),
                                         const ulong count, const struct pooled_params p)
{
    VIEW(const float, dy);
    VIEW(const int, index);
    VIEW(const float, turned);
    VIEW(float, sums);
    const size_t size = (size_t)p.taps * p.lanes;
    EACH_ROW (o)
        for (size_t i = 0; !p.add && i < size; i++)
            sums[o * size + i] = 0.0f;
    for (int n = 0; n < p.batch; n++)
        EACH_ROW (o) {
            const size_t plane = ((size_t)n * p.channels + o) * p.plane;
            add_plane(sums + o * size, turned + (size_t)n * p.image, dy + plane, index + plane, p);
        }
}

#else

ROW_KERNEL void conv2d_pooled_weight_bwd(ARG(dy), ARG(index), ARG(turned), ARG(sums),
                                         const ulong count, const struct pooled_params p)
{
    VIEW(const float, dy);
    VIEW(const int, index);
    VIEW(const float, turned);
    VIEW(float, sums);
    const size_t o = get_group_id(0);
    const float inverse = 1.0f / (float)p.width;
    for (int i = get_local_id(0); i < p.taps * p.lanes; i += BOUGH_GROUP) {
        const int tap = i / p.lanes;
        global const float *x = turned + (size_t)tap * p.tap_row + (i - tap * p.lanes);
        float sum = p.add ? sums[o * p.taps * p.lanes + i] : 0.0f;
        for (int n = 0; n < p.batch; n++, x += p.image) {
            const size_t plane = ((size_t)n * p.channels + o) * p.plane;
            float part = 0.0f; // by plane, so that rounding does not grow with the batch
            for (int j = 0; j < p.plane; j++) {
                const int from = index[plane + j], y = POOLED_ROW(from, inverse);
                if (from >= 0)
                    part += dy[plane + j] * x[y * p.row + (from - y * p.width) * p.column];
            }
            sum += part;
        }
        sums[o * p.taps * p.lanes + i] = sum;
    }
}

#endif

ITEM_KERNEL void conv2d_pooled_weight_end(ARG(sums), ARG(dweight), const ulong count,
                                          const struct pooled_weight_params p)
{
    VIEW(const float, sums);
    VIEW(float, dweight);
    EACH_ITEM (i) {
        const size_t line = i / p.width, plane = line / p.taps, o = plane / p.channels;
        const size_t from =
            (o * p.taps + line % p.taps) * p.lanes + i % p.width * p.channels + plane % p.channels;
        dweight[i] = p.add ? dweight[i] + sums[from] : sums[from];
    }
}
