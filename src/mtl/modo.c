// A small step of the weights down w'(A + rho I)w / 2, A the products of two other batches'
// gradients, which have the mean of the Gram matrix without its bias from noise. A task that is not
// labelled in every batch of a step keeps its weight there; those of a step are of sum 1.
#include "mtl/sampled.h"

struct modo_options {
    float gamma, rho;
};

static const struct bough__option modo_options[] = {
    {"gamma", BOUGH__OPTION_NUMBER, offsetof(struct modo_options, gamma), .number = {0.001},
     .range = &bough__range_not_negative, .help = "how far the weights move in a step"},
    {"rho", BOUGH__OPTION_NUMBER, offsetof(struct modo_options, rho), .number = {0.1},
     .range = &bough__range_not_negative, .help = "how much they are drawn to equal ones"},
};

static void modo_solve(struct bough__solve *solve)
{
    const struct modo_options *options = solve->options;
    const struct bough__sampled s = bough__sampled_begin(solve);
    bough__sampled_multiply(&s, s.w);
    for (size_t a = 0; a < s.count; a++)
        s.slope[a] += (double)options->rho * s.w[s.moves[a]];
    bough__sampled_move(&s, (double)options->gamma);
    for (size_t i = 0; i < solve->n; i++)
        solve->weights[i] = s.w[i];
    bough__sampled_end(&s);
}

const struct bough__weighting bough__weighting_modo = {
    {.name = "modo",
     .help = "mgda in small steps, by two batches more",
     .paper = "Chen et al., Three-Way Trade-Off in Multi-Objective Learning: Optimization, "
              "Generalization and Conflict-Avoidance, NeurIPS 2023; JMLR 2024",
     .options = BOUGH_OPTIONS(modo_options, struct modo_options)},
    .needs = BOUGH_NEEDS_GRAM,
    .others = 2,
    .rule = "A_st = g_s.g_t, g_s of one other batch and g_t of a second one\n"
            "w = proj(w - gamma (A w + rho w)), proj to the nearest point of the simplex; w starts "
            "equal\n"
            "d = sum w_t g_t, of the step's own batch",
    .advice = "mgda for small, noisy batches: no noise gets into the weights by its square. Three "
              "times the work; `every` spares it. Without other batches (bough weigh) A is the "
              "Gram matrix.",
    .state = bough__sampled_state,
    .scratch = bough__sampled_scratch,
    .solve = modo_solve,
};
