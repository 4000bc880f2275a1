// Tasks that belong together.
#include <bough/similarity.h>

#include "base/error.h"

#include <math.h>
#include <stdlib.h>

struct pairs {
    const double *value;
    size_t tasks;
    int is_distance;
    const size_t *group; // [tasks], the first task of each one's group
};

static double mean_of(const struct pairs *pairs, size_t a, size_t b)
{
    double sum = 0;
    size_t count = 0;
    for (size_t t = 0; t < pairs->tasks; t++)
        for (size_t u = 0; pairs->group[t] == a && u < pairs->tasks; u++)
            if (pairs->group[u] == b) {
                sum += pairs->value[t * pairs->tasks + u];
                count++;
            }
    const double mean = pairs->is_distance ? -sum : sum;
    return isnan(mean) ? -INFINITY : mean / (double)count;
}

static void join_nearest(const struct pairs *pairs, size_t *group)
{
    size_t a = 0, b = 0;
    double most = 0;
    for (size_t i = 0; i < pairs->tasks; i++)
        for (size_t j = i + 1; j < pairs->tasks; j++) {
            if (group[i] != i || group[j] != j)
                continue;
            const double mean = mean_of(pairs, i, j);
            if (a == b || mean > most) {
                a = i;
                b = j;
                most = mean;
            }
        }
    for (size_t t = 0; t < pairs->tasks; t++)
        if (group[t] == b)
            group[t] = a;
}

// First tasks become numbers: each is before the others of its group.
static void number(size_t *group, size_t tasks)
{
    size_t next = 0;
    for (size_t t = 0; t < tasks; t++)
        group[t] = group[t] == t ? next++ : group[group[t]];
}

enum bough_status bough_similarity_group(size_t *group, const double *value, size_t tasks,
                                         int is_distance, size_t groups)
{
    const struct pairs pairs = {value, tasks, is_distance, group};
    if (groups < 1 || groups > tasks)
        return bough__fail(BOUGH_INVALID, "%zu groups of %zu tasks, wanted 1 to %zu", groups, tasks,
                           tasks);
    for (size_t t = 0; t < tasks; t++)
        group[t] = t;
    for (size_t left = tasks; left > groups; left--)
        join_nearest(&pairs, group);
    number(group, tasks);
    return BOUGH_OK;
}
