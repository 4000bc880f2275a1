// The direction x in which every unit gradient's projection is its task's preference p, as far as
// there is one: U+ p of the unit gradients U, C+ p of their cosines C in Gram space; as long as the
// projections of all gradients on it are together. A gradient of 0 weighs nothing; where x is 0 to
// rounding, as of opposite gradients, nothing does.
#include "mtl/cosines.h"

#include <math.h>

static size_t config_scratch(size_t tasks)
{
    return bough__cosines_work(tasks);
}

// The sum over the tasks of g_t x, x the sum of u_t g_t / ‖g_t‖.
static double projections(const struct bough__cosines *cosines, const double *u, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            sum += cosines->norm[i] * cosines->cosine[i * n + j] * u[j];
    return sum;
}

static void config_solve(struct bough__solve *solve)
{
    const size_t n = solve->n;
    double *u = solve->weights, square = 0, size = 0;
    struct bough__cosines cosines;
    bough__cosines_find(&cosines, solve, solve->scratch);
    bough__eigen_power(u, &cosines.eigen, n, cosines.rank, -1, solve->preference);
    for (size_t i = 0; i < n; i++) {
        square += solve->preference[i] * u[i]; // ‖x‖^2
        size += solve->preference[i] * solve->preference[i];
    }
    const double length = projections(&cosines, u, n);
    const int stands = square > BOUGH__SOLVED * BOUGH__SOLVED * size;
    for (size_t i = 0; i < n; i++)
        u[i] = stands && cosines.norm[i] > 0 ? length / square * u[i] / cosines.norm[i] : 0;
    solve->residual = cosines.eigen.residual;
    solve->iterations = cosines.eigen.sweeps;
}

const struct bough__weighting bough__weighting_config = {
    {.name = "config",
     .help = "one direction along every task's unit gradient",
     .paper =
         "Liu, Chu, Thuerey, ConFIG: Towards Conflict-free Training of Physics Informed Neural "
         "Networks, 2024"},
    .needs = BOUGH_NEEDS_GRAM,
    .prefers = 1,
    .rule =
        "u_t = g_t / |g_t|, x = sum (C+ p)_t u_t, C the cosines: x.u_t = p_t where that can be\n"
        "d = (sum g_t.x / |x|) x / |x|",
    .advice = "Few losses of very different sizes, as of physics and boundaries; where gradients "
              "oppose each other d is short.",
    .scratch = config_scratch,
    .solve = config_solve,
};
