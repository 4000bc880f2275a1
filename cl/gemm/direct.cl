// GEMM of plain matrices on CPU devices: A is read where it lies, B too if it is small or few rows
// read it, else strip by strip from a packed copy.
#define BOUGH_NO_STACK
#include "bough.h"
#include "gemm/direct.h"
#include "gemm/pack.h"

#define MOST_ROWS 512 // of A that stay in a core's cache

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
    long first_row, last_row, first_col, last_col; // up to the last, not with it
    long from;                                     // of k
    int depth, add, end;                           // add: to what is in c; end: of k
};

ONCE void store_row(const struct gemm_params *p, const struct work *w,
                    const struct columns *columns, long row, float16 value)
{
    global float *to = w->c + gemm_axis_at(&p->c_row, row);
    value *= p->alpha;
    if (w->add)
        value += get_columns(p, columns, to);
    if (w->end)
        value =
            gemm_activated(p, value + (columns->bias + (p->bias_per_row ? w->bias[row] : 0.0f)));
    put_columns(p, columns, to, value);
}

// ---- Multiplying ----

// Some columns of some rows: 16 of them, and 16 more from `second` on, which may be among the
// first 16.
struct slice {
    struct columns columns[2];
    global const float *b;
    long a_down, b_down; // from one of k to the next
    long second;
    long row_at[TILE_ROWS];
    long row; // the first of the tile
    int rows;
    int quick;   // rows that are stored as whole vectors
    float least; // what is less becomes 0 there
};

// Of all rows of a tile.
struct ending {
    float alpha, least;
    float16 bias[2];
    global const float *row_bias; // or NULL
    long second;
    int add;
};

// A row as whole vectors, that may overlap.
static inline void store_quick(const struct ending *e, global float *to, int r, int vectors,
                               const float16 *sum)
{
    const float bias = e->row_bias ? e->row_bias[r] : 0.0f;
    float16 value[2];
    EACH (v, vectors) {
        value[v] = sum[v] * e->alpha;
        if (e->add)
            value[v] += vload16(0, to + v * e->second);
        value[v] += e->bias[v] + bias;
        value[v] = select(value[v], (float16)(0.0f), value[v] < e->least);
    }
    EACH (v, vectors)
        AT16(to + v * e->second) = value[v];
}

// The sums are registers only where all loops over them have constant ends.
#define TILE_OF(rows_, vectors)                                                                    \
    ONCE void tile_of_##rows_##_##vectors(const struct gemm_params *p, const struct work *w,       \
                                          const struct slice *s)                                   \
    {                                                                                              \
        float16 sum[rows_][vectors];                                                               \
        global const float *a[rows_], *b = s->b;                                                   \
        const long second = s->second, a_down = s->a_down, b_down = s->b_down;                     \
        EACH (r, rows_)                                                                            \
            a[r] = w->a + s->row_at[r];                                                            \
        EACH (r, rows_)                                                                            \
            EACH (v, vectors)                                                                      \
                sum[r][v] = 0.0f;                                                                  \
        long at = 0;                                                                               \
        for (int d = 0; d < w->depth; d++, at += a_down, b += b_down) {                            \
            float16 cols[2];                                                                       \
            EACH (v, vectors)                                                                      \
                cols[v] = vload16(0, b + v * second);                                              \
            EACH (r, rows_)                                                                        \
                EACH (v, vectors)                                                                  \
                    sum[r][v] += a[r][at] * cols[v];                                               \
        }                                                                                          \
        const struct ending e = {p->alpha,                                                         \
                                 s->least,                                                         \
                                 {s->columns[0].bias, s->columns[1].bias},                         \
                                 w->end && p->bias_per_row ? w->bias + s->row : 0,                 \
                                 second,                                                           \
                                 w->add};                                                          \
        const long c_down = p->c_row.stride;                                                       \
        const int quick = s->quick;                                                                \
        global float *to = w->c + s->row * c_down + s->columns[0].at;                              \
        EACH (r, rows_)                                                                            \
            if (r < quick)                                                                         \
                store_quick(&e, to + r * c_down, r, vectors, sum[r]);                              \
            else if (r < s->rows)                                                                  \
                EACH (v, vectors)                                                                  \
                    store_row(p, w, &s->columns[v], s->row + r, sum[r][v]);                        \
    }

// Each count of rows takes a while to build, so an odd one takes its last row twice.
#define TILES_OF(vectors)                                                                          \
    TILE_OF(2, vectors)                                                                            \
    TILE_OF(4, vectors)                                                                            \
    TILE_OF(6, vectors)                                                                            \
    TILE_OF(8, vectors)                                                                            \
    static void tile_rows_of_##vectors(const struct gemm_params *p, const struct work *w,          \
                                       const struct slice *s)                                      \
    {                                                                                              \
        if (s->rows > 6)                                                                           \
            tile_of_8_##vectors(p, w, s);                                                          \
        else if (s->rows > 4)                                                                      \
            tile_of_6_##vectors(p, w, s);                                                          \
        else if (s->rows > 2)                                                                      \
            tile_of_4_##vectors(p, w, s);                                                          \
        else                                                                                       \
            tile_of_2_##vectors(p, w, s);                                                          \
    }

TILES_OF(1)
TILES_OF(2)

// Whether whole vectors may be stored: 2; 1: what a row lets run over, the next one mends.
static int is_quick(const struct gemm_params *p, const struct work *w, long first, int cols)
{
    if (p->c_row.inner != 0 || !is_run(&p->c_col, first, cols) ||
        (w->end && p->activation != BOUGH_LINEAR && p->activation != BOUGH_RELU))
        return 0;
    if (cols >= LANES)
        return 2;
    return cols < LANES && p->c_row.stride == cols && !w->add;
}

static void slice_init(struct slice *s, const struct gemm_params *p, const struct work *w,
                       long first, int cols, int quick)
{
    const long end = first + cols;
    const int width = cols > LANES ? 32 : 16;
    const int packed = p->b_packed || cols < LANES || (cols < width && quick < 2);
    s->second = cols > LANES && quick == 2 ? cols - LANES : LANES;
    columns_init(&s->columns[0], p, w->bias, first, end);
    columns_init(&s->columns[1], p, w->bias, first + s->second, end);
    if (!w->end)
        s->columns[0].bias = s->columns[1].bias = 0.0f;
    s->least = w->end && p->activation == BOUGH_RELU ? 0.0f : -INFINITY;
    s->a_down = p->a.depth.stride;
    s->b_down = packed ? width : p->b.depth.stride;
    s->b = packed ? w->panel
                  : w->b + gemm_axis_at(&p->b.across, first) + gemm_axis_at(&p->b.depth, w->from);
    if (packed)
        pack(&p->b, w->panel, width, w->b, first, cols, w->from, w->depth);
}

// The columns from `first` on, up to 32, of some rows.
static void strip_run(const struct gemm_params *p, struct work *w, long first, int cols, long row,
                      long last_row)
{
    const int quick = is_quick(p, w, first, cols);
    const long tiles = (last_row - row + TILE_ROWS - 1) / TILE_ROWS, all = last_row - row;
    const long a_at = gemm_axis_at(&p->a.depth, w->from);
    // The last rows have none behind them to mend what they let run over.
    const long quick_rows = quick == 2 ? last_row : quick ? last_row - LANES / cols : row;
    struct slice s;
    slice_init(&s, p, w, first, cols, quick);
    for (long i = 0; i < tiles; i++) {
        s.row = row + tile_row(all, tiles, i);
        s.rows = (int)(row + tile_row(all, tiles, i + 1) - s.row);
        s.quick = (int)clamp(quick_rows - s.row, 0L, (long)s.rows);
        for (int r = 0; r < s.rows; r++)
            s.row_at[r] = a_at + gemm_axis_at(&p->a.across, s.row + r);
        if (s.rows % 2 == 1)
            s.row_at[s.rows] = s.row_at[s.rows - 1];
        if (cols > LANES)
            tile_rows_of_2(p, w, &s);
        else
            tile_rows_of_1(p, w, &s);
    }
}

// How many from `i` on are a stride apart.
static long left_of_run(const struct gemm_axis *axis, long i, long count)
{
    return axis->inner == 0 ? count : min(count, axis->inner - i % axis->inner);
}

// Rows of A that stay in a core's cache, part of k by part of k.
ONCE void rows_run(const struct gemm_params *p, struct work *w, long row, long last_row, long from,
                   long to)
{
    for (long k = from; k < to; k += w->depth) {
        const long depth = min((long)p->depth, to - k);
        w->from = k;
        w->depth = (int)left_of_run(&p->a.depth, k, left_of_run(&p->b.depth, k, depth));
        w->add = k > from || p->beta != 0.0f;
        w->end = k + w->depth == to && p->splits < 2;
        for (long col = w->first_col; col < w->last_col;) {
            // Rather two strips of half than one of a few columns.
            const long left = w->last_col - col;
            const int cols =
                (int)(left > TILE_COLS && left < TILE_COLS + LANES ? left / 2
                                                                   : min(left, (long)TILE_COLS));
            strip_run(p, w, col, cols, row, last_row);
            col += cols;
        }
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
    if (p.splits > 1) // gemm_direct_sum finishes them
        c = gemm_aim_at_partial(&p, scratch, split);
    struct work w;
    w.a = a + batch * p.a.batch_stride;
    w.b = b + batch * p.b.batch_stride;
    w.bias = bias + (p.bias_per_row ? batch * p.m : batch * p.n);
    w.c = c + batch * p.c_batch;
    w.panel = scratch + p.b_at + group * p.depth * TILE_COLS;
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
            float16 sum = 0.0f;
            for (int split = 0; split < p->splits; split++)
                sum += get16(from + split * size, columns.count);
            store_row(p, w, &columns, r, sum);
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
