#include "nn/viterbi.h"

#include "base/error.h"
#include "device/device.h"

#include <stdlib.h>

// to[j] = the most of from[i] + transitions[i, j], reached by way[j].
BOUGH_TWIN static void step_on(float *restrict to, int32_t *restrict way, const float *from,
                               const struct bough__chain *chain)
{
    for (int64_t j = 0; j < chain->tags; j++) {
        to[j] = from[0] + chain->transitions[j];
        way[j] = 0;
    }
    for (int64_t i = 1; i < chain->tags; i++) {
        const float *row = chain->transitions + i * chain->tags;
        for (int64_t j = 0; j < chain->tags; j++) {
            const float sum = from[i] + row[j];
            way[j] = sum > to[j] ? (int32_t)i : way[j];
            to[j] = sum > to[j] ? sum : to[j];
        }
    }
}

static int32_t last_of(const float *sum, const struct bough__chain *chain)
{
    int32_t best = 0;
    for (int32_t j = 1; j < chain->tags; j++)
        if (sum[j] + chain->end[j] > sum[best] + chain->end[best])
            best = j;
    return best;
}

enum bough_status bough__viterbi(int32_t *best, const struct bough__chain *chain,
                                 const float *score, int64_t length)
{
    enum bough_status status = BOUGH_OK;
    const int64_t tags = chain->tags;
    float *const sums = malloc(2 * (size_t)tags * sizeof *sums);
    int32_t *way = malloc((size_t)(tags * length) * sizeof *way + 1);
    BOUGH_TRY_MEMORY(sums);
    BOUGH_TRY_MEMORY(way);
    float *sum = sums, *next = sums + tags, *swapped;
    if (length < 1)
        goto done;
    for (int64_t j = 0; j < tags; j++)
        sum[j] = chain->start[j] + score[j];
    for (int64_t t = 1; t < length; t++) {
        step_on(next, way + t * tags, sum, chain);
        for (int64_t j = 0; j < tags; j++)
            next[j] += score[t * tags + j];
        swapped = sum;
        sum = next;
        next = swapped;
    }
    best[length - 1] = last_of(sum, chain);
    for (int64_t t = length - 1; t > 0; t--)
        best[t - 1] = way[t * tags + best[t]];
done:
    free(sums);
    free(way);
    return status;
}
