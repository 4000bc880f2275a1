#include "bough.h"

#include "embedding_params.h"

static inline int id_at(global const int *x, size_t row, const struct embedding_params *p)
{
    const int bits = x[row * p->x_step + p->x_at];
    return p->numbers ? embedding_id_of(as_float(bits), p->vocabulary)
                      : embedding_id(bits, p->vocabulary);
}

ITEM_KERNEL void embedding_fwd(ARG(x), ARG(weight), ARG(y), const ulong count,
                               const struct embedding_params p)
{
    VIEW(const int, x);
    VIEW(const float, weight);
    VIEW(float, y);
    for (size_t i = items_begin(count), end = items_end(count); i < end;) {
        const size_t row = (uint)i / (uint)p.width, at = i - row * p.width;
        const size_t length = min(p.width - at, end - i);
        const int id = id_at(x, row, &p);
        const int absent = p.padding && id == 0;
        global const float *from = weight + (size_t)id * p.width + at;
        global float *to = y + row * p.y_step + p.y_at + at;
        APART
        for (size_t j = 0; j < length; j++)
            to[j] = absent ? 0.0f : from[j];
        i += length;
    }
}

// A row of the launch writes rows of the weight that no other one does: it looks at all ids, in
// order.
ROW_KERNEL void embedding_bwd(ARG(x), ARG(dy), ARG(dweight), const ulong count,
                              const struct embedding_params p)
{
#if BOUGH_GROUP > 1
    local int tile[BOUGH_GROUP];
#endif
    VIEW(const int, x);
    VIEW(const float, dy);
    VIEW(float, dweight);
    const int first = get_group_id(0) * p.share, lane = get_local_id(0);
    const int end = min(first + p.share, p.vocabulary);
    if (!p.add)
        for (size_t i = (size_t)first * p.width + lane; i < (size_t)end * p.width; i += BOUGH_GROUP)
            dweight[i] = 0.0f;
    for (int from = 0; from < p.rows; from += BOUGH_GROUP) {
#if BOUGH_GROUP > 1
        barrier(CLK_LOCAL_MEM_FENCE);
        tile[lane] = from + lane < p.rows ? id_at(x, from + lane, &p) : -1;
        barrier(CLK_LOCAL_MEM_FENCE);
#endif
        for (int k = 0; k < BOUGH_GROUP && from + k < p.rows; k++) {
#if BOUGH_GROUP > 1
            const int id = tile[k];
#else
            const int id = id_at(x, from, &p);
#endif
            if (id < first || id >= end || (p.padding && id == 0))
                continue;
            global const float *slope = dy + (size_t)(from + k) * p.y_step + p.y_at;
            global float *to = dweight + (size_t)id * p.width;
            APART
            for (int c = lane; c < p.width; c += BOUGH_GROUP)
                to[c] += slope[c];
        }
    }
}

ITEM_KERNEL void one_hot_fwd(ARG(x), ARG(y), const ulong count, const struct embedding_params p)
{
    VIEW(const int, x);
    VIEW(float, y);
    EACH_ITEM (i) {
        const size_t row = (uint)i / (uint)p.width;
        const int id = id_at(x, row, &p);
        y[i] = id == (int)(i - row * p.width) && !(p.padding && id == 0) ? 1.0f : 0.0f;
    }
}

ITEM_KERNEL void table_numbers_fwd(ARG(x), ARG(y), const ulong count,
                                   const struct table_numbers_params p)
{
    VIEW(const float, x);
    VIEW(float, y);
    EACH_ITEM (i) {
        const size_t row = (uint)i / (uint)p.count, column = i - row * p.count;
        const float number = x[row * p.columns + p.first + column];
        global float *to = y + row * p.width + p.at + (p.masks ? 2 * column : column);
        to[0] = isnan(number) ? 0.0f : number;
        if (p.masks)
            to[1] = isnan(number) ? 1.0f : 0.0f;
    }
}
