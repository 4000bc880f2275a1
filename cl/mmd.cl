#include "bough.h"

#include "mmd_params.h"

// A column's squares of distance to its mean, of both inputs' rows.
ITEM_KERNEL void column_spread(ARG(x), ARG(other), ARG(part), const ulong count,
                               const struct mmd_params p)
{
    VIEW(const float, x);
    VIEW(const float, other);
    VIEW(float, part);
    EACH_ITEM (c) {
        float sum = 0.0f, squares = 0.0f;
        for (int r = 0; r < p.rows; r++)
            sum += x[(size_t)r * p.columns + c] + other[(size_t)r * p.columns + c];
        const float mean = sum / (float)(2 * p.rows);
        for (int r = 0; r < p.rows; r++) {
            const float a = x[(size_t)r * p.columns + c] - mean;
            const float b = other[(size_t)r * p.columns + c] - mean;
            squares += a * a + b * b;
        }
        part[c] = squares;
    }
}

// A row of the launch is a row of x, or of `other` behind them, against all others.
ROW_KERNEL void mmd_fwd(ARG(x), ARG(other), ARG(mean), ARG(slope), ARG(part), const ulong count,
                        const struct mmd_params p)
{
    local float scratch[BOUGH_GROUP];
    VIEW(const float, x);
    VIEW(const float, other);
    VIEW(const float, mean);
    VIEW(float, slope);
    VIEW(float, part);
    const int row = get_group_id(0), of_x = row < p.rows, widths = p.widths;
    float width[MMD_MOST_WIDTHS]; // a copy: Mesa 22.3 does not survive p.width[w] in a loop
    EACH (w, MMD_MOST_WIDTHS)
        width[w] = p.width[w];
    global const float *a =
        of_x ? x + (size_t)row * p.columns : other + (size_t)(row - p.rows) * p.columns;
    float sum = 0.0f;
    for (int j = get_local_id(0); j < 2 * p.rows; j += BOUGH_GROUP) {
        global const float *b =
            j < p.rows ? x + (size_t)j * p.columns : other + (size_t)(j - p.rows) * p.columns;
        const float sign = of_x == (j < p.rows) ? 1.0f : -1.0f;
        float distance = 0.0f;
        for (int c = 0; c < p.columns; c++) {
            ANY_ORDER
            distance += (a[c] - b[c]) * (a[c] - b[c]);
        }
        const struct mmd_kernel k = mmd_kernel(width, widths, distance, mean[0]);
        sum += sign * k.value;
        if (of_x)
            slope[(size_t)row * 2 * p.rows + j] = sign * k.slope;
    }
    const float all = GROUP_SUM(sum, scratch);
    if (get_local_id(0) == 0)
        part[row] = all;
}

ITEM_KERNEL void mmd_bwd(ARG(x), ARG(other), ARG(slope), ARG(dy), ARG(dx), const ulong count,
                         const struct mmd_back_params p)
{
    VIEW(const float, x);
    VIEW(const float, other);
    VIEW(const float, slope);
    VIEW(const float, dy);
    VIEW(float, dx);
    for (size_t i = items_begin(count), end = items_end(count); i < end;) {
        const size_t row = (uint)i / (uint)p.columns, at = i - row * p.columns;
        const size_t length = min(p.columns - at, end - i);
        global const float *own = x + i, *s = slope + row * 2 * p.rows;
        global float *to = dx + i;
        for (size_t c = 0; c < length && !p.add; c++)
            to[c] = 0.0f;
        for (int j = 0; j < 2 * p.rows; j++) {
            global const float *from = (j < p.rows ? x + (size_t)j * p.columns
                                                   : other + (size_t)(j - p.rows) * p.columns) +
                                       at;
            const float factor = dy[0] * p.factor * s[j];
            APART
            for (size_t c = 0; c < length; c++)
                to[c] += factor * (own[c] - from[c]);
        }
        i += length;
    }
}
