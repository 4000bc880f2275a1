// Two losses of two numbers, which Adam walks down by the direction of a weighting: a training loop
// of one's own, in double. It prints where each walk ends.
// The toy is that of CAGrad, Nash-MTL and FAMO; what is best lies at x2 = -8.36, x1 from -7 to 7.
// usage: weigh_toy [SHARE]   of the steps, above 0, up to 1; 1
#include <bough/weighting.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

// ---- The losses ----

// Loss t is log(max(|value|, 5e-6)) + 6, the more the larger x2 is above 0, and a bowl below.
static double hill(double d[2], double value, const double slope[2])
{
    const double size = fabs(value) > 5e-6 ? fabs(value) : 5e-6;
    for (int k = 0; k < 2; k++)
        d[k] = fabs(value) > 5e-6 ? slope[k] / value : 0;
    return log(size) + 6;
}

static double bowl(double d[2], const double x[2], double middle)
{
    d[0] = (x[0] - middle) / 5;
    d[1] = (x[1] + 8) / 50;
    return ((x[0] - middle) * (x[0] - middle) + 0.1 * (x[1] + 8) * (x[1] + 8)) / 10 - 20;
}

// Losses [2] and their gradients [2, 2].
static void find_losses(double loss[2], double gradient[4], const double x[2])
{
    const double lean = tanh(-x[1]), slant = 1 - lean * lean;
    const double value[2] = {0.5 * (-x[0] - 7) - lean, 0.5 * (-x[0] + 3) + lean + 2};
    const double slope[2][2] = {{-0.5, slant}, {-0.5, -slant}}, middle[2] = {7, -7};
    const double half = tanh(x[1] / 2), share[2] = {half > 0 ? half : 0, half < 0 ? -half : 0};
    const double turn = 0.5 * (1 - half * half),
                 turns[2] = {half >= 0 ? turn : 0, half <= 0 ? -turn : 0};
    for (int t = 0; t < 2; t++) {
        double f[2], q[2];
        const double high = hill(f, value[t], slope[t]), low = bowl(q, x, middle[t]);
        loss[t] = share[0] * high + share[1] * low;
        gradient[2 * t] = share[0] * f[0] + share[1] * q[0];
        gradient[2 * t + 1] = share[0] * f[1] + turns[0] * high + share[1] * q[1] + turns[1] * low;
    }
}

// ---- Adam ----

struct adam {
    double mean[2], square[2], bias[2];
};

static void adam_step(struct adam *adam, double x[2], const double direction[2])
{
    static const double beta[2] = {0.9, 0.999}, rate = 1e-3;
    for (int b = 0; b < 2; b++)
        adam->bias[b] = 1 - (1 - adam->bias[b]) * beta[b];
    for (int k = 0; k < 2; k++) {
        const double d = direction[k];
        adam->mean[k] += (1 - beta[0]) * (d - adam->mean[k]);
        adam->square[k] += (1 - beta[1]) * (d * d - adam->square[k]);
        x[k] -=
            rate * adam->mean[k] / adam->bias[0] / (sqrt(adam->square[k] / adam->bias[1]) + 1e-8);
    }
}

// ---- The walk ----

// `scale` is what the first loss is multiplied by. The Gram matrix is made here: gradients handed
// over would be rounded to float.
static enum bough_status walk(double x[2], const char *text, double scale, int steps)
{
    struct bough_weighting *weighting = NULL;
    struct adam adam = {.bias = {0}};
    enum bough_status status =
        bough_weighting_open(&weighting, text, 2, &(struct bough_weighting_options){0});
    for (int i = 0; i < steps && !status; i++) {
        double loss[2], g[4], gram[4], weights[2], direction[2];
        struct bough_weighed out = {.weights = weights};
        find_losses(loss, g, x);
        loss[0] *= scale;
        g[0] *= scale;
        g[1] *= scale;
        for (int k = 0; k < 4; k++)
            gram[k] = g[k / 2 * 2] * g[k % 2 * 2] + g[k / 2 * 2 + 1] * g[k % 2 * 2 + 1];
        status = bough_weighting_step(weighting, &out,
                                      &(struct bough_weighting_step){.losses = loss, .gram = gram});
        for (int k = 0; k < 2 && !status; k++)
            direction[k] = weights[0] * g[k] + weights[1] * g[2 + k];
        if (!status)
            adam_step(&adam, x, direction);
    }
    bough_weighting_close(&weighting);
    return status;
}

struct walks {
    const char *weighting[5];
    double scale;
    int steps;
    double start[5][2];
};

static const struct walks walks[] = {
    {{"equal", "cagrad", "mgda", "{name: pcgrad, reduction: mean}"},
     1,
     100000,
     {{-8.5, 7.5}, {-8.5, -5}, {9, 9}}},
    {{"equal", "cagrad", "nash"}, 0.1, 50000, {{-8.5, 7.5}, {0, 0}, {9, 9}, {-7.5, -0.5}, {9, -1}}},
};

static enum bough_status print_walks(const struct walks *set, double share)
{
    const int starts = set->start[3][0] != 0 ? 5 : 3;
    printf("first loss times %g, %d steps\n", set->scale, (int)(share * set->steps));
    for (int m = 0; m < 5 && set->weighting[m]; m++)
        for (int s = 0; s < starts; s++) {
            double x[2] = {set->start[s][0], set->start[s][1]};
            if (walk(x, set->weighting[m], set->scale, (int)(share * set->steps)))
                return fprintf(stderr, "%s\n", bough_last_error()), BOUGH_INVALID;
            printf("  %-31s (%4.1f, %4.1f)  to (%6.3f, %6.3f)\n", set->weighting[m],
                   set->start[s][0], set->start[s][1], x[0], x[1]);
        }
    return BOUGH_OK;
}

int main(int argc, char **argv)
{
    char *end = NULL;
    const double share = argc > 1 ? strtod(argv[1], &end) : 1;
    if (argc > 2 || (end && *end) || !(share > 0 && share <= 1)) {
        fprintf(stderr, "usage: weigh_toy [SHARE]   of the steps, above 0, up to 1; 1\n");
        return BOUGH_INVALID;
    }
    return print_walks(&walks[0], share) || print_walks(&walks[1], share);
}
