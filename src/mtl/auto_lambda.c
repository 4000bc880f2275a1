// Weights that learn what the primary tasks want: lambda multiplies the losses of the whole model,
// and takes a step of Adam down the primary tasks' losses on another batch, seen from theta - lr
// sum_t lambda_t g_t. By lambda_u their slope there is -lr times the sum over the primary tasks of
// g_t' . g_u, exactly, as the step is linear in lambda; the authors' program and LibMTL find it by
// a finite difference. lambda stays above 0, where theirs may turn a task round.
#include "mtl/adam.h"
#include "mtl/weighting.h"

#include <math.h>

static const double least = 1e-6;

struct auto_lambda_options {
    float lr, start;
    const float *primary;
    size_t count;
};

static const struct bough__option auto_lambda_options[] = {
    {"lr", BOUGH__OPTION_NUMBER, offsetof(struct auto_lambda_options, lr),
     .range = &bough__range_not_negative, .number = {1e-4}, .help = "learning rate of the weights"},
    {"start", BOUGH__OPTION_NUMBER, offsetof(struct auto_lambda_options, start),
     .range = &bough__range_positive, .number = {0.1}, .help = "the weights before the first step"},
    {"primary", BOUGH__OPTION_BY_TASK, offsetof(struct auto_lambda_options, primary),
     offsetof(struct auto_lambda_options, count), .range = &bough__range_not_negative,
     .help = "weights of what is to fall on the other batch, 0 = only a help to others; 1 each"},
};

static const char *auto_lambda_wrong(const void *options, const char **key)
{
    const struct auto_lambda_options *o = options;
    for (size_t t = 0; t < o->count; t++)
        if (o->primary[t] > 0)
            return NULL;
    *key = "primary";
    return o->count ? "no task is primary; wanted a weight above 0" : NULL;
}

static int auto_lambda_leads(const void *options, size_t task)
{
    const struct auto_lambda_options *o = options;
    return o->primary && o->primary[task] > 0;
}

static size_t auto_lambda_state(size_t tasks, int64_t columns)
{
    (void)columns;
    return tasks * (sizeof(struct bough__adam) / sizeof(double));
}

// What is learned is how far lambda is from its start.
static double lambda_of(const struct auto_lambda_options *options, const struct bough__adam *adam)
{
    return fmax(least, (double)options->start + adam->x);
}

static struct bough__adam *adam_of(const struct bough__solve *solve, size_t i)
{
    return (struct bough__adam *)(void *)solve->state + solve->task[i];
}

static void auto_lambda_ahead(struct bough__solve *solve)
{
    for (size_t i = 0; i < solve->n; i++)
        solve->weights[i] = lambda_of(solve->options, adam_of(solve, i));
}

// Of the primary tasks' losses on the other batch, by the weight of task `by`.
static double slope_of(const struct bough__solve *solve, size_t by)
{
    const struct auto_lambda_options *options = solve->options;
    double sum = 0;
    for (size_t i = 0; i < solve->n; i++) {
        const double weight = options->primary ? (double)options->primary[solve->task[i]] : 1;
        sum += weight * solve->gram[i * solve->n + by];
    }
    return -(double)solve->moment.lr * sum;
}

static void auto_lambda_solve(struct bough__solve *solve)
{
    const struct auto_lambda_options *options = solve->options;
    for (size_t i = 0; i < solve->n; i++) {
        struct bough__adam *adam = adam_of(solve, i);
        bough__adam_step(adam, slope_of(solve, i), (double)options->lr);
        adam->x = fmax(adam->x, least - (double)options->start);
        solve->weights[i] = lambda_of(options, adam);
    }
}

const struct bough__weighting bough__weighting_auto_lambda = {
    {.name = "auto_lambda",
     .help = "weights learned by what a step does to primary tasks",
     .paper = "Liu, James, Davison, Johns, Auto-Lambda: Disentangling Dynamic Task Relationships, "
              "TMLR 2022",
     .options = BOUGH_OPTIONS(auto_lambda_options, struct auto_lambda_options),
     .wrong = auto_lambda_wrong},
    .needs = BOUGH_NEEDS_GRAM,
    .others = 1,
    .rule =
        "minimise sum w_t L_t, heads too; w = start at first, and stays above 0\n"
        "theta' = theta - (the step's rate) sum w_t g_t; L_t' and g_t' there, on another batch\n"
        "Adam (lr) on w down sum primary_t L_t', of slope -(the step's rate) sum primary_t "
        "g_t'.g_u by w_u",
    .advice = "Where tasks are there to help primary ones; weights move by lr a step at most, so "
              "over many steps.",
    .ahead = auto_lambda_ahead,
    .leads = auto_lambda_leads,
    .state = auto_lambda_state,
    .solve = auto_lambda_solve,
};
