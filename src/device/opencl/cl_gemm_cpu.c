// GEMM by register tiles, for CPU devices: cl/gemm_cpu.cl.
#include "device/opencl/cl_gemm.h"

#include "base/error.h"

enum { LANES = 16, PARTS_PER_UNIT = 4 };

static gemm_long round_up(gemm_long value, gemm_long to)
{
    return (value + to - 1) / to * to;
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
    double rows = (double)round_up(m, 8), cols = (double)round_up(n, tile_cols(g));
    return rows * cols + 24 * (double)round_up(m, LANES) + 16 * cols;
}

// C^T = B^T * A^T: what was a row is a column.
static void swap(struct gemm_params *p, struct bough__gemm *g)
{
    const struct gemm_params from = *p;
    const struct bough__matrix a = g->a;
    p->m = from.n;
    p->n = from.m;
    p->a = from.b;
    p->b = from.a;
    p->c_row = from.c_col;
    p->c_col = from.c_row;
    p->bias_per_row = from.bias_per_col;
    p->bias_per_col = from.bias_per_row;
    g->a = g->b;
    g->b = a;
}

static enum bough_status pack(struct bough__cl_gemm *g)
{
    struct gemm_params *p = &g->params;
    gemm_long units = g->device->base.info.compute_units, batch = p->a.batch_stride ? p->batch : 1;
    gemm_long strips = round_up(p->m, LANES) / LANES, size = strips * LANES * round_up(p->k, LANES);
    gemm_long parts = PARTS_PER_UNIT * units / (strips * batch), most = (p->k + 255) / 256;
    p->a_batch = batch > 1 ? size : 0;
    p->a_at = bough__cl_gemm_reserve(g, batch * size);
    parts = parts < 1 ? 1 : parts > most ? most : parts;
    const size_t groups[3] = {(size_t)strips, (size_t)parts, (size_t)batch};
    return bough__cl_gemm_step(g, "gemm_cpu", "gemm_cpu_pack", groups, 1);
}

static enum bough_status prepare(struct bough__cl_gemm *g)
{
    enum bough_status status;
    struct gemm_params *p = &g->params;
    if (cost(g, p->n, p->m) < 0.9 * cost(g, p->m, p->n))
        swap(p, &g->gemm);
    BOUGH_TRY(pack(g));
    gemm_long cols = round_up(p->n, tile_cols(g)) / tile_cols(g), blocks;
    gemm_long wanted = PARTS_PER_UNIT * (gemm_long)g->device->base.info.compute_units;
    bough__cl_gemm_split(g, cols * p->batch, wanted, 512);
    blocks = wanted / (cols * p->batch * p->splits);
    p->block_rows = blocks > 1 ? round_up((p->m + blocks - 1) / blocks, LANES) : p->m;
    blocks = (p->m + p->block_rows - 1) / p->block_rows;
    const size_t groups[3] = {(size_t)cols, (size_t)blocks, (size_t)(p->batch * p->splits)};
    BOUGH_TRY(bough__cl_gemm_step(g, "gemm_cpu", "gemm_cpu", groups, 1));
    BOUGH_TRY(bough__cl_gemm_reduce(g));
done:
    return status;
}

const struct bough__cl_gemm_implementation bough__cl_gemm_cpu = {"cpu", suits, can, prepare};
