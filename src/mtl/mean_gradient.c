#include "mtl/mean_gradient.h"

#include "mtl/cholesky.h"

#include <math.h>

double bough__mean_gradient(double *scaled, double *along, const double *gram, size_t n)
{
    double trace = 0, square = 0;
    for (size_t i = 0; i < n; i++)
        trace += gram[i * n + i];
    for (size_t i = 0; i < n; i++) {
        along[i] = 0;
        for (size_t j = 0; j < n; j++) {
            scaled[i * n + j] = trace > 0 ? gram[i * n + j] / trace : 0;
            along[i] += scaled[i * n + j] / (double)n;
        }
        square += along[i] / (double)n;
    }
    return fmax(0, square);
}

double bough__square(double *slope, const double *gram, const double *w, size_t n)
{
    double square = 0;
    for (size_t i = 0; i < n; i++) {
        slope[i] = bough__dot(gram + i * n, w, n);
        square += w[i] * slope[i];
    }
    return fmax(0, square);
}
