// The point where each task gains what its weight asks for.
#ifndef BOUGH_MTL_NEWTON_H
#define BOUGH_MTL_NEWTON_H

#include "mtl/weighting.h"

// Solves G w = p w^-power, w > 0, for a positive semi-definite G of n >= 1 rows: the least of
// 0.5 w'Gw - sum_i p_i phi(w_i), phi' = w^-power, strictly convex, by damped Newton. Where the
// matrix of the cosines is singular, as when gradients of positive weights cancel, there may be no
// solution: its diagonal of ones then gets 1e-7 more, four times as often as it takes to make it
// definite. A gradient of 0 weighs nothing.
//   w      [n], written
//   g      [n, n], symmetric
//   p      [n], above 0
//   power  above 0
//   work   bough__newton_work(n) bytes, on 16
//   steps  written: how many it took
// Gives the largest |(Gw)_i - p_i w_i^-power| / (|G|w)_i, with that diagonal: by what share of
// themselves the entries of G would have to change. More than 1e-5 on the
// diagonal, which no Gram matrix in float takes, counts as well.
double bough__newton(double *w, const double *g, const double *p, double power, size_t n,
                     void *work, size_t *steps);
size_t bough__newton_work(size_t n);

#endif
