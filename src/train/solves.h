// What a training tells of its weighting's solves: sums over steps, of an epoch or of the whole.
#ifndef BOUGH_TRAIN_SOLVES_H
#define BOUGH_TRAIN_SOLVES_H

#include "mtl/solver.h"

#include <jansson.h>

struct bough__solves {
    double count, unsolved; // of the residual above BOUGH__SOLVED
    double iterations, most_iterations;
    double residual; // the largest
};

// The solver's last solve. A residual that is no number counts as infinite.
void bough__solves_add(struct bough__solves *solves, double residual, size_t iterations);

// Puts `solves` into `object`, nothing where there were none: `count`, `unsolved`, `residual`, the
// largest, the mean `iterations` and `most_iterations`. Not 0 when out of memory.
int bough__solves_put(json_t *object, const struct bough__solves *solves);

#endif
