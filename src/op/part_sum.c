#include "op/part_sum.h"

#include "cl/part_sum_params.h"

BOUGH_TWIN static void part_sum(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct part_sum_params *p = params;
    const float *part = arg[0];
    float *y = arg[1], sum = 0.0f;
    (void)begin, (void)end;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < p->parts; i++)
        sum += part[i];
    y[0] = p->factor * sum;
}

static const struct bough__kernel kernel_part_sum = {
    "part_sum",      "part_sum", part_sum,
    BOUGH_GRID_ROWS, .args = 2,  .params_size = sizeof(struct part_sum_params)};

enum bough_status bough__part_sum(struct bough__sequence *out, struct bough__span y,
                                  struct bough__span part, int64_t parts, float factor)
{
    const struct part_sum_params params = {parts ? factor : 0.0f, (int)parts};
    return BOUGH_KERNEL(out, &kernel_part_sum, 1, parts, &params, part, y);
}
