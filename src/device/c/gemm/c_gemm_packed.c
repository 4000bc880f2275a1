#include "base/error.h"
#include "device/c/gemm/c_gemm.h"
#include "device/c/gemm/gemm_packed.h"

#include <stdlib.h>

enum {
    BLOCK_K = 320,           // rows of a panel: one of A and one of B fit in the first cache
    BLOCK_K_PIXELS = 400,    // where k is pixels
    BLOCK_K_WINDOWS = 640,   // where B is not packed
    BLOCK_K_SUMS = 1152,     // where nothing is: a tile's fits in the first cache
    BLOCK_IMAGE = 64 * 1024, // floats of a block of images: a quarter of a second cache
    BLOCK_B = 128 * 1024,    // floats of a packed block of B: half of a second cache
    MOST_LANES = 2048,       // of a block
    LEAST_LANES = 64,        // of a block, when blocks are made smaller for more threads
    LARGE_ROWS = 512,        // worth packing a block of B for
    MOST_SHARES = 16,        // of k
    SHARE_RANGES = 64,       // of rows, when the partial sums are added
    PARALLEL_WORK = 1 << 19, // multiplications
};

// ---- Running ----

static float *scratch_of(const struct bough__c_packed *l)
{
    return ((struct bough__c_device *)l->base.base.device)->scratch;
}

static void run_item(const void *launch, int64_t item, int thread)
{
    const struct bough__c_packed *l = launch;
    float *scratch = scratch_of(l);
    bough__c_run_item(l, scratch, scratch + thread * l->scratch, item);
}

// The partial sums of a range of rows.
static void add_shares(const void *launch, int64_t item, int thread)
{
    (void)thread;
    const struct bough__c_packed *l = launch;
    int64_t rows = l->batch * l->m, ranges = bough__c_least(rows, SHARE_RANGES);
    for (int64_t i = rows * item / ranges; i < rows * (item + 1) / ranges; i++)
        bough__c_add_shares(l, scratch_of(l), i);
}

static void run(const struct bough__c_launch *launch)
{
    const struct bough__c_packed *l = (const struct bough__c_packed *)launch;
    int64_t count = bough__c_items(l), rows = l->shares > 1 ? l->batch * l->m : 0;
    int64_t ranges = bough__c_least(rows, SHARE_RANGES);
    if (l->threads == 1) {
        for (int64_t i = 0; i < count; i++)
            run_item(l, i, 0);
        for (int64_t i = 0; i < ranges; i++)
            add_shares(l, i, 0);
        return;
    }
    bough__c_pool_run(bough__c_pool_of(launch), run_item, l, count);
    bough__c_pool_run(bough__c_pool_of(launch), add_shares, l, ranges);
}

static void destroy(struct bough__c_launch *launch)
{
    free(launch);
}

// ---- Which way round ----

static void swap_axes(struct bough__matrix *x)
{
    struct bough__axis row = x->row;
    x->row = x->col;
    x->col = row;
    if (x->kind != BOUGH_PLAIN)
        x->kind = x->kind == BOUGH_WINDOWS ? BOUGH_WINDOWS_TRANSPOSED : BOUGH_WINDOWS;
}

struct bough__gemm bough__c_gemm_turned(const struct bough__gemm *gemm)
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
static double cost(const struct bough__gemm *g, const struct bough__c_isa *isa)
{
    double rows = g->m < 4 ? 4 : (double)g->m;
    double store = g->c.col.stride == 1 ? 0 : 32 * (double)g->m * (double)g->n;
    return rows * (double)bough__c_up(g->n, isa->lanes) * (double)g->k + store;
}

// Pixels must be lanes of B, not of A: only blocks of B are cut along images.
static int better_turned(const struct bough__gemm *gemm, const struct bough__c_isa *isa)
{
    if (gemm->b.kind == BOUGH_WINDOWS || gemm->a.kind == BOUGH_WINDOWS)
        return 0;
    if (gemm->a.kind == BOUGH_WINDOWS_TRANSPOSED || gemm->b.kind == BOUGH_WINDOWS_TRANSPOSED)
        return 1;
    struct bough__gemm t = bough__c_gemm_turned(gemm);
    return cost(&t, isa) < cost(gemm, isa);
}

// ---- Which form ----

// Each vector of pixels lies in two rows of the image at most.
static int two_rows(const struct bough__windows *w)
{
    int64_t grain = 16;
    while (w->out_w % grain)
        grain /= 2;
    return w->stride_w == 1 && w->out_w + grain >= 16;
}

// Whether vectors along k, which must be summed at the end, cost less than packing B and the idle
// lanes of its vectors. About the cycles of each.
static int is_sums(const struct bough__c_packed *l)
{
    const struct bough__windows *w = &l->a.windows;
    const struct bough__axis *k = &l->b.k_axis;
    const int64_t area = (int64_t)w->out_h * w->out_w;
    if (l->a.kind != C_SIDE_PIXELS_DOWN || l->alpha != 1 || !l->isa->masks ||
        w->stride_h * w->stride_w != 1 || w->input_dilation_h * w->input_dilation_w != 1 ||
        l->b.lane_axis.inner || k->stride != 1 || (k->inner && k->inner % area))
        return 0;
    const double wide = (double)bough__c_up(l->n, l->isa->lanes), m = (double)l->m;
    const double idle = (double)bough__c_up(area, 16) / (double)area;
    return m * (double)l->n / 32 * idle < wide * (m / 32 + 0.1);
}

static enum bough__c_form form_of(const struct bough__c_packed *l)
{
    if (is_sums(l))
        return C_SUMS;
    if (l->b.kind == C_SIDE_PIXELS_ACROSS && l->isa->masks && two_rows(&l->b.windows))
        return C_WINDOWS;
    if (l->a.kind == C_SIDE_PIXELS_DOWN && l->alpha == 1)
        return C_ROWS;
    return C_PACKED;
}

// ---- Cutting ----

// How many shares k is cut into: where C is small and k long, there is more to gain from threads
// and caches than partial sums cost. By the shape alone.
static int64_t shares_of_k(const struct bough__c_packed *l)
{
    double side = (double)l->m * (double)l->n, k = (double)l->k;
    if (k * k < 64 * side || l->k < 1024)
        return 1;
    return bough__c_least(bough__c_least(MOST_SHARES, l->k / 512), l->k_cut.count);
}

// Columns of a block of B: as many as the cache holds, fewer where threads would have nothing to
// do.
static int64_t lanes_of_a_block(const struct bough__c_packed *l, int64_t wanted)
{
    int64_t wide = 2 * l->isa->lanes, others = l->batch * l->shares;
    int64_t lanes = BLOCK_B / (bough__c_largest_box(&l->k_cut) + 4);
    if (l->form == C_WINDOWS) {
        const struct bough__windows *w = &l->b.windows;
        int64_t taps = (int64_t)w->kernel_h * w->kernel_w;
        lanes = BLOCK_IMAGE * taps / bough__c_largest_box(&l->k_cut);
    }
    lanes = bough__c_least(lanes, MOST_LANES);
    lanes = bough__c_least(lanes, bough__c_up(l->n / ((wanted + others - 1) / others), wide));
    return lanes < LEAST_LANES ? LEAST_LANES : lanes;
}

static void cut(struct bough__c_packed *l)
{
    l->form = form_of(l);
    l->a.shifted = l->form == C_SUMS;
    if (l->a.kind == C_SIDE_PIXELS_DOWN)
        l->k_cut = bough__c_side_cut_k(&l->a, l->form == C_SUMS ? BLOCK_K_SUMS : BLOCK_K_PIXELS);
    else
        l->k_cut = bough__c_side_cut_k(&l->b, l->form == C_WINDOWS ? BLOCK_K_WINDOWS : BLOCK_K);
    l->shares = shares_of_k(l);
    double work = (double)l->batch * (double)l->m * (double)l->n * (double)l->k;
    l->threads = work < PARALLEL_WORK ? 1 : bough__c_pool_threads(bough__c_pool_of(&l->base));
    // More items than threads, if that leaves blocks worth packing.
    int64_t wanted = l->threads > 1 ? (l->form >= C_WINDOWS ? 8 : 2) * l->threads : 1;
    l->col_cut = bough__c_side_cut_lanes(&l->b, lanes_of_a_block(l, wanted), 2 * l->isa->lanes);
    int64_t others = l->batch * l->shares * l->col_cut.count;
    int64_t rows = l->m / ((wanted + others - 1) / others);
    // A few large items are a long wait for the last.
    if (l->threads > 1 && rows > 2 * LARGE_ROWS && others < 8 * l->threads)
        rows = LARGE_ROWS;
    l->row_cut =
        bough__c_side_cut_lanes(&l->a, rows < LEAST_LANES ? LEAST_LANES : rows, l->isa->rows);
    if (bough__c_items(l) == 1)
        l->threads = 1;
}

// Lays out a thread's scratch, every part on a cache line of its own.
static size_t lay_out(struct bough__c_packed *l)
{
    int64_t k = bough__c_largest_box(&l->k_cut), wide = 2 * l->isa->lanes, at = 0;
    l->b_at = at;
    at += bough__c_up(bough__c_up(bough__c_largest_box(&l->col_cut), wide) / wide *
                          bough__c_panel_floats(k, wide),
                      16);
    l->a_at = at;
    at += bough__c_up(C_MOST_PANELS * bough__c_panel_floats(k, l->isa->panel_rows), 16);
    l->image_at = at;
    int64_t image_a = bough__c_block_scratch(&l->a, &l->row_cut, &l->k_cut);
    int64_t image_b = bough__c_block_scratch(&l->b, &l->col_cut, &l->k_cut);
    at += bough__c_up(image_a > image_b ? image_a : image_b, 16);
    l->steps_at = at;
    at += bough__c_up(4 * (k + 1) * (int64_t)(sizeof(int64_t) / sizeof(float)), 16);
    l->pairs_at = at;
    at += bough__c_up((bough__c_largest_box(&l->col_cut) / 16 + 1) *
                          (int64_t)(sizeof(struct bough__c_pair) / sizeof(float)),
                      16);
    l->scratch = at;
    l->partial_at = l->threads * l->scratch;
    int64_t partials = l->shares > 1 ? l->shares * l->batch * l->m * l->n : 0;
    return (size_t)(l->partial_at + partials) * sizeof(float);
}

// ---- Preparing ----

static int applicable(const struct bough__c_gemm *self, const struct bough__gemm *gemm)
{
    int windows_twice = gemm->a.kind != BOUGH_PLAIN && gemm->b.kind != BOUGH_PLAIN;
    return bough__c_isa_usable(self->isa) && gemm->m > 0 && gemm->n > 0 && gemm->k > 0 &&
           !windows_twice;
}

static enum bough_status prepare(const struct bough__c_gemm *self, struct bough__launch **launch,
                                 struct bough_device *device, const struct bough__gemm *gemm)
{
    struct bough__gemm g = better_turned(gemm, self->isa) ? bough__c_gemm_turned(gemm) : *gemm;
    struct bough__c_packed *l = calloc(1, sizeof *l);
    if (!l)
        return bough__no_memory();
    l->base = (struct bough__c_launch){{.device = device}, run, destroy};
    l->isa = self->isa;
    l->m = g.m;
    l->n = g.n;
    l->k = g.k;
    l->batch = g.batch;
    l->alpha = g.alpha;
    bough__c_side_init(&l->a, &g.a, C_ROWS_ACROSS, g.m, g.k);
    bough__c_side_init(&l->b, &g.b, C_COLS_ACROSS, g.k, g.n);
    const float *bias = bough__c_pointer(g.bias);
    l->c = (struct bough__c_target){
        .data = bough__c_pointer(g.c.data),
        .row = g.c.row,
        .col = g.c.col,
        .batch_stride = g.c.batch_stride,
        .beta = g.beta != 0,
        .row_bias = g.bias_axis == BOUGH_BIAS_PER_ROW ? bias : NULL,
        .col_bias = g.bias_axis == BOUGH_BIAS_PER_COL ? bias : NULL,
        .relu = g.activation == BOUGH_RELU,
        .activation = bough__c_left_activation(&g),
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
