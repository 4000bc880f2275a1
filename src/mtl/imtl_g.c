// The sum, of weights of sum 1, whose projections on all tasks' gradients are as long: with the
// cosines C and the norms, v = C+ 1 / norm, w = v / sum v. Of linearly independent gradients that
// is Gram+ norm / sum; of dependent ones it is, other than that, still the same whatever the tasks'
// scales. Weights below 0, and a sum of v below 0, which turns the direction round, are the
// paper's. A gradient of 0 weighs nothing; where sum v is 0 to rounding, as of opposite gradients,
// nothing does.
#include "mtl/cosines.h"

#include <math.h>

static size_t imtl_g_scratch(size_t tasks)
{
    return bough__cosines_work(tasks) + tasks * sizeof(double);
}

static void imtl_g_solve(struct bough__solve *solve)
{
    const size_t n = solve->n;
    double *ones = solve->scratch, *v = solve->weights, sum = 0, size = 0;
    struct bough__cosines cosines;
    bough__cosines_find(&cosines, solve, ones + n);
    for (size_t i = 0; i < n; i++)
        ones[i] = 1;
    bough__eigen_power(v, &cosines.eigen, n, cosines.rank, -1, ones);
    for (size_t i = 0; i < n; i++) {
        v[i] = cosines.norm[i] > 0 ? v[i] / cosines.norm[i] : 0;
        sum += v[i];
        size += cosines.norm[i] > 0 ? 1 / cosines.norm[i] : 0;
    }
    for (size_t i = 0; i < n; i++)
        v[i] = fabs(sum) > BOUGH__SOLVED * size ? v[i] / sum : 0;
    solve->residual = cosines.eigen.residual;
    solve->iterations = cosines.eigen.sweeps;
}

const struct bough__weighting bough__weighting_imtl_g = {
    {.name = "imtl_g",
     .help = "as long a projection on every task's gradient",
     .paper = "Liu et al., Towards Impartial Multi-task Learning, ICLR 2021"},
    .needs = BOUGH_NEEDS_GRAM,
    .rule = "w of sum 1 for which d.g_t / |g_t| is the same for all t, d = sum w_t g_t",
    .advice = "Where gradients differ in size; near opposite ones weights are large or below 0.",
    .blind = "in the direction of d where all w_t > 0; its length follows it",
    .scratch = imtl_g_scratch,
    .solve = imtl_g_solve,
};
