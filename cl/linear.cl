#include "bough.h"

#include "activation.h"
#include "linear_params.h"

// A group takes 16 columns: dbias is the sum of dy over the rows; with y given, dy is multiplied by
// the activation's slope before, in place. dbias may be absent.
#if BOUGH_GROUP == 1

static inline float16 slopes_times(struct activation_slope s, float16 y, float16 dy)
{
    const float16 below = s.below == 0.0f ? (float16)(0.0f) : s.below * dy;
    return s.curved ? dy * (s.start + y) * (1.0f - y) : select(below, dy, y > 0.0f);
}

ROW_KERNEL void linear_bias_bwd(ARG(dy), ARG(y), ARG(dbias), const ulong count,
                                const struct linear_params p)
{
    VIEW(float, dy);
    VIEW(const float, y);
    VIEW(float, dbias);
    const int first = (int)get_group_id(0) * LINEAR_COLUMNS;
    const int columns = min(p.columns - first, (int)LINEAR_COLUMNS);
    const bool has_y = HAS(y);
    const struct activation_slope slope = activation_slope(p.activation);
    float sum[LINEAR_COLUMNS] = {0.0f};
    if (columns == LINEAR_COLUMNS) {
        float16 total = 0.0f;
        for (int r = 0; r < p.rows; r++) {
            const size_t at = (size_t)r * p.columns + first;
            float16 value = vload16(0, dy + at);
            if (has_y) {
                value = slopes_times(slope, vload16(0, y + at), value);
                vstore16(value, 0, dy + at);
            }
            total += value;
        }
        vstore16(total, 0, sum);
    } else {
        for (int r = 0; r < p.rows; r++)
            for (int c = 0; c < columns; c++) {
                const size_t at = (size_t)r * p.columns + first + c;
                float value = dy[at];
                if (has_y)
                    dy[at] = value = slope_times(slope, y[at], value);
                sum[c] += value;
            }
    }
    for (int c = 0; HAS(dbias) && c < columns; c++)
        dbias[first + c] = sum[c] + (p.add ? dbias[first + c] : 0.0f);
}

#else

// Items side by side take neighbours of a row: each a column of some of the rows.
ROW_KERNEL void linear_bias_bwd(ARG(dy), ARG(y), ARG(dbias), const ulong count,
                                const struct linear_params p)
{
    local float scratch[BOUGH_GROUP];
    VIEW(float, dy);
    VIEW(const float, y);
    VIEW(float, dbias);
    const struct activation_slope slope = activation_slope(p.activation);
    const int id = get_local_id(0), width = min(BOUGH_GROUP, (int)LINEAR_COLUMNS);
    for (int part = 0; part < LINEAR_COLUMNS; part += width) { // small groups: one after the other
        const int column = (int)get_group_id(0) * LINEAR_COLUMNS + part + id % width;
        float sum = 0.0f;
        for (int r = id / width; column < p.columns && r < p.rows; r += BOUGH_GROUP / width) {
            const size_t at = (size_t)r * p.columns + column;
            float value = dy[at];
            if (HAS(y))
                dy[at] = value = slope_times(slope, y[at], value);
            sum += value;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        scratch[id] = sum;
        barrier(CLK_LOCAL_MEM_FENCE);
        if (!HAS(dbias) || id >= width || column >= p.columns)
            continue;
        for (int other = id + width; other < BOUGH_GROUP; other += width)
            sum += scratch[other];
        dbias[column] = sum + (p.add ? dbias[column] : 0.0f);
    }
}

#endif
