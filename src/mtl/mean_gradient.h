// What rules about the mean gradient begin with.
#ifndef BOUGH_MTL_MEAN_GRADIENT_H
#define BOUGH_MTL_MEAN_GRADIENT_H

#include <stddef.h>

// G over its trace, or 0 if that is 0, its products with the mean of the gradients, and the mean's
// square. In such a G no number is above 1.
//   scaled  [n, n], written
//   along   [n], written: scaled 1 / n
double bough__mean_gradient(double *scaled, double *along, const double *gram, size_t n);

// |g_w|^2, and Gw.
//   slope  [n], written
double bough__square(double *slope, const double *gram, const double *w, size_t n);

#endif
