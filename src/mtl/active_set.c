#include "mtl/active_set.h"

#include "mtl/cholesky.h"

#include <float.h>
#include <math.h>

// The active rows, those that are met with equality, are independent.
struct active {
    struct bough__active_set *of;
    double *slack; // Gz - b, carried on from step to step, so that it is measured only at the end
    double *norm;  // of the rows' gradients
    double *way;   // of the active z as the next row's grows by 1, downwards
    struct bough__cholesky cholesky;
    size_t *member;
    char *is_member;
};

size_t bough__active_set_work(size_t n)
{
    return (3 * n + (n + 1) * (n + 2) / 2) * sizeof(double) + n * (sizeof(size_t) + 1);
}

static void lay_out(struct active *c)
{
    const size_t n = c->of->n;
    c->slack = c->of->work;
    c->norm = c->slack + n;
    c->way = c->norm + n;
    c->cholesky.factor = c->way + n;
    c->member = (size_t *)(c->cholesky.factor + (n + 1) * (n + 2) / 2);
    c->is_member = (char *)(c->member + n);
}

// Its slack; gives |b| + |G|z.
static double measure_row(struct active *c, size_t i)
{
    const double *row = c->of->g + i * c->of->n, *z = c->of->z;
    double sum = 0, size = 0;
#pragma omp simd reduction(+ : sum, size)
    for (size_t j = 0; j < c->of->n; j++) {
        sum += row[j] * z[j];
        size += fabs(row[j]) * z[j];
    }
    c->slack[i] = sum - c->of->b[i];
    return size + fabs(c->of->b[i]);
}

// In lengths of its gradient; n where none is.
static size_t most_violated(const struct active *c)
{
    size_t worst = c->of->n;
    double most = 0;
    for (size_t i = 0; i < c->of->n; i++)
        if (!c->is_member[i] && c->slack[i] < most * c->norm[i]) {
            worst = i;
            most = c->slack[i] / c->norm[i];
        }
    return worst;
}

// Measured, and but for rounding.
static int is_violated(struct active *c, size_t i)
{
    const double size = measure_row(c, i);
    return c->slack[i] < -4 * (double)c->of->n * DBL_EPSILON * size;
}

// The row that is to be met next; n where all are.
static size_t violated(struct active *c)
{
    const size_t n = c->of->n, p = most_violated(c);
    if (p < n && is_violated(c, p))
        return p;
    for (size_t i = 0; i < n; i++)
        if (!is_violated(c, i))
            c->slack[i] = fmax(0, c->slack[i]);
    return most_violated(c);
}

static void leave(struct active *c, size_t k, double *work)
{
    c->of->z[c->member[k]] = 0;
    c->is_member[c->member[k]] = 0;
    bough__cholesky_leave(&c->cholesky, k, work);
    for (size_t i = k; i < c->cholesky.count; i++)
        c->member[i] = c->member[i + 1];
}

// Tries row p among the active ones, and finds the way. Gives the square of what of its gradient is
// outside their span; 0 if it did not enter.
static double enter(struct active *c, size_t p)
{
    const size_t count = c->cholesky.count, n = c->of->n;
    double *row = bough__cholesky_row(&c->cholesky, count);
    for (size_t i = 0; i < count; i++)
        row[i] = c->of->g[p * n + c->member[i]];
    row[count] = c->of->g[p * n + p];
    const double share = bough__cholesky_enter(&c->cholesky, c->of->dependence);
    const int entered = c->cholesky.count > count;
    for (size_t i = 0; i < count; i++)
        c->way[i] = row[i];
    c->cholesky.count = count;
    bough__cholesky_back(&c->cholesky, c->way);
    c->cholesky.count = count + (size_t)entered;
    return entered ? share * c->of->g[p * n + p] : 0;
}

// How far z_p may grow until an active one, k, is 0.
static double until_zero(const struct active *c, size_t count, size_t *k)
{
    double least = INFINITY;
    for (size_t i = 0; i < count; i++)
        if (c->way[i] > 0 && c->of->z[c->member[i]] / c->way[i] < least) {
            least = c->of->z[c->member[i]] / c->way[i];
            *k = i;
        }
    return least;
}

// Of the slack, as z_p grows by `step`.
static void follow(struct active *c, size_t p, size_t count, double step)
{
    const size_t n = c->of->n;
    for (size_t i = 0; i <= count; i++) {
        const double *row = c->of->g + (i < count ? c->member[i] : p) * n;
        const double by = i < count ? -step * c->way[i] : step;
        for (size_t j = 0; j < n; j++)
            c->slack[j] += by * row[j];
    }
}

static void move(struct active *c, size_t count, double step)
{
    for (size_t i = 0; i < count; i++)
        c->of->z[c->member[i]] = fmax(0, c->of->z[c->member[i]] - step * c->way[i]);
}

static void tell_why(struct active *c, size_t p)
{
    for (size_t i = 0; i < c->of->n; i++)
        c->of->z[i] = i == p;
    for (size_t i = 0; i < c->cholesky.count; i++)
        c->of->z[c->member[i]] = fmax(0, -c->way[i]);
}

// Makes row p active, without those whose z ends before. 0 where it cannot be.
static int add(struct active *c, size_t p)
{
    for (;;) {
        const size_t count = c->cholesky.count;
        size_t k = 0;
        measure_row(c, p);
        const double square = enter(c, p), partial = until_zero(c, count, &k);
        const double full = square > 0 ? fmax(0, -c->slack[p] / square) : INFINITY;
        if (full == INFINITY && partial == INFINITY) {
            tell_why(c, p);
            return 0;
        }
        follow(c, p, count, fmin(full, partial));
        move(c, count, fmin(full, partial));
        c->of->z[p] += fmin(full, partial);
        if (full <= partial) {
            c->member[count] = p;
            c->is_member[p] = 1;
            return 1;
        }
        c->cholesky.count = count;
        leave(c, k, c->way);
    }
}

static double residual_of(struct active *c)
{
    double residual = 0;
    for (size_t i = 0; i < c->of->n; i++) {
        const double size = measure_row(c, i);
        const double off = c->is_member[i] ? fabs(c->slack[i]) : fmax(0, -c->slack[i]);
        residual = fmax(residual, size > 0 ? off / size : 0);
    }
    return residual;
}

// Takes out what rounding has left of the active rows' slack.
static void refine(struct active *c)
{
    for (size_t i = 0; i < c->cholesky.count; i++) {
        measure_row(c, c->member[i]);
        c->way[i] = c->slack[c->member[i]];
    }
    bough__cholesky_solve(&c->cholesky, c->way);
    move(c, c->cholesky.count, 1);
}

int bough__active_set_run(struct bough__active_set *of)
{
    struct active c = {.of = of};
    lay_out(&c);
    for (size_t i = 0; i < of->n; i++) {
        of->z[i] = 0;
        c.slack[i] = -of->b[i];
        c.norm[i] = sqrt(fmax(of->g[i * of->n + i], DBL_MIN));
        c.is_member[i] = 0;
    }
    // Each round ends with a longer d, but for rounding: there are not many.
    for (of->rounds = 0; of->rounds < 10 * of->n + 10; of->rounds++) {
        const size_t p = violated(&c);
        if (p == of->n)
            break;
        if (!add(&c, p))
            return 0;
    }
    refine(&c);
    of->residual = residual_of(&c);
    return 1;
}
