#include "mtl/adam.h"

#include <math.h>

void bough__adam_step(struct bough__adam *adam, double gradient, double lr)
{
    adam->steps++;
    adam->mean += 0.1 * (gradient - adam->mean);
    adam->square += 0.001 * (gradient * gradient - adam->square);
    const double mean = adam->mean / (1 - pow(0.9, adam->steps));
    const double square = adam->square / (1 - pow(0.999, adam->steps));
    adam->x -= lr * mean / (sqrt(square) + 1e-8);
}
