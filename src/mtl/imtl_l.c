// Minimises sum_t exp(s_t) L_t - s_t, s learned with the model.
#include "mtl/learned_scale.h"

static const struct bough__option imtl_l_options[] = {
    {"start", BOUGH__OPTION_NUMBER, offsetof(struct bough__learned_scale, start),
     .range = &bough__range_any, .help = "log of every task's weight at the start"},
};

static enum bough_status imtl_l_write(struct bough__sequence *out, const struct bough__weigh *weigh)
{
    return bough__learned_scale_write(out, weigh,
                                      &(struct learned_scale_params){.share = 1, .sign = 1});
}

const struct bough__weighting bough__weighting_imtl_l = {
    {.name = "imtl_l",
     .help = "losses by learned factors, which make them alike",
     .paper = "Liu et al., Towards Impartial Multi-task Learning, ICLR 2021",
     .options = BOUGH_OPTIONS(imtl_l_options, struct bough__learned_scale)},
    .needs = BOUGH_NEEDS_LOSSES,
    .rule = "minimise sum exp(s_t) L_t - s_t, s_t learned with the model from start on",
    .advice = "Brings every loss to the same scale at no cost; a loss that nears 0 takes ever more "
              "weight.",
    .blind = "once s has settled, which takes up its logarithm",
    .params = bough__learned_scale_params,
    .write = imtl_l_write,
};
