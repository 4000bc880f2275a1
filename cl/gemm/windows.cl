// Convolutions as GEMM on CPU devices, without a column buffer: B is windows, read where it lies in
// padded images. The forward pass, and the gradient of the input.
#define BOUGH_NO_STACK
#include "bough.h"
#include "gemm/direct.h"
#include "gemm/padded_tile.h"

#define LANES     16
#define LANE      ((int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#define MOST_ROWS 12

// ---- Blocks of sums ----

// Up to 16 positions that are neighbours in c. Lane i looks through tap t at near + i + t, or from
// `split` on, in the next row, at far + i + t.
struct run {
    int out, count, near, far, split;
};

// Rows of A times one run or two. A is packed: what the sums begin with, then row by row of depth.
struct block {
    global const float *a, *image;
    global const int *tap;
    int depth;
    struct run run[2];
    global float *to;
    long stride;  // of a row
    int at[2];    // of a run's sums in it
    int last;     // row; those behind it are the same
    float lowest; // what smaller sums become
};

static inline float16 larger(float16 value, float16 lowest)
{
    return select(value, lowest, value < lowest); // NaN stays NaN
}

// The sums are registers only where all loops over them have constant ends.
#define BLOCK(rows, runs)                                                                          \
    ONCE void block_##rows##_##runs(const struct block *t)                                         \
    {                                                                                              \
        float16 sum[rows][runs];                                                                   \
        int16 is_far[runs];                                                                        \
        global const float *a = t->a, *near[runs], *far[runs];                                     \
        EACH (i, runs) {                                                                           \
            near[i] = t->image + t->run[i].near;                                                   \
            far[i] = t->image + t->run[i].far;                                                     \
            is_far[i] = LANE >= t->run[i].split;                                                   \
        }                                                                                          \
        EACH (r, rows)                                                                             \
            EACH (i, runs)                                                                         \
                sum[r][i] = a[r];                                                                  \
        global const int *end = t->tap + t->depth;                                                 \
        for (global const int *tap = t->tap; tap < end; tap++) {                                   \
            const long at = *tap;                                                                  \
            float16 x[runs];                                                                       \
            a += rows;                                                                             \
            EACH (i, runs)                                                                         \
                x[i] = select(AT16(near[i] + at), AT16(far[i] + at), is_far[i]);                   \
            EACH (r, rows)                                                                         \
                EACH (i, runs)                                                                     \
                    sum[r][i] += a[r] * x[i];                                                      \
        }                                                                                          \
        const float16 lowest = t->lowest;                                                          \
        global float *to = t->to;                                                                  \
        const long stride = t->stride;                                                             \
        const int last = t->last, first = t->at[0], second = t->at[runs - 1];                      \
        EACH (r, rows) {                                                                           \
            AT16(to + min(r, last) * stride + first) = larger(sum[r][0], lowest);                  \
            if (runs > 1)                                                                          \
                AT16(to + min(r, last) * stride + second) = larger(sum[r][runs - 1], lowest);      \
        }                                                                                          \
    }
#define BLOCKS_OF(rows) BLOCK(rows, 1) BLOCK(rows, 2)

BLOCKS_OF(4)
BLOCKS_OF(6)
BLOCKS_OF(8)
BLOCKS_OF(10)
BLOCKS_OF(12)

#define BLOCK_RUN(rows)                                                                            \
    if (runs == 1)                                                                                 \
        block_##rows##_1(t);                                                                       \
    else                                                                                           \
        block_##rows##_2(t);

// Of block `i`; the last one may be larger than what is left.
static int rows_of(const struct gemm_params *p, long i)
{
    const long blocks = (p->m + MOST_ROWS - 1) / MOST_ROWS, row = tile_row(p->m, blocks, i);
    return (int)max(4L, (tile_row(p->m, blocks, i + 1) - row + 1) / 2 * 2);
}

static void block_run(const struct block *t, int rows, int runs)
{
    if (rows == 4)
        BLOCK_RUN(4)
    else if (rows == 6)
        BLOCK_RUN(6)
    else if (rows == 8)
        BLOCK_RUN(8)
    else if (rows == 10)
        BLOCK_RUN(10)
    else
        BLOCK_RUN(12)
}

// ---- c = A * windows ----

static struct run run_at(const struct gemm_params *p, const struct padded_tile *padded, int first)
{
    const int width = p->b.out_w, row = first / width, col = first - row * width;
    const int line = p->b.stride_h * p->tiles.pitch;
    struct run run;
    run.out = padded->row * width + first;
    run.split = min(LANES, width - col);
    run.count = min(min(LANES, run.split + width), padded->rows * width - first);
    run.near = row * line + col;
    run.far = run.count > run.split ? run.near + line - width : run.near;
    return run;
}

// The run from *first on, and moves that on. The last one begins earlier where it is whole then,
// and its first sums are the same ones once more.
static struct run next_run(const struct gemm_params *p, const struct padded_tile *padded,
                           int *first)
{
    const struct run run = run_at(p, padded, *first);
    *first += run.count;
    if (run.count < LANES && p->beta == 0.0f && *first == padded->rows * p->b.out_w &&
        *first >= LANES) {
        const struct run whole = run_at(p, padded, *first - LANES);
        if (whole.count == LANES)
            return whole;
    }
    return run;
}

// Nothing but a bias and a relu becomes of the sums, so blocks may begin with the one and end with
// the other.
static int is_simple(const struct gemm_params *p)
{
    return p->alpha == 1.0f && p->beta == 0.0f &&
           (p->activation == BOUGH_LINEAR || p->activation == BOUGH_RELU);
}

static void store_run(const struct gemm_params *p, const struct work *w, global float *c,
                      const struct block *t, int i, long first)
{
    const struct run *run = &t->run[i];
    for (int r = 0; r <= t->last; r++) {
        global float *to = c + (first + r) * p->c_row.stride + run->out;
        float16 value = vload16(0, t->to + r * t->stride + t->at[i]);
        if (!is_simple(p)) {
            value *= p->alpha;
            if (p->beta != 0.0f)
                value += get16(to, run->count);
            if (p->bias_per_row)
                value += w->bias[first + r];
            value = gemm_activated(p, value);
        }
        put16(value, to, run->count);
    }
}

// All blocks of a tile. c: its image's.
static void padded_tile_run(const struct gemm_params *p, const struct work *w, struct block *t,
                            const struct padded_tile *padded, global float *c)
{
    const int positions = padded->rows * p->b.out_w;
    for (int first = 0; first < positions;) {
        int runs = 1;
        t->run[0] = next_run(p, padded, &first);
        if (first < positions)
            t->run[runs++] = next_run(p, padded, &first);
        const int direct =
            is_simple(p) && t->run[0].count == LANES && t->run[runs - 1].count == LANES;
        t->a = w->own + p->tiles.panel_at;
        t->stride = direct ? p->c_row.stride : 2 * LANES;
        for (int i = 0; i < 2; i++)
            t->at[i] = direct ? t->run[i].out : i * LANES;
        for (long row = 0, i = 0; row < p->m; i++) {
            const int rows = rows_of(p, i);
            t->to = direct ? c + row * p->c_row.stride : w->own + p->tiles.partial_at;
            t->last = (int)min(p->m - row, (long)rows) - 1;
            block_run(t, rows, runs);
            if (!direct)
                for (int j = 0; j < runs; j++)
                    store_run(p, w, c, t, j, row);
            row += rows;
            t->a += (p->k + 1) * rows;
        }
    }
}

// A as blocks need it.
static void pack(const struct gemm_params *p, const struct work *w)
{
    global float *to = w->own + p->tiles.panel_at;
    const int begins = p->bias_per_row && is_simple(p);
    for (long first = 0, i = 0; first < p->m; i++) {
        const int rows = rows_of(p, i);
        long row[MOST_ROWS];
        for (int r = 0; r < rows; r++) {
            row[r] = gemm_axis_at(&p->a.across, min(first + r, p->m - 1));
            to[r] = begins ? w->bias[min(first + r, p->m - 1)] : 0.0f;
        }
        to += rows;
        for (int k = 0; k < p->k; k++, to += rows) {
            const long down = gemm_axis_at(&p->a.depth, k);
            for (int r = 0; r < rows; r++)
                to[r] = w->a[row[r] + down];
        }
        first += rows;
    }
}

ONCE void windows_run(const struct gemm_params *p, const struct work *w)
{
    global int *tap = (global int *)w->own;
    global float *image = w->own + p->tiles.image_at;
    const int channels = (int)p->k / (p->b.kernel_h * p->b.kernel_w);
    for (int k = 0; k < p->k; k++)
        tap[k] = tap_at(p, k);
    pack(p, w);
    clear(image, p->tiles.panel_at - p->tiles.image_at);
    struct block block;
    block.image = image;
    block.tap = tap;
    block.depth = (int)p->k;
    block.lowest = is_simple(p) && p->activation == BOUGH_RELU ? 0.0f : -INFINITY;
    for (long i = w->first; i < w->last; i++) {
        const struct padded_tile padded = padded_tile_at(p, i);
        if (p->tiles.per_image > 1) // what is padded changes from tile to tile
            clear(image, p->tiles.panel_at - p->tiles.image_at);
        pad(p, image, w->b + padded.image * p->b.image_stride, padded.row, channels);
        padded_tile_run(p, w, &block, &padded,
                        w->c + gemm_axis_at(&p->c_col, padded.image * p->b.out_h * p->b.out_w));
    }
}

// Group (tiles, 1, batch).
kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
gemm_windows(ARG(a), ARG(b), ARG(c), ARG(bias), ARG(scratch), const struct gemm_params p)
{
    VIEW(const float, a);
    VIEW(const float, b);
    VIEW(const float, bias);
    VIEW(float, c);
    VIEW(float, scratch);
    const long batch = get_group_id(2);
    struct work w = work_of(&p, a, b, scratch);
    w.bias = bias + batch * p.m;
    w.c = c + batch * p.c_batch;
    windows_run(&p, &w);
}
