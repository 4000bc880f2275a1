#include "bough.h"

#include "activation.h"
#include "elementwise_params.h"
#include "logit_and.h"

ITEM_KERNEL void scale(ARG(x), ARG(y), const ulong count, const struct scale_params p)
{
    VIEW(const float, x);
    VIEW(float, y);
    EACH_ITEM (i)
        y[i] = p.factor * x[i] + (p.add ? y[i] : 0.0f);
}

ITEM_KERNEL void add_fwd(ARG(a), ARG(b), ARG(y), const ulong count, const struct add_params p)
{
    VIEW(const float, a);
    VIEW(const float, b);
    VIEW(float, y);
    EACH_ITEM (i)
        y[i] = a[i] + b[i];
    if (p.activation.kind != BOUGH_LINEAR)
        activate(y, y, items_begin(count), items_end(count), p.activation);
}

// The first input last: its dx may be dy.
ITEM_KERNEL void add_bwd(ARG(dy), ARG(y), ARG(da), ARG(db), const ulong count,
                         const struct add_params p)
{
    VIEW(const float, dy);
    VIEW(const float, y);
    VIEW(float, da);
    VIEW(float, db);
    const size_t begin = items_begin(count), end = items_end(count);
    y = HAS(y) ? y : dy; // no matter which, without an activation
    if (HAS(db))
        activation_back_to(db, dy, y, begin, end, p.activation, p.add[1]);
    if (HAS(da))
        activation_back_to(da, dy, y, begin, end, p.activation, p.add[0]);
}

ITEM_KERNEL void multiply(ARG(a), ARG(b), ARG(y), const ulong count, const struct multiply_params p)
{
    VIEW(const float, a);
    VIEW(const float, b);
    VIEW(float, y);
    EACH_ITEM (i)
        y[i] = a[i] * b[i] + (p.add ? y[i] : 0.0f);
}

ITEM_KERNEL void logit_and_fwd(ARG(a), ARG(b), ARG(y), const ulong count)
{
    VIEW(const float, a);
    VIEW(const float, b);
    VIEW(float, y);
    EACH_ITEM (i)
        y[i] = logit_and(a[i], b[i]);
}

ITEM_KERNEL void logit_and_bwd(ARG(a), ARG(b), ARG(dy), ARG(da), const ulong count,
                               const struct logit_and_params p)
{
    VIEW(const float, a);
    VIEW(const float, b);
    VIEW(const float, dy);
    VIEW(float, da);
    EACH_ITEM (i)
        da[i] = (p.add ? da[i] : 0.0f) + dy[i] * logit_and_slope(a[i], b[i]);
}
