// What the weightings that go by losses share.
#ifndef BOUGH_MTL_LOSS_RULES_H
#define BOUGH_MTL_LOSS_RULES_H

#include "mtl/weighting.h"

// Puts exp(x_i) / sum of exp(x) in the place of x [n], n >= 1; finite for all finite x.
void bough__softmax(double *x, size_t n);

// log L and its slope 1 / L, for rules of positive losses: a loss at or below 0 counts by its size,
// and one smaller than 1e-8 as 1e-8, so that both are finite and the slope is above 0.
double bough__log_loss(double loss);
double bough__log_slope(double loss);

// The least that a task's loss can be, an option of several rows: `by_task` [T], NULL = 0 each.
double bough__above(const struct bough__solve *solve, const float *by_task, size_t i);

double bough__sum_of(const double *x, size_t n);

#endif
