// GEMM without any trick, and the steps that the quicker ones share. One item per element.
#define BOUGH_NO_STACK
#include "bough.h"
#include "gemm/gemm.h"

kernel void gemm_generic(ARG(a), ARG(b), ARG(c), ARG(bias), ARG(scratch),
                         const struct gemm_params p)
{
    VIEW(const float, a);
    VIEW(const float, b);
    VIEW(const float, bias);
    VIEW(float, c);
    const long id = get_global_id(0), row = id / p.n % p.m, col = id % p.n, batch = id / p.n / p.m;
    if (batch >= p.batch)
        return;
    const struct gemm_place across_a = gemm_across(&p.a, row), across_b = gemm_across(&p.b, col);
    float sum = 0.0f;
    for (long k = 0; k < p.k; k++)
        sum += gemm_fetch(a + batch * p.a.batch_stride, &p.a, across_a, gemm_depth(&p.a, k)) *
               gemm_fetch(b + batch * p.b.batch_stride, &p.b, across_b, gemm_depth(&p.b, k));
    gemm_store(&p, c, sum, bias, batch, row, col);
}

// c from the partial sums, first split first; or c from itself where there are none.
kernel void gemm_reduce(ARG(a), ARG(b), ARG(c), ARG(bias), ARG(scratch), const struct gemm_params p)
{
    VIEW(const float, bias);
    VIEW(float, c);
    VIEW(const float, scratch);
    const long id = get_global_id(0), row = id / p.n % p.m, col = id % p.n, batch = id / p.n / p.m;
    if (batch >= p.batch)
        return;
    float sum = 0.0f;
    for (int split = 0; split < p.splits; split++)
        sum += scratch[p.partial_at + split * p.batch * p.m * p.n + id];
    gemm_store(&p, c, sum, bias, batch, row, col);
}

// A as a plain matrix [batch, m, k] in scratch.
kernel void gemm_copy_a(ARG(a), ARG(b), ARG(c), ARG(bias), ARG(scratch), const struct gemm_params p)
{
    VIEW(const float, a);
    VIEW(float, scratch);
    const long id = get_global_id(0), row = id / p.k % p.m, k = id % p.k, batch = id / p.k / p.m;
    if (batch < p.batch)
        scratch[p.a_at + id] = gemm_fetch(a + batch * p.a.batch_stride, &p.a,
                                          gemm_across(&p.a, row), gemm_depth(&p.a, k));
}

// B as a plain matrix [batch, k, n] in scratch.
kernel void gemm_copy_b(ARG(a), ARG(b), ARG(c), ARG(bias), ARG(scratch), const struct gemm_params p)
{
    VIEW(const float, b);
    VIEW(float, scratch);
    const long id = get_global_id(0), k = id / p.n % p.k, col = id % p.n, batch = id / p.n / p.k;
    if (batch < p.batch)
        scratch[p.b_at + id] = gemm_fetch(b + batch * p.b.batch_stride, &p.b,
                                          gemm_across(&p.b, col), gemm_depth(&p.b, k));
}
