// GEMM for CPU devices: one item a group, operands packed in strips, a tile of c in registers.
#define BOUGH_NO_STACK
#include "bough.h"
#include "gemm/pack.h"

// The tile of c in registers, ROWS x (STRIPS * 16): half of the register file.
#if BOUGH_VECTOR >= 16
#define ROWS   8
#define STRIPS 2
#else
#define ROWS   4
#define STRIPS 1
#endif

// ---- Packing ----

// A strip of A, depth from..to-1, as [depth, 16]. `from` is a multiple of 16.
static void pack_strip(global float *packed, global const float *a, const struct gemm_params *p,
                       long first, long from, long to)
{
    struct strip strip;
    strip_init(&strip, &p->a, first, p->m);
    for (long k = from; k < to; k += LANES) {
        float16 block[LANES];
        const int depth = (int)min((long)LANES, to - k);
        block_read(block, a, &p->a, &strip, k, depth);
        for (int d = 0; d < depth; d++)
            vstore16(block[d], k - from + d, packed);
    }
}

// All of A in strips [strip, depth, 16] in scratch. Group (strip, part of k, batch).
kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
gemm_cpu_pack(ARG(a), ARG(b), ARG(c), ARG(bias), ARG(scratch), const struct gemm_params p)
{
    VIEW(const float, a);
    VIEW(float, scratch);
    const long first = get_group_id(0) * (long)LANES, batch = get_group_id(2);
    const long blocks = (p.k + LANES - 1) / LANES, parts = get_num_groups(1);
    const long from = blocks * get_group_id(1) / parts, to = blocks * (get_group_id(1) + 1) / parts;
    global float *packed = scratch + p.a_at + batch * p.a_batch + first * blocks * LANES;
    pack_strip(packed + from * LANES * LANES, a + batch * p.a.batch_stride, &p, first, from * LANES,
               min(p.k, to * LANES));
}

// The taps of windows in larger blocks than the rest: the more channels, the less is left to do.
static void pack_taps(local float *panel, global const float *b, const struct gemm_view *v,
                      const struct strip *strip, long from, int depth)
{
    for (int i = 0; i < depth; i += 16 * LANES) {
        float16 block[16 * LANES];
        const int part = min(16 * LANES, depth - i);
        taps_read(block, b, v, &strip->runs, from + i, part);
        for (int d = 0; d < part; d++)
            vstore16(block[d], i + d, panel);
    }
}

// Both strips of a panel at once, for the same reason.
static void pack_positions(local float *panel, global const float *b, const struct gemm_view *v,
                           const struct strip *strips, long from, int depth)
{
    const int lanes = strips[0].lanes + strips[STRIPS - 1].lanes * (STRIPS - 1);
    for (int i = 0; i < depth; i += LANES) {
        float16 block[STRIPS * LANES];
        struct runs runs;
        runs_init(&runs, v, from + i, min(LANES, depth - i));
        taps_read(block, b, v, &runs, strips[0].first, lanes);
        for (int lane = lanes; lane < STRIPS * LANES; lane++)
            block[lane] = 0.0f;
        for (int s = 0; s < STRIPS; s++) {
            transpose(block + s * LANES);
            for (int d = 0; d < LANES; d++)
                vstore16(block[s * LANES + d], s * BOUGH_DEPTH + i + d, panel);
        }
    }
}

static void pack_b(local float *panel, global const float *b, const struct gemm_view *v,
                   const struct strip *strips, long from, int depth)
{
    if (v->runs != GEMM_ANYHOW && v->kind == GEMM_POSITIONS_DEEP) {
        pack_positions(panel, b, v, strips, from, depth);
        return;
    }
    for (int s = 0; s < STRIPS; s++) {
        if (v->runs != GEMM_ANYHOW && v->kind == GEMM_POSITIONS_ACROSS) {
            pack_taps(panel + s * BOUGH_DEPTH * LANES, b, v, &strips[s], from, depth);
            continue;
        }
        for (int i = 0; i < depth; i += LANES) {
            float16 block[LANES];
            const int part = min(LANES, depth - i);
            block_read(block, b, v, &strips[s], from + i, part);
            for (int d = 0; d < part; d++)
                vstore16(block[d], s * BOUGH_DEPTH + i + d, panel);
        }
    }
}

// ---- Multiplying ----

// sums[row][strip] of a tile, over `depth` of k.
static inline void multiply(float *sums, global const float *a, local const float *b, int depth)
{
    float16 sum[ROWS][STRIPS];
#pragma unroll
    for (int r = 0; r < ROWS; r++)
#pragma unroll
        for (int s = 0; s < STRIPS; s++)
            sum[r][s] = 0.0f;
    for (int k = 0; k < depth; k++) {
        float16 cols[STRIPS];
#pragma unroll
        for (int s = 0; s < STRIPS; s++)
            cols[s] = vload16(s * BOUGH_DEPTH + k, b);
#pragma unroll
        for (int r = 0; r < ROWS; r++)
#pragma unroll
            for (int s = 0; s < STRIPS; s++)
                sum[r][s] += a[k * LANES + r] * cols[s];
    }
#pragma unroll
    for (int r = 0; r < ROWS; r++)
#pragma unroll
        for (int s = 0; s < STRIPS; s++)
            vstore16(sum[r][s], r * STRIPS + s, sums);
}

// Where 16 columns of c lie.
struct columns {
    long at[LANES];
    long first;
    int lanes;
    int whole; // all 16, one after the other
};

static void columns_init(struct columns *columns, const struct gemm_params *p, long first)
{
    columns->first = first;
    columns->lanes = (int)min((long)LANES, p->n - first);
    for (int lane = 0; lane < columns->lanes; lane++)
        columns->at[lane] = gemm_axis_at(&p->c_col, first + lane);
    columns->whole = columns->lanes == LANES && p->c_col.stride == 1 &&
                     columns->at[LANES - 1] - columns->at[0] == LANES - 1;
}

// One row of a strip: what gemm_store does, by vectors where the columns allow it.
static void store(const struct gemm_params *p, global float *c, const float *sums,
                  const struct columns *columns, global const float *bias, long batch, long row)
{
    global float *to = c + gemm_axis_at(&p->c_row, row);
    if (!columns->whole) {
        for (int lane = 0; lane < columns->lanes; lane++) {
            global float *one = to + columns->at[lane];
            *one = gemm_finish(p, sums[lane], p->beta != 0.0f ? *one : 0.0f, bias, batch, row,
                               columns->first + lane);
        }
        return;
    }
    float16 value = p->alpha * vload16(0, sums);
    to += columns->at[0];
    if (p->beta != 0.0f)
        value += vload16(0, to);
    if (p->bias_per_row)
        value += bias[batch * p->m + row];
    if (p->bias_per_col)
        value += vload16(0, bias + batch * p->n + columns->first);
    vstore16(gemm_activated(p, value), 0, to);
}

// ---- The whole ----

// What a group works on.
struct work {
    global const float *a, *b, *bias, *packed; // of the batch, but for bias
    global float *c;
    long batch, first_row, last_row; // up to it, not with it
    long strip_size;                 // of packed A
};

// One part of k of a panel of columns, for all rows of the group.
static void tiles(const struct gemm_params *p, const struct work *w, local const float *panel,
                  const struct columns *columns, int depth)
{
    for (long row = w->first_row; row < w->last_row; row += ROWS) {
        float sums[ROWS * STRIPS * LANES];
        const long in = row - w->first_row;
        multiply(sums, w->packed + in / LANES * w->strip_size + in % LANES, panel, depth);
        for (int r = 0; r < ROWS && row + r < w->last_row; r++)
            for (int s = 0; s < STRIPS; s++)
                store(p, w->c, sums + (r * STRIPS + s) * LANES, &columns[s], w->bias, w->batch,
                      row + r);
    }
}

static void panel_run(const struct gemm_params *p, const struct work *w, local float *panel,
                      long first, long k, int depth)
{
    struct strip strips[STRIPS];
    struct columns columns[STRIPS];
    for (int s = 0; s < STRIPS; s++) {
        strip_init(&strips[s], &p->b, first + s * LANES, p->n);
        columns_init(&columns[s], p, first + s * LANES);
    }
    pack_b(panel, w->b, &p->b, strips, k, depth);
    tiles(p, w, panel, columns, depth);
}

// Group (panels of columns, block of rows, batch and split). A part of k at a time: A's rows are
// packed here unless gemm_cpu_pack did it, then panel after panel of B is packed and multiplied.
kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
gemm_cpu(ARG(a), ARG(b), ARG(c), ARG(bias), ARG(scratch), struct gemm_params p)
{
    local float panel[STRIPS * BOUGH_DEPTH * LANES];
    VIEW(const float, a);
    VIEW(const float, b);
    VIEW(const float, bias);
    VIEW(float, c);
    VIEW(float, scratch);
    const long batch = get_group_id(2) % p.batch, split = get_group_id(2) / p.batch;
    const long group = get_group_id(2) * get_num_groups(1) + get_group_id(1);
    const long from = split * p.split_depth, to = min(p.k, from + p.split_depth);
    const long first = get_group_id(0) * p.group_cols, last = min(p.n, first + p.group_cols);
    const long first_row = get_group_id(1) * p.group_rows;
    if (p.splits > 1)
        c = gemm_aim_at_partial(&p, scratch, split);
    struct work work = {a + batch * p.a.batch_stride,
                        b + batch * p.b.batch_stride,
                        bias,
                        0,
                        c + batch * p.c_batch,
                        batch,
                        first_row,
                        min(p.m, first_row + p.group_rows),
                        0};
    global float *own = scratch + p.a_at + group * p.a_batch;
    struct gemm_params part = p;
    for (long k = from; k < to; k += BOUGH_DEPTH) {
        const int depth = (int)min((long)BOUGH_DEPTH, to - k), end = k + depth == to;
        part.beta = k == from ? p.beta : 1.0f;
        part.bias_per_row = end && p.bias_per_row;
        part.bias_per_col = end && p.bias_per_col;
        part.activation = end ? p.activation : BOUGH_LINEAR;
        if (p.a_packed) {
            work.strip_size = (p.k + LANES - 1) / LANES * LANES * LANES;
            work.packed = scratch + p.a_at + batch * p.a_batch +
                          first_row / LANES * work.strip_size + k * LANES;
        } else {
            work.strip_size = BOUGH_DEPTH * LANES;
            work.packed = own;
            for (long row = first_row; row < work.last_row; row += LANES)
                pack_strip(own + (row - first_row) / LANES * work.strip_size, work.a, &p, row, k,
                           k + depth);
        }
        for (long col = first; col < last; col += STRIPS * LANES)
            panel_run(&part, &work, panel, col, k, depth);
    }
}
