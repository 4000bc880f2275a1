// GEMM for GPUs: a group of 256 items makes a tile of 64 x 64, an item 4 x 4 of it, over the part
// of k that is the group's. Reads every view.
#define BOUGH_NO_STACK
#include "bough.h"
#include "gemm/gemm.h"

#define TILE   64
#define DEPTH  16
#define ITEMS  256
#define STRIDE (TILE + 4) // spreads the columns of a tile over the banks

// The elements of an operand's tile that an item loads: along memory, neighbours are neighbours.
struct loader {
    struct gemm_place across[4];
    int lane[4], depth[4];
    int inside[4];
};

static void loader_init(struct loader *loader, const struct gemm_view *v, long first, long count)
{
    const int id = get_local_id(0);
    for (int i = 0; i < 4; i++) {
        loader->lane[i] = v->deep ? id / DEPTH + i * (ITEMS / DEPTH) : id % TILE;
        loader->depth[i] = v->deep ? id % DEPTH : id / TILE + i * (ITEMS / TILE);
        loader->inside[i] = first + loader->lane[i] < count;
        loader->across[i] = gemm_across(v, loader->inside[i] ? first + loader->lane[i] : 0);
    }
}

static void load(local float *tile, const struct loader *loader, global const float *x,
                 const struct gemm_view *v, long from, long to)
{
    struct gemm_place depth = {0, 0, 0};
    for (int i = 0; i < 4; i++) {
        const long k = from + loader->depth[i];
        if (k < to && (i == 0 || !v->deep))
            depth = gemm_depth(v, k);
        tile[loader->depth[i] * STRIDE + loader->lane[i]] =
            k < to && loader->inside[i] ? gemm_fetch(x, v, loader->across[i], depth) : 0.0f;
    }
}

kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void
gemm_tile(ARG(a), ARG(b), ARG(c), ARG(bias), ARG(scratch), const struct gemm_params p)
{
    local float tile_a[DEPTH * STRIDE], tile_b[DEPTH * STRIDE];
    VIEW(const float, a);
    VIEW(const float, b);
    VIEW(const float, bias);
    VIEW(float, c);
    VIEW(float, scratch);
    const int id = get_local_id(0), x = id % 16 * 4, y = id / 16 * 4;
    const long first_row = get_group_id(0) * (long)TILE, first_col = get_group_id(1) * (long)TILE;
    const long batch = get_group_id(2) % p.batch, split = get_group_id(2) / p.batch;
    const long from = split * p.split_depth, to = min(p.k, from + p.split_depth);
    struct loader load_a, load_b;
    loader_init(&load_a, &p.a, first_row, p.m);
    loader_init(&load_b, &p.b, first_col, p.n);
    float4 sum0 = 0.0f, sum1 = 0.0f, sum2 = 0.0f, sum3 = 0.0f;
    for (long k = from; k < to; k += DEPTH) {
        load(tile_a, &load_a, a + batch * p.a.batch_stride, &p.a, k, to);
        load(tile_b, &load_b, b + batch * p.b.batch_stride, &p.b, k, to);
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int d = 0; d < DEPTH; d++) {
            const float4 rows = vload4(0, tile_a + d * STRIDE + y);
            const float4 cols = vload4(0, tile_b + d * STRIDE + x);
            sum0 += rows.s0 * cols;
            sum1 += rows.s1 * cols;
            sum2 += rows.s2 * cols;
            sum3 += rows.s3 * cols;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    const float4 sums[4] = {sum0, sum1, sum2, sum3};
    for (int i = 0; i < 4; i++) {
        float part[4];
        vstore4(sums[i], 0, part);
        for (int j = 0; j < 4; j++) {
            const long row = first_row + y + i, col = first_col + x + j;
            if (row >= p.m || col >= p.n)
                continue;
            if (p.splits > 1)
                scratch[p.partial_at + ((split * p.batch + batch) * p.m + row) * p.n + col] =
                    part[j];
            else
                gemm_store(&p, c, part[j], bias, batch, row, col);
        }
    }
}
