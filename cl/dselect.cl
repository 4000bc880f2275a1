#include "bough.h"

#include "dselect_params.h"
#include "quick_math.h"

ITEM_KERNEL void dselect_fwd(ARG(z), ARG(y), const ulong count, const struct dselect_params p)
{
    VIEW(const float, z);
    VIEW(float, y);
    EACH_ITEM (i) {
        const int selector = (int)i / p.experts, expert = (int)i % p.experts;
        float product = 1.0f;
        for (int b = 0; b < p.bits; b++)
            product *= dselect_factor(p, z[selector * p.bits + b], expert, b);
        y[i] = product;
    }
}

ITEM_KERNEL void dselect_bwd(ARG(z), ARG(dy), ARG(dz), const ulong count,
                             const struct dselect_params p)
{
    VIEW(const float, z);
    VIEW(const float, dy);
    VIEW(float, dz);
    EACH_ITEM (i) {
        const int selector = (int)i / p.bits, bit = (int)i % p.bits;
        float sum = 0.0f;
        for (int e = 0; e < p.experts; e++) {
            float product = dy[selector * p.experts + e];
            for (int b = 0; b < p.bits; b++)
                if (b != bit)
                    product *= dselect_factor(p, z[selector * p.bits + b], e, b);
            sum += dselect_bit(p, e, bit) ? product : -product;
        }
        dz[i] = sum * smooth_step_slope(z[i], p.gamma);
    }
}

// One item.
ITEM_KERNEL void dselect_penalty_fwd(ARG(x), ARG(y), const ulong count,
                                     const struct dselect_penalty_params p)
{
    VIEW(const float, x);
    VIEW(float, y);
    if (items_begin(count) == items_end(count))
        return;
    float entropy = 0.0f, reach = 0.0f;
    for (int i = 0; i < p.selectors; i++) {
        float sum = 0.0f;
        for (int e = 0; e < p.experts; e++) {
            const float share = x[i * p.experts + e];
            entropy -= share * quick_log(share + DSELECT_EPS);
            sum += share;
        }
        reach += 1.0f / (sum + DSELECT_EPS);
    }
    y[0] = p.entropy * entropy + (p.reach ? reach : 0.0f);
}

// One row per selector.
ITEM_KERNEL void dselect_penalty_bwd(ARG(x), ARG(dy), ARG(dx), const ulong count,
                                     const struct dselect_penalty_params p)
{
    VIEW(const float, x);
    VIEW(const float, dy);
    VIEW(float, dx);
    const float factor = dy[0];
    for (size_t i = items_begin(count), end = items_end(count); i < end; i++) {
        float sum = DSELECT_EPS;
        for (int e = 0; e < p.experts; e++)
            sum += x[i * p.experts + e];
        const float reach = p.reach ? 1.0f / (sum * sum) : 0.0f;
        for (int e = 0; e < p.experts; e++) {
            const float share = x[i * p.experts + e], above = share + DSELECT_EPS;
            const float slope = -p.entropy * (quick_log(above) + share / above) - reach;
            const size_t at = i * p.experts + e;
            dx[at] = factor * slope + (p.add ? dx[at] : 0.0f);
        }
    }
}
