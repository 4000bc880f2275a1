#include "bough.h"

kernel void relu_fwd(ARG(x), ARG(y), const ulong count)
{
    VIEW(const float, x);
    VIEW(float, y);
    const size_t i = get_global_id(0);
    if (i < count)
        y[i] = x[i] < 0.0f ? 0.0f : x[i]; // NaN stays NaN
}

kernel void relu_bwd(ARG(y), ARG(dy), ARG(dx), const ulong count)
{
    VIEW(const float, y);
    VIEW(const float, dy);
    VIEW(float, dx);
    const size_t i = get_global_id(0);
    if (i < count)
        dx[i] = y[i] > 0.0f ? dy[i] : 0.0f;
}
