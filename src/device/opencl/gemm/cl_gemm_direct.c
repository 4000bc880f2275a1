// GEMM of plain matrices on CPU devices: cl/gemm/direct.cl.
#include "device/opencl/gemm/cl_gemm.h"

#include "base/error.h"

enum {
    LANES = 16,
    COLS = 32, // of a tile
    PARTS_PER_UNIT = 4,
    MOST_ROWS = 512,  // of a block
    LEAST_ROWS = 64,  // that packing B is divided by
    FEW_ROWS = 32,    // that read B: packing it would not pay
    NEAR = 8192,      // floats of B that the nearest cache holds as they lie
    DEPTH = 256,      // of k at a time: of 32 columns, the nearest cache holds half
    MOST_DEPTH = 384, // rather than two of less
};

static const double WORTH = 5e5; // multiplications that a group is worth

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
    const gemm_long wanted = bough__cl_parts(all, p->batch), strips = bough__cl_parts(p->n, COLS);
    const gemm_long blocks = bough__cl_least(bough__cl_parts(p->m, MOST_ROWS), wanted);
    p->group_cols =
        bough__cl_parts(strips, bough__cl_least(strips, bough__cl_parts(wanted, blocks))) * COLS;
    const gemm_long cols = bough__cl_parts(p->n, p->group_cols);
    const gemm_long rows =
        bough__cl_least(bough__cl_parts(wanted, cols), bough__cl_parts(p->m, LEAST_ROWS));
    p->group_rows = bough__cl_up(bough__cl_parts(p->m, rows), 8);
    bough__cl_gemm_split(g, bough__cl_parts(p->m, p->group_rows) * cols * p->batch, all, 512);
}

static enum bough_status prepare(struct bough__cl_gemm *g)
{
    enum bough_status status;
    struct gemm_params *p = &g->params;
    turn(g);
    divide(g);
    p->depth = (int)(p->split_depth <= MOST_DEPTH
                         ? p->split_depth
                         : bough__cl_up(bough__cl_parts(p->split_depth,
                                                        bough__cl_parts(p->split_depth, DEPTH)),
                                        16));
    p->b_packed = (p->m >= FEW_ROWS && p->n * p->k > NEAR) || p->b.across.stride != 1 ||
                  p->b.across.inner != 0 || p->b.depth.inner != 0;
    const size_t groups[3] = {(size_t)bough__cl_parts(p->n, p->group_cols),
                              (size_t)bough__cl_parts(p->m, p->group_rows),
                              (size_t)(p->batch * p->splits)};
    p->b_at =
        bough__cl_gemm_reserve(g, (gemm_long)(groups[0] * groups[1] * groups[2]) * p->depth * COLS);
    BOUGH_TRY(bough__cl_gemm_step(g, "gemm/direct", "gemm_direct", groups, 1));
    if (p->splits > 1)
        BOUGH_TRY(bough__cl_gemm_step(
            g, "gemm/direct", "gemm_direct_sum",
            (size_t[3]){(size_t)bough__cl_least(p->m, bough__cl_parts(p->m * p->n, 4096)), 1,
                        (size_t)p->batch},
            1));
done:
    return status;
}

const struct bough__cl_gemm_implementation bough__cl_gemm_direct = {"direct", suits, can, prepare};
