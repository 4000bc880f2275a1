// The fast GEMM: operands are packed into panels that a micro-kernel of registers reads in order.
//
// C is cut into items, each computed by one thread: a range of rows, a block of columns ("lanes"
// of vectors), one batch, and where k is long and C small, a share of k whose partial sums are
// added at the end. An item goes through k in blocks, packs a block of B and a part of a block of
// A into its thread's scratch, and runs the micro-kernel over their panels. Windows are packed
// straight from the image, or from a padded copy of the part that the block needs.
//
// What is summed in which order depends on the shape alone: never on the number of threads.
#include "base/error.h"
#include "device/c/c_gemm.h"
#include "device/c/gemm_view.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum {
    BLOCK_K = 320,        // floats of a panel's lane; two panels fit in the first cache
    BLOCK_ROWS = 128,     // rows of A packed at once
    MOST_PANELS = 32,     // of them
    BLOCK_B = 128 * 1024, // floats of a packed block of B: half of a second cache
    LEAST_LANES = 64,     // of a block, when blocks are made smaller for more threads
    MOST_LANES = 2048,
    MOST_SHARES = 16,        // of k
    PARALLEL_WORK = 1 << 19, // multiplications
};

// Where sums go: C, or partial sums.
struct target {
    float *data;
    struct bough__axis row, col;
    int64_t batch_stride;
    int beta;
    const float *row_bias, *col_bias; // NULL = none
    int relu;
};

struct packed_launch {
    struct c_launch base;
    const struct c_isa *isa;
    int64_t m, n, k, batch;
    float alpha;
    struct c_side a, b; // rows of C are lanes of a, columns are lanes of b
    struct c_cut k_cut, row_cut, col_cut;
    int64_t shares; // of k
    int threads;
    struct target c;
    // In floats, of one thread's scratch.
    int64_t a_at, b_at, image_at, steps_at, scratch;
    int64_t partial_at; // of all
};

// ---- Packing ----

struct work {
    const struct packed_launch *l;
    struct target target;
    int64_t batch;
    int first, last; // block of k
    float *a, *b, *image;
    int64_t *step, *group;
};

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t up(int64_t value, int64_t grain)
{
    return (value + grain - 1) / grain * grain;
}

// Rows of C are dealt to panels evenly: 9 are 5 and 4, so that no panel is too thin.
static int64_t panel_row(int64_t panel, int64_t panels, int64_t rows)
{
    return rows * panel / panels;
}

static int64_t row_panels(const struct packed_launch *l, int64_t rows)
{
    return (rows + l->isa->rows - 1) / l->isa->rows;
}

// Floats between panels: the packing writes up to three rows more.
static int64_t panel_floats(int64_t k, int64_t width)
{
    return (k + 4) * width;
}

static void pack_a(const struct work *w, const struct c_block *block, const struct c_steps *steps,
                   int64_t first, int64_t rows)
{
    int64_t panels = row_panels(w->l, rows), size = panel_floats(steps->count, C_ROWS);
    for (int64_t i = 0; i < panels; i++) {
        int64_t lane[C_ROWS], begin = panel_row(i, panels, rows);
        int64_t count = panel_row(i + 1, panels, rows) - begin;
        c_block_lanes(block, first + begin, count, lane);
        for (int64_t j = count; j < C_ROWS; j++) // of no use, but there to be read
            lane[j] = lane[count - 1];
        w->l->isa->pack(w->a + i * size, C_ROWS, block->data, lane, steps);
    }
    if (w->l->alpha != 1)
        for (int64_t i = 0; i < panels * size; i++)
            w->a[i] *= w->l->alpha;
}

static void pack_b(const struct work *w, const struct c_block *block, const struct c_steps *steps)
{
    const struct c_isa *isa = w->l->isa;
    int64_t wide = 2 * isa->lanes, size = panel_floats(steps->count, wide);
    for (int64_t j = 0; j < block->lanes->count; j += wide) {
        int64_t lane[C_MAX_LANES], count = least(wide, block->lanes->count - j);
        int64_t width = count > isa->lanes ? wide : isa->lanes;
        c_block_lanes(block, j, count, lane);
        for (int64_t i = count; i < width; i++)
            lane[i] = lane[count - 1];
        isa->pack(w->b + j / wide * size, (int)width, block->data, lane, steps);
    }
}

// ---- Storing ----

static float *target_row(const struct target *t, int64_t batch, int64_t row)
{
    return t->data + batch * t->batch_stride + c_axis(&t->row, row);
}

enum direction { FROM_TARGET, TO_TARGET };

// Copies `count` columns from `first` on between a row of the target and `x`.
static void move_row(const struct target *t, float *row, float *x, int64_t first, int64_t count,
                     enum direction direction)
{
    int64_t inner = t->col.inner ? t->col.inner : INT64_MAX, stride = t->col.stride;
    for (int64_t run; count > 0; first += run, count -= run, x += run) {
        float *c = row + c_axis(&t->col, first);
        run = least(count, inner - first % inner);
        if (direction == TO_TARGET && stride == 1)
            memcpy(c, x, (size_t)run * sizeof *c);
        else if (direction == TO_TARGET)
            for (int64_t i = 0; i < run; i++)
                c[i * stride] = x[i];
        else
            for (int64_t i = 0; i < run; i++)
                x[i] = c[i * stride];
    }
}

// `count` of an axis's indices from `first` on lie `stride` apart.
static int is_even(const struct bough__axis *axis, int64_t first, int64_t count)
{
    return !axis->inner || first % axis->inner + count <= axis->inner;
}

// The rows of a panel of A in the target.
struct rows {
    int64_t first, count, offset;
    int even;
};

struct cols {
    int64_t first, count, offset;
    int vectors, direct; // direct: they lie as the micro-kernel writes them
};

static struct cols cols_of(const struct work *w, int64_t first, int64_t count)
{
    const struct bough__axis *axis = &w->target.col;
    int vectors = count > w->l->isa->lanes ? 2 : 1;
    int direct =
        count == vectors * w->l->isa->lanes && axis->stride == 1 && is_even(axis, first, count);
    return (struct cols){first, count, c_axis(axis, first), vectors, direct};
}

// A tile that the micro-kernel cannot write where it belongs goes through a buffer.
static void run_aside(const struct work *w, struct c_tile *tile, const struct rows *rows,
                      const struct cols *cols)
{
    const struct target *t = &w->target;
    _Alignas(64) float sum[C_ROWS * C_MAX_LANES], bias[C_MAX_LANES] = {0};
    tile->ldc = cols->vectors * w->l->isa->lanes;
    tile->c = sum;
    if (tile->lane_bias) {
        memcpy(bias, tile->lane_bias, (size_t)cols->count * sizeof *bias);
        tile->lane_bias = bias;
    }
    for (int64_t i = 0; tile->add && i < rows->count; i++)
        move_row(t, target_row(t, w->batch, rows->first + i), sum + i * tile->ldc, cols->first,
                 cols->count, FROM_TARGET);
    w->l->isa->tile[rows->count - 1][cols->vectors - 1](tile);
    for (int64_t i = 0; i < rows->count; i++)
        move_row(t, target_row(t, w->batch, rows->first + i), sum + i * tile->ldc, cols->first,
                 cols->count, TO_TARGET);
}

static void run_tile(const struct work *w, struct c_tile *tile, const struct rows *rows,
                     const struct cols *cols)
{
    const struct target *t = &w->target;
    tile->add = !w->first || t->beta;
    if (w->last) {
        tile->relu = t->relu;
        tile->row_bias = t->row_bias ? t->row_bias + w->batch * w->l->m + rows->first : NULL;
        tile->lane_bias = t->col_bias ? t->col_bias + w->batch * w->l->n + cols->first : NULL;
    }
    if (!cols->direct || !rows->even) {
        run_aside(w, tile, rows, cols);
        return;
    }
    tile->c = t->data + w->batch * t->batch_stride + rows->offset + cols->offset;
    tile->ldc = t->row.stride;
    w->l->isa->tile[rows->count - 1][cols->vectors - 1](tile);
}

static void run_panels(const struct work *w, int64_t k, int64_t row, int64_t rows,
                       const struct c_box *box)
{
    int64_t panels = row_panels(w->l, rows), wide = 2 * w->l->isa->lanes;
    struct rows panel[MOST_PANELS];
    for (int64_t i = 0; i < panels; i++) {
        int64_t begin = panel_row(i, panels, rows), count = panel_row(i + 1, panels, rows) - begin;
        panel[i] = (struct rows){row + begin, count, c_axis(&w->target.row, row + begin),
                                 is_even(&w->target.row, row + begin, count)};
    }
    for (int64_t j = 0; j < box->count; j += wide) {
        const struct cols cols = cols_of(w, box->first + j, least(wide, box->count - j));
        for (int64_t i = 0; i < panels; i++) {
            struct c_tile tile = {.k = k,
                                  .a = w->a + i * panel_floats(k, C_ROWS),
                                  .b = w->b + j / wide * panel_floats(k, wide)};
            run_tile(w, &tile, &panel[i], &cols);
        }
    }
}

// ---- Items ----

static void run_block(const struct work *w, const struct c_box *rows, const struct c_box *cols,
                      const struct c_box *k)
{
    const struct packed_launch *l = w->l;
    struct c_block block;
    c_block_open(&block, l->isa, &l->b, w->batch, cols, k, w->image);
    struct c_steps steps = c_block_steps(&block, w->step, w->group);
    pack_b(w, &block, &steps);
    c_block_open(&block, l->isa, &l->a, w->batch, rows, k, w->image);
    steps = c_block_steps(&block, w->step, w->group);
    for (int64_t i = 0; i < rows->count; i += BLOCK_ROWS) {
        int64_t count = least(BLOCK_ROWS, rows->count - i);
        pack_a(w, &block, &steps, i, count);
        run_panels(w, k->count, rows->first + i, count, cols);
    }
}

// The sums of one share of k, [m, n] for each share and batch.
static float *partial(const struct packed_launch *l, float *scratch, int64_t share)
{
    return scratch + l->partial_at + share * l->batch * l->m * l->n;
}

static void run_item(const struct packed_launch *l, float *scratch, float *own, int64_t item)
{
    struct c_box cols = c_cut_box(&l->col_cut, item % l->col_cut.count);
    int64_t rest = item / l->col_cut.count;
    struct c_box rows = c_cut_box(&l->row_cut, rest % l->row_cut.count);
    rest /= l->row_cut.count;
    int64_t share = rest % l->shares;
    int64_t begin = l->k_cut.count * share / l->shares;
    int64_t end = l->k_cut.count * (share + 1) / l->shares;
    struct work w = {
        .l = l,
        .target = l->c,
        .batch = rest / l->shares,
        .a = own + l->a_at,
        .b = own + l->b_at,
        .image = own + l->image_at,
        .step = (int64_t *)(void *)(own + l->steps_at),
    };
    w.group = w.step + l->k_cut.box_images * l->k_cut.box_rows * l->k_cut.box_cols + 1;
    if (l->shares > 1)
        w.target = (struct target){.data = partial(l, scratch, share),
                                   .row.stride = l->n,
                                   .col.stride = 1,
                                   .batch_stride = l->m * l->n};
    for (int64_t i = begin; i < end; i++) {
        struct c_box k = c_cut_box(&l->k_cut, i);
        w.first = i == begin;
        w.last = i + 1 == end;
        run_block(&w, &rows, &cols, &k);
    }
}

// Adds the shares' partial sums of one row of one batch, and finishes it.
static void add_shares(const struct packed_launch *l, float *scratch, int64_t index)
{
    const struct target *t = &l->c;
    float *sum = partial(l, scratch, 0) + index * l->n;
    int64_t batch = index / l->m;
    float *row = target_row(t, batch, index % l->m);
    for (int64_t share = 1; share < l->shares; share++) {
        const float *other = partial(l, scratch, share) + index * l->n;
        for (int64_t i = 0; i < l->n; i++)
            sum[i] += other[i];
    }
    if (t->beta) {
        float *before = partial(l, scratch, 1) + index * l->n; // has been added
        move_row(t, row, before, 0, l->n, FROM_TARGET);
        for (int64_t i = 0; i < l->n; i++)
            sum[i] += before[i];
    }
    for (int64_t i = 0; t->row_bias && i < l->n; i++)
        sum[i] += t->row_bias[index];
    for (int64_t i = 0; t->col_bias && i < l->n; i++)
        sum[i] += t->col_bias[batch * l->n + i];
    for (int64_t i = 0; t->relu && i < l->n; i++)
        sum[i] = sum[i] < 0 ? 0 : sum[i];
    move_row(t, row, sum, 0, l->n, TO_TARGET);
}

// ---- Running ----

static int64_t items(const struct packed_launch *l)
{
    return l->batch * l->shares * l->row_cut.count * l->col_cut.count;
}

static void run(const struct c_launch *launch)
{
    const struct packed_launch *l = (const struct packed_launch *)launch;
    float *scratch = ((struct c_device *)launch->base.device)->scratch;
    int64_t count = items(l), rows = l->shares > 1 ? l->batch * l->m : 0;
    if (l->threads == 1) {
        for (int64_t i = 0; i < count; i++)
            run_item(l, scratch, scratch, i);
        for (int64_t i = 0; i < rows; i++)
            add_shares(l, scratch, i);
        return;
    }
#pragma omp parallel num_threads(l->threads)
    {
        float *own = scratch + omp_get_thread_num() * l->scratch;
#pragma omp for schedule(dynamic)
        for (int64_t i = 0; i < count; i++)
            run_item(l, scratch, own, i);
#pragma omp for schedule(static)
        for (int64_t i = 0; i < rows; i++)
            add_shares(l, scratch, i);
    }
}

static void destroy(struct c_launch *launch)
{
    free(launch);
}

// ---- Preparing ----

static void swap_axes(struct bough__matrix *x)
{
    struct bough__axis row = x->row;
    x->row = x->col;
    x->col = row;
    if (x->kind != BOUGH_PLAIN)
        x->kind = x->kind == BOUGH_WINDOWS ? BOUGH_WINDOWS_TRANSPOSED : BOUGH_WINDOWS;
}

// C' = B' A'.
static struct bough__gemm turned(const struct bough__gemm *gemm)
{
    struct bough__gemm t = *gemm;
    t.m = gemm->n;
    t.n = gemm->m;
    t.a = gemm->b;
    t.b = gemm->a;
    swap_axes(&t.a);
    swap_axes(&t.b);
    swap_axes(&t.c);
    t.bias_axis = gemm->bias_axis == BOUGH_BIAS_PER_ROW ? BOUGH_BIAS_PER_COL : BOUGH_BIAS_PER_ROW;
    return t;
}

// About the multiplications that the micro-kernel would do, idle lanes included, and what it costs
// to store columns that are not contiguous.
static double cost(const struct bough__gemm *g, const struct c_isa *isa)
{
    double rows = g->m < 4 ? 4 : (double)g->m;
    double store = g->c.col.stride == 1 ? 0 : 32 * (double)g->m * (double)g->n;
    return rows * (double)up(g->n, isa->lanes) * (double)g->k + store;
}

// Pixels must be lanes of B, not of A: only blocks of B are cut along images.
static int better_turned(const struct bough__gemm *gemm, const struct c_isa *isa)
{
    if (gemm->b.kind == BOUGH_WINDOWS)
        return 0;
    if (gemm->a.kind == BOUGH_WINDOWS_TRANSPOSED)
        return 1;
    struct bough__gemm t = turned(gemm);
    return cost(&t, isa) < cost(gemm, isa);
}

// How many shares k is cut into: where C is small and k long, there is more to gain from threads
// and caches than partial sums cost. By the shape alone.
static int64_t shares_of_k(const struct packed_launch *l)
{
    double side = (double)l->m * (double)l->n, k = (double)l->k;
    if (k * k < 64 * side || l->k < 1024)
        return 1;
    return least(least(MOST_SHARES, l->k / 512), l->k_cut.count);
}

static void cut(struct packed_launch *l)
{
    l->k_cut = l->a.kind == C_SIDE_PIXELS_DOWN ? c_side_cut_k(&l->a, BLOCK_K)
                                               : c_side_cut_k(&l->b, BLOCK_K);
    l->shares = shares_of_k(l);
    int64_t block_k = l->k_cut.box_images * l->k_cut.box_rows * l->k_cut.box_cols;
    int64_t lanes = BLOCK_B / (block_k + 4), wide = 2 * l->isa->lanes;
    lanes = lanes > MOST_LANES ? MOST_LANES : lanes < LEAST_LANES ? LEAST_LANES : lanes;
    int parallel = (double)l->batch * (double)l->m * (double)l->n * (double)l->k >= PARALLEL_WORK;
    l->threads = parallel ? omp_get_max_threads() : 1;
    // Twice as many items as threads, if that leaves blocks worth packing.
    int64_t wanted = l->threads > 1 ? 2 * l->threads : 1, others = l->batch * l->shares;
    int64_t blocks = (wanted + others - 1) / others;
    if (l->n / lanes < blocks)
        lanes = up(l->n / blocks, wide) < LEAST_LANES ? LEAST_LANES : up(l->n / blocks, wide);
    l->col_cut = c_side_cut_lanes(&l->b, lanes, wide);
    blocks = (wanted + others * l->col_cut.count - 1) / (others * l->col_cut.count);
    int64_t rows = l->m / blocks < LEAST_LANES ? LEAST_LANES : l->m / blocks;
    l->row_cut = c_side_cut_lanes(&l->a, rows, l->isa->rows);
    if (items(l) < l->threads)
        l->threads = (int)items(l);
}

static int64_t largest_box(const struct c_cut *cut)
{
    return cut->box_images * cut->box_rows * cut->box_cols;
}

// Lays out a thread's scratch, every part on a cache line of its own.
static size_t lay_out(struct packed_launch *l)
{
    int64_t k = largest_box(&l->k_cut), wide = 2 * l->isa->lanes, at = 0;
    l->b_at = at;
    at += up(up(largest_box(&l->col_cut), wide) / wide * panel_floats(k, wide), 16);
    l->a_at = at;
    at += up((row_panels(l, BLOCK_ROWS) + 1) * panel_floats(k, C_ROWS), 16);
    l->image_at = at;
    int64_t image_a = c_block_scratch(&l->a, &l->row_cut, &l->k_cut);
    int64_t image_b = c_block_scratch(&l->b, &l->col_cut, &l->k_cut);
    at += up(image_a > image_b ? image_a : image_b, 16);
    l->steps_at = at;
    at += up(2 * (k + 1) * (int64_t)(sizeof(int64_t) / sizeof(float)), 16);
    l->scratch = at;
    l->partial_at = l->threads * l->scratch;
    int64_t partials = l->shares > 1 ? l->shares * l->batch * l->m * l->n : 0;
    return (size_t)(l->partial_at + partials) * sizeof(float);
}

static int applicable(const struct bough__c_gemm *self, const struct bough__gemm *gemm)
{
    int windows_twice = gemm->a.kind != BOUGH_PLAIN && gemm->b.kind != BOUGH_PLAIN;
    return self->isa->supported() && gemm->m > 0 && gemm->n > 0 && gemm->k > 0 && !windows_twice;
}

static enum bough_status prepare(const struct bough__c_gemm *self, struct bough__launch **launch,
                                 struct bough_device *device, const struct bough__gemm *gemm)
{
    struct bough__gemm g = better_turned(gemm, self->isa) ? turned(gemm) : *gemm;
    struct packed_launch *l = calloc(1, sizeof *l);
    if (!l)
        return bough__no_memory();
    l->base = (struct c_launch){{device}, run, destroy};
    l->isa = self->isa;
    l->m = g.m;
    l->n = g.n;
    l->k = g.k;
    l->batch = g.batch;
    l->alpha = g.alpha;
    c_side_init(&l->a, &g.a, C_ROWS_ACROSS, g.m, g.k);
    c_side_init(&l->b, &g.b, C_COLS_ACROSS, g.k, g.n);
    const float *bias = c_pointer(g.bias);
    l->c = (struct target){
        .data = c_pointer(g.c.data),
        .row = g.c.row,
        .col = g.c.col,
        .batch_stride = g.c.batch_stride,
        .beta = g.beta != 0,
        .row_bias = g.bias_axis == BOUGH_BIAS_PER_ROW ? bias : NULL,
        .col_bias = g.bias_axis == BOUGH_BIAS_PER_COL ? bias : NULL,
        .relu = g.activation == BOUGH_RELU,
    };
    cut(l);
    enum bough_status status = bough__c_scratch(device, lay_out(l));
    if (status != BOUGH_OK) {
        free(l);
        return status;
    }
    *launch = &l->base.base;
    return BOUGH_OK;
}

#ifdef __x86_64__
const struct bough__c_gemm bough__c_gemm_avx512 = {"avx512", &bough__c_isa_avx512, applicable,
                                                   prepare};
const struct bough__c_gemm bough__c_gemm_avx2 = {"avx2", &bough__c_isa_avx2, applicable, prepare};
#endif
const struct bough__c_gemm bough__c_gemm_base = {"base", &bough__c_isa_base, applicable, prepare};
