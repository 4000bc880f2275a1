#include "mtl/active_set.h"

#include "mtl/cholesky.h"

#include <float.h>
#include <math.h>

// The active rows, those that are met with equality, are independent.
struct active {
    struct bough__active_set *of;
    double *slack, *size; // Gz - b, and |b| + |G|z
    double *way;          // of the active z as the next row's grows by 1, downwards
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
    c->size = c->slack + n;
    c->way = c->size + n;
    c->cholesky.factor = c->way + n;
    c->member = (size_t *)(c->cholesky.factor + (n + 1) * (n + 2) / 2);
    c->is_member = (char *)(c->member + n);
}

static void measure_row(struct active *c, size_t i)
{
    const double *row = c->of->g + i * c->of->n, *z = c->of->z;
    c->slack[i] = -c->of->b[i];
    c->size[i] = fabs(c->of->b[i]);
    for (size_t j = 0; j < c->of->n; j++) {
        c->slack[i] += row[j] * z[j];
        c->size[i] += fabs(row[j]) * z[j];
    }
}

// The row that is violated most, in lengths of its gradient; n where none is, but for rounding.
static size_t violated(struct active *c)
{
    const size_t n = c->of->n;
    size_t worst = n;
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        const double norm = sqrt(fmax(c->of->g[i * n + i], DBL_MIN));
        measure_row(c, i);
        if (!c->is_member[i] && c->slack[i] < -4 * (double)n * DBL_EPSILON * c->size[i] &&
            c->slack[i] / norm < most) {
            worst = i;
            most = c->slack[i] / norm;
        }
    }
    return worst;
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
        move(c, count, fmin(full, partial));
        c->of->z[p] += fmin(full, partial);
        if (full <= partial) {
            c->member[count] = p;
            c->is_member[p] = 1;
            return 1;
        }
        c->cholesky.count = count;
        leave(c, k, c->slack);
    }
}

static double residual_of(struct active *c)
{
    double residual = 0;
    for (size_t i = 0; i < c->of->n; i++) {
        measure_row(c, i);
        const double off = c->is_member[i] ? fabs(c->slack[i]) : fmax(0, -c->slack[i]);
        residual = fmax(residual, c->size[i] > 0 ? off / c->size[i] : 0);
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
