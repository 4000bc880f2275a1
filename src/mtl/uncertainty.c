// Minimises sum_t 0.5 exp(-s_t) L_t + 0.5 s_t, s learned with the model.
#include "mtl/learned_scale.h"

static const struct bough__option uncertainty_options[] = {
    {"start", BOUGH__OPTION_NUMBER, offsetof(struct bough__learned_scale, start),
     .range = &bough__range_any, .help = "log variance of every task at the start"},
};

static enum bough_status uncertainty_write(struct bough__sequence *out,
                                           const struct bough__weigh *weigh)
{
    return bough__learned_scale_write(out, weigh,
                                      &(struct learned_scale_params){.share = 0.5f, .sign = -1});
}

const struct bough__weighting bough__weighting_uncertainty = {
    {.name = "uncertainty",
     .help = "losses by learned variances of the tasks",
     .paper = "Kendall, Gal, Cipolla, Multi-task Learning Using Uncertainty to Weigh Losses, CVPR "
              "2018",
     .options = BOUGH_OPTIONS(uncertainty_options, struct bough__learned_scale)},
    .needs = BOUGH_NEEDS_LOSSES,
    .rule = "minimise sum (exp(-s_t) L_t + s_t) / 2, s_t learned with the model from start on",
    .advice = "Evens out the scales of losses at no cost; a loss that nears 0 takes ever more "
              "weight, and its task overfits.",
    .blind = "once s has settled, which takes up its logarithm",
    .params = bough__learned_scale_params,
    .write = uncertainty_write,
};
