#include "mtl/loss_rules.h"

#include <math.h>

double bough__sum_of(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

void bough__softmax(double *x, size_t n)
{
    double most = x[0];
    for (size_t i = 1; i < n; i++)
        most = fmax(most, x[i]);
    for (size_t i = 0; i < n; i++)
        x[i] = exp(x[i] - most);
    const double sum = bough__sum_of(x, n);
    for (size_t i = 0; i < n; i++)
        x[i] /= sum;
}

static double size_of(double loss)
{
    return fmax(fabs(loss), 1e-8);
}

double bough__log_loss(double loss)
{
    return log(size_of(loss));
}

double bough__log_slope(double loss)
{
    return 1 / size_of(loss);
}

double bough__above(const struct bough__solve *solve, const float *by_task, size_t i)
{
    return solve->loss[i] - (by_task ? (double)by_task[solve->task[i]] : 0);
}
