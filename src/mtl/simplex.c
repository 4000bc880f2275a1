#include "mtl/simplex.h"

#include "mtl/cholesky.h"

#include <float.h>
#include <math.h>

// The vertices in use, the corral, are affinely independent: `cholesky` is of G + least 11' over
// them, so that short gradients beside long ones keep their digits.
struct corral {
    const double *g;
    size_t n;
    double least, scale; // the least and the largest entry of G's diagonal
    double *w, *slope, *point;
    struct bough__cholesky cholesky;
    size_t *vertex;
};

size_t bough__simplex_work(size_t n)
{
    return (2 * n + n * (n + 1) / 2) * sizeof(double) + n * sizeof(size_t);
}

// Gw into `slope`; gives the index of its least entry.
static size_t measure(struct corral *c, double *value)
{
    size_t least = 0;
    *value = 0;
    for (size_t i = 0; i < c->n; i++) {
        c->slope[i] = bough__dot(c->g + i * c->n, c->w, c->n);
        *value += c->w[i] * c->slope[i];
        if (c->slope[i] < c->slope[least])
            least = i;
    }
    return least;
}

// 0 where the vertex lies in the affine hull of the corral, but for rounding.
static int enter(struct corral *c, size_t vertex)
{
    const size_t count = c->cholesky.count;
    double *row = bough__cholesky_row(&c->cholesky, count);
    if (count == c->n)
        return 0;
    c->vertex[count] = vertex;
    for (size_t i = 0; i <= count; i++)
        row[i] = c->g[vertex * c->n + c->vertex[i]] + c->least;
    bough__cholesky_enter(&c->cholesky, 16 * DBL_EPSILON);
    return c->cholesky.count > count;
}

static void leave(struct corral *c, size_t k)
{
    bough__cholesky_leave(&c->cholesky, k, c->point);
    for (size_t i = k; i < c->cholesky.count; i++)
        c->vertex[i] = c->vertex[i + 1];
}

// Into `point`: the least point of the corral's affine hull, z / sum z with (G + least 11') z = 1.
static void solve(struct corral *c)
{
    double *z = c->point, sum = 0;
    for (size_t i = 0; i < c->cholesky.count; i++)
        z[i] = 1;
    bough__cholesky_solve(&c->cholesky, z);
    for (size_t i = 0; i < c->cholesky.count; i++)
        sum += z[i];
    for (size_t i = 0; i < c->cholesky.count; i++)
        z[i] /= sum;
}

// Where the way from w to the affine hull's point leaves the simplex; count where it does not.
static size_t border(const struct corral *c, double *share)
{
    size_t at = c->cholesky.count;
    *share = 1;
    for (size_t i = 0; i < c->cholesky.count; i++) {
        const double w = c->w[c->vertex[i]], to = c->point[i];
        if (to <= 0 && (at == c->cholesky.count || w / (w - to) < *share)) {
            at = i;
            *share = w > to ? w / (w - to) : 0;
        }
    }
    return at;
}

// Goes to the least point of the affine hull, and on without each vertex whose weight ends before.
static void descend(struct corral *c)
{
    for (;;) {
        double share;
        solve(c);
        const size_t at = border(c, &share), count = c->cholesky.count;
        for (size_t i = 0; i < count; i++) {
            double *w = &c->w[c->vertex[i]];
            *w = at == count ? c->point[i] : fmax(0, *w + share * (c->point[i] - *w));
        }
        if (at == count)
            return;
        c->w[c->vertex[at]] = 0;
        leave(c, at);
    }
}

static double wolfe(struct corral *c, size_t first, size_t *rounds)
{
    double last = INFINITY, value, gap;
    for (size_t i = 0; i < c->n; i++)
        c->w[i] = i == first;
    const int begun = enter(c, first);
    for (;; ++*rounds) {
        const size_t least = measure(c, &value);
        gap = value - c->slope[least];
        // A corral that comes again, from rounding, has no smaller value: each comes once.
        if (!begun || gap <= 4 * (double)c->n * DBL_EPSILON * c->scale || value >= last ||
            !enter(c, least))
            return fmax(0, gap);
        last = value;
        descend(c);
    }
}

static double of_two(struct corral *c)
{
    const double *g = c->g, across = g[0] + g[3] - 2 * g[1];
    double value;
    const double share = across > 0 ? (g[3] - g[1]) / across : 0.5;
    c->w[0] = fmin(fmax(share, 0), 1);
    c->w[1] = 1 - c->w[0];
    const size_t least = measure(c, &value);
    return fmax(0, value - c->slope[least]);
}

double bough__simplex_least(double *w, const double *g, size_t n, void *work, size_t *rounds)
{
    struct corral c = {.g = g, .n = n, .w = w, .slope = work};
    size_t first = 0;
    c.point = c.slope + n;
    c.cholesky.factor = c.point + n;
    c.vertex = (size_t *)(c.cholesky.factor + n * (n + 1) / 2);
    for (size_t i = 0; i < n; i++) {
        c.scale = fmax(c.scale, g[i * n + i]);
        if (g[i * n + i] < g[first * n + first])
            first = i;
        w[i] = 1 / (double)n;
    }
    c.least = g[first * n + first];
    if (!(c.scale > 0) || n == 1)
        return 0;
    return (n == 2 ? of_two(&c) : wolfe(&c, first, rounds)) / c.scale;
}
