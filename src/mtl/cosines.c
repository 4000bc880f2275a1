#include "mtl/cosines.h"

#include <math.h>

static double cosine_of(const double *gram, const double *norm, size_t n, size_t i, size_t j)
{
    if (norm[i] == 0 || norm[j] == 0)
        return 0;
    return i == j ? 1 : gram[i * n + j] / norm[i] / norm[j];
}

void bough__cosines_find(struct bough__cosines *out, const struct bough__solve *solve, void *work)
{
    const size_t n = solve->n;
    double *norm = work, *cosine = norm + n, *values = cosine + n * n, *vectors = values + n;
    for (size_t i = 0; i < n; i++)
        norm[i] = sqrt(fmax(0, solve->gram[i * n + i]));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            cosine[i * n + j] = cosine_of(solve->gram, norm, n, i, j);
    *out = (struct bough__cosines){
        .norm = norm, .cosine = cosine, .eigen = {.values = values, .vectors = vectors}};
    bough__eigen_find(&out->eigen, cosine, n, vectors + n * n);
    out->rank = bough__eigen_rank(values, n);
}

size_t bough__cosines_work(size_t n)
{
    return (3 * n * n + 2 * n) * sizeof(double);
}
