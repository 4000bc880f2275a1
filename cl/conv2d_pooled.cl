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
    for (int c = get_local_id(0); c < p.channels; c += BOUGH_GROUP)
        for (int i = 0; i < p.columns; i++) {
            const int j = i - p.padding_w;
            to[(size_t)i * p.channels + c] =
                inside && j >= 0 && j < p.width ? from[(size_t)c * p.height * p.width + j] : 0.0f;
        }
    if (row == p.last)
        for (int i = get_local_id(0); i < BOUGH_LANES; i += BOUGH_GROUP)
            to[p.columns * p.channels + i] = 0.0f;
}

// One row per channel.
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

// Of one image and channel, some outputs at a time.
static void add_plane(global float *sum, global const float *x, global const float *dy,
                      global const int *index, const struct pooled_params p)
{
    const float inverse = 1.0f / (float)p.width;
    for (int first = 0; first < p.plane; first += SOME) {
        int at[SOME], count = 0;
        float slope[SOME];
        for (int i = first; i < min(first + SOME, p.plane); i++) {
            const int from = index[i], y = POOLED_ROW(from, inverse);
            at[count] = y * p.row + (from - y * p.width) * p.column;
            slope[count] = dy[i];
            count += from >= 0;
        }
        for (int tap = 0; tap < p.taps; tap++, x += p.tap_row, sum += p.lanes) {
            int i = 0;
            for (; i + 96 <= p.lanes; i += 96)
                add_runs_6(sum + i, x + i, at, slope, count);
            for (; i + 48 <= p.lanes; i += 48)
                add_runs_3(sum + i, x + i, at, slope, count);
            for (; i < p.lanes; i += 16)
                add_runs_1(sum + i, x + i, at, slope, count);
        }
        x -= p.taps * p.tap_row;
        sum -= p.taps * p.lanes;
    }
}

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
                                          const struct pooled_end_params p)
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
