#include "mtl/sampled.h"

#include <math.h>

size_t bough__sampled_state(size_t tasks, int64_t columns)
{
    (void)columns;
    return tasks;
}

size_t bough__sampled_scratch(size_t tasks)
{
    return tasks * (3 * sizeof(double) + sizeof(size_t));
}

// ---- From step to step ----

static void start(const struct bough__solve *solve)
{
    double sum = 0;
    for (size_t t = 0; t < solve->tasks; t++)
        sum += solve->state[t];
    for (size_t t = 0; t < solve->tasks && sum == 0; t++)
        solve->state[t] = 1 / (double)solve->tasks;
}

struct bough__sampled bough__sampled_begin(struct bough__solve *solve)
{
    const size_t n = solve->n;
    double *numbers = solve->scratch;
    struct bough__sampled s = {.solve = solve,
                               .w = numbers,
                               .slope = numbers + n,
                               .working = numbers + 2 * n,
                               .moves = (size_t *)(void *)(numbers + 3 * n)};
    start(solve);
    for (size_t i = 0; i < n; i++)
        s.part += solve->state[solve->task[i]];
    for (size_t i = 0; i < n; i++) { // all other tasks may have all of it
        s.w[i] = s.part > 0 ? solve->state[solve->task[i]] / s.part : 1 / (double)n;
        if (!solve->in_all[i])
            continue;
        s.moves[s.count++] = i;
        s.sum += s.w[i];
    }
    return s;
}

void bough__sampled_end(const struct bough__sampled *sampled)
{
    const struct bough__solve *solve = sampled->solve;
    for (size_t i = 0; i < solve->n; i++)
        solve->state[solve->task[i]] = sampled->part * sampled->w[i];
}

// ---- A move ----

void bough__sampled_multiply(const struct bough__sampled *sampled, const double *x)
{
    const size_t n = sampled->solve->n;
    for (size_t a = 0; a < sampled->count; a++) {
        const double *row = sampled->solve->gram + sampled->moves[a] * n;
        sampled->slope[a] = 0;
        for (size_t b = 0; b < sampled->count; b++)
            sampled->slope[a] += row[sampled->moves[b]] * x[sampled->moves[b]];
    }
}

// What those above `level` have above it, less `sum`, over how many they are; as a level it leaves
// them with `sum`, but for those that it leaves with nothing.
static double next_level(const struct bough__sampled *sampled, double level)
{
    double above = 0;
    size_t count = 0;
    for (size_t a = 0; a < sampled->count; a++) {
        const double w = sampled->w[sampled->moves[a]];
        if (w <= level)
            continue;
        above += w;
        count++;
    }
    return (above - sampled->sum) / (double)count;
}

// Michelot, "A finite algorithm for finding the projection of a point onto the canonical simplex of
// R^n", Journal of Optimization Theory and Applications 50, 1986. The largest becomes 0 first:
// where it is far off the sum would be rounded away.
static void project(const struct bough__sampled *sampled)
{
    double largest = -INFINITY, level = -INFINITY, next;
    for (size_t a = 0; a < sampled->count; a++)
        largest = fmax(largest, sampled->w[sampled->moves[a]]);
    for (size_t a = 0; a < sampled->count; a++)
        sampled->w[sampled->moves[a]] -= largest;
    while ((next = next_level(sampled, level)) > level)
        level = next;
    for (size_t a = 0; a < sampled->count; a++) {
        double *w = &sampled->w[sampled->moves[a]];
        *w = fmax(0, *w - level);
    }
}

void bough__sampled_move(const struct bough__sampled *sampled, double rate)
{
    if (!(sampled->sum > 0))
        return;
    for (size_t a = 0; a < sampled->count; a++)
        sampled->w[sampled->moves[a]] -= rate * sampled->slope[a];
    project(sampled);
}
