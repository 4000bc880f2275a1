#include "op/loss_mean.h"

#include "op/quick_math.h"

#include "cl/loss.h"

// Called with one row.
static void loss_mean(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const int64_t parts = ((const struct loss_mean_params *)params)->parts;
    const float *part = arg[0];
    float *y = arg[1];
    double sum = 0, weight = 0;
    (void)begin, (void)end;
    for (int64_t i = 0; i < parts; i++) {
        sum += (double)part[i];
        weight += (double)part[parts + i];
    }
    y[0] = weight > 0 ? (float)(sum / weight) : 0.0f;
    y[1] = (float)weight;
}

static const struct bough__kernel kernel_loss_mean = {
    "loss_mean",     "loss",    loss_mean,
    BOUGH_GRID_ROWS, .args = 2, .params_size = sizeof(struct loss_mean_params)};

enum bough_status bough__loss_mean(struct bough__sequence *out, struct bough__span y,
                                   struct bough__span part, int64_t parts)
{
    const struct loss_mean_params params = {(int)parts};
    return BOUGH_KERNEL(out, &kernel_loss_mean, 1, parts, &params, part, y);
}
