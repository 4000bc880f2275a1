#include "bough.h"

#include "activation_params.h"

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

kernel void leaky_relu_fwd(ARG(x), ARG(y), const ulong count, const struct leaky_relu_params p)
{
    VIEW(const float, x);
    VIEW(float, y);
    const size_t i = get_global_id(0);
    if (i < count)
        y[i] = x[i] < 0.0f ? p.slope * x[i] : x[i];
}

kernel void leaky_relu_bwd(ARG(y), ARG(dy), ARG(dx), const ulong count,
                           const struct leaky_relu_params p)
{
    VIEW(const float, y);
    VIEW(const float, dy);
    VIEW(float, dx);
    const size_t i = get_global_id(0);
    if (i < count)
        dx[i] = y[i] > 0.0f ? dy[i] : p.slope * dy[i];
}

kernel void gelu_fwd(ARG(x), ARG(y), const ulong count)
{
    VIEW(const float, x);
    VIEW(float, y);
    const size_t i = get_global_id(0);
    if (i < count)
        y[i] = 0.5f * x[i] * erfc(-M_SQRT1_2_F * x[i]);
}

kernel void gelu_bwd(ARG(x), ARG(dy), ARG(dx), const ulong count)
{
    VIEW(const float, x);
    VIEW(const float, dy);
    VIEW(float, dx);
    const size_t i = get_global_id(0);
    if (i < count) {
        const float below = 0.5f * erfc(-M_SQRT1_2_F * x[i]);
        const float density = 0.398942280401432678f * exp(-0.5f * x[i] * x[i]);
        dx[i] = dy[i] * (below + x[i] * density);
    }
}

kernel void sigmoid_fwd(ARG(x), ARG(y), const ulong count)
{
    VIEW(const float, x);
    VIEW(float, y);
    const size_t i = get_global_id(0);
    if (i < count)
        y[i] = 1.0f / (1.0f + exp(-x[i]));
}

kernel void sigmoid_bwd(ARG(y), ARG(dy), ARG(dx), const ulong count)
{
    VIEW(const float, y);
    VIEW(const float, dy);
    VIEW(float, dx);
    const size_t i = get_global_id(0);
    if (i < count)
        dx[i] = dy[i] * y[i] * (1.0f - y[i]);
}

kernel void tanh_fwd(ARG(x), ARG(y), const ulong count)
{
    VIEW(const float, x);
    VIEW(float, y);
    const size_t i = get_global_id(0);
    if (i < count)
        y[i] = tanh(x[i]);
}

kernel void tanh_bwd(ARG(y), ARG(dy), ARG(dx), const ulong count)
{
    VIEW(const float, y);
    VIEW(const float, dy);
    VIEW(float, dx);
    const size_t i = get_global_id(0);
    if (i < count)
        dx[i] = dy[i] * (1.0f - y[i] * y[i]);
}
