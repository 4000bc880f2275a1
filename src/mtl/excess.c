// Weights that grow with the tasks' excess risks, which their gradients tell:
// S_t += g_t^2, e_t = sum of g_t^2 / sqrt(S_t + 1e-7) over the first e_t that is not 0, and
// w_t <- w_t exp(eta e_t), of sum T. The weights of a step are of sum n, n the tasks that are
// labelled; the others keep theirs. A task whose gradients were 0 so far has no excess.
#include "mtl/combine.h"

#include "base/error.h"

struct excess_options {
    float eta;
};

static const struct bough__option excess_options[] = {
    {"eta", BOUGH__OPTION_NUMBER, offsetof(struct excess_options, eta), .number = {0.01},
     .range = &bough__range_not_negative, .help = "how fast the weights follow the excess risks"},
};

BOUGH_IN_TWIN float add_squares(float *restrict all, const float *restrict g, int64_t count)
{
    float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < count; i++) {
        all[i] += g[i] * g[i];
        sum += g[i] * g[i] / sqrtf(all[i] + 1e-7f);
    }
    return sum;
}

BOUGH_TWIN static void excess_parts(void *const *arg, const void *params, int64_t begin,
                                    int64_t end)
{
    const struct part_params *p = params;
    float *parts = arg[4];
    for (int64_t part = begin; part < end; part++) {
        const int64_t t = part / p->parts, first = part_begin(p, part);
        parts[part] =
            add_squares((float *)arg[1] + t * p->kept_row + first,
                        (const float *)arg[0] + t * p->row + first, part_end(p, part) - first);
    }
}

static void excess_weigh(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)begin, (void)end;
    excess_weights(arg[4], arg[2], arg[3], arg[0], arg[1], *(const struct combine_params *)params);
}

static const struct bough__kernel kernel_excess_parts = {
    "excess_parts",  "combine", excess_parts,
    BOUGH_GRID_ROWS, .args = 5, .params_size = sizeof(struct part_params)};
static const struct bough__kernel kernel_excess_weigh = {
    "excess_weigh",   "combine", excess_weigh,
    BOUGH_GRID_ITEMS, .args = 5, .params_size = sizeof(struct combine_params)};
static const struct bough__combine excess = {&kernel_excess_parts, &kernel_excess_weigh,
                                             .keeps = 1};

static size_t excess_state(size_t tasks, int64_t columns)
{
    return bough__combine_state(&excess, tasks, columns);
}

static enum bough_status excess_write(struct bough__sequence *out, const struct bough__weigh *weigh)
{
    enum bough_status status;
    struct bough__combine combine = excess;
    combine.rate = ((const struct excess_options *)weigh->options)->eta;
    BOUGH_TRY(bough__combine_weights(out, &combine, weigh));
    BOUGH_TRY(bough__combine_sum(out, weigh, weigh->jacobian,
                                 bough__combined_of(&combine, weigh).weights));
done:
    return status;
}

const struct bough__weighting bough__weighting_excess = {
    {.name = "excess",
     .help = "more weight where a task is further from its best",
     .paper = "He et al., Robust Multi-Task Learning with Excess Risks, ICML 2024",
     .options = BOUGH_OPTIONS(excess_options, struct excess_options)},
    .needs = BOUGH_NEEDS_GRADIENTS,
    .rule =
        "S_t += g_t^2 by element, e_t = sum g_t^2 / sqrt(S_t + 1e-7), over the task's first e_t\n"
        "w_t <- w_t exp(eta e_t), of sum n; d = sum w_t g_t",
    .advice = "Where some tasks' labels are noisy: a loss that is high for good earns no weight; "
              "weights move slowly.",
    .state = excess_state,
    .write = excess_write,
};
