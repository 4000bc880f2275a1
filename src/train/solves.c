#include "train/solves.h"

#include "base/json.h"

#include <math.h>

void bough__solves_add(struct bough__solves *solves, double residual, size_t iterations)
{
    if (isnan(residual))
        residual = INFINITY;
    solves->count++;
    solves->unsolved += residual > BOUGH__SOLVED;
    solves->iterations += (double)iterations;
    solves->most_iterations = fmax(solves->most_iterations, (double)iterations);
    solves->residual = fmax(solves->residual, residual);
}

int bough__solves_put(json_t *object, const struct bough__solves *solves)
{
    if (!solves->count)
        return 0;
    json_t *told =
        json_pack("{s:I, s:I, s:o, s:f, s:I}", "count", (json_int_t)solves->count, "unsolved",
                  (json_int_t)solves->unsolved, "residual", bough__json_number(solves->residual),
                  "iterations", solves->iterations / solves->count, "most_iterations",
                  (json_int_t)solves->most_iterations);
    return !told || json_object_set_new(object, "solves", told);
}
