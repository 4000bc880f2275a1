// Small plain GEMMs: what an item of the packed one would have to find out is found out when they
// are prepared, and both operands are read where they stand, but for a B whose columns lie apart.
#include "base/error.h"
#include "device/c/gemm/c_gemm.h"
#include "device/c/gemm/gemm_packed.h"

#include <stdlib.h>

#ifdef __x86_64__ // it takes AVX-512

enum {
    MOST_WORK = 1 << 29,   // multiplications
    MOST_PACKED = 1 << 19, // floats of B
    MOST_TILES = 2048,
    MOST_ITEMS = 32,
    ITEM_WORK = 1 << 17, // multiplications worth a thread
};

struct call {
    bough__c_tile_fn *run;
    struct bough__c_tile tile;
    int64_t rows;
};

// A part of C for one thread.
struct item {
    const struct call *call, *end;
    int64_t panel, panel_end; // of B, that it packs first
    float *packed;
};

struct small_launch {
    struct bough__c_launch base;
    const struct bough__c_isa *isa;
    struct activation activation; // that the tiles leave
    struct item item[MOST_ITEMS];
    int64_t items;
    struct bough__c_side b;
    struct bough__c_box cols, k;
    struct bough__c_steps steps; // of B
    int64_t panel_floats;
    int64_t row[C_MAX_ROWS]; // of a panel of A
    // Below here in one allocation each.
    struct call *call;
    int64_t *step; // steps, then groups
    struct bough__c_stretch *stretch;
    float *packed; // [items, panels, panel_floats]
};

// ---- Running ----

static void pack(const struct small_launch *l, const struct item *item)
{
    const struct bough__c_block b = {&l->b, &l->cols, &l->k, .data = l->b.data};
    const int64_t lanes = l->isa->lanes;
    for (int64_t i = item->panel; i < item->panel_end; i++) {
        const int64_t first = 2 * lanes * i;
        int64_t lane[C_MAX_LANES], count = bough__c_least(2 * lanes, l->cols.count - first);
        const int64_t width = count > lanes ? 2 * lanes : lanes;
        bough__c_block_lanes(&b, first, count, lane);
        for (int64_t j = count; j < width; j++)
            lane[j] = lane[count - 1];
        l->isa->pack(item->packed + i * l->panel_floats, (int)width, b.data, lane, &l->steps);
    }
}

static void run_item(const void *launch, int64_t index, int thread)
{
    (void)thread;
    const struct small_launch *l = launch;
    const struct item *item = &l->item[index];
    pack(l, item);
    for (const struct call *call = item->call; call < item->end; call++) {
        call->run(&call->tile);
        for (int64_t i = 0; l->activation.kind && i < call->rows; i++)
            bough__c_activate(call->tile.c + i * call->tile.ldc, call->tile.lanes, l->activation);
    }
}

static void run(const struct bough__c_launch *launch)
{
    const struct small_launch *l = (const struct small_launch *)launch;
    if (l->items == 1)
        run_item(l, 0, 0);
    else
        bough__c_pool_run(bough__c_pool_of(launch), run_item, l, l->items);
}

static void destroy(struct bough__c_launch *launch)
{
    struct small_launch *l = (struct small_launch *)launch;
    free(l->call);
    free(l->step);
    free(l->stretch);
    free(l->packed);
    free(l);
}

// ---- Preparing ----

static int is_plain(const struct bough__matrix *x)
{
    return x->kind == BOUGH_PLAIN && !x->row.inner && !x->col.inner;
}

static struct bough__gemm oriented(const struct bough__gemm *gemm)
{
    return gemm->c.col.stride == 1 ? *gemm : bough__c_gemm_turned(gemm);
}

// Whether k is contiguous on both sides, and vectors along it cost less than idle lanes. About the
// cycles of each.
static int is_dots(const struct bough__gemm *g, const struct bough__c_isa *isa)
{
    const int64_t lanes = isa->lanes, wide = bough__c_up(g->n, lanes);
    const int64_t packing = wide * g->k / 10, summing = 2 * g->m * g->n;
    return g->a.col.stride == 1 && g->b.row.stride == 1 &&
           g->m * g->n * bough__c_up(g->k, lanes) / (2 * lanes) + summing <
               g->m * wide * g->k / (2 * lanes) + packing;
}

static int64_t parts(int64_t count, int64_t size)
{
    return (count + size - 1) / size;
}

// How C is cut into tiles, and these into items.
struct grid {
    enum bough__c_form form;
    int64_t row_panels, col_panels, wide; // wide: columns of a panel
    int64_t row_items, col_items;
    int packs; // B is packed
};

static struct grid grid_of(const struct bough__gemm *g, const struct bough__c_isa *isa, int threads)
{
    struct grid grid = {.form = g->a.row.stride == 1 && g->m > 1 ? C_PACKED : C_ROWS,
                        .wide = 2 * isa->lanes,
                        .row_items = 1,
                        .col_items = 1,
                        .packs = g->b.col.stride != 1 && g->n > 1};
    if (is_dots(g, isa)) {
        grid.form = C_SUMS;
        grid.wide = C_SUMS_SIDE;
        grid.packs = 0;
    }
    grid.row_panels = parts(g->m, grid.form == C_SUMS ? C_SUMS_SIDE : isa->rows);
    grid.col_panels = parts(g->n, grid.wide);
    // Items that share rows pack the same of B; those that share columns do not.
    int64_t items =
        bough__c_least(bough__c_least(threads, MOST_ITEMS), g->m * g->n * g->k / ITEM_WORK);
    if (items > 1 && grid.packs && grid.col_panels % items == 0)
        grid.col_items = items;
    else if (items > 1)
        grid.row_items = bough__c_least(items, grid.row_panels);
    if (items > grid.row_items)
        grid.col_items = bough__c_least(items / grid.row_items, grid.col_panels);
    grid.row_panels = bough__c_least(bough__c_up(grid.row_panels, grid.row_items), g->m);
    return grid;
}

// Whether `count` lines so many floats apart can stay in a cache of `ways`, each of `size` bytes.
static int can_stay(int64_t count, int64_t stride, int64_t ways, int64_t size)
{
    int64_t apart = stride * (int64_t)sizeof(float) & -(stride * (int64_t)sizeof(float));
    return apart == 0 || count <= ways * (size / bough__c_least(apart, size));
}

// Rows that are read where they stand must not put one another out of the first cache, nor all k
// out of the second.
static int fits_caches(const struct bough__gemm *g, const struct grid *grid)
{
    enum { L1_WAYS = 12, L2_WAYS = 16, L1_WAY = 4096, L2_WAY = 65536 };
    if (!grid->packs && grid->form != C_SUMS && !can_stay(g->k, g->b.row.stride, L2_WAYS, L2_WAY))
        return 0;
    if (grid->form == C_PACKED)
        return can_stay(g->k, g->a.col.stride, L2_WAYS, L2_WAY);
    return g->m <= L1_WAYS || can_stay(L1_WAYS + 1, g->a.row.stride, L1_WAYS, L1_WAY);
}

static int applicable(const struct bough__c_gemm *self, const struct bough__gemm *gemm)
{
    if (!self->isa->masks || !bough__c_isa_usable(self->isa) || gemm->batch != 1 ||
        gemm->alpha != 1 || gemm->m < 1 || gemm->n < 1 || gemm->k < 1 ||
        (double)gemm->m * (double)gemm->n * (double)gemm->k > MOST_WORK || !is_plain(&gemm->a) ||
        !is_plain(&gemm->b) || !is_plain(&gemm->c))
        return 0;
    const struct bough__gemm g = oriented(gemm);
    const struct grid grid = grid_of(&g, self->isa, 1);
    return g.c.col.stride == 1 && (grid.row_panels + 1) * grid.col_panels <= MOST_TILES &&
           fits_caches(&g, &grid) &&
           (!grid.packs || grid.col_panels * grid.wide * g.k <= MOST_PACKED);
}

// The tile of row `row` on and column `col` on.
static struct bough__c_tile tile_of(const struct small_launch *l, const struct bough__gemm *g,
                                    int64_t row, int64_t col)
{
    const float *bias = bough__c_pointer(g->bias);
    const int per_row = g->bias_axis == BOUGH_BIAS_PER_ROW;
    return (struct bough__c_tile){
        .k = g->k,
        .a = (const float *)bough__c_pointer(g->a.data) + row * g->a.row.stride,
        .a_step = g->a.col.stride,
        .b = (const float *)bough__c_pointer(g->b.data) + col * g->b.col.stride,
        .b_step = g->b.row.stride,
        .row = l->row,
        .run = l->row, // its first one is 0
        .runs = 1,
        .run_k = g->k,
        .c = (float *)bough__c_pointer(g->c.data) + row * g->c.row.stride + col,
        .ldc = g->c.row.stride,
        .add = g->beta != 0,
        .row_bias = bias && per_row ? bias + row : NULL,
        .lane_bias = bias && !per_row ? bias + col : NULL,
        .relu = g->activation == BOUGH_RELU,
    };
}

// The tiles of one panel of columns, of rows' panels first..end-1.
static struct call *fill_panel(struct call *call, const struct small_launch *l,
                               const struct bough__gemm *g, const struct grid *grid,
                               const float *packed, int64_t panel, int64_t first, int64_t end)
{
    const int64_t col = panel * grid->wide, count = bough__c_least(grid->wide, g->n - col);
    const int vectors = count > l->isa->lanes ? 2 : 1;
    for (int64_t i = first; i < end; i++, call++) {
        const int64_t row = g->m * i / grid->row_panels;
        const int64_t rows = g->m * (i + 1) / grid->row_panels - row;
        call->tile = tile_of(l, g, row, col);
        call->tile.lanes = call->tile.split = (int)count;
        call->rows = rows;
        if (grid->form == C_SUMS) {
            call->run = l->isa->sums[rows - 1][count - 1];
            call->tile.full = g->k / 16;
            call->tile.rest = g->k % 16;
            call->tile.stretch = l->stretch;
            call->tile.b_step = g->b.col.stride;
        } else {
            call->run = bough__c_tile_of(l->isa, grid->form, rows, vectors);
        }
        if (grid->packs) {
            call->tile.b = packed + panel * l->panel_floats;
            call->tile.b_step = vectors * l->isa->lanes;
        }
    }
    return call;
}

static void fill(struct small_launch *l, const struct bough__gemm *g, const struct grid *grid)
{
    struct call *call = l->call;
    for (int64_t i = 0; i < grid->row_items * grid->col_items; i++) {
        const int64_t r = i / grid->col_items, c = i % grid->col_items;
        const int64_t first = grid->row_panels * r / grid->row_items;
        const int64_t end = grid->row_panels * (r + 1) / grid->row_items;
        struct item *item = &l->item[l->items++];
        item->panel = grid->col_panels * c / grid->col_items;
        item->panel_end = grid->col_panels * (c + 1) / grid->col_items;
        item->packed = l->packed + i * grid->col_panels * l->panel_floats;
        item->call = call;
        for (int64_t j = item->panel; j < item->panel_end; j++)
            call = fill_panel(call, l, g, grid, item->packed, j, first, end);
        item->end = call;
        if (!grid->packs)
            item->panel_end = item->panel;
    }
}

// What packing B needs: where its steps are, and room.
static int prepare_packing(struct small_launch *l, const struct bough__gemm *g,
                           const struct grid *grid)
{
    l->panel_floats = bough__c_panel_floats(g->k, grid->wide);
    if (!grid->packs)
        return 1;
    const size_t panels = (size_t)(grid->row_items * grid->col_items * grid->col_panels);
    const size_t floats = panels * (size_t)l->panel_floats;
    l->packed = aligned_alloc(64, (floats * sizeof *l->packed + 63) / 64 * 64);
    l->step = malloc(2 * (size_t)(g->k + 1) * sizeof *l->step);
    if (!l->packed || !l->step)
        return 0;
    bough__c_side_init(&l->b, &g->b, C_COLS_ACROSS, g->k, g->n);
    l->cols = (struct bough__c_box){.count = g->n};
    l->k = (struct bough__c_box){.count = g->k};
    const struct bough__c_block b = {&l->b, &l->cols, &l->k, .data = l->b.data};
    l->steps = bough__c_block_steps(&b, l->step, l->step + g->k + 1);
    return 1;
}

static int prepare_stretches(struct small_launch *l, int64_t k)
{
    l->stretch = malloc((size_t)parts(k, 16) * sizeof *l->stretch);
    for (int64_t i = 0; l->stretch && i < k; i += 16)
        l->stretch[i / 16] = (struct bough__c_stretch){i, i};
    return l->stretch != NULL;
}

static enum bough_status prepare(const struct bough__c_gemm *self, struct bough__launch **launch,
                                 struct bough_device *device, const struct bough__gemm *gemm)
{
    const struct bough__gemm g = oriented(gemm);
    struct small_launch *l = calloc(1, sizeof *l);
    if (!l)
        return bough__no_memory();
    l->base = (struct bough__c_launch){{.device = device}, run, destroy};
    l->isa = self->isa;
    l->activation = bough__c_left_activation(&g);
    for (int64_t i = 0; i < C_MAX_ROWS; i++)
        l->row[i] = i * g.a.row.stride;
    const struct grid grid = grid_of(&g, l->isa, bough__c_pool_threads(bough__c_pool_of(&l->base)));
    l->call = calloc((size_t)(grid.row_panels * grid.col_panels), sizeof *l->call);
    if (!l->call || !prepare_packing(l, &g, &grid) ||
        (grid.form == C_SUMS && !prepare_stretches(l, g.k))) {
        destroy(&l->base);
        return bough__no_memory();
    }
    fill(l, &g, &grid);
    *launch = &l->base.base;
    return BOUGH_OK;
}

const struct bough__c_gemm bough__c_gemm_small = {"small", &bough__c_isa_avx512, applicable,
                                                  prepare};
#endif
