// GEMM for CPU devices: one item a group, operands packed in strips, a tile of c in registers.
#include "bough.h"
#include "gemm_pack.h"

// The tile of c in registers, ROWS x (STRIPS * 16): half of the register file.
#if BOUGH_VECTOR >= 16
#define ROWS   8
#define STRIPS 2
#else
#define ROWS   4
#define STRIPS 1
#endif

// A in strips [strip, depth, 16] in scratch. Group (strip, part of k, batch).
kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
gemm_cpu_pack(ARG(a), ARG(b), ARG(c), ARG(bias), ARG(scratch), const struct gemm_params p)
{
    VIEW(const float, a);
    VIEW(float, scratch);
    const long first = get_group_id(0) * (long)LANES, batch = get_group_id(2);
    const long blocks = (p.k + LANES - 1) / LANES, parts = get_num_groups(1);
    const long from = blocks * get_group_id(1) / parts, to = blocks * (get_group_id(1) + 1) / parts;
    struct strip strip;
    strip_init(&strip, &p.a, first, p.m);
    global float *packed = scratch + p.a_at + batch * p.a_batch + first * blocks * LANES;
    for (long i = from; i < to; i++) {
        float16 block[LANES];
        const int depth = (int)min((long)LANES, p.k - i * LANES);
        block_read(block, a + batch * p.a.batch_stride, &p.a, &strip, i * LANES, depth);
        for (int d = 0; d < depth; d++)
            vstore16(block[d], i * LANES + d, packed);
    }
}

static void pack_b(local float *panel, global const float *b, const struct gemm_view *v,
                   const struct strip *strips, long from, int depth)
{
    for (int s = 0; s < STRIPS; s++) {
        for (int i = 0; i < depth; i += LANES) {
            float16 block[LANES];
            const int part = min(LANES, depth - i);
            block_read(block, b, v, &strips[s], from + i, part);
            for (int d = 0; d < part; d++)
                vstore16(block[d], s * BOUGH_DEPTH + i + d, panel);
        }
    }
}

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
    if (p->relu)
        value = select(value, (float16)(0.0f), value < 0.0f);
    vstore16(value, 0, to);
}

// All rows of the group's block, for one part of k whose columns lie in `panel`.
static void tiles(const struct gemm_params *p, global float *c, global const float *a,
                  local const float *panel, const struct columns *columns,
                  global const float *bias, long batch, long first, int depth)
{
    const long strip_size = (p->k + LANES - 1) / LANES * LANES * LANES;
    for (long row = first; row < min(p->m, first + p->block_rows); row += ROWS) {
        float sums[ROWS * STRIPS * LANES];
        multiply(sums, a + row / LANES * strip_size + row % LANES, panel, depth);
        for (int r = 0; r < ROWS && row + r < p->m; r++)
            for (int s = 0; s < STRIPS; s++)
                store(p, c, sums + (r * STRIPS + s) * LANES, &columns[s], bias, batch, row + r);
    }
}

// Group (columns, block of rows, batch and split). The columns' part of B is packed for the group.
kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
gemm_cpu(ARG(a), ARG(b), ARG(c), ARG(bias), ARG(scratch), struct gemm_params p)
{
    local float panel[STRIPS * BOUGH_DEPTH * LANES];
    VIEW(const float, b);
    VIEW(const float, bias);
    VIEW(float, c);
    VIEW(float, scratch);
    const long batch = get_group_id(2) % p.batch, split = get_group_id(2) / p.batch;
    const long from = split * p.split_depth, to = min(p.k, from + p.split_depth);
    if (p.splits > 1) { // partial sums, finished by gemm_reduce
        c = scratch + p.partial_at + split * p.batch * p.m * p.n;
        p.c_row = (struct gemm_axis){0, p.n, 0};
        p.c_col = (struct gemm_axis){0, 1, 0};
        p.c_batch = p.m * p.n;
        p.alpha = 1.0f;
        p.beta = 0.0f;
        p.bias_per_row = p.bias_per_col = p.relu = 0;
    }
    struct strip strips[STRIPS];
    struct columns columns[STRIPS];
    for (int s = 0; s < STRIPS; s++) {
        const long first = (get_group_id(0) * (long)STRIPS + s) * LANES;
        strip_init(&strips[s], &p.b, first, p.n);
        columns_init(&columns[s], &p, first);
    }
    struct gemm_params part = p;
    for (long k = from; k < to; k += BOUGH_DEPTH) {
        const int depth = (int)min((long)BOUGH_DEPTH, to - k), last = k + depth == to;
        part.beta = k == from ? p.beta : 1.0f;
        part.bias_per_row = last && p.bias_per_row;
        part.bias_per_col = last && p.bias_per_col;
        part.relu = last && p.relu;
        pack_b(panel, b + batch * p.b.batch_stride, &p.b, strips, k, depth);
        tiles(&part, c + batch * p.c_batch, scratch + p.a_at + batch * p.a_batch + k * LANES, panel,
              columns, bias, batch, get_group_id(1) * p.block_rows, depth);
    }
}
