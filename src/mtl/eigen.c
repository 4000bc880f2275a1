#include "mtl/eigen.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { SWEEPS = 64 }; // about ten are enough for 256 rows

// ---- Rotations ----

struct rotation {
    double c, s;
};

// That which makes a_pq 0.
static struct rotation rotation_of(double pp, double qq, double pq)
{
    const double theta = 0.5 * (qq - pp) / pq;
    const double t = copysign(1, theta) / (fabs(theta) + hypot(1, theta));
    const double c = 1 / sqrt(1 + t * t);
    return (struct rotation){c, t * c};
}

static void rotate(double *p, double *q, size_t step, size_t n, struct rotation by)
{
    for (size_t k = 0; k < n * step; k += step) {
        const double x = p[k], y = q[k];
        p[k] = by.c * x - by.s * y;
        q[k] = by.s * x + by.c * y;
    }
}

// Whether it is there beside what rounding makes of its row and column.
static int counts(double pp, double qq, double pq)
{
    return fabs(pq) > 0.5 * DBL_EPSILON * sqrt(fabs(pp)) * sqrt(fabs(qq)) && fabs(pq) >= DBL_MIN;
}

// Rotates every pair that counts, once; returns how many did.
static size_t sweep(double *a, double *vectors, size_t n)
{
    size_t count = 0;
    for (size_t p = 0; p < n; p++)
        for (size_t q = p + 1; q < n; q++) {
            double *row = a + p * n, *other = a + q * n;
            if (!counts(row[p], other[q], row[q]))
                continue;
            const struct rotation by = rotation_of(row[p], other[q], row[q]);
            rotate(row, other, 1, n, by);
            rotate(a + p, a + q, n, n, by);
            rotate(vectors + p * n, vectors + q * n, 1, n, by);
            row[q] = other[p] = 0;
            count++;
        }
    return count;
}

// ---- Order and residual ----

static void swap(double *a, double *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

static void sort(struct bough__eigen *eigen, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t largest = i;
        for (size_t k = i + 1; k < n; k++)
            if (eigen->values[k] > eigen->values[largest])
                largest = k;
        if (largest == i)
            continue;
        swap(eigen->values + i, eigen->values + largest, 1);
        swap(eigen->vectors + i * n, eigen->vectors + largest * n, n);
    }
}

static double residual_of(const struct bough__eigen *eigen, const double *a, size_t n)
{
    double off = 0, size = 0;
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < n; i++) {
            const double *v = eigen->vectors + k * n;
            double sum = -eigen->values[k] * v[i];
            for (size_t j = 0; j < n; j++)
                sum += a[i * n + j] * v[j];
            off = hypot(off, sum);
            size = hypot(size, a[i * n + k]);
        }
    return size > 0 ? off / size : 0;
}

void bough__eigen_find(struct bough__eigen *out, const double *a, size_t n, double *work)
{
    memcpy(work, a, n * n * sizeof *a);
    memset(out->vectors, 0, n * n * sizeof *a);
    for (size_t k = 0; k < n; k++)
        out->vectors[k * n + k] = 1;
    for (out->sweeps = 0; out->sweeps < SWEEPS && sweep(work, out->vectors, n); out->sweeps++)
        ;
    for (size_t k = 0; k < n; k++)
        out->values[k] = work[k * n + k];
    sort(out, n);
    out->residual = residual_of(out, a, n);
}

// ---- Use ----

size_t bough__eigen_rank(const double *values, size_t n)
{
    size_t rank = 0;
    while (rank < n && values[rank] > (double)n * FLT_EPSILON * values[0])
        rank++;
    return rank;
}

void bough__eigen_power(double *x, const struct bough__eigen *eigen, size_t n, size_t rank,
                        double power, const double *b)
{
    memset(x, 0, n * sizeof *x);
    for (size_t k = 0; k < rank; k++) {
        const double *v = eigen->vectors + k * n;
        double along = 0;
        for (size_t i = 0; i < n; i++)
            along += v[i] * b[i];
        along *= pow(eigen->values[k], power);
        for (size_t i = 0; i < n; i++)
            x[i] += along * v[i];
    }
}
