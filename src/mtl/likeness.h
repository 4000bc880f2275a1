// How alike is what several nets make of the same rows. On the host, in double.
#ifndef BOUGH_MTL_LIKENESS_H
#define BOUGH_MTL_LIKENESS_H

#include <stddef.h>
#include <stdint.h>

struct bough__made {
    float *x; // [rows, width]
    int64_t width;
};

// alike [count, count]: linear centred kernel alignment, |Y'X|^2 / (|X'X| |Y'Y|) of X and Y whose
// columns have mean 0 (Kornblith et al., ICML 2019). NaN of one that is the same in all rows.
// Centres each x. `own` is [count].
void bough__linear_cka(double *alike, double *own, const struct bough__made *made, size_t count,
                       int64_t rows);

// far [count, count]: the maximum mean discrepancy, k(x, x) + k(y, y) - 2 k(x, y) as means over all
// pairs, and of that the root; k the mean of five Gaussian kernels, exp(-|a - b|^2 / (w m)) with w
// 0.25, 0.5, 1, 2 and 4, m the mean square of the distance between two of all 2 rows, at least
// 1e-6, as op/mmd.c. All are of one width.
void bough__mmd_distance(double *far, const struct bough__made *made, size_t count, int64_t rows);

// gram [count, count] becomes the cosines; NaN of a vector of 0.
void bough__gram_to_cosines(double *gram, size_t count);

#endif
