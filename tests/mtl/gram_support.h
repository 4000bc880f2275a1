// Random Gram matrices of a given condition.
#ifndef BOUGH_TEST_GRAM_SUPPORT_H
#define BOUGH_TEST_GRAM_SUPPORT_H

#include "cl/random.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>

enum { MOST = 64 };

static unsigned drawn;

static inline double draw(void)
{
    return 2 * (double)random_unit(random_bits(1, 2, drawn++, 0, 0, 0).v[0]) - 1;
}

// H D H of a reflection H and eigenvalues from 1 to 1 / condition.
static inline void make_gram(double *g, size_t n, double condition)
{
    double u[MOST], square = 0;
    for (size_t i = 0; i < n; i++) {
        u[i] = draw();
        square += u[i] * u[i];
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = 0;
            for (size_t k = 0; k < n; k++) {
                const double h = (i == k) - 2 * u[i] * u[k] / square;
                const double other = (j == k) - 2 * u[j] * u[k] / square;
                sum += h * other * pow(condition, n > 1 ? -(double)k / (double)(n - 1) : 0);
            }
            g[i * n + j] = sum;
        }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            g[i * n + j] = g[j * n + i];
}

#endif
