// GEMM of plain matrices on CPU devices: A is read where it lies, B too if few rows read it, else
// strip by strip from a packed copy.
#include "bough.h"
#include "gemm_direct.h"
#include "gemm_pack.h"

#define MOST_ROWS 512 // of A that stay in a core's cache

TILES(16, 2, 1)
TILES(0, 1, 1)

// ---- Reading B ----

// 16 neighbours, `count` of them wanted; what follows them is read only if it is in the view.
static inline float16 get_near(global const float *x, const struct gemm_view *v, long at, int count)
{
    return at + LANES <= v->extent ? vload16(0, x + at) : get16(x + at, count);
}

// panel[d] = 16 columns from `first` on, at depth from + d.
static void pack_across(const struct gemm_view *v, global float *panel, int width,
                        global const float *b, long first, int cols, long from, int depth)
{
    const long at = gemm_axis_at(&v->across, first);
    for (int d = 0; d < depth; d++)
        vstore16(get_near(b, v, at + gemm_axis_at(&v->depth, from + d), cols), 0,
                 panel + d * width);
}

// The same where it is the depth whose neighbours are neighbours in memory.
static void pack_deep(const struct gemm_view *v, global float *panel, int width,
                      global const float *b, long first, int cols, long from, int depth)
{
    for (int d = 0; d < depth; d += LANES) {
        float16 block[LANES];
        const int part = min(LANES, depth - d);
        const long at = gemm_axis_at(&v->depth, from + d);
        for (int i = 0; i < LANES; i++)
            block[i] = i < cols ? get_near(b, v, at + gemm_axis_at(&v->across, first + i), part)
                                : (float16)(0.0f);
        transpose(block);
        for (int i = 0; i < part; i++)
            vstore16(block[i], 0, panel + (d + i) * width);
    }
}

static void pack_anyhow(const struct gemm_view *v, global float *panel, int width,
                        global const float *b, long first, int cols, long from, int depth)
{
    for (int i = 0; i < LANES; i++) {
        const long at = i < cols ? gemm_axis_at(&v->across, first + i) : 0;
        for (int d = 0; d < depth; d++)
            panel[d * width + i] = i < cols ? b[at + gemm_axis_at(&v->depth, from + d)] : 0.0f;
    }
}

// A run of `count` from `first` on is one of neighbours.
static int is_run(const struct gemm_axis *axis, long first, long count)
{
    return axis->stride == 1 && (axis->inner == 0 || first % axis->inner + count <= axis->inner);
}

static void pack(const struct gemm_view *v, global float *panel, int width, global const float *b,
                 long first, int cols, long from, int depth)
{
    for (int i = 0; i < width; i += LANES) {
        const int some = clamp(cols - i, 0, LANES);
        if (is_run(&v->across, first + i, some))
            pack_across(v, panel + i, width, b, first + i, some, from, depth);
        else if (v->depth.stride == 1 && v->depth.inner == 0)
            pack_deep(v, panel + i, width, b, first + i, some, from, depth);
        else
            pack_anyhow(v, panel + i, width, b, first + i, some, from, depth);
    }
}

// ---- Storing ----

// 16 columns of c, and what is added to them at the end of k.
struct columns {
    long first, at; // at: where they lie, if they are neighbours
    int count, run;
    float16 bias;
};

static void columns_init(struct columns *columns, const struct gemm_params *p,
                         global const float *bias, long first, long end)
{
    columns->first = first;
    columns->count = (int)clamp(end - first, 0L, (long)LANES);
    columns->run = is_run(&p->c_col, first, columns->count);
    columns->at = gemm_axis_at(&p->c_col, first);
    columns->bias = 0.0f;
    if (p->bias_per_col)
        columns->bias = get16(bias + first, columns->count);
}

static float16 get_columns(const struct gemm_params *p, const struct columns *columns,
                           global const float *row)
{
    if (columns->run)
        return get16(row + columns->at, columns->count);
    float one[LANES];
    for (int i = 0; i < LANES; i++)
        one[i] = i < columns->count ? row[gemm_axis_at(&p->c_col, columns->first + i)] : 0.0f;
    return vload16(0, one);
}

static void put_columns(const struct gemm_params *p, const struct columns *columns,
                        global float *row, float16 value)
{
    if (columns->run) {
        put16(value, row + columns->at, columns->count);
        return;
    }
    float one[LANES];
    vstore16(value, 0, one);
    for (int i = 0; i < columns->count; i++)
        row[gemm_axis_at(&p->c_col, columns->first + i)] = one[i];
}

// What a group works on, and how far it is.
struct work {
    global const float *a, *b, *bias;
    global float *c, *panel;
    global int2 *step;
    long first_row, last_row, first_col, last_col; // up to the last, not with it
    long from;                                     // of k
    int depth, add, end;                           // add: to what is in c; end: of k
    int down;                                      // what step[].y goes by
};

static void store_tile(const struct gemm_params *p, const struct work *w, const float *sums,
                       const struct columns *columns, int vectors, long row, int rows)
{
    for (int r = 0; r < rows; r++) {
        global float *to = w->c + gemm_axis_at(&p->c_row, row + r);
        const float bias = w->end && p->bias_per_row ? w->bias[row + r] : 0.0f;
        for (int i = 0; i < vectors; i++) {
            float16 value = p->alpha * vload16(r * vectors + i, sums);
            if (w->add)
                value += get_columns(p, &columns[i], to);
            if (w->end)
                value = gemm_activated(p, value + (columns[i].bias + bias));
            put_columns(p, &columns[i], to, value);
        }
    }
}

// ---- Multiplying ----

static void set_steps(struct work *w, int down)
{
    if (w->down == down)
        return;
    for (int d = 0; d < w->depth; d++)
        w->step[d].y = d * down;
    w->down = down;
}

// The columns from `first` on, up to 32, of some rows.
static void strip_run(const struct gemm_params *p, struct work *w, long first, long row,
                      long last_row)
{
    const int cols = (int)min((long)TILE_COLS, w->last_col - first);
    const int width = cols > LANES ? 32 : 16, vectors = width / LANES;
    const int packed = p->b_packed || cols < width;
    struct columns columns[2];
    struct tile tile;
    for (int i = 0; i < vectors; i++)
        columns_init(&columns[i], p, w->bias, first + i * LANES, w->last_col);
    for (int i = 0; i < TILE_PIECES; i++)
        tile.piece_at[i] = i * LANES;
    if (packed)
        pack(&p->b, w->panel, width, w->b, first, cols, w->from, w->depth);
    set_steps(w, packed ? width : (int)p->b.depth.stride);
    tile.a = w->a;
    tile.b = packed ? w->panel : w->b + first + w->from * p->b.depth.stride;
    tile.step = w->step;
    tile.depth = w->depth;
    const long tiles = (last_row - row + TILE_ROWS - 1) / TILE_ROWS, all = last_row - row;
    for (long i = 0; i < tiles; i++) {
        const long begin = row + tile_row(all, tiles, i);
        const int rows = (int)(row + tile_row(all, tiles, i + 1) - begin);
        float sums[TILE_ROWS * TILE_COLS];
        for (int r = 0; r < rows; r++)
            tile.row_at[r] = (int)gemm_axis_at(&p->a.across, begin + r);
        if (width == 32)
            tile_rows_16(sums, &tile, rows);
        else
            tile_rows_0(sums, &tile, rows);
        store_tile(p, w, sums, columns, vectors, begin, rows);
    }
}

// Rows of A that stay in a core's cache, part of k by part of k.
ONCE void rows_run(const struct gemm_params *p, struct work *w, long row, long last_row, long from,
                   long to)
{
    for (long k = from; k < to; k += p->depth) {
        w->from = k;
        w->depth = (int)min((long)p->depth, to - k);
        w->down = -1;
        w->add = k > from || p->beta != 0.0f;
        w->end = k + w->depth == to && p->splits < 2;
        for (int d = 0; d < w->depth; d++)
            w->step[d].x = (int)gemm_axis_at(&p->a.depth, k + d);
        for (long col = w->first_col; col < w->last_col; col += TILE_COLS)
            strip_run(p, w, col, row, last_row);
    }
}

// Group (columns, rows, batch and split).
kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
gemm_direct(ARG(a), ARG(b), ARG(c), ARG(bias), ARG(scratch), struct gemm_params p)
{
    VIEW(const float, a);
    VIEW(const float, b);
    VIEW(const float, bias);
    VIEW(float, c);
    VIEW(float, scratch);
    const long batch = get_group_id(2) % p.batch, split = get_group_id(2) / p.batch;
    const long group = (get_group_id(2) * get_num_groups(1) + get_group_id(1)) * get_num_groups(0) +
                       get_group_id(0);
    const long from = split * p.split_depth, to = min(p.k, from + p.split_depth);
    if (p.splits > 1) { // partial sums: gemm_direct_sum finishes them
        c = scratch + p.partial_at + split * p.batch * p.m * p.n;
        p.c_row = (struct gemm_axis){0, p.n, 0};
        p.c_col = (struct gemm_axis){0, 1, 0};
        p.c_batch = p.m * p.n;
        p.alpha = 1.0f;
        p.beta = 0.0f;
    }
    struct work w;
    w.a = a + batch * p.a.batch_stride;
    w.b = b + batch * p.b.batch_stride;
    w.bias = bias + (p.bias_per_row ? batch * p.m : batch * p.n);
    w.c = c + batch * p.c_batch;
    w.step = (global int2 *)(scratch + p.b_at) + group * p.depth * (1 + TILE_COLS / 2);
    w.panel = (global float *)(w.step + p.depth);
    w.first_col = get_group_id(0) * p.group_cols;
    w.last_col = min(p.n, w.first_col + p.group_cols);
    w.first_row = get_group_id(1) * p.group_rows;
    w.last_row = min(p.m, w.first_row + p.group_rows);
    for (long row = w.first_row; row < w.last_row; row += MOST_ROWS)
        rows_run(&p, &w, row, min(row + MOST_ROWS, w.last_row), from, to);
}

// Rows of c, up to the last, not with it, from the partial sums, first split first.
ONCE void rows_sum(const struct gemm_params *p, const struct work *w, global const float *sums,
                   long row, long last_row)
{
    const long size = p->batch * p->m * p->n;
    for (long col = 0; col < p->n; col += LANES) {
        struct columns columns;
        columns_init(&columns, p, w->bias, col, p->n);
        for (long r = row; r < last_row; r++) {
            global const float *from = sums + r * p->n + col;
            float whole[LANES];
            float16 sum = 0.0f;
            for (int split = 0; split < p->splits; split++)
                sum += get16(from + split * size, columns.count);
            vstore16(sum, 0, whole);
            store_tile(p, w, whole, &columns, 1, r, 1);
        }
    }
}

// Group (rows, 1, batch).
kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
gemm_direct_sum(ARG(a), ARG(b), ARG(c), ARG(bias), ARG(scratch), const struct gemm_params p)
{
    VIEW(const float, bias);
    VIEW(float, c);
    VIEW(const float, scratch);
    const long batch = get_group_id(2), groups = get_num_groups(0), group = get_group_id(0);
    struct work w;
    w.bias = bias + (p.bias_per_row ? batch * p.m : batch * p.n);
    w.c = c + batch * p.c_batch;
    w.add = p.beta != 0.0f;
    w.end = 1;
    rows_sum(&p, &w, scratch + p.partial_at + batch * p.m * p.n, p.m * group / groups,
             p.m * (group + 1) / groups);
}
