#include "bough.h"

#include "trimmed_mean_params.h"

// The tasks' values of one element that are left out last: `low` of task `first`, and `high` of
// task `last`.
struct edges {
    float low, high;
    int first, last;
};

// Moves both one value inward.
static struct edges moved(struct edges at, global const float *g, global const float *losses,
                          global const float *factor, const struct trimmed_mean_params p)
{
    struct edges next = {INFINITY, -INFINITY, 0, 0};
    for (int t = 0; t < p.tasks; t++) {
        const float value = g[(size_t)t * p.row];
        if (!task_is_here(losses, factor, t))
            continue;
        if (value < next.low && comes_behind(value, t, at.low, at.first)) {
            next.low = value;
            next.first = t;
        }
        if (value >= next.high && comes_behind(at.high, at.last, value, t)) {
            next.high = value;
            next.last = t;
        }
    }
    return next;
}

// One item an element.
ITEM_KERNEL void trimmed_mean(ARG(jacobian), ARG(losses), ARG(factor), ARG(gradient),
                              const ulong count, const struct trimmed_mean_params p)
{
    VIEW(const float, jacobian);
    VIEW(const float, losses);
    VIEW(const float, factor);
    VIEW(float, gradient);
    factor = HAS(factor) ? factor : 0;
    const int n = tasks_here(losses, factor, p.tasks), trim = trimmed_of(n, p.trim);
    for (size_t i = items_begin(count), end = items_end(count); i < end; i++) {
        struct edges at = {-INFINITY, INFINITY, -1, p.tasks};
        float sum = 0.0f;
        for (int k = 0; k < trim; k++)
            at = moved(at, jacobian + i, losses, factor, p);
        for (int t = 0; t < p.tasks; t++) {
            const float value = jacobian[(size_t)t * p.row + i];
            if (task_is_here(losses, factor, t) && !comes_behind(at.low, at.first + 1, value, t) &&
                !comes_behind(value, t + 1, at.high, at.last))
                sum += value;
        }
        gradient[i] = n ? sum / (float)(n - 2 * trim) : 0.0f;
    }
}
