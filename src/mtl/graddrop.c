// Of each element only the gradients of one sign are kept: the positive ones with probability
// p = 0.5 (1 + sum g / sum |g|).
#include "cl/step.h"
#include "cl/weighting_params.h"
#include "mtl/weighting.h"

#include <math.h>

struct graddrop_options {
    float leak;
};

static const struct bough__option graddrop_options[] = {
    {"leak", BOUGH__OPTION_NUMBER, offsetof(struct graddrop_options, leak),
     .range = &bough__range_zero_to_one, .help = "share of a dropped gradient that is kept"},
};

// Item i takes elements 4 i to 4 i + 3, and one draw.
BOUGH_IN_TWIN void drop_signs(float *gradient, const float *jacobian, struct random4 draw,
                              const struct graddrop_params p, int64_t at)
{
    for (int64_t i = at; i < at + 4 && i < (int64_t)p.columns; i++) {
        const float level = graddrop_level(draw.v[i - at]);
        float sum = 0.0f, size = 0.0f, kept = 0.0f;
        for (int t = 0; t < p.tasks; t++) {
            const float g = jacobian[(size_t)t * p.row + (size_t)i];
            sum += g;
            size += fabsf(g);
        }
        for (int t = 0; t < p.tasks; t++)
            kept +=
                graddrop_kept(jacobian[(size_t)t * p.row + (size_t)i], sum, size, level, p.leak);
        gradient[i] = kept;
    }
}

BOUGH_TWIN static void graddrop(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct graddrop_params p = *(const struct graddrop_params *)params;
    const struct step_state step = *(const struct step_state *)arg[1];
    for (int64_t i = begin; i < end; i++)
        drop_signs(arg[2], arg[0],
                   graddrop_draw(step.seed[0], step.seed[1], step.step, (unsigned int)i), p, 4 * i);
}

static const struct bough__kernel kernel_graddrop = {
    "graddrop",       "weighting", graddrop,
    BOUGH_GRID_ITEMS, .args = 3,   .params_size = sizeof(struct graddrop_params)};

static enum bough_status graddrop_write(struct bough__sequence *out,
                                        const struct bough__weigh *weigh)
{
    const int64_t elements = (int64_t)weigh->tasks * weigh->columns;
    const struct graddrop_params params = {
        .columns = (unsigned int)weigh->columns,
        .tasks = (int)weigh->tasks,
        .leak = ((const struct graddrop_options *)weigh->options)->leak,
        .row = (unsigned int)(weigh->jacobian.stride / sizeof(float)),
    };
    return bough__sequence_kernel(out, &(struct bough__kernel_call){
                                           .kernel = &kernel_graddrop,
                                           .arg = {weigh->jacobian, weigh->step, weigh->gradient},
                                           .params = &params,
                                           .count = (weigh->columns + 3) / 4,
                                           .work = elements,
                                           .bytes = 4 * (elements + weigh->columns),
                                       });
}

const struct bough__weighting bough__weighting_graddrop = {
    {.name = "graddrop",
     .help = "of each element the gradients of one sign, drawn",
     .paper = "Chen et al., Just Pick a Sign: Optimizing Deep Multitask Models with Gradient Sign "
              "Dropout, NeurIPS 2020",
     .options = BOUGH_OPTIONS(graddrop_options, struct graddrop_options)},
    .needs = BOUGH_NEEDS_GRADIENTS,
    .rule = "by element: q = (1 + sum g_t / sum abs(g_t)) / 2, u uniform in (0, 1)\n"
            "d = sum of g_t > 0 if q > u, of g_t < 0 if q < u, and leak times the others",
    .advice = "Against opposite signs, with noise that regularises; a large gradient still rules, "
              "and unrelated tasks make it mostly noise.",
    .write = graddrop_write,
};
