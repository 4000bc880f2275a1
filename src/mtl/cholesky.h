// The Cholesky factor of a symmetric positive definite matrix that grows and shrinks by a row.
#ifndef BOUGH_MTL_CHOLESKY_H
#define BOUGH_MTL_CHOLESKY_H

#include <stddef.h>

struct bough__cholesky {
    double *factor; // lower, row i at i (i + 1) / 2
    size_t count;
};

static inline double *bough__cholesky_row(const struct bough__cholesky *of, size_t i)
{
    return of->factor + i * (i + 1) / 2;
}

static inline double bough__dot(const double *a, const double *b, size_t count)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

// Appends a row: its entries are where the factor's row is to stand, row[count] the diagonal.
// Gives the share of the diagonal that does not depend on the rows before; where that is not above
// `least` the row does not enter, though its first `count` entries are the factor's.
double bough__cholesky_enter(struct bough__cholesky *of, double least);

// Takes row k out.
//   work  [count]
void bough__cholesky_leave(struct bough__cholesky *of, size_t k, double *work);

// x [count]: of L'x = b, and of LL'x = b, in place.
void bough__cholesky_back(const struct bough__cholesky *of, double *x);
void bough__cholesky_solve(const struct bough__cholesky *of, double *x);

#endif
