// GEMM by tiles in local memory, for GPUs: cl/gemm/tile.cl.
#include "device/opencl/gemm/cl_gemm.h"

enum { TILE = 64, ITEMS = 256, LOCAL_BYTES = 2 * 16 * (TILE + 4) * 4 };

static int can(const struct bough__cl_gemm *g)
{
    return g->gemm.k > 0 && g->device->max_group >= ITEMS && g->device->local_memory >= LOCAL_BYTES;
}

static int suits(const struct bough__cl_gemm *g)
{
    return !g->device->cpu && can(g);
}

static enum bough_status prepare(struct bough__cl_gemm *g)
{
    const struct gemm_params *p = &g->params;
    gemm_long rows = (p->m + TILE - 1) / TILE, cols = (p->n + TILE - 1) / TILE;
    gemm_long parts = g->choice.parts ? g->choice.parts : 8;
    bough__cl_gemm_split(g, rows * cols * p->batch,
                         parts * (gemm_long)g->device->base.info.compute_units, 128);
    const size_t groups[3] = {(size_t)rows, (size_t)cols, (size_t)(p->batch * p->splits)};
    enum bough_status status = bough__cl_gemm_step(g, "gemm/tile", "gemm_tile", groups, ITEMS);
    return status == BOUGH_OK ? bough__cl_gemm_reduce(g) : status;
}

const struct bough__cl_gemm_implementation bough__cl_gemm_tile = {"tile", suits, can, prepare};
