// The gradient of a convolution's weight as GEMM on CPU devices: k runs over positions, B is the
// windows that they look through. The taps are the rows of tiles, read where they lie in padded
// images, and the rows of A are their columns, packed.
#define BOUGH_NO_STACK
#include "bough.h"
#include "gemm/direct.h"
#include "gemm/pack.h"
#include "gemm/padded_tile.h"

TILES(16, 2, 1)
TILES(0, 1, 1)

// A's rows at `count` neighbouring positions from `from` on, as strips [position, width].
static void pack_rows(const struct gemm_params *p, global float *panel, global const float *from,
                      int count)
{
    const int width = p->tiles.width;
    for (long row = 0; row < p->m; row += LANES) {
        const int rows = (int)min((long)LANES, p->m - row);
        global float *to = panel + row / width * width * count + row % width;
        for (int k = 0; k < count; k += LANES) {
            float16 block[LANES];
            for (int r = 0; r < LANES; r++)
                block[r] = r < rows ? get16(from + gemm_axis_at(&p->a.across, row + r) + k,
                                            min(LANES, count - k))
                                    : (float16)(0.0f);
            transpose(block);
            for (int i = 0; i < min(LANES, count - k); i++)
                vstore16(block[i], 0, to + (long)(k + i) * width);
        }
    }
}

// Adds one tile to the sums [strip, tap, width].
static void padded_tile_run(const struct gemm_params *p, struct tile *t, global float *sums,
                            global const int *tap, int from_zero)
{
    const int width = p->tiles.width, strips = (int)((p->m + width - 1) / width);
    const long tiles = (p->n + TILE_ROWS - 1) / TILE_ROWS;
    global const float *panel = t->b;
    for (int s = 0; s < strips; s++) {
        t->b = panel + (long)s * width * t->depth;
        for (long i = 0; i < tiles; i++) {
            const long first = tile_row(p->n, tiles, i);
            const int rows = (int)(tile_row(p->n, tiles, i + 1) - first);
            float part[TILE_ROWS * TILE_COLS];
            for (int r = 0; r < rows; r++)
                t->row_at[r] = tap[first + r];
            if (width == 32)
                tile_rows_16(part, t, rows);
            else
                tile_rows_0(part, t, rows);
            global float *to = sums + (s * p->n + first) * width;
            for (int j = 0; j < rows * width / LANES; j++) {
                float16 value = vload16(j, part);
                if (!from_zero)
                    value += vload16(j, to);
                vstore16(value, j, to);
            }
        }
    }
    t->b = panel;
}

// ---- Few taps ----

// Rows of A times taps, both read along positions where they lie: packing would take longer. Each
// has a vector of sums, that all tiles of a group add to.
struct dots {
    global const float *a, *image;
    global const int4 *run; // 16 positions: as windows look from `x`, in the next row from `y`;
    int runs;               // from lane `z` on they are there
    global float *sums;     // [row, tap, 16]
    int row_at[10], row_sum[10], tap_at[3], tap_sum[3];
};

// The sums are registers only where all loops over them have constant ends.
#define DOTS(rows, taps)                                                                           \
    ONCE void dots_##rows##_##taps(const struct dots *d)                                           \
    {                                                                                              \
        float16 sum[rows][taps];                                                                   \
        global const float *row[rows], *tap[taps];                                                 \
        EACH (r, rows)                                                                             \
            row[r] = d->a + d->row_at[r];                                                          \
        EACH (t, taps)                                                                             \
            tap[t] = d->image + d->tap_at[t];                                                      \
        EACH (r, rows)                                                                             \
            EACH (t, taps)                                                                         \
                sum[r][t] = AT16(d->sums + d->row_sum[r] + d->tap_sum[t]);                         \
        global const int4 *run = d->run;                                                           \
        for (long i = 0, end = d->runs * LANES; i < end; i += LANES, run++) {                      \
            const int16 is_far = LANE >= run->z;                                                   \
            const long near = run->x, far = run->y;                                                \
            float16 x[taps];                                                                       \
            EACH (t, taps)                                                                         \
                x[t] = select(AT16(tap[t] + near), AT16(tap[t] + far), is_far);                    \
            EACH (r, rows) {                                                                       \
                const float16 y = AT16(row[r] + i);                                                \
                EACH (t, taps)                                                                     \
                    sum[r][t] += y * x[t];                                                         \
            }                                                                                      \
        }                                                                                          \
        global float *sums = d->sums;                                                              \
        EACH (r, rows)                                                                             \
            EACH (t, taps)                                                                         \
                AT16(sums + d->row_sum[r] + d->tap_sum[t]) = sum[r][t];                            \
    }

DOTS(8, 3)
DOTS(10, 2)

// Adds a tile. Where rows or taps end, the last one is done again.
static void dots_run(const struct gemm_params *p, struct dots *d, global const int *tap)
{
    const int n = (int)p->n, m = (int)p->m, rows = p->tiles.dot_rows, taps = rows == 8 ? 3 : 2;
    for (int row = 0; row < m; row += rows) {
        for (int r = 0; r < rows; r++) {
            d->row_at[r] = (int)gemm_axis_at(&p->a.across, min(row + r, m - 1));
            d->row_sum[r] = min(row + r, m - 1) * n * LANES;
        }
        for (int first = 0; first < n; first += taps) {
            for (int t = 0; t < taps; t++) {
                d->tap_at[t] = tap[min(first + t, n - 1)];
                d->tap_sum[t] = min(first + t, n - 1) * LANES;
            }
            if (rows == 8)
                dots_8_3(d);
            else
                dots_10_2(d);
        }
    }
}

// Each 16 positions of a tile lie in one row or in two.
static void dots_init(const struct gemm_params *p, struct dots *d, global int4 *run)
{
    const int width = p->b.out_w, line = p->b.stride_h * p->tiles.pitch;
    d->run = run;
    d->runs = p->tiles.rows * width / LANES;
    for (int i = 0; i < d->runs; i++) {
        const int row = i * LANES / width, col = i * LANES - row * width, near = row * line + col;
        const int split = min(LANES, width - col);
        run[i] = (int4)(near, split < LANES ? near + line - width : near, split, 0);
    }
    for (int i = 0; i < p->m * p->n; i++)
        AT16(d->sums + i * LANES) = (float16)(0.0f);
}

// sums [strip, tap, width], of the vectors.
static void dots_end(const struct gemm_params *p, const struct dots *d, global float *sums)
{
    const long width = p->tiles.width;
    for (long row = 0; row < p->m; row++)
        for (long tap = 0; tap < p->n; tap++) {
            const float16 sum = AT16(d->sums + (row * p->n + tap) * LANES);
            const float8 a = sum.lo + sum.hi;
            const float4 b = a.lo + a.hi;
            sums[(row / width * p->n + tap) * width + row % width] = b.x + b.z + (b.y + b.w);
        }
}

// ---- The groups ----

static void packed_init(const struct gemm_params *p, struct tile *tile, global int2 *step)
{
    for (int h = 0, k = 0; h < p->tiles.rows; h++)
        for (int col = 0; col < p->b.out_w; col++, k++)
            step[k] = (int2)(h * p->b.stride_h * p->tiles.pitch + col, k * p->tiles.width);
    tile->step = step;
    for (int i = 0; i < TILE_PIECES; i++)
        tile->piece_at[i] = i * LANES;
}

ONCE void dw_run(const struct gemm_params *p, const struct work *w)
{
    global int *tap = (global int *)(w->own + p->tiles.tap_at);
    global float *image = w->own + p->tiles.image_at, *panel = w->own + p->tiles.panel_at;
    global float *sums = w->own + p->tiles.partial_at;
    const int channels = (int)p->n / (p->b.kernel_h * p->b.kernel_w);
    const int positions = p->b.out_h * p->b.out_w;
    for (int i = 0; i < p->n; i++)
        tap[i] = tap_at(p, i);
    clear(image, p->tiles.panel_at - p->tiles.image_at);
    struct tile tile;
    struct dots dots;
    tile.a = dots.image = image;
    tile.b = dots.sums = panel;
    if (p->tiles.dot_rows)
        dots_init(p, &dots, (global int4 *)w->own);
    else
        packed_init(p, &tile, (global int2 *)w->own);
    for (long i = w->first; i < w->last; i++) {
        const struct padded_tile padded = padded_tile_at(p, i);
        global const float *a =
            w->a + gemm_axis_at(&p->a.depth, padded.image * positions + padded.row * p->b.out_w);
        if (p->tiles.per_image > 1) // what is padded changes from tile to tile
            clear(image, p->tiles.panel_at - p->tiles.image_at);
        pad(p, image, w->b + padded.image * p->b.image_stride, padded.row, channels);
        if (p->tiles.dot_rows) {
            dots.a = a;
            dots_run(p, &dots, tap);
            continue;
        }
        tile.depth = padded.rows * p->b.out_w;
        pack_rows(p, panel, a, tile.depth);
        padded_tile_run(p, &tile, sums, tap, i == w->first);
    }
    if (p->tiles.dot_rows)
        dots_end(p, &dots, sums);
}

// Group (tiles, 1, batch). Leaves partial sums for gemm_windows_sum.
kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
gemm_windows_dw(ARG(a), ARG(b), ARG(c), ARG(bias), ARG(scratch), const struct gemm_params p)
{
    VIEW(const float, a);
    VIEW(const float, b);
    VIEW(float, scratch);
    const struct work w = work_of(&p, a, b, scratch);
    dw_run(&p, &w);
}

// ---- The end ----

// block[tap] = the sums of all groups, first group first.
static void sum_groups(float16 *block, const struct gemm_params *p, global const float *from,
                       long taps)
{
    const int width = p->tiles.width;
    for (int i = 0; i < LANES; i++)
        block[i] = 0.0f;
    for (long group = 0; group < p->splits; group++, from += p->tiles.own_size)
        for (int i = 0; i < taps; i++)
            block[i] += vload16(0, from + i * width);
}

// 16 rows of c. from: their partial sums of the first group.
ONCE void rows_run(const struct gemm_params *p, global float *c, global const float *bias,
                   global const float *from, long row, long batch)
{
    const int rows = (int)min((long)LANES, p->m - row);
    for (long col = 0; col < p->n; col += LANES) {
        float16 block[LANES];
        float sums[LANES];
        const int cols = (int)min((long)LANES, p->n - col);
        sum_groups(block, p, from + col * p->tiles.width, cols);
        transpose(block);
        for (int r = 0; r < rows; r++) {
            vstore16(block[r], 0, sums);
            for (int i = 0; i < cols; i++)
                gemm_store(p, c, sums[i], bias, batch, row + r, col + i);
        }
    }
}

// Group (16 rows of c, 1, batch).
kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
gemm_windows_sum(ARG(a), ARG(b), ARG(c), ARG(bias), ARG(scratch), const struct gemm_params p)
{
    VIEW(const float, bias);
    VIEW(float, c);
    VIEW(const float, scratch);
    const long row = get_group_id(0) * LANES, batch = get_group_id(2);
    const int width = p.tiles.width;
    rows_run(&p, c, bias,
             scratch + p.tiles.own_at + p.tiles.partial_at + batch * p.splits * p.tiles.own_size +
                 row / width * width * p.n + row % width,
             row, batch);
}
