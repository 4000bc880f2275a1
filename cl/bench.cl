// What a device can do at most; see src/bench/ceiling.c.
#include "bough.h"

#include "bench_params.h"

kernel void bench_fma(ARG(x), ARG(y), const ulong count, const struct bench_params p)
{
    VIEW(const float, x);
    VIEW(float16, y);
    const size_t i = get_global_id(0);
    if (i >= count)
        return;
    const float factor = x[0], term = x[1];
    float16 v = term * (float)i;
    for (int round = 0; round < p.rounds; round++)
        v = fma(v, (float16)factor, (float16)term);
    y[i] = v;
}

kernel void bench_copy(ARG(x), ARG(y), const ulong count)
{
    VIEW(const float4, x);
    VIEW(float4, y);
    const size_t items = get_global_size(0), quarters = count * (BENCH_LANES / 4);
    for (size_t i = get_global_id(0); i < quarters; i += items)
        y[i] = x[i];
}
