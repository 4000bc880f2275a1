// Gradients whose norms are drawn towards the first task's: g_t (relax m_0 / m_t + 1 - relax), m_t
// a moving mean of |g_t| over the steps in which the task is labelled. Of the whole trunk, where
// the paper has every tensor apart. Until the first task was labelled all count as they are.
#include "mtl/combine.h"

#include "base/error.h"

struct metabalance_options {
    float beta, relax;
};

static const struct bough__option metabalance_options[] = {
    {"beta", BOUGH__OPTION_NUMBER, offsetof(struct metabalance_options, beta), .number = {0.9},
     .range = &bough__range_below_one, .help = "how much of the mean norm stays in a step"},
    {"relax", BOUGH__OPTION_NUMBER, offsetof(struct metabalance_options, relax), .number = {0.7},
     .range = &bough__range_zero_to_one,
     .help = "0 leaves the gradients, 1 makes them as long as the first task's"},
};

static void metabalance_weigh(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)begin, (void)end;
    metabalance_weights(arg[4], arg[2], arg[3], arg[0], arg[1],
                        *(const struct combine_params *)params);
}

static const struct bough__kernel kernel_metabalance_weigh = {
    "metabalance_weigh", "combine", metabalance_weigh,
    BOUGH_GRID_ITEMS,    .args = 5, .params_size = sizeof(struct combine_params)};
static const struct bough__combine metabalance = {.parts = &bough__kernel_square_parts,
                                                  .weigh = &kernel_metabalance_weigh};

static size_t metabalance_state(size_t tasks, int64_t columns)
{
    return bough__combine_state(&metabalance, tasks, columns);
}

static enum bough_status metabalance_write(struct bough__sequence *out,
                                           const struct bough__weigh *weigh)
{
    enum bough_status status;
    const struct metabalance_options *options = weigh->options;
    struct bough__combine combine = metabalance;
    combine.beta = options->beta;
    combine.rate = options->relax;
    BOUGH_TRY(bough__combine_weights(out, &combine, weigh));
    BOUGH_TRY(bough__combine_sum(out, weigh, weigh->jacobian,
                                 bough__combined_of(&combine, weigh).weights));
done:
    return status;
}

const struct bough__weighting bough__weighting_metabalance = {
    {.name = "metabalance",
     .help = "gradients about as long as the first task's",
     .paper = "He et al., MetaBalance: Improving Multi-Task Recommendations via Adapting Gradient "
              "Magnitudes of Auxiliary Tasks, WWW 2022",
     .options = BOUGH_OPTIONS(metabalance_options, struct metabalance_options)},
    .needs = BOUGH_NEEDS_GRADIENTS,
    .rule = "m_t = moving mean of |g_t|, of which beta stays in a step\n"
            "d = sum (relax m_1 / m_t + 1 - relax) g_t, m_1 of the first task",
    .advice = "One main task, the first, and helpers; not where all count alike.",
    .blind = "with relax: 1, but for the first task's, which then scales d",
    .leads = bough__first_leads,
    .state = metabalance_state,
    .write = metabalance_write,
};
