#include "mtl/cholesky.h"

#include <math.h>

double bough__cholesky_enter(struct bough__cholesky *of, double least)
{
    const size_t count = of->count;
    double *row = bough__cholesky_row(of, count);
    for (size_t i = 0; i < count; i++) {
        const double *other = bough__cholesky_row(of, i);
        row[i] = (row[i] - bough__dot(row, other, i)) / other[i];
    }
    const double rest = row[count] - bough__dot(row, row, count), share = rest / row[count];
    if (!(rest > 0 && share > least))
        return rest > 0 ? share : 0;
    row[count] = sqrt(rest);
    of->count++;
    return share;
}

// Without row k the rows behind it stand for L L' + x x', x their column k.
void bough__cholesky_leave(struct bough__cholesky *of, size_t k, double *work)
{
    double *x = work;
    for (size_t i = k + 1; i < of->count; i++)
        x[i] = bough__cholesky_row(of, i)[k];
    for (size_t m = k + 1; m < of->count; m++) {
        double *pivot = &bough__cholesky_row(of, m)[m];
        const double root = hypot(*pivot, x[m]), cosine = root / *pivot, sine = x[m] / *pivot;
        *pivot = root;
        for (size_t i = m + 1; i < of->count; i++) {
            double *entry = &bough__cholesky_row(of, i)[m];
            *entry = (*entry + sine * x[i]) / cosine;
            x[i] = cosine * x[i] - sine * *entry;
        }
    }
    for (size_t i = k + 1; i < of->count; i++) {
        const double *from = bough__cholesky_row(of, i);
        double *to = bough__cholesky_row(of, i - 1);
        for (size_t j = 0; j < i; j++)
            to[j] = from[j < k ? j : j + 1];
    }
    of->count--;
}

void bough__cholesky_back(const struct bough__cholesky *of, double *x)
{
    for (size_t i = of->count; i-- > 0;) {
        const double *row = bough__cholesky_row(of, i);
        x[i] /= row[i];
        for (size_t j = 0; j < i; j++)
            x[j] -= row[j] * x[i];
    }
}

void bough__cholesky_solve(const struct bough__cholesky *of, double *x)
{
    for (size_t i = 0; i < of->count; i++) {
        const double *row = bough__cholesky_row(of, i);
        x[i] = (x[i] - bough__dot(row, x, i)) / row[i];
    }
    bough__cholesky_back(of, x);
}
