// Projections to the directions by which no task loses.
#ifndef BOUGH_MTL_PROJECTION_H
#define BOUGH_MTL_PROJECTION_H

#include "mtl/active_set.h"
#include "mtl/weighting.h"

struct bough__projection_options {
    float reg_eps;
};

extern const struct bough__option bough__projection_options[1];

struct bough__projection {
    double *u; // [n], the caller's
    double *g, *b, *z;
    void *work;
};

size_t bough__projection_scratch(size_t tasks);

// Lays itself out in the solve's scratch: G over its trace, reg_eps more on the diagonal.
void bough__projection_init(struct bough__projection *projection, struct bough__solve *solve);

// Adds the v >= u of the least v'Gv to the weights, and keeps the largest residual. Of what is no
// Gram matrix there may be none: then it adds u, and the residual is 1.
void bough__projection_add(struct bough__projection *projection, struct bough__solve *solve);

#endif
