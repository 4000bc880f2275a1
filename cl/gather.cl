#include "bough.h"
#include "gather_params.h"
#include "step.h"

static inline void copy_words(global const uint *source, global uint *x, size_t from, size_t to,
                              int width, int stride)
{
    source += from * stride;
    x += to * width;
    APART
    for (int i = get_local_id(0); i < width; i += BOUGH_GROUP)
        x[i] = source[i];
}

#define SCALE_ROW(type)                                                                            \
    static inline void scale_row_##type(global const type *source, global const float *scale,      \
                                        global const float *shift, global float *x, int width,     \
                                        int plane)                                                 \
    {                                                                                              \
        if (plane == 1) {                                                                          \
            APART                                                                                  \
            for (int i = get_local_id(0); i < width; i += BOUGH_GROUP)                             \
                x[i] = (float)source[i] * scale[i] + shift[i];                                     \
            return;                                                                                \
        }                                                                                          \
        for (int c = 0; c * plane < width; c++, source += plane, x += plane) {                     \
            const float by = scale[c], add = shift[c];                                             \
            APART                                                                                  \
            for (int i = get_local_id(0); i < plane; i += BOUGH_GROUP)                             \
                x[i] = (float)source[i] * by + add;                                                \
        }                                                                                          \
    }

SCALE_ROW(uchar)
SCALE_ROW(float)

// Rows come from anywhere: on a CPU device they are asked for some rows before they are needed.
#if BOUGH_GROUP == 1 && defined __has_builtin
#if __has_builtin(__builtin_prefetch)
#define ASKS
#endif
#endif

static inline void ask_for_row(global const char *row, size_t size)
{
#ifdef ASKS
    for (size_t i = 0; i < min(size, (size_t)1024); i += 64)
        __builtin_prefetch((const void *)(size_t)(row + i));
#endif
}

#define COPY(i)                                                                                    \
    if (HAS(x##i))                                                                                 \
    copy_words((global const uint *)PLACE(source##i), (global uint *)PLACE(x##i), from, row,       \
               p.width[i], p.stride[i])

// Row n of the batch from row order[first + n] of the source; without an order, from row n.
ROW_KERNEL void gather_rows(ARG(order), ARG(step), ARG(scale), ARG(shift), ARG(source0), ARG(x0),
                            ARG(source1), ARG(x1), ARG(source2), ARG(x2), ARG(source3), ARG(x3),
                            ARG(source4), ARG(x4), ARG(source5), ARG(x5), const ulong count,
                            const struct gather_params p)
{
    VIEW(const int, order);
    VIEW(const struct step_state, step);
    VIEW(const float, scale);
    VIEW(const float, shift);
    VIEW(float, x0);
    EACH_ROW (row) {
        const size_t from = HAS(order) ? (size_t)order[step->first + row] : row;
        const size_t begin = from * p.stride[0], prefetch = row + 8;
        if (HAS(order) && prefetch < count) {
            const size_t size = (size_t)p.stride[0] * (p.kind == GATHER_BYTES ? 1 : 4);
            ask_for_row(PLACE(source0) + (size_t)order[step->first + prefetch] * size, size);
        }
        if (p.kind == GATHER_BYTES)
            scale_row_uchar((global const uchar *)PLACE(source0) + begin, scale, shift,
                            x0 + row * p.width[0], p.width[0], p.plane);
        else if (p.kind == GATHER_FLOATS)
            scale_row_float((global const float *)PLACE(source0) + begin, scale, shift,
                            x0 + row * p.width[0], p.width[0], p.plane);
        else
            COPY(0);
        COPY(1);
        COPY(2);
        COPY(3);
        COPY(4);
        COPY(5);
    }
}

// Rows of which nothing is there.
ROW_KERNEL void blank_rows(ARG(present), ARG(x), const ulong count, const struct blank_params p)
{
    VIEW(const float, present);
    VIEW(uint, x);
    EACH_ROW (row) {
        if (present[row] != 0)
            continue;
        APART
        for (int i = get_local_id(0); i < p.width; i += BOUGH_GROUP)
            x[row * p.width + i] = 0;
    }
}
