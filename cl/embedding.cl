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

// Rows first..end-1 of the weight: looks at all ids, in order.
static inline void add_vectors(global const int *x, global const float *dy, global float *dweight,
                               int first, int end, local int *tile,
                               const struct embedding_params *p)
{
    const int lane = get_local_id(0);
    if (!p->add)
        for (size_t i = (size_t)first * p->width + lane; i < (size_t)end * p->width;
             i += BOUGH_GROUP)
            dweight[i] = 0.0f;
    for (int from = 0; from < p->rows; from += BOUGH_GROUP) {
#if BOUGH_GROUP > 1
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE); // behind other lanes' zeros
        tile[lane] = from + lane < p->rows ? id_at(x, from + lane, p) : -1;
        barrier(CLK_LOCAL_MEM_FENCE);
#endif
        for (int k = 0; k < BOUGH_GROUP && from + k < p->rows; k++) {
#if BOUGH_GROUP > 1
            const int id = tile[k];
#else
            const int id = id_at(x, from, p);
#endif
            if (id < first || id >= end || (p->padding && id == 0))
                continue;
            global const float *slope = dy + (size_t)(from + k) * p->y_step + p->y_at;
            global float *to = dweight + (size_t)id * p->width;
            APART
            for (int c = lane; c < p->width; c += BOUGH_GROUP)
                to[c] += slope[c];
        }
    }
}

// A row of the launch writes rows of the weight that no other one does.
ROW_KERNEL void embedding_bwd(ARG(x), ARG(dy), ARG(dweight), const ulong count,
                              const struct embedding_params p)
{
    local int tile[BOUGH_GROUP];
    VIEW(const int, x);
    VIEW(const float, dy);
    VIEW(float, dweight);
    const int first = get_group_id(0) * p.share;
    add_vectors(x, dy, dweight, first, min(first + p.share, p.vocabulary), tile, &p);
}

static inline void put_vector(global float *y, global const float *weight, int id, int width)
{
    weight += (size_t)id * width;
    for (int c = get_local_id(0); c < width; c += BOUGH_GROUP)
        y[c] = weight[c];
}

#define PUT(k)                                                                                     \
    if (HAS(weight##k)) {                                                                          \
        global const float *vectors = (global const float *)PLACE(weight##k);                      \
        put_vector(to + p.y_at[k], vectors, embedding_id_of(from[p.x_at[k]], p.vocabulary[k]),     \
                   p.width[k]);                                                                    \
    }

ROW_KERNEL void table_fwd(ARG(x), ARG(y), ARG(weight0), ARG(weight1), ARG(weight2), ARG(weight3),
                          ARG(weight4), ARG(weight5), ARG(weight6), const ulong count,
                          const struct table_params p)
{
    VIEW(const float, x);
    VIEW(float, y);
    EACH_ROW (row) {
        global const float *from = x + row * p.x_step;
        global float *to = y + row * p.y_step;
        PUT(0) PUT(1) PUT(2) PUT(3) PUT(4) PUT(5) PUT(6)
    }
}

#define ADD(k)                                                                                     \
    if (get_group_id(0) == k && HAS(dweight##k)) {                                                 \
        const struct embedding_params of = {.rows = p.rows,                                        \
                                            .width = p.width[k],                                   \
                                            .vocabulary = p.vocabulary[k],                         \
                                            .x_step = p.x_step,                                    \
                                            .x_at = p.x_at[k],                                     \
                                            .y_step = p.y_step,                                    \
                                            .y_at = p.y_at[k],                                     \
                                            .numbers = 1,                                          \
                                            .add = p.add >> k & 1};                                \
        add_vectors(x, dy, (global float *)PLACE(dweight##k), 0, of.vocabulary, tile, &of);        \
    }

// A row of the launch is a column.
ROW_KERNEL void table_bwd(ARG(x), ARG(dy), ARG(dweight0), ARG(dweight1), ARG(dweight2),
                          ARG(dweight3), ARG(dweight4), ARG(dweight5), ARG(dweight6),
                          const ulong count, const struct table_params p)
{
    local int tile[BOUGH_GROUP];
    VIEW(const int, x);
    VIEW(const float, dy);
    ADD(0) ADD(1) ADD(2) ADD(3) ADD(4) ADD(5) ADD(6)
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
