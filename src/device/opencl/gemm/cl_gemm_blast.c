// GEMM by CLBlast, for large matrices on GPUs. What it cannot read is copied to scratch first, what
// it cannot write comes from scratch afterwards.
#include "device/opencl/gemm/cl_gemm.h"

#include "base/error.h"
#include "device/tuning.h"

#include <clblast_c.h>
#include <stdlib.h>

// A matrix as CLBlast takes it, seen by rows: with `transposed`, its columns are contiguous.
struct operand {
    int in_scratch, transposed;
    size_t offset, ld, stride; // elements
    cl_mem memory;             // where it is not in scratch
};

struct blast {
    size_t m, n, k, batch;
    float alpha, beta;
    struct operand a, b, c;
    size_t temporary; // bytes at the start of scratch
};

// ---- Running ----

static CLBlastTranspose transpose(const struct operand *x, const struct operand *c)
{
    // Where c is stored by columns, so is everything.
    return x->transposed != c->transposed ? CLBlastTransposeYes : CLBlastTransposeNo;
}

static CLBlastLayout layout(const struct operand *c)
{
    return c->transposed ? CLBlastLayoutColMajor : CLBlastLayoutRowMajor;
}

static enum bough_status run(struct bough__cl_launch *launch)
{
    struct bough__cl_device *device = bough__cl_device(launch->base.device);
    const struct blast *x = launch->own;
    const struct operand *a = &x->a, *b = &x->b, *c = &x->c;
    cl_mem scratch = launch->wants_scratch ? device->scratch.memory.buffer : NULL;
    cl_mem from_a = a->in_scratch ? scratch : a->memory;
    cl_mem from_b = b->in_scratch ? scratch : b->memory;
    cl_mem to_c = c->in_scratch ? scratch : c->memory;
    CLBlastStatusCode error;
    if (x->batch == 1)
        error = CLBlastSgemmWithTempBuffer(layout(c), transpose(a, c), transpose(b, c), x->m, x->n,
                                           x->k, x->alpha, from_a, a->offset, a->ld, from_b,
                                           b->offset, b->ld, x->beta, to_c, c->offset, c->ld,
                                           &device->queue, NULL, x->temporary ? scratch : NULL);
    else
        error = CLBlastSgemmStridedBatched(
            layout(c), transpose(a, c), transpose(b, c), x->m, x->n, x->k, x->alpha, from_a,
            a->offset, a->ld, a->stride, from_b, b->offset, b->ld, b->stride, x->beta, to_c,
            c->offset, c->ld, c->stride, x->batch, &device->queue, NULL);
    if (error == CLBlastSuccess)
        return BOUGH_OK;
    return bough__cl_fail(device, (cl_int)error, "CLBlast GEMM %zu x %zu x %zu, batch %zu", x->m,
                          x->n, x->k, x->batch);
}

// ---- Preparing ----

static int one_level(const struct bough__axis *axis, int64_t count)
{
    return axis->inner == 0 || count <= axis->inner;
}

// Fills in `operand` if CLBlast can use the matrix as it lies; else it is one of scratch.
static struct operand look(const struct bough__matrix *x, int64_t rows, int64_t cols)
{
    int64_t row = rows == 1 ? cols : x->row.stride, col = cols == 1 ? rows : x->col.stride;
    int by_rows = (cols == 1 || x->col.stride == 1) && row >= cols;
    int by_cols = (rows == 1 || x->row.stride == 1) && col >= rows;
    struct operand operand = {.ld = (size_t)cols, .stride = (size_t)(rows * cols)};
    if (x->kind != BOUGH_PLAIN || !one_level(&x->row, rows) || !one_level(&x->col, cols) ||
        !(by_rows || by_cols)) {
        operand.in_scratch = 1;
        return operand;
    }
    operand.transposed = !by_rows;
    operand.offset = x->data.offset / sizeof(float);
    operand.ld = (size_t)(by_rows ? row : col);
    operand.stride = (size_t)x->batch_stride;
    operand.memory = bough__cl_memory(x->data).buffer;
    return operand;
}

static struct blast plan(const struct bough__cl_gemm *g)
{
    const struct bough__gemm *gemm = &g->gemm;
    struct blast x = {(size_t)gemm->m, (size_t)gemm->n, (size_t)gemm->k, (size_t)gemm->batch,
                      gemm->alpha,     gemm->beta,      .temporary = 0};
    x.a = look(&gemm->a, gemm->m, gemm->k);
    x.b = look(&gemm->b, gemm->k, gemm->n);
    x.c = look(&gemm->c, gemm->m, gemm->n);
    return x;
}

static int can(const struct bough__cl_gemm *g)
{
    enum { ITEMS = 256 }; // of a group, with the parameters of most devices
    if (g->gemm.k == 0 || g->device->max_group < ITEMS || g->device->compilerless) // it builds
        return 0;
    const struct blast x = plan(g);
    const struct bough_device_info *info = &g->device->base.info;
    size_t bytes =
        (x.a.in_scratch * x.m * x.k + x.b.in_scratch * x.k * x.n + x.c.in_scratch * x.m * x.n) *
        x.batch * sizeof(float);
    return bytes <= info->max_buffer / 2 && bytes <= info->memory / 8;
}

// Not measured on a GPU yet. Copies are worth it where many rows share them.
static int suits(const struct bough__cl_gemm *g)
{
    const struct bough__gemm *gemm = &g->gemm;
    if (g->device->cpu || gemm->m < 128 || gemm->n < 128 || gemm->k < 64 || !can(g) ||
        gemm->m * gemm->n < (1 << 24) / gemm->k)
        return 0;
    const struct blast x = plan(g);
    return !(x.a.in_scratch || x.b.in_scratch) || (gemm->m >= 256 && gemm->n >= 256);
}

// ---- Parameters ----

// Of its two kernels, for a multiply of large matrices and for one without copies; `set` 0 leaves
// both to its table of known devices.
struct set {
    size_t large[16], direct[10];
};

static const char *const large_names[16] = {"GEMMK", "KREG",  "KWG",   "KWI", "MDIMA", "MDIMC",
                                            "MWG",   "NDIMB", "NDIMC", "NWG", "SA",    "SB",
                                            "STRM",  "STRN",  "VWM",   "VWN"};
static const char *const direct_names[10] = {"KWID", "MDIMAD", "MDIMCD", "NDIMBD", "NDIMCD",
                                             "PADA", "PADB",   "VWMD",   "VWND",   "WGD"};
static const struct set sets[] = {
    {{0, 1, 16, 2, 16, 16, 128, 16, 16, 128, 1, 1, 0, 0, 4, 4},
     {2, 16, 16, 16, 16, 1, 1, 2, 2, 32}},
    {{0, 1, 32, 2, 8, 8, 64, 8, 8, 64, 1, 1, 0, 0, 4, 4}, {2, 8, 8, 8, 8, 1, 1, 2, 2, 32}},
    {{0, 1, 32, 2, 16, 16, 64, 16, 16, 64, 1, 1, 0, 0, 4, 4}, {8, 16, 16, 16, 16, 1, 1, 4, 4, 64}},
};

_Static_assert(sizeof sets / sizeof *sets == BOUGH_BLAST_SETS, "tuning.h counts them");

// Once a device: launches that were prepared rely on the parameters.
static enum bough_status set_parameters(struct bough__cl_gemm *g)
{
    struct bough__cl_device *device = g->device;
    const int wanted = g->choice.set ? g->choice.set : bough__tuning_blast_set(device->base.tuning);
    const int done = device->blast_ready;
    device->blast_ready = 1;
    if (done || wanted < 1 || wanted > BOUGH_BLAST_SETS)
        return BOUGH_OK;
    const struct set *set = &sets[wanted - 1];
    CLBlastStatusCode error =
        CLBlastOverrideParameters(device->id, "Xgemm", CLBlastPrecisionSingle, 16,
                                  (const char **)(uintptr_t)large_names, set->large);
    if (error == CLBlastSuccess)
        error = CLBlastOverrideParameters(device->id, "XgemmDirect", CLBlastPrecisionSingle, 10,
                                          (const char **)(uintptr_t)direct_names, set->direct);
    if (error != CLBlastSuccess)
        return bough__cl_fail(device, (cl_int)error, "CLBlastOverrideParameters, set %d", wanted);
    return BOUGH_OK;
}

// CLBlast's own scratch stands at the start of the memory that it is given.
static enum bough_status reserve_temporary(struct bough__cl_gemm *g, struct blast *x)
{
    if (x->batch > 1)
        return BOUGH_OK;
    CLBlastStatusCode error = CLBlastSGemmTempBufferSize(
        layout(&x->c), transpose(&x->a, &x->c), transpose(&x->b, &x->c), x->m, x->n, x->k,
        x->a.in_scratch ? 64 : x->a.offset, x->a.ld, x->b.in_scratch ? 64 : x->b.offset, x->b.ld,
        x->c.in_scratch ? 64 : x->c.offset, x->c.ld, &g->device->queue, &x->temporary);
    if (error != CLBlastSuccess)
        return bough__cl_fail(g->device, (cl_int)error, "CLBlastSGemmTempBufferSize");
    if (x->temporary)
        bough__cl_gemm_reserve(g, (gemm_long)(x->temporary / sizeof(float) + 1));
    return BOUGH_OK;
}

// c by itself, if there is a bias or an activation behind it, or c out of scratch.
static enum bough_status finish(struct bough__cl_gemm *g, struct blast *x)
{
    struct gemm_params *p = &g->params;
    if (x->c.in_scratch) {
        x->c.offset = (size_t)bough__cl_gemm_reserve(g, p->batch * p->m * p->n);
        p->partial_at = (gemm_long)x->c.offset;
        x->alpha = 1;
        x->beta = 0;
    } else {
        if (p->activation == BOUGH_LINEAR && !p->bias_per_row && !p->bias_per_col)
            return BOUGH_OK;
        p->splits = 0;
        p->beta = 1;
    }
    return bough__cl_gemm_items(g, "gemm_reduce", p->batch * p->m * p->n);
}

static enum bough_status prepare(struct bough__cl_gemm *g)
{
    enum bough_status status;
    struct gemm_params *p = &g->params;
    struct blast *x = malloc(sizeof *x);
    BOUGH_TRY_MEMORY(x);
    g->launch->own = x;
    *x = plan(g);
    BOUGH_TRY(set_parameters(g));
    BOUGH_TRY(reserve_temporary(g, x));
    if (x->a.in_scratch) {
        p->a_at = bough__cl_gemm_reserve(g, p->batch * p->m * p->k);
        x->a.offset = (size_t)p->a_at;
        BOUGH_TRY(bough__cl_gemm_items(g, "gemm_copy_a", p->batch * p->m * p->k));
    }
    if (x->b.in_scratch) {
        p->b_at = bough__cl_gemm_reserve(g, p->batch * p->k * p->n);
        x->b.offset = (size_t)p->b_at;
        BOUGH_TRY(bough__cl_gemm_items(g, "gemm_copy_b", p->batch * p->k * p->n));
    }
    g->launch->step[g->launch->steps++] = (struct bough__cl_step){.name = "CLBlast", .call = run};
    BOUGH_TRY(finish(g, x));
done:
    return status;
}

const struct bough__cl_gemm_implementation bough__cl_gemm_blast = {"clblast", suits, can, prepare};
