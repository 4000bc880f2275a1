#include "bough.h"

#include "activation.h"

ITEM_KERNEL void activation_fwd(ARG(x), ARG(y), const ulong count, const struct activation p)
{
    VIEW(const float, x);
    VIEW(float, y);
    activate(y, x, items_begin(count), items_end(count), p);
}

ITEM_KERNEL void activation_bwd(ARG(from), ARG(dy), ARG(dx), const ulong count,
                                const struct activation p)
{
    VIEW(const float, from);
    VIEW(const float, dy);
    VIEW(float, dx);
    activation_back(dx, dy, from, items_begin(count), items_end(count), p);
}
