#include "bough.h"

#include "elementwise_params.h"

kernel void scale(ARG(x), ARG(y), const ulong count, const struct scale_params p)
{
    VIEW(const float, x);
    VIEW(float, y);
    const size_t i = get_global_id(0);
    if (i < count)
        y[i] = p.factor * x[i] + (p.add ? y[i] : 0.0f);
}

kernel void add_fwd(ARG(a), ARG(b), ARG(y), const ulong count)
{
    VIEW(const float, a);
    VIEW(const float, b);
    VIEW(float, y);
    const size_t i = get_global_id(0);
    if (i < count)
        y[i] = a[i] + b[i];
}

kernel void multiply(ARG(a), ARG(b), ARG(y), const ulong count, const struct multiply_params p)
{
    VIEW(const float, a);
    VIEW(const float, b);
    VIEW(float, y);
    const size_t i = get_global_id(0);
    if (i < count)
        y[i] = a[i] * b[i] + (p.add ? y[i] : 0.0f);
}
