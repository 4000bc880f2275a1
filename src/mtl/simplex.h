// The point of the simplex with the least quadratic form.
#ifndef BOUGH_MTL_SIMPLEX_H
#define BOUGH_MTL_SIMPLEX_H

#include <stddef.h>

// Minimises w'Gw over w >= 0, sum w = 1, for a positive semi-definite G of n >= 1 rows: exact for
// n <= 2, else Wolfe, "Finding the nearest point in a polytope", Mathematical Programming 11, 1976,
// on products alone. Of several solutions it gives one; of all-zero G, equal weights.
//   w      [n], written
//   g      [n, n], symmetric
//   work   bough__simplex_work(n) bytes, on 16
//   rounds  counted on: corrals that were looked at; none of n <= 2
// Gives the duality gap w'Gw - min_i (Gw)_i over the largest entry of G's diagonal; 0 if that is 0.
double bough__simplex_least(double *w, const double *g, size_t n, void *work, size_t *rounds);
size_t bough__simplex_work(size_t n);

#endif
