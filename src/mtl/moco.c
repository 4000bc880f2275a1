// Moving means y of the gradients, each as long as its loss is large (its size, of a loss below 0;
// 0 where the gradient is 0): with k the step, y -= beta k^-0.5 (y - g L / |g|), then w = softmax(w
// - gamma k^-0.5 (Y Y' + rho I) w) and d = Y' w. The weights of a step are of sum 1 over the tasks
// that are labelled; the others keep y, and their share of w.
#include "base/error.h"
#include "cl/step.h"
#include "graph/gram.h"
#include "mtl/combine.h"

struct moco_options {
    float beta, gamma, rho;
};

static const struct bough__option moco_options[] = {
    {"beta", BOUGH__OPTION_NUMBER, offsetof(struct moco_options, beta), .number = {0.5},
     .range = &bough__range_to_one, .help = "how far the mean gradients move in the first step"},
    {"gamma", BOUGH__OPTION_NUMBER, offsetof(struct moco_options, gamma), .number = {0.1},
     .range = &bough__range_not_negative, .help = "how far the weights move in the first step"},
    {"rho", BOUGH__OPTION_NUMBER, offsetof(struct moco_options, rho),
     .range = &bough__range_not_negative, .help = "what is added to the squares of the norms"},
};

// ---- Kernels ----

static void moco_scale(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)begin, (void)end;
    moco_scales(arg[4], arg[2], arg[3], arg[0], arg[1], *(const struct combine_params *)params);
}

BOUGH_TWIN static void moco_move(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const float *g = arg[0], *numbers = arg[2], *scale = arg[3];
    const struct step_state *step = arg[4];
    const float beta = numbers[0] / sqrtf((float)step->step), by = scale[0];
    float *y = arg[1];
    (void)params;
#pragma omp simd
    for (int64_t i = begin; i < end; i++)
        y[i] -= beta * (y[i] - by * g[i]);
}

static void moco_weigh(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)begin, (void)end;
    moco_weights(arg[5], arg[2], arg[3], arg[0], arg[1], ((const struct step_state *)arg[4])->step,
                 *(const struct combine_params *)params);
}

static const struct bough__kernel kernel_moco_scale = {
    "moco_scale",     "moco",    moco_scale,
    BOUGH_GRID_ITEMS, .args = 5, .params_size = sizeof(struct combine_params)};
static const struct bough__kernel kernel_moco_move = {"moco_move", "moco", moco_move,
                                                      BOUGH_GRID_ITEMS, .args = 5};
static const struct bough__kernel kernel_moco_weigh = {
    "moco_weigh",     "moco",    moco_weigh,
    BOUGH_GRID_ITEMS, .args = 6, .params_size = sizeof(struct combine_params)};
static const struct bough__combine moco = {&bough__kernel_square_parts, &kernel_moco_scale,
                                           .keeps = 1};

// ---- Launches ----

static size_t moco_state(size_t tasks, int64_t columns)
{
    return bough__combine_state(&moco, tasks, columns) + tasks + tasks * tasks +
           bough__gram_scratch((int64_t)tasks, columns) / sizeof(float);
}

static enum bough_status move_means(struct bough__sequence *out, const struct bough__weigh *weigh,
                                    const struct bough__combined *of)
{
    struct bough__kernel_call call = {
        .kernel = &kernel_moco_move,
        .arg = {weigh->jacobian, of->kept, of->numbers, of->sums, weigh->step},
        .count = weigh->columns,
        .bytes = 12 * weigh->columns,
    };
    call.arg[2].stride = 2 * sizeof(float);
    call.arg[3].stride = sizeof(float);
    out->stack = (int64_t)weigh->tasks;
    const enum bough_status status = bough__sequence_kernel(out, &call);
    out->stack = 0;
    return status;
}

// product = Y Y' w.
static enum bough_status multiply(struct bough__sequence *out, const struct bough__weigh *weigh,
                                  const struct bough__combined *of, struct bough__span product)
{
    enum bough_status status;
    const int64_t tasks = (int64_t)weigh->tasks;
    const size_t row = weigh->tasks * sizeof(float);
    struct bough__span gram = bough__span_at(product, row);
    BOUGH_TRY(bough__gram_write(
        out, &(struct bough__gram){.tasks = tasks,
                                   .columns = weigh->columns,
                                   .jacobian = of->kept,
                                   .gram = gram,
                                   .scratch = bough__span_at(gram, weigh->tasks * row)}));
    gram.stride = row;
    BOUGH_TRY(bough__stack_sum_write(out, &(struct bough__stack_sum){.tasks = tasks,
                                                                     .elements = tasks,
                                                                     .stack = gram,
                                                                     .weights = of->weights,
                                                                     .y = product}));
done:
    return status;
}

static enum bough_status find_weights(struct bough__sequence *out, const struct bough__weigh *weigh,
                                      const struct bough__combined *of, struct bough__span product)
{
    const struct moco_options *options = weigh->options;
    const struct combine_params params = {
        .tasks = (int)weigh->tasks, .beta = options->gamma, .rate = options->rho};
    return bough__sequence_kernel(out, &(struct bough__kernel_call){
                                           .kernel = &kernel_moco_weigh,
                                           .arg = {weigh->losses, weigh->factor, of->numbers,
                                                   product, weigh->step, of->weights},
                                           .params = &params,
                                           .count = 1,
                                           .work = (int64_t)weigh->tasks,
                                       });
}

static enum bough_status moco_write(struct bough__sequence *out, const struct bough__weigh *weigh)
{
    enum bough_status status;
    const struct bough__combined of = bough__combined_of(&moco, weigh);
    struct bough__combine combine = moco;
    combine.beta = ((const struct moco_options *)weigh->options)->beta;
    BOUGH_TRY(bough__combine_weights(out, &combine, weigh));
    BOUGH_TRY(move_means(out, weigh, &of));
    BOUGH_TRY(multiply(out, weigh, &of, of.rest));
    BOUGH_TRY(find_weights(out, weigh, &of, of.rest));
    BOUGH_TRY(bough__combine_sum(out, weigh, of.kept, of.weights));
done:
    return status;
}

const struct bough__weighting bough__weighting_moco = {
    {.name = "moco",
     .help = "the shortest sum of moving means of the gradients, in small steps",
     .paper = "Fernando et al., Mitigating Gradient Bias in Multi-Objective Learning: A Provably "
              "Convergent Approach, ICLR 2023",
     .options = BOUGH_OPTIONS(moco_options, struct moco_options)},
    .needs = BOUGH_NEEDS_GRADIENTS,
    .rule = "step k: y_t -= beta k^-0.5 (y_t - g_t L_t / |g_t|)\n"
            "w = softmax(w - gamma k^-0.5 (Y Y' + rho I) w), d = sum w_t y_t",
    .advice = "mgda for small, noisy batches; gradients that turn fast are followed late.",
    .state = moco_state,
    .write = moco_write,
};
