// GEMM by register tiles, for CPU devices: cl/gemm/cpu.cl.
#include "device/opencl/gemm/cl_gemm.h"

#include "base/error.h"

enum {
    LANES = 16,
    PARTS_PER_UNIT = 4,
    MAX_ROWS = 512,  // of A that stay in a core's cache beside everything else
    FEW_PANELS = 16, // that one group may do alone
};

static const double WORTH = 1e6; // multiplications that a group is worth

static gemm_long clamp(gemm_long value, gemm_long least, gemm_long most)
{
    return value < least ? least : value > most ? most : value;
}

static gemm_long tile_cols(const struct bough__cl_gemm *g)
{
    return g->device->vector >= 16 ? 32 : 16;
}

static int can(const struct bough__cl_gemm *g)
{
    return g->gemm.k > 0;
}

static int suits(const struct bough__cl_gemm *g)
{
    return g->device->cpu && can(g);
}

// About what a step along k costs: the tiles with what they are padded by, packing A through memory
// and B through the cache.
static double cost(const struct bough__cl_gemm *g, gemm_long m, gemm_long n)
{
    double rows = (double)bough__cl_up(m, 8), cols = (double)bough__cl_up(n, tile_cols(g));
    return rows * cols + 24 * (double)bough__cl_up(m, LANES) + 16 * cols;
}

// Packs all of A first, where several groups read the same of it.
static enum bough_status pack(struct bough__cl_gemm *g, gemm_long wanted)
{
    struct gemm_params *p = &g->params;
    gemm_long batch = p->a.batch_stride ? p->batch : 1, strips = bough__cl_parts(p->m, LANES);
    gemm_long size = strips * LANES * bough__cl_up(p->k, LANES);
    gemm_long parts = clamp(wanted / (strips * batch), 1, bough__cl_parts(p->k, 256));
    p->a_packed = 1;
    p->a_batch = batch > 1 ? size : 0;
    p->a_at = bough__cl_gemm_reserve(g, batch * size);
    const size_t groups[3] = {(size_t)strips, (size_t)parts, (size_t)batch};
    return bough__cl_gemm_step(g, "gemm/cpu", "gemm_cpu_pack", groups, 1);
}

// Divides the work into about `wanted` groups: by rows as far as the nearer caches ask for it, by
// columns unless there are few, then by k, by columns and by rows for want of groups.
static void divide(struct bough__cl_gemm *g, gemm_long wanted)
{
    struct gemm_params *p = &g->params;
    gemm_long panels = bough__cl_parts(p->n, tile_cols(g));
    gemm_long most_rows = g->choice.rows ? bough__cl_up(g->choice.rows, LANES) : MAX_ROWS;
    p->group_rows = p->m < most_rows ? p->m : most_rows;
    gemm_long others = bough__cl_parts(p->m, p->group_rows) * p->batch;
    gemm_long take = panels <= FEW_PANELS ? panels : clamp(panels * others / (2 * wanted), 1, 8);
    bough__cl_gemm_split(g, bough__cl_parts(panels, take) * others, wanted, 512);
    others *= p->splits;
    if (bough__cl_parts(panels, take) * others < wanted)
        take = bough__cl_parts(panels, bough__cl_parts(wanted, others));
    p->group_cols = take * tile_cols(g);
    others = bough__cl_parts(panels, take) * p->batch * p->splits;
    if (bough__cl_parts(p->m, p->group_rows) * others < wanted)
        p->group_rows = bough__cl_up(bough__cl_parts(p->m, bough__cl_parts(wanted, others)), LANES);
}

static enum bough_status prepare(struct bough__cl_gemm *g)
{
    enum bough_status status;
    struct gemm_params *p = &g->params;
    if (cost(g, p->n, p->m) < 0.9 * cost(g, p->m, p->n))
        bough__cl_gemm_turn(g);
    double work = (double)p->m * (double)p->n * (double)p->k * (double)p->batch;
    gemm_long most = (g->choice.parts ? g->choice.parts : PARTS_PER_UNIT) *
                     (gemm_long)g->device->base.info.compute_units;
    gemm_long wanted = work < WORTH * (double)most ? 1 + (gemm_long)(work / WORTH) : most;
    divide(g, wanted);
    const size_t groups[3] = {(size_t)bough__cl_parts(p->n, p->group_cols),
                              (size_t)bough__cl_parts(p->m, p->group_rows),
                              (size_t)(p->batch * p->splits)};
    if (groups[0] > 1) {
        BOUGH_TRY(pack(g, wanted));
    } else {
        p->a_batch = bough__cl_up(p->group_rows, LANES) * BOUGH_CL_DEPTH;
        p->a_at = bough__cl_gemm_reserve(g, p->a_batch * (gemm_long)(groups[1] * groups[2]));
    }
    BOUGH_TRY(bough__cl_gemm_step(g, "gemm/cpu", "gemm_cpu", groups, 1));
    BOUGH_TRY(bough__cl_gemm_reduce(g));
done:
    return status;
}

const struct bough__cl_gemm_implementation bough__cl_gemm_cpu = {"cpu", suits, can, prepare};
