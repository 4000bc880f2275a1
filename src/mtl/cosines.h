// The Gram matrix of the tasks' gradients by their norms and cosines.
#ifndef BOUGH_MTL_COSINES_H
#define BOUGH_MTL_COSINES_H

#include "mtl/eigen.h"
#include "mtl/weighting.h"

struct bough__cosines {
    const double *norm;   // [n], of each gradient
    const double *cosine; // [n, n]; the row and column of a gradient of 0 are 0
    struct bough__eigen eigen;
    size_t rank; // of the cosines as float has them: the scales of the tasks do not count
};

// Finds them and their eigenvectors in `work`, of bough__cosines_work(n) bytes, where they stay.
void bough__cosines_find(struct bough__cosines *out, const struct bough__solve *solve, void *work);
size_t bough__cosines_work(size_t n);

#endif
