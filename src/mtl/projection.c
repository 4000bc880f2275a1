#include "mtl/projection.h"

#include "mtl/cholesky.h"

#include <float.h>
#include <math.h>

const struct bough__option bough__projection_options[1] = {
    {"reg_eps", BOUGH__OPTION_NUMBER, offsetof(struct bough__projection_options, reg_eps),
     .range = &bough__range_not_negative, .number = {1e-4},
     .help = "what the diagonal of the Gram matrix, of trace 1, gets more"},
};

size_t bough__projection_scratch(size_t tasks)
{
    return (tasks * tasks + 3 * tasks) * sizeof(double) + bough__active_set_work(tasks);
}

void bough__projection_init(struct bough__projection *projection, struct bough__solve *solve)
{
    const struct bough__projection_options *options = solve->options;
    const size_t n = solve->n;
    double trace = 0;
    *projection = (struct bough__projection){.g = solve->scratch};
    projection->u = projection->g + n * n;
    projection->b = projection->u + n;
    projection->z = projection->b + n;
    projection->work = projection->z + n;
    for (size_t i = 0; i < n; i++)
        trace += solve->gram[i * n + i];
    for (size_t i = 0; i < n * n; i++)
        projection->g[i] = (trace > 0 ? solve->gram[i] / trace : 0) +
                           (i % (n + 1) == 0 ? (double)options->reg_eps : 0);
}

void bough__projection_add(struct bough__projection *projection, struct bough__solve *solve)
{
    const size_t n = solve->n;
    for (size_t i = 0; i < n; i++)
        projection->b[i] = -bough__dot(projection->g + i * n, projection->u, n);
    // Of z = v - u; of a Gram matrix there is always one.
    struct bough__active_set set = {.n = n,
                                    .g = projection->g,
                                    .b = projection->b,
                                    .dependence = (double)n * DBL_EPSILON,
                                    .work = projection->work,
                                    .z = projection->z,
                                    .residual = 1};
    const int found = bough__active_set_run(&set);
    solve->iterations += set.rounds;
    solve->residual = fmax(solve->residual, set.residual);
    for (size_t i = 0; i < n; i++)
        solve->weights[i] += projection->u[i] + (found ? projection->z[i] : 0);
}
