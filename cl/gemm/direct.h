// A tile of c in registers, its operands read where they lie. For CPU devices.
#ifndef BOUGH_CL_GEMM_DIRECT_H
#define BOUGH_CL_GEMM_DIRECT_H

#include "gemm/gemm.h"

#define TILE_ROWS   8
#define TILE_COLS   32
#define TILE_PIECES 4

// Element (row r, depth d) of A is a[row_at[r] + step[d].x]. The columns of B are pieces of
// neighbours, and piece i begins at b[piece_at[i] + step[d].y]: two of 16, four of 8, or a
// single one of 16 (piece 0).
struct tile {
    global const float *a, *b;
    global const int2 *step;
    int depth;
    int row_at[TILE_ROWS], piece_at[TILE_PIECES];
};

static inline float16 join(global const float *first, global const float *second)
{
    float16 value = 0.0f;
    value.lo = vload8(0, first);
    value.hi = vload8(0, second);
    return value;
}

// 16 columns from pieces b[i], b[i + 1].
#define TILE_LOAD_0(b, i, at)  vload16(0, (b)[i] + (at))
#define TILE_LOAD_16(b, i, at) vload16(0, (b)[i] + (at))
#define TILE_LOAD_8(b, i, at)  join((b)[i] + (at), (b)[(i) + 1] + (at))

// sums[row][column]. The sums are registers only where all loops over them have constant ends.
#define TILE(rows, piece, vectors, next)                                                           \
    ONCE void tile_##rows##_##piece(float *sums, const struct tile *t)                             \
    {                                                                                              \
        float16 sum[rows][vectors];                                                                \
        global const float *row[rows], *b[vectors * next];                                         \
        EACH (i, vectors * next)                                                                   \
            b[i] = t->b + t->piece_at[i];                                                          \
        EACH (r, rows)                                                                             \
            row[r] = t->a + t->row_at[r];                                                          \
        EACH (r, rows)                                                                             \
            EACH (v, vectors)                                                                      \
                sum[r][v] = 0.0f;                                                                  \
        global const int2 *end = t->step + t->depth;                                               \
        for (global const int2 *step = t->step; step < end; step++) {                              \
            const long down = step->x, at = step->y;                                               \
            float16 cols[2];                                                                       \
            EACH (v, vectors)                                                                      \
                cols[v] = TILE_LOAD_##piece(b, v * (next), at);                                    \
            EACH (r, rows)                                                                         \
                EACH (v, vectors)                                                                  \
                    sum[r][v] += row[r][down] * cols[v];                                           \
        }                                                                                          \
        EACH (r, rows)                                                                             \
            EACH (v, vectors)                                                                      \
                vstore16(sum[r][v], r *vectors + v, sums);                                         \
    }
// Each count of rows takes a while to build, so an odd one takes its last row twice.
#define TILES(piece, vectors, next)                                                                \
    TILE(1, piece, vectors, next)                                                                  \
    TILE(2, piece, vectors, next)                                                                  \
    TILE(4, piece, vectors, next)                                                                  \
    TILE(6, piece, vectors, next)                                                                  \
    TILE(8, piece, vectors, next)                                                                  \
    static void tile_rows_##piece(float *sums, struct tile *t, int rows)                           \
    {                                                                                              \
        if (rows % 2 == 1)                                                                         \
            t->row_at[rows] = t->row_at[rows - 1];                                                 \
        if (rows > 6)                                                                              \
            tile_8_##piece(sums, t);                                                               \
        else if (rows > 4)                                                                         \
            tile_6_##piece(sums, t);                                                               \
        else if (rows > 2)                                                                         \
            tile_4_##piece(sums, t);                                                               \
        else if (rows > 1)                                                                         \
            tile_2_##piece(sums, t);                                                               \
        else                                                                                       \
            tile_1_##piece(sums, t);                                                               \
    }

// The first row of tile `i` of the `tiles` that `count` rows make. No tile but the last is odd.
static long tile_row(long count, long tiles, long i)
{
    return min(count, (count + 1) / 2 * i / tiles * 2);
}

// ---- Parts of vectors ----

// Only the first `count`.
static inline void put8(float8 value, global float *to, int count)
{
    float part[8];
    if (count >= 8) {
        vstore8(value, 0, to);
        return;
    }
    vstore8(value, 0, part);
    for (int i = 0; i < count; i++)
        to[i] = part[i];
}

static inline void put16(float16 value, global float *to, int count)
{
    float part[16];
    if (count >= 16) {
        vstore16(value, 0, to);
        return;
    }
    vstore16(value, 0, part);
    for (int i = 0; i < count; i++)
        to[i] = part[i];
}

// The rest is 0.
static inline float16 get16(global const float *from, int count)
{
    if (count >= 16)
        return vload16(0, from);
    float part[16];
    vstore16((float16)(0.0f), 0, part);
    if (count & 8)
        vstore8(vload8(0, from), 0, part);
    if (count & 4)
        vstore4(vload4(0, from + (count & 8)), 0, part + (count & 8));
    if (count & 2)
        vstore2(vload2(0, from + (count & 12)), 0, part + (count & 12));
    if (count & 1)
        part[count & 14] = from[count & 14];
    return vload16(0, part);
}

#endif
