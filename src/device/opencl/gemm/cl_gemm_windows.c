// Convolutions on CPU devices, windows read from padded images: cl/gemm/windows.cl.
#include "device/opencl/gemm/cl_gemm.h"

#include "base/error.h"

enum {
    PARTS_PER_UNIT = 4,
    MOST_BLOCK = 12 * 32, // sums of a block of the forward pass
    MOST_DOTS = 32,       // taps
    SLACK = 32,           // floats that a vector may read behind an image
    MOST_IMAGE = 1 << 18, // floats of a padded tile
    MOST_SUMS = 1 << 18,  // floats of partial sums of a group
    MOST_FEW = 1 << 14,   // sums that are vectors: half of a second cache
    FEW_VECTORS = 32      // of positions that sums stay in registers for, about
};

static const gemm_long BOX = 24 * 1024; // floats, about: it stays in a core's cache
static const double WORTH = 1e6;        // multiplications that a group is worth

// Floats of a channel of a padded tile of `rows` rows of positions.
static gemm_long padded(const struct gemm_view *v, gemm_long pitch, gemm_long rows)
{
    return ((rows - 1) * v->stride_h + (gemm_long)(v->kernel_h - 1) * v->dilation_h + 1) * pitch;
}

// 0 if even a row of positions is too much.
static int cut(struct gemm_params *p, gemm_long positions, gemm_long channels, gemm_long most)
{
    const struct gemm_view *v = &p->b;
    struct gemm_padded_tiles *tiles = &p->tiles;
    const gemm_long width =
        (gemm_long)(v->out_w - 1) * v->stride_w + (gemm_long)(v->kernel_w - 1) * v->dilation_w + 1;
    const gemm_long phase = bough__cl_parts(width, v->stride_w), pitch = phase * v->stride_w;
    if (pitch > MOST_IMAGE)
        return 0;
    tiles->phase = (int)phase;
    tiles->pitch = (int)pitch;
    tiles->rows = v->out_h;
    while (tiles->rows > 1 && padded(v, pitch, tiles->rows) > most / channels)
        tiles->rows = (tiles->rows + 1) / 2;
    // Not a power of two: all channels would meet in a few sets of the cache.
    const gemm_long channel = ((padded(v, pitch, tiles->rows) + 15) / 16 | 1) * 16;
    if (channel > MOST_IMAGE / channels)
        return 0;
    tiles->channel = (int)channel;
    tiles->per_image = bough__cl_parts(v->out_h, tiles->rows);
    tiles->count = positions / ((gemm_long)v->out_h * v->out_w) * tiles->per_image;
    return 1;
}

// The positions of one image are neighbours.
static int is_run(const struct gemm_axis *axis, const struct gemm_view *v)
{
    const gemm_long positions = (gemm_long)v->out_h * v->out_w;
    return (axis->stride == 1 || positions == 1) && axis->inner % positions == 0;
}

// The blocks of sums of the gradient of few weights are 5 x 5 or 8 x 3.
static gemm_long slots(const struct gemm_params *p, int taps)
{
    return bough__cl_up(p->m, taps == 5 ? 5 : 8) * bough__cl_up(p->n, taps);
}

static int taps_of(const struct gemm_params *p)
{
    return slots(p, 5) <= slots(p, 3) ? 5 : 3;
}

// Whether the gradient of the weight is rather summed along positions: about the multiply-adds and
// the copies of 16 of them.
static int is_few(const struct gemm_params *p)
{
    const struct gemm_view *v = &p->b;
    const gemm_long positions = (gemm_long)v->out_h * v->out_w, wide = p->m > 16 ? 32 : 16;
    const double idle = (double)bough__cl_up(positions, 16) / (double)positions;
    const double copies = 8.0 * (double)p->n / v->kernel_h;
    const double few = 1.1 * (double)slots(p, taps_of(p)) * idle + copies;
    return (p->n > MOST_DOTS || taps_of(p) == 5) && p->m * p->n <= MOST_FEW && v->stride_h == 1 &&
           (p->a.depth.inner == 0 || p->a.depth.inner == positions) &&
           few < (double)bough__cl_up(p->m, wide) * (double)(p->n + 10);
}

// A GEMM over windows, turned so that they are B, and cut; 0 if these kernels cannot do it.
static int plan(struct bough__cl_gemm *g)
{
    struct gemm_params *p = &g->params;
    if (p->a.kind != GEMM_PLAIN)
        bough__cl_gemm_turn(g);
    if (g->gemm.k == 0 || p->a.kind != GEMM_PLAIN || p->b.kind == GEMM_PLAIN)
        return 0;
    const int forward = p->b.kind == GEMM_POSITIONS_ACROSS;
    const gemm_long taps = forward ? p->k : p->n, positions = forward ? p->n : p->k;
    const gemm_long channels = taps / ((gemm_long)p->b.kernel_h * p->b.kernel_w);
    const int few = !forward && is_few(p);
    p->tiles.taps = few ? taps_of(p) : 0;
    if (!cut(p, positions, channels, few ? 2 * BOX / p->b.kernel_w : BOX) ||
        p->a.extent > INT32_MAX)
        return 0;
    if (forward)
        return is_run(&p->c_col, &p->b) && p->c_row.inner == 0 && !p->bias_per_col;
    return is_run(&p->a.depth, &p->b) && p->m * p->n <= MOST_SUMS;
}

static int can(const struct bough__cl_gemm *g)
{
    struct bough__cl_gemm planned = *g;
    return plan(&planned);
}

static int suits(const struct bough__cl_gemm *g)
{
    return g->device->cpu && can(g);
}

// With few taps, packing takes longer than multiplying: rows that are multiplied as they lie, where
// 16 positions lie in two rows of windows at most and make up each tile. 0: packing is better.
static int dot_rows(const struct gemm_params *p)
{
    const struct gemm_view *v = &p->b;
    const int rows = p->tiles.rows;
    if (p->n > MOST_DOTS || v->out_w < 15 || v->out_h % rows != 0 ||
        (gemm_long)rows * v->out_w % 16 != 0)
        return 0;
    return bough__cl_up(p->m, 10) < bough__cl_up(p->m, 8) ? 10 : 8;
}

static gemm_long groups_of(const struct bough__cl_gemm *g)
{
    const struct gemm_params *p = &g->params;
    const double work = (double)p->m * (double)p->n * (double)p->k * (double)p->batch;
    const gemm_long parts = g->choice.parts ? g->choice.parts : PARTS_PER_UNIT;
    const gemm_long most =
        bough__cl_least(parts * (gemm_long)g->device->base.info.compute_units, p->tiles.count);
    return work < WORTH * (double)most ? 1 + (gemm_long)(work / WORTH) : most;
}

// Lays out the scratch of a group.
static void lay_out(struct bough__cl_gemm *g, gemm_long groups)
{
    const struct gemm_params *p = &g->params;
    struct gemm_padded_tiles *tiles = &g->params.tiles;
    const int forward = p->b.kind == GEMM_POSITIONS_ACROSS;
    const gemm_long taps = forward ? p->k : p->n, positions = (gemm_long)tiles->rows * p->b.out_w;
    const gemm_long channels = taps / ((gemm_long)p->b.kernel_h * p->b.kernel_w);
    tiles->width = p->m > 16 ? 32 : 16;
    const gemm_long rows = bough__cl_up(p->m, forward ? 4 : tiles->width);
    tiles->tap_at = forward ? 0 : bough__cl_up(2 * positions, 16);
    tiles->image_at = tiles->tap_at + bough__cl_up(taps, 16);
    tiles->panel_at = tiles->image_at + bough__cl_up(channels * tiles->channel + SLACK, 16);
    tiles->dot_rows = forward ? 0 : dot_rows(p);
    const gemm_long panel = forward           ? rows * (taps + 1)
                            : tiles->dot_rows ? 16 * p->m * taps
                                              : rows * positions;
    tiles->partial_at = tiles->panel_at + bough__cl_up(panel, 16);
    tiles->own_size = tiles->partial_at + (forward ? MOST_BLOCK : bough__cl_up(rows * taps, 16));
    tiles->own_at = bough__cl_gemm_reserve(g, groups * p->batch * tiles->own_size);
}

static void lay_out_few(struct bough__cl_gemm *g, gemm_long groups)
{
    const struct gemm_params *p = &g->params;
    struct gemm_padded_tiles *tiles = &g->params.tiles;
    const gemm_long columns = p->n / p->b.kernel_h, channels = columns / p->b.kernel_w;
    const gemm_long vectors = bough__cl_parts((gemm_long)tiles->rows * p->b.out_w, 16);
    const gemm_long copy = tiles->channel / tiles->pitch * p->b.out_w + 32;
    tiles->images = tiles->per_image > 1 ? 1 : (int)bough__cl_parts(FEW_VECTORS, vectors);
    while (tiles->images > 1 && tiles->images * columns * copy > MOST_IMAGE)
        tiles->images /= 2;
    tiles->part_rows = tiles->taps == 5 ? 5 : 8;
    tiles->slots = (int)bough__cl_up(slots(p, tiles->taps), 16);
    tiles->image_at = 0;
    tiles->copies_at = bough__cl_up(channels * tiles->channel + SLACK, 16);
    tiles->rest_at = tiles->copies_at + bough__cl_up(tiles->images * columns * copy, 16);
    tiles->panel_at = tiles->rest_at + tiles->images * p->m * 16;
    tiles->partial_at = tiles->panel_at + tiles->slots * 16;
    tiles->own_size = tiles->partial_at + tiles->slots + 16;
    tiles->own_at = bough__cl_gemm_reserve(g, groups * p->batch * tiles->own_size);
}

static enum bough_status prepare_few(struct bough__cl_gemm *g, gemm_long groups)
{
    struct gemm_params *p = &g->params;
    enum bough_status status;
    lay_out_few(g, groups);
    BOUGH_TRY(bough__cl_gemm_step(g, "gemm/windows_few", "gemm_windows_few",
                                  (size_t[3]){(size_t)groups, 1, (size_t)p->batch}, 1));
    BOUGH_TRY(bough__cl_gemm_step(
        g, "gemm/windows_few", "gemm_windows_few_sum",
        (size_t[3]){(size_t)bough__cl_parts(p->m, p->tiles.part_rows), 1, (size_t)p->batch}, 1));
done:
    return status;
}

static enum bough_status prepare(struct bough__cl_gemm *g)
{
    struct gemm_params *p = &g->params;
    enum bough_status status;
    plan(g);
    const gemm_long groups = groups_of(g);
    const size_t grid[3] = {(size_t)groups, 1, (size_t)p->batch};
    p->splits = p->b.kind == GEMM_POSITIONS_ACROSS ? 0 : (int)groups;
    if (p->tiles.taps)
        return prepare_few(g, groups);
    lay_out(g, groups);
    if (p->b.kind == GEMM_POSITIONS_ACROSS)
        return bough__cl_gemm_step(g, "gemm/windows", "gemm_windows", grid, 1);
    BOUGH_TRY(bough__cl_gemm_step(g, "gemm/windows_dw", "gemm_windows_dw", grid, 1));
    BOUGH_TRY(bough__cl_gemm_step(
        g, "gemm/windows_dw", "gemm_windows_sum",
        (size_t[3]){(size_t)bough__cl_parts(p->m, 16), 1, (size_t)p->batch}, 1));
done:
    return status;
}

const struct bough__cl_gemm_implementation bough__cl_gemm_windows = {"windows", suits, can,
                                                                     prepare};
