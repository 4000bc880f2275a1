#include "bough.h"

#include "activation_params.h"
#include "quick_math.h"

ITEM_KERNEL void relu_fwd(ARG(x), ARG(y), const ulong count)
{
    VIEW(const float, x);
    VIEW(float, y);
    EACH_ITEM (i)
        y[i] = x[i] < 0.0f ? 0.0f : x[i]; // NaN stays NaN
}

ITEM_KERNEL void relu_bwd(ARG(y), ARG(dy), ARG(dx), const ulong count)
{
    VIEW(const float, y);
    VIEW(const float, dy);
    VIEW(float, dx);
    EACH_ITEM (i) {
        const float slope = dy[i]; // read in any case: a branch would be slower
        dx[i] = y[i] > 0.0f ? slope : 0.0f;
    }
}

ITEM_KERNEL void leaky_relu_fwd(ARG(x), ARG(y), const ulong count, const struct leaky_relu_params p)
{
    VIEW(const float, x);
    VIEW(float, y);
    EACH_ITEM (i)
        y[i] = x[i] < 0.0f ? p.slope * x[i] : x[i];
}

ITEM_KERNEL void leaky_relu_bwd(ARG(y), ARG(dy), ARG(dx), const ulong count,
                                const struct leaky_relu_params p)
{
    VIEW(const float, y);
    VIEW(const float, dy);
    VIEW(float, dx);
    EACH_ITEM (i) {
        const float slope = dy[i];
        dx[i] = y[i] > 0.0f ? slope : p.slope * slope;
    }
}

ITEM_KERNEL void gelu_fwd(ARG(x), ARG(y), const ulong count)
{
    VIEW(const float, x);
    VIEW(float, y);
    EACH_ITEM (i)
        y[i] = x[i] * quick_normal(x[i]).below;
}

ITEM_KERNEL void gelu_bwd(ARG(x), ARG(dy), ARG(dx), const ulong count)
{
    VIEW(const float, x);
    VIEW(const float, dy);
    VIEW(float, dx);
    EACH_ITEM (i) {
        const struct quick_normal normal = quick_normal(x[i]);
        dx[i] = dy[i] * (normal.below + x[i] * normal.density);
    }
}

ITEM_KERNEL void sigmoid_fwd(ARG(x), ARG(y), const ulong count)
{
    VIEW(const float, x);
    VIEW(float, y);
    EACH_ITEM (i)
        y[i] = 1.0f / (1.0f + quick_exp(-x[i]));
}

ITEM_KERNEL void sigmoid_bwd(ARG(y), ARG(dy), ARG(dx), const ulong count)
{
    VIEW(const float, y);
    VIEW(const float, dy);
    VIEW(float, dx);
    EACH_ITEM (i)
        dx[i] = dy[i] * y[i] * (1.0f - y[i]);
}

ITEM_KERNEL void tanh_fwd(ARG(x), ARG(y), const ulong count)
{
    VIEW(const float, x);
    VIEW(float, y);
    EACH_ITEM (i)
        y[i] = quick_tanh(x[i]);
}

ITEM_KERNEL void tanh_bwd(ARG(y), ARG(dy), ARG(dx), const ulong count)
{
    VIEW(const float, y);
    VIEW(const float, dy);
    VIEW(float, dx);
    EACH_ITEM (i)
        dx[i] = dy[i] * (1.0f - y[i] * y[i]);
}
