// Symmetric matrices by their eigenvectors.
#ifndef BOUGH_MTL_EIGEN_H
#define BOUGH_MTL_EIGEN_H

#include <stddef.h>

struct bough__eigen {
    double *values;  // [n], falling
    double *vectors; // [n, n], row k belongs to values[k]
    double residual; // ‖AV - V diag(values)‖ / ‖A‖, Frobenius; 0 of a zero matrix
    size_t sweeps;   // that it took
};

// By cyclic Jacobi rotations: small eigenvalues of a matrix that is badly scaled alone are found to
// their own size (Demmel, Veselic, "Jacobi's method is more accurate than QR", 1992).
//   out   `values` and `vectors` are the caller's, and are written
//   a     [n, n], symmetric, finite; not written
//   work  [n, n]
void bough__eigen_find(struct bough__eigen *out, const double *a, size_t n, double *work);

// How many values stand out of what float made of the matrix.
size_t bough__eigen_rank(const double *values, size_t n);

// x = V f(values) V' b over the first `rank` values, f(v) = v^power.
//   x  [n], written, apart from b [n]
void bough__eigen_power(double *x, const struct bough__eigen *eigen, size_t n, size_t rank,
                        double power, const double *b);

#endif
