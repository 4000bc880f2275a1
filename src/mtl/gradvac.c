// Each task's gradient with as much of another's as brings their cosine up to what it was on the
// mean: the others in random order, each as it was given. The mean of a pair, rho*, begins at 0 and
// takes beta of each cosine met. A pair that was parallel all along, rho* = 1 to rounding, and one
// with a gradient of 0, is left as it is; the latter has no cosine to remember.
#include "mtl/cholesky.h"
#include "mtl/order.h"

#include <math.h>
#include <string.h>

struct gradvac_options {
    float beta;
};

static const struct bough__option gradvac_options[] = {
    {"beta", BOUGH__OPTION_NUMBER, offsetof(struct gradvac_options, beta),
     .range = &bough__range_zero_to_one, .number = {0.5},
     .help = "share of a new cosine in the mean"},
};

static size_t gradvac_state(size_t tasks, int64_t columns)
{
    (void)columns;
    return tasks * tasks; // rho* of task t and the gradient of another, row by row
}

static size_t gradvac_scratch(size_t tasks)
{
    return tasks * (sizeof(struct bough__ordered) + 2 * sizeof(double));
}

// v = sum of c_k g_k
struct mixed {
    double *c;        // [n]
    double *products; // [n], of v and each g_k
};

// How much of a gradient of length `other` brings the cosine of v and it from rho to wanted.
static double share(double rho, double wanted, double length, double other)
{
    const double sine = sqrt(fmax(0, 1 - wanted * wanted));
    const double now = sqrt(fmax(0, 1 - rho * rho));
    return length * (wanted * now - rho * sine) / (other * sine);
}

static void meet(struct mixed *v, double *mean, const struct bough__solve *solve, size_t j)
{
    const struct gradvac_options *options = solve->options;
    const double *row = solve->gram + j * solve->n;
    const double own = sqrt(fmax(0, bough__dot(v->c, v->products, solve->n)));
    const double other = sqrt(fmax(0, row[j]));
    const double cosine = v->products[j] / (own * other), wanted = *mean;
    if (!(own > 0 && other > 0) || !isfinite(cosine))
        return;
    const double rho = fmax(-1, fmin(1, cosine));
    *mean += (double)options->beta * (rho - *mean);
    if (rho >= wanted || fabs(wanted) > 1 - BOUGH__SOLVED)
        return;
    const double more = share(rho, wanted, own, other);
    v->c[j] += more;
    for (size_t k = 0; k < solve->n; k++)
        v->products[k] += more * row[k];
}

static void gradvac_solve(struct bough__solve *solve)
{
    const size_t n = solve->n;
    struct mixed v = {.c = solve->scratch};
    v.products = v.c + n;
    struct bough__ordered *order = (void *)(v.products + n);
    memset(solve->weights, 0, n * sizeof *solve->weights);
    for (size_t i = 0; i < n; i++) {
        memset(v.c, 0, n * sizeof *v.c);
        v.c[i] = 1;
        memcpy(v.products, solve->gram + i * n, n * sizeof *v.products);
        bough__order_others(order, solve, i);
        double *means = solve->state + solve->task[i] * solve->tasks;
        for (size_t k = 0; k + 1 < n; k++)
            meet(&v, means + solve->task[order[k].place], solve, order[k].place);
        for (size_t k = 0; k < n; k++)
            solve->weights[k] += v.c[k];
    }
}

const struct bough__weighting bough__weighting_gradvac = {
    {.name = "gradvac",
     .help = "gradients brought up to the cosines they had with another task's",
     .paper = "Wang et al., Gradient Vaccine: Investigating and Improving Multi-task Optimization "
              "in Massively Multilingual Models, ICLR 2021",
     .options = BOUGH_OPTIONS(gradvac_options, struct gradvac_options)},
    .needs = BOUGH_NEEDS_GRAM,
    .rule = "v_t = g_t; for the others j in random order: rho = cos(v_t, g_j)\n"
            "where rho < rho*_tj: v_t gets as much of g_j as makes the cosine rho*_tj\n"
            "rho*_tj <- (1 - beta) rho*_tj + beta rho, from 0 on; d = sum v_t",
    .advice = "Where tasks are alike, as one task in many languages; unlike tasks are pulled "
              "together too.",
    .state = gradvac_state,
    .scratch = gradvac_scratch,
    .solve = gradvac_solve,
};
