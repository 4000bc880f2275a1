// A group is a row of the batch.
#include "bough.h"

#include "lengths.h"
#include "pool_over_time_params.h"

#define EACH_OWN(i, count) for (int i = get_local_id(0); i < (count); i += BOUGH_GROUP)

ROW_KERNEL void pool_over_time_fwd(ARG(x), ARG(scores), ARG(lengths), ARG(saved), ARG(y),
                                   const ulong groups, const struct pool_over_time_params p)
{
    local float scratch[BOUGH_GROUP];
    VIEW(const float, x);
    VIEW(const float, scores);
    VIEW(const int, lengths);
    VIEW(float, saved);
    VIEW(float, y);
    const size_t n = get_group_id(0);
    const int count = row_length(HAS(lengths), lengths, n, p.length);
    const bool attends = p.kind == POOL_ATTENTION;
    const int weighed = p.kind == POOL_MAX ? 0 : count; // no barrier inside a condition
    global float *weight = saved + n * p.length;
    global int *at = (global int *)saved + n * p.width;
    float top = -INFINITY, sum = 0.0f;
    x += n * p.length * p.width;
    y += n * p.width;
    scores += n * p.length;
    if (p.kind == POOL_MAX) {
        EACH_OWN (i, p.width) {
            float most = count ? x[i] : 0.0f;
            int where = 0;
            for (int l = 1; l < count; l++) {
                const float here = x[(size_t)l * p.width + i];
                where = here > most ? l : where;
                most = here > most ? here : most;
            }
            y[i] = most;
            at[i] = where;
        }
    }
    EACH_OWN (l, attends ? count : 0)
        top = scores[l] > top ? scores[l] : top;
    top = GROUP_MAX(top, scratch);
    EACH_OWN (l, attends ? count : 0)
        sum += exp(scores[l] - top);
    sum = GROUP_SUM(sum, scratch);
    EACH_OWN (l, weighed) {
        const float mean = p.kind == POOL_MEAN ? 1.0f / (float)count : l + 1 == count ? 1.0f : 0.0f;
        weight[l] = attends ? exp(scores[l] - top) / sum : mean;
    }
    barrier(CLK_GLOBAL_MEM_FENCE);
    EACH_OWN (i, p.kind == POOL_MAX ? 0 : p.width)
        y[i] = 0.0f;
    for (int l = p.kind == POOL_LAST && count ? count - 1 : 0; l < weighed; l++) {
        const float share = weight[l];
        global const float *here = x + (size_t)l * p.width;
        APART
        EACH_OWN (i, p.width)
            y[i] += share * here[i];
    }
}

ROW_KERNEL void pool_over_time_bwd(ARG(x), ARG(lengths), ARG(saved), ARG(dy), ARG(dx), ARG(dscores),
                                   const ulong groups, const struct pool_over_time_params p)
{
    local float scratch[BOUGH_GROUP];
    VIEW(const float, x);
    VIEW(const int, lengths);
    VIEW(const float, saved);
    VIEW(const float, dy);
    VIEW(float, dx);
    VIEW(float, dscores);
    const size_t n = get_group_id(0);
    const int count = row_length(HAS(lengths), lengths, n, p.length);
    global const float *weight = saved + n * p.length;
    global const int *at = (global const int *)saved + n * p.width;
    dy += n * p.width;
    for (int l = 0; HAS(dx) && l < p.length; l++) {
        const size_t first = (n * p.length + l) * p.width;
        const float share = p.kind != POOL_MAX && l < count ? weight[l] : 0.0f;
        const int place = p.kind == POOL_MAX && l < count ? l : -1;
        APART
        EACH_OWN (i, p.width)
            dx[first + i] = share == 0.0f ? 0.0f : share * dy[i];
        if (place >= 0) {
            APART
            EACH_OWN (i, p.width)
                dx[first + i] = at[i] == place ? dy[i] : 0.0f;
        }
    }
    float mean = 0.0f;
    x += n * p.length * p.width;
    dscores += n * p.length;
    EACH_OWN (l, HAS(dscores) ? p.length : 0) {
        float dot = 0.0f;
        for (int i = 0; l < count && i < p.width; i++) {
            ANY_ORDER
            dot += x[(size_t)l * p.width + i] * dy[i];
        }
        mean += l < count ? weight[l] * dot : 0.0f;
        dscores[l] = dot;
    }
    mean = GROUP_SUM(mean, scratch);
    EACH_OWN (l, HAS(dscores) ? count : 0)
        dscores[l] = weight[l] * (dscores[l] - mean);
}
