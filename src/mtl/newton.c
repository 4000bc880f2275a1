#include "mtl/newton.h"

#include "mtl/cholesky.h"

#include <float.h>
#include <math.h>

enum { MOST_STEPS = 200, MOST_HALVINGS = 60 };

// With d the gradients' norms, x = d w and q = p d^(power - 1) it is C x = q x^-power, C the matrix
// of cosines. Steps are relative: x goes to x (1 + t step).
struct newton {
    size_t n;
    double power, *norm, *q, *x, *cosines;
    double *slope;      // Cx
    double *step, *way; // and C (x step)
    struct bough__cholesky cholesky;
};

size_t bough__newton_work(size_t n)
{
    return (6 * n + n * n + n * (n + 1) / 2) * sizeof(double);
}

static void lay_out(struct newton *c, double *work)
{
    const size_t n = c->n;
    c->norm = work;
    c->q = c->norm + n;
    c->slope = c->q + n;
    c->step = c->slope + n;
    c->way = c->step + n;
    c->x = c->way + n;
    c->cosines = c->x + n;
    c->cholesky.factor = c->cosines + n * n;
}

static double largest_norm(const double *g, size_t n)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, g[i * n + i]);
    return sqrt(largest);
}

// Norms and cosines. A gradient that is 0 is alone, of norm 0.
static void scale(struct newton *c, const double *g, const double *p)
{
    const size_t n = c->n;
    const double largest = largest_norm(g, n);
    for (size_t i = 0; i < n; i++) {
        c->norm[i] = g[i * n + i] > 0 ? sqrt(g[i * n + i]) : 0;
        c->q[i] = p[i];
        if (c->norm[i] > 0)
            c->q[i] = fmax(p[i] * pow(c->norm[i] / largest, c->power - 1), DBL_MIN);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            const double norms = c->norm[i] * c->norm[j];
            c->cosines[i * n + j] = i == j ? 1 : norms > 0 ? g[i * n + j] / norms : 0;
        }
}

// Whether C, or with `step` what Newton's step needs, x_i C_ij x_j + power q x^(1 - power) on the
// diagonal, is definite; leaves its factor.
static int factor(struct newton *c, int step)
{
    c->cholesky.count = 0;
    for (size_t i = 0; i < c->n; i++) {
        double *row = bough__cholesky_row(&c->cholesky, i);
        for (size_t j = 0; j <= i; j++)
            row[j] = c->cosines[i * c->n + j] * (step ? c->x[i] * c->x[j] : 1);
        if (step)
            row[i] += c->power * c->q[i] * pow(c->x[i], 1 - c->power);
        bough__cholesky_enter(&c->cholesky, step ? 0 : 1e-12);
        if (c->cholesky.count == i)
            return 0;
    }
    return 1;
}

// Gives by how much the diagonal is more than 1.
static double make_definite(struct newton *c)
{
    double more = 0;
    while (!factor(c, 0)) {
        more = more > 0 ? 4 * more : 1e-7;
        for (size_t i = 0; i < c->n; i++)
            c->cosines[i * c->n + i] = 1 + more;
    }
    return more;
}

// Into `slope`; gives the residual.
static double measure(struct newton *c)
{
    double residual = 0;
    for (size_t i = 0; i < c->n; i++) {
        double size = 0;
        for (size_t j = 0; j < c->n; j++)
            size += fabs(c->cosines[i * c->n + j]) * c->x[j];
        c->slope[i] = bough__dot(c->cosines + i * c->n, c->x, c->n);
        residual = fmax(residual, fabs(c->slope[i] - c->q[i] * pow(c->x[i], -c->power)) / size);
    }
    return residual;
}

// The step and how much less it would make a quadratic function, relative to the sum of
// q x^(1 - power).
static double find_step(struct newton *c)
{
    double less = 0, whole = 0;
    for (size_t i = 0; i < c->n; i++) {
        const double gain = c->q[i] * pow(c->x[i], 1 - c->power);
        c->step[i] = c->way[i] = gain - c->x[i] * c->slope[i];
        whole += gain;
    }
    bough__cholesky_solve(&c->cholesky, c->step);
    for (size_t i = 0; i < c->n; i++) {
        less += c->step[i] * c->way[i];
        c->way[i] = 0;
        for (size_t j = 0; j < c->n; j++)
            c->way[i] += c->cosines[i * c->n + j] * c->x[j] * c->step[j];
    }
    return less / whole;
}

// How the function changes by t of the step, without the rounding of its value.
static double change(const struct newton *c, double t)
{
    double sum = 0;
    for (size_t i = 0; i < c->n; i++) {
        const double by = t * c->step[i], k = 1 - c->power, log_by = log1p(by);
        const double phi = k == 0 ? log_by : pow(c->x[i], k) * expm1(k * log_by) / k;
        sum += by * c->x[i] * (c->slope[i] + 0.5 * t * c->way[i]) - c->q[i] * phi;
    }
    return sum;
}

// Goes by the step, or less where it would leave x > 0 or not descend. 0 where nothing descends.
static int go(struct newton *c)
{
    double t = 1, descent = 0;
    for (size_t i = 0; i < c->n; i++) {
        t = fmin(t, c->step[i] < 0 ? -0.9 / c->step[i] : 1);
        descent += c->step[i] * (c->x[i] * c->slope[i] - c->q[i] * pow(c->x[i], 1 - c->power));
    }
    for (int halvings = 0; !(change(c, t) <= 1e-4 * t * descent); halvings++, t /= 2)
        if (halvings == MOST_HALVINGS)
            return 0;
    for (size_t i = 0; i < c->n; i++)
        c->x[i] *= 1 + t * c->step[i];
    return 1;
}

static double iterate(struct newton *c, size_t *steps)
{
    for (size_t i = 0; i < c->n; i++)
        c->x[i] = pow(c->q[i] / c->cosines[i * c->n + i], 1 / (1 + c->power));
    double residual = measure(c);
    for (*steps = 0; residual > DBL_EPSILON && *steps < MOST_STEPS; ++*steps) {
        if (!factor(c, 1))
            break;
        const double less = find_step(c), last = residual;
        if (!go(c))
            break;
        residual = measure(c);
        if (less < 1e-28 || (residual < 1e-12 && residual >= last)) // what is left is rounding
            break;
    }
    return residual;
}

double bough__newton(double *w, const double *g, const double *p, double power, size_t n,
                     void *work, size_t *steps)
{
    struct newton c = {.n = n, .power = power};
    const double largest = largest_norm(g, n);
    lay_out(&c, work);
    scale(&c, g, p);
    const double more = make_definite(&c), residual = iterate(&c, steps);
    // The norms that q is made of are relative to the largest.
    const double size = largest > 0 ? pow(largest, (1 - power) / (1 + power)) : 1;
    for (size_t i = 0; i < n; i++)
        w[i] = c.norm[i] > 0 ? c.x[i] / c.norm[i] / size : 0;
    return more > 1e-5 ? fmax(residual, more) : residual;
}
