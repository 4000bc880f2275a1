#include "bough.h"

#include "concat_params.h"

kernel void concat_put(ARG(part), ARG(whole), const ulong count, const struct concat_params p)
{
    VIEW(const float, part);
    VIEW(float, whole);
    const uint i = get_global_id(0);
    if (i < count)
        whole[(size_t)(i / p.size) * p.stride + p.at + i % p.size] = part[i];
}

kernel void concat_take(ARG(whole), ARG(part), const ulong count, const struct concat_params p)
{
    VIEW(const float, whole);
    VIEW(float, part);
    const uint i = get_global_id(0);
    if (i < count)
        part[i] =
            whole[(size_t)(i / p.size) * p.stride + p.at + i % p.size] + (p.add ? part[i] : 0.0f);
}
