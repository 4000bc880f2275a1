// GEMM of plain matrices on CPU devices: cl/gemm_direct.cl.
#include "device/opencl/cl_gemm.h"

#include "base/error.h"

enum {
    LANES = 16,
    COLS = 32, // of a tile
    PARTS_PER_UNIT = 4,
    MOST_ROWS = 512,  // of a block
    LEAST_ROWS = 64,  // that packing B is divided by
    FEW_ROWS = 32,    // that read B: packing it would not pay
    DEPTH = 256,      // of k at a time: of 32 columns, the nearest cache holds half
    MOST_DEPTH = 384, // rather than two of less
};

static const double WORTH = 5e5; // multiplications that a group is worth

static gemm_long parts_of(gemm_long count, gemm_long size)
{
    return (count + size - 1) / size;
}

static gemm_long round_up(gemm_long value, gemm_long to)
{
    return parts_of(value, to) * to;
}

static gemm_long least(gemm_long a, gemm_long b)
{
    return a < b ? a : b;
}

static int can(const struct bough__cl_gemm *g)
{
    const struct gemm_params *p = &g->params;
    return p->k > 0 && p->a.kind == GEMM_PLAIN && p->b.kind == GEMM_PLAIN &&
           p->a.extent <= INT32_MAX && p->b.extent <= INT32_MAX;
}

static int suits(const struct bough__cl_gemm *g)
{
    return g->device->cpu && can(g);
}

// ---- Which way round ----

static int is_across(const struct gemm_view *v)
{
    return v->across.stride == 1;
}

// About the cycles: tiles, their idle lanes included, packing B, storing.
static double cost(const struct gemm_params *p)
{
    const double m = (double)p->m, n = (double)p->n, k = (double)p->k;
    const gemm_long whole = p->n / COLS, rest = p->n % COLS;
    const double strips = (double)whole + (rest == 0 ? 0 : rest <= LANES ? 0.6 : 1);
    const double tiles = strips * (m < 4 ? 4 : m) * k;
    const double pack = k * strips * (is_across(&p->b) ? 3 : p->b.depth.stride == 1 ? 10 : 64);
    const double store = m * (p->c_col.stride == 1 ? strips * 8 : n * 3);
    return tiles + pack + store;
}

static void turn(struct bough__cl_gemm *g)
{
    struct bough__cl_gemm turned = *g;
    bough__cl_gemm_turn(&turned);
    if (cost(&turned.params) < cost(&g->params))
        *g = turned;
}

// ---- Dividing ----

// Blocks of rows as far as the caches ask for it, then by columns, by rows and by k for want of
// groups.
static void divide(struct bough__cl_gemm *g)
{
    struct gemm_params *p = &g->params;
    const double work = (double)p->m * (double)p->n * (double)p->k * (double)p->batch;
    const gemm_long most = PARTS_PER_UNIT * (gemm_long)g->device->base.info.compute_units;
    const gemm_long all = work < WORTH * (double)most ? 1 + (gemm_long)(work / WORTH) : most;
    const gemm_long wanted = parts_of(all, p->batch), strips = parts_of(p->n, COLS);
    const gemm_long blocks = least(parts_of(p->m, MOST_ROWS), wanted);
    p->group_cols = parts_of(strips, least(strips, parts_of(wanted, blocks))) * COLS;
    const gemm_long cols = parts_of(p->n, p->group_cols);
    const gemm_long rows = least(parts_of(wanted, cols), parts_of(p->m, LEAST_ROWS));
    p->group_rows = round_up(parts_of(p->m, rows), 8);
    bough__cl_gemm_split(g, parts_of(p->m, p->group_rows) * cols * p->batch, all, 512);
}

static enum bough_status prepare(struct bough__cl_gemm *g)
{
    enum bough_status status;
    struct gemm_params *p = &g->params;
    turn(g);
    divide(g);
    p->depth = (int)(p->split_depth <= MOST_DEPTH
                         ? p->split_depth
                         : round_up(parts_of(p->split_depth, parts_of(p->split_depth, DEPTH)), 16));
    p->b_packed = p->m >= FEW_ROWS || p->b.across.stride != 1 || p->b.across.inner != 0 ||
                  p->b.depth.inner != 0;
    const size_t groups[3] = {(size_t)parts_of(p->n, p->group_cols),
                              (size_t)parts_of(p->m, p->group_rows),
                              (size_t)(p->batch * p->splits)};
    p->b_at = bough__cl_gemm_reserve(g, (gemm_long)(groups[0] * groups[1] * groups[2]) * p->depth *
                                            (2 + COLS));
    BOUGH_TRY(bough__cl_gemm_step(g, "gemm_direct", "gemm_direct", groups, 1));
    if (p->splits > 1)
        BOUGH_TRY(bough__cl_gemm_step(
            g, "gemm_direct", "gemm_direct_sum",
            (size_t[3]){(size_t)least(p->m, parts_of(p->m * p->n, 4096)), 1, (size_t)p->batch}, 1));
done:
    return status;
}

const struct bough__cl_gemm_implementation bough__cl_gemm_direct = {"direct", suits, can, prepare};
