// Weights, of sum T, under which no task trains faster than another: w = T softmax(s), and s goes
// down the sum over the tasks of |w_t ‖g_t‖ - target_t|, target_t = mean(w ‖g‖) r_t^alpha a
// constant, by Adam of its own; a step is weighed by s before it learns from that step. r_t is
// L_t / L0_t over its mean, L0_t the mean of the first epoch, which is weighed equally, or of a
// task without a label there its first loss afterwards. A task whose L_t is below 0 or whose L0_t
// is not above 0 has no rate, and counts as one that trains as the mean does. The softmax is over
// the tasks that are here, of which the sum is then their number; s of the others stays.
#include "mtl/adam.h"
#include "mtl/loss_rules.h"

#include <math.h>

struct gradnorm_options {
    float alpha, lr;
};

static const struct bough__option gradnorm_options[] = {
    {"alpha", BOUGH__OPTION_NUMBER, offsetof(struct gradnorm_options, alpha),
     .range = &bough__range_not_negative, .number = {1.5},
     .help = "how strongly tasks are drawn to a common rate"},
    {"lr", BOUGH__OPTION_NUMBER, offsetof(struct gradnorm_options, lr),
     .range = &bough__range_positive, .number = {0.025}, .help = "learning rate of the weights"},
};

// What is kept of each task.
struct kept {
    double first, count; // the sum of the losses that L0 is the mean of, and how many
    struct bough__adam s;
};

static size_t gradnorm_state(size_t tasks, int64_t columns)
{
    (void)columns;
    return tasks * (sizeof(struct kept) / sizeof(double));
}

static size_t gradnorm_scratch(size_t tasks)
{
    return 2 * tasks * sizeof(double);
}

static struct kept *kept_of(const struct bough__solve *solve, size_t i)
{
    return (struct kept *)(void *)solve->state + solve->task[i];
}

static void remember_first(const struct bough__solve *solve)
{
    for (size_t i = 0; i < solve->n; i++) {
        struct kept *kept = kept_of(solve, i);
        if (solve->moment.epoch > 1 && kept->count > 0)
            continue;
        kept->first += solve->loss[i];
        kept->count++;
    }
}

// w = n softmax(s)
static void find_weights(double *w, const struct bough__solve *solve)
{
    for (size_t i = 0; i < solve->n; i++)
        w[i] = kept_of(solve, i)->s.x;
    bough__softmax(w, solve->n);
    for (size_t i = 0; i < solve->n; i++)
        w[i] *= (double)solve->n;
}

// r [n]: the losses over their first ones, over the mean of that.
static void rates(double *r, const struct bough__solve *solve)
{
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < solve->n; i++) {
        const struct kept *kept = kept_of(solve, i);
        r[i] = -1; // none
        if (solve->loss[i] < 0 || kept->first <= 0)
            continue;
        r[i] = solve->loss[i] / (kept->first / kept->count);
        sum += r[i];
        count++;
    }
    for (size_t i = 0; i < solve->n; i++)
        r[i] = r[i] < 0 || sum == 0 ? 1 : r[i] / (sum / (double)count);
}

// slope [n]: of the sum of |w_t ‖g_t‖ - target_t| by w_t.
static void slopes(double *slope, const double *r, const struct bough__solve *solve)
{
    const struct gradnorm_options *options = solve->options;
    double mean = 0;
    for (size_t i = 0; i < solve->n; i++) {
        slope[i] = sqrt(fmax(0, solve->gram[i * solve->n + i]));
        mean += solve->weights[i] * slope[i] / (double)solve->n;
    }
    for (size_t i = 0; i < solve->n; i++) {
        const double off = solve->weights[i] * slope[i] - mean * pow(r[i], (double)options->alpha);
        slope[i] *= (off > 0) - (off < 0);
    }
}

// dw_t / ds_k = w_t ((t = k) - w_k / n)
static void learn(const double *slope, const struct bough__solve *solve)
{
    const struct gradnorm_options *options = solve->options;
    double along = 0;
    for (size_t i = 0; i < solve->n; i++)
        along += slope[i] * solve->weights[i] / (double)solve->n;
    for (size_t i = 0; i < solve->n; i++)
        bough__adam_step(&kept_of(solve, i)->s, solve->weights[i] * (slope[i] - along),
                         (double)options->lr);
}

static void gradnorm_solve(struct bough__solve *solve)
{
    double *r = solve->scratch, *slope = r + solve->n;
    remember_first(solve);
    find_weights(solve->weights, solve);
    if (solve->moment.epoch <= 1)
        return;
    rates(r, solve);
    slopes(slope, r, solve);
    learn(slope, solve);
}

const struct bough__weighting bough__weighting_gradnorm = {
    {.name = "gradnorm",
     .help = "weights by which all tasks train at a common rate",
     .paper = "Chen et al., GradNorm: Gradient Normalization for Adaptive Loss Balancing in Deep "
              "Multitask Networks, ICML 2018",
     .options = BOUGH_OPTIONS(gradnorm_options, struct gradnorm_options)},
    .needs = BOUGH_NEEDS_GRAM,
    .rule = "w = n softmax(s), d = sum w_t g_t; w = 1 in the first epoch\n"
            "Adam (lr) on s down sum abs(w_t |g_t| - target_t), target = mean(w |g|) r^alpha a "
            "constant\n"
            "r_t = L_t / mean loss of the first epoch, over the tasks' mean of that",
    .advice = "Where tasks train at different rates; alpha and lr want tuning, and a loss that can "
              "reach 0 is taken for trained.",
    .blind = "in the ratios of the weighted gradients, once s has settled",
    .state = gradnorm_state,
    .scratch = gradnorm_scratch,
    .solve = gradnorm_solve,
};
