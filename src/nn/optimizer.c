#include "nn/optimizer.h"

#include "base/error.h"
#include "cl/optimizer_params.h"

#include <math.h>

// What every optimizer has, and begins its options with.
struct common {
    float lr, weight_decay;
};

#define LR(type, rate)                                                                             \
    {                                                                                              \
        "lr", BOUGH__OPTION_NUMBER, offsetof(type, common.lr),                                     \
            .range = &bough__range_positive, .number = {rate}, .help = "learning rate"             \
    }
#define WEIGHT_DECAY(type)                                                                         \
    {                                                                                              \
        "weight_decay", BOUGH__OPTION_NUMBER, offsetof(type, common.weight_decay),                 \
            .range = &bough__range_not_negative, .help = "added to the gradient, times the weight" \
    }
#define MOMENTUM(type)                                                                             \
    {                                                                                              \
        "momentum", BOUGH__OPTION_NUMBER, offsetof(type, momentum),                                \
            .range = &bough__range_not_negative, .help = "share of the step before"                \
    }
#define EPS(type, smallest)                                                                        \
    {                                                                                              \
        "eps", BOUGH__OPTION_NUMBER, offsetof(type, eps),                                          \
            .range = &bough__range_positive, .number = {smallest}, .help = "added to the divisor"  \
    }

BOUGH_IN_TWIN float factor_of(const float *factor)
{
    return factor ? factor[0] : 1.0f;
}

static int one_slot(const void *options)
{
    (void)options;
    return 1;
}

static int two_slots(const void *options)
{
    (void)options;
    return 2;
}

// A kernel's arguments are the parameters, the gradients, its slots, the step and the factor.
static enum bough_status write_update(struct bough__sequence *out,
                                      const struct bough__kernel *kernel,
                                      const struct optimizer_params *params,
                                      const struct bough__block *block)
{
    struct bough__kernel_call call = {.kernel = kernel,
                                      .arg = {block->params, block->grads},
                                      .params = params,
                                      .count = block->count};
    const int slots = kernel->args - 4;
    for (int i = 0; i < slots; i++)
        call.arg[2 + i] = block->slot[i];
    call.arg[2 + slots] = block->step;
    call.arg[3 + slots] = block->factor;
    return bough__sequence_kernel(out, &call);
}

// ---- sgd: slot 0 is the velocity, where there is momentum ----

struct sgd_options {
    struct common common;
    float momentum;
    int nesterov;
};

static const struct bough__option sgd_options[] = {
    LR(struct sgd_options, 1e-3),
    MOMENTUM(struct sgd_options),
    {"nesterov", BOUGH__OPTION_SWITCH, offsetof(struct sgd_options, nesterov),
     .help = "Nesterov's momentum"},
    WEIGHT_DECAY(struct sgd_options),
};

static const char *sgd_wrong(const void *options, const char **key)
{
    const struct sgd_options *o = options;
    *key = "nesterov";
    return o->nesterov && !(o->momentum > 0) ? "it needs a momentum above 0" : NULL;
}

static int sgd_slots(const void *options)
{
    return ((const struct sgd_options *)options)->momentum != 0.0f;
}

BOUGH_TWIN static void sgd_update(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct optimizer_params p = *(const struct optimizer_params *)params;
    float *restrict x = arg[0], *restrict velocity = arg[2];
    const float *restrict grads = arg[1];
    const float lr = ((const struct step_state *)arg[3])->lr, factor = factor_of(arg[4]);
    if (!velocity) {
        for (int64_t i = begin; i < end; i++)
            x[i] -= lr * (grads[i] * factor + p.weight_decay * x[i]);
        return;
    }
    for (int64_t i = begin; i < end; i++) {
        const float g = grads[i] * factor + p.weight_decay * x[i];
        const float v = p.momentum * velocity[i] + g;
        velocity[i] = v;
        x[i] -= lr * (p.nesterov ? g + p.momentum * v : v);
    }
}

static const struct bough__kernel kernel_sgd = {
    "sgd_update",     "optimizer", sgd_update,
    BOUGH_GRID_ITEMS, .args = 5,   .params_size = sizeof(struct optimizer_params)};

static enum bough_status sgd_write(struct bough__sequence *out, const void *options,
                                   const struct bough__block *block)
{
    const struct sgd_options *o = options;
    const struct optimizer_params params = {
        .weight_decay = o->common.weight_decay, .momentum = o->momentum, .nesterov = o->nesterov};
    return write_update(out, &kernel_sgd, &params, block);
}

enum bough_status bough__descend_write(struct bough__sequence *out,
                                       const struct bough__block *block)
{
    const struct optimizer_params plain = {0};
    return write_update(out, &kernel_sgd, &plain, block);
}

const struct bough__optimizer bough__optimizer_sgd = {
    {.name = "sgd",
     .help = "gradient descent, with momentum on request",
     .options = BOUGH_OPTIONS(sgd_options, struct sgd_options),
     .wrong = sgd_wrong},
    .slots = sgd_slots,
    .write = sgd_write,
};

// ---- adam, adamw: slots 0 and 1 are the moving means of the gradient and of its square ----

struct adam_options {
    struct common common;
    float betas[2];
    float eps;
};

#define BETAS                                                                                      \
    {                                                                                              \
        "betas", BOUGH__OPTION_NUMBERS2, offsetof(struct adam_options, betas),                     \
            .range = &bough__range_below_one, .number = {0.9, 0.999},                              \
            .help = "of the two running means"                                                     \
    }

static const struct bough__option adam_options[] = {
    LR(struct adam_options, 1e-3),
    WEIGHT_DECAY(struct adam_options),
    BETAS,
    EPS(struct adam_options, 1e-8),
};

static const struct bough__option adamw_options[] = {
    LR(struct adam_options, 1e-3),
    {"weight_decay", BOUGH__OPTION_NUMBER, offsetof(struct adam_options, common.weight_decay),
     .range = &bough__range_not_negative, .number = {0.01},
     .help = "taken off the weight, times the rate"},
    BETAS,
    EPS(struct adam_options, 1e-8),
};

static void adam_begin(struct step_state *state, const void *options)
{
    const struct adam_options *o = options;
    // 1 - beta^step without cancellation.
    state->bias1 = (float)-expm1((double)state->step * log((double)o->betas[0]));
    state->bias2 = (float)-expm1((double)state->step * log((double)o->betas[1]));
}

BOUGH_TWIN static void adam_update(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct optimizer_params p = *(const struct optimizer_params *)params;
    const struct step_state step = *(const struct step_state *)arg[4];
    float *restrict x = arg[0], *restrict mean = arg[2], *restrict square = arg[3];
    const float *restrict grads = arg[1];
    const float factor = factor_of(arg[5]);
    const float decay = p.decoupled ? 0.0f : p.weight_decay;
    const float shrink = p.decoupled ? 1.0f - step.lr * p.weight_decay : 1.0f;
    const float rate = step.lr / step.bias1, root = sqrtf(step.bias2);
    for (int64_t i = begin; i < end; i++) {
        const float g = grads[i] * factor + decay * x[i];
        const float m = p.keep1 * mean[i] + p.take1 * g;
        const float v = p.keep2 * square[i] + p.take2 * (g * g);
        mean[i] = m;
        square[i] = v;
        x[i] = x[i] * shrink - rate * m / (sqrtf(v) / root + p.eps);
    }
}

static const struct bough__kernel kernel_adam = {
    "adam_update",    "optimizer", adam_update,
    BOUGH_GRID_ITEMS, .args = 6,   .params_size = sizeof(struct optimizer_params)};

static enum bough_status write_adam(struct bough__sequence *out, const void *options,
                                    const struct bough__block *block, int decoupled)
{
    const struct adam_options *o = options;
    const struct optimizer_params params = {.weight_decay = o->common.weight_decay,
                                            .eps = o->eps,
                                            .decoupled = decoupled,
                                            .keep1 = o->betas[0],
                                            .take1 = 1.0f - o->betas[0],
                                            .keep2 = o->betas[1],
                                            .take2 = 1.0f - o->betas[1]};
    return write_update(out, &kernel_adam, &params, block);
}

static enum bough_status adam_write(struct bough__sequence *out, const void *options,
                                    const struct bough__block *block)
{
    return write_adam(out, options, block, 0);
}

static enum bough_status adamw_write(struct bough__sequence *out, const void *options,
                                     const struct bough__block *block)
{
    return write_adam(out, options, block, 1);
}

const struct bough__optimizer bough__optimizer_adam = {
    {.name = "adam",
     .help = "steps by running means of the gradient and of its square",
     .paper = "Kingma, Ba, 2015",
     .options = BOUGH_OPTIONS(adam_options, struct adam_options)},
    .slots = two_slots,
    .begin = adam_begin,
    .write = adam_write,
};
const struct bough__optimizer bough__optimizer_adamw = {
    {.name = "adamw",
     .help = "adam whose weight decay is apart from the gradient",
     .paper = "Loshchilov, Hutter, 2019",
     .options = BOUGH_OPTIONS(adamw_options, struct adam_options)},
    .slots = two_slots,
    .begin = adam_begin,
    .write = adamw_write,
};

// ---- rmsprop: slot 0 is the moving mean of the square, slot 1 the velocity ----

struct rmsprop_options {
    struct common common;
    float momentum, alpha, eps;
};

static const struct bough__option rmsprop_options[] = {
    LR(struct rmsprop_options, 1e-2),
    MOMENTUM(struct rmsprop_options),
    WEIGHT_DECAY(struct rmsprop_options),
    {"alpha", BOUGH__OPTION_NUMBER, offsetof(struct rmsprop_options, alpha),
     .range = &bough__range_below_one, .number = {0.99}, .help = "of the running mean of squares"},
    EPS(struct rmsprop_options, 1e-8),
};

static int rmsprop_slots(const void *options)
{
    return 1 + (((const struct rmsprop_options *)options)->momentum != 0.0f);
}

BOUGH_TWIN static void rmsprop_update(void *const *arg, const void *params, int64_t begin,
                                      int64_t end)
{
    const struct optimizer_params p = *(const struct optimizer_params *)params;
    float *restrict x = arg[0], *restrict square = arg[2], *restrict velocity = arg[3];
    const float *restrict grads = arg[1];
    const float lr = ((const struct step_state *)arg[4])->lr, factor = factor_of(arg[5]);
    for (int64_t i = begin; i < end; i++) {
        const float g = grads[i] * factor + p.weight_decay * x[i];
        const float s = p.keep2 * square[i] + p.take2 * (g * g);
        square[i] = s;
        float change = g / (sqrtf(s) + p.eps);
        if (velocity) {
            change += p.momentum * velocity[i];
            velocity[i] = change;
        }
        x[i] -= lr * change;
    }
}

static const struct bough__kernel kernel_rmsprop = {
    "rmsprop_update", "optimizer", rmsprop_update,
    BOUGH_GRID_ITEMS, .args = 6,   .params_size = sizeof(struct optimizer_params)};

static enum bough_status rmsprop_write(struct bough__sequence *out, const void *options,
                                       const struct bough__block *block)
{
    const struct rmsprop_options *o = options;
    const struct optimizer_params params = {.weight_decay = o->common.weight_decay,
                                            .momentum = o->momentum,
                                            .eps = o->eps,
                                            .keep2 = o->alpha,
                                            .take2 = 1.0f - o->alpha};
    return write_update(out, &kernel_rmsprop, &params, block);
}

const struct bough__optimizer bough__optimizer_rmsprop = {
    {.name = "rmsprop",
     .help = "the gradient over the root of its running mean square",
     .paper = "Hinton, lecture 6e, 2012",
     .options = BOUGH_OPTIONS(rmsprop_options, struct rmsprop_options)},
    .slots = rmsprop_slots,
    .write = rmsprop_write,
};

// ---- adagrad: slot 0 is the sum of the squares ----

struct adagrad_options {
    struct common common;
    float eps;
};

static const struct bough__option adagrad_options[] = {
    LR(struct adagrad_options, 1e-2),
    WEIGHT_DECAY(struct adagrad_options),
    EPS(struct adagrad_options, 1e-10),
};

BOUGH_TWIN static void adagrad_update(void *const *arg, const void *params, int64_t begin,
                                      int64_t end)
{
    const struct optimizer_params p = *(const struct optimizer_params *)params;
    float *restrict x = arg[0], *restrict sum = arg[2];
    const float *restrict grads = arg[1];
    const float lr = ((const struct step_state *)arg[3])->lr, factor = factor_of(arg[4]);
    for (int64_t i = begin; i < end; i++) {
        const float g = grads[i] * factor + p.weight_decay * x[i];
        const float s = sum[i] + g * g;
        sum[i] = s;
        x[i] -= lr * g / (sqrtf(s) + p.eps);
    }
}

static const struct bough__kernel kernel_adagrad = {
    "adagrad_update", "optimizer", adagrad_update,
    BOUGH_GRID_ITEMS, .args = 5,   .params_size = sizeof(struct optimizer_params)};

static enum bough_status adagrad_write(struct bough__sequence *out, const void *options,
                                       const struct bough__block *block)
{
    const struct adagrad_options *o = options;
    const struct optimizer_params params = {.weight_decay = o->common.weight_decay, .eps = o->eps};
    return write_update(out, &kernel_adagrad, &params, block);
}

const struct bough__optimizer bough__optimizer_adagrad = {
    {.name = "adagrad",
     .help = "the gradient over the root of the sum of its squares",
     .paper = "Duchi, Hazan, Singer, 2011",
     .options = BOUGH_OPTIONS(adagrad_options, struct adagrad_options)},
    .slots = one_slot,
    .write = adagrad_write,
};

// ---- The list ----

#define BOUGH_OPTIMIZER(name) &bough__optimizer_##name.row,
static const struct bough__row *const all[] = {
#include "nn/optimizer_list.h"
};
#undef BOUGH_OPTIMIZER
const struct bough__family bough__optimizers = {"optimizer", all, sizeof all / sizeof *all};

float bough__optimizer_lr(const struct bough__optimization *config)
{
    return ((const struct common *)config->choice.options)->lr;
}

void bough__optimizer_set_step(struct step_state *state, const struct bough__optimization *config,
                               uint32_t step, float lr)
{
    const struct bough__optimizer *optimizer = bough__optimizer_of(config);
    state->step = step;
    state->lr = lr;
    state->bias1 = state->bias2 = 1;
    state->clip_norm = config->clip_norm;
    if (optimizer->begin)
        optimizer->begin(state, config->choice.options);
}

// ---- Clipping ----

BOUGH_TWIN static void square_sums(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct clip_params *p = params;
    float *sums = arg[1];
    for (int64_t row = begin; row < end; row++) {
        const float *grads = (const float *)arg[0] + row * CLIP_CHUNK;
        const int elements = row + 1 < p->rows ? CLIP_CHUNK : p->last;
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int i = 0; i < elements; i++)
            sum += grads[i] * grads[i];
        sums[row] = sum;
    }
}

static void clip_factor(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)begin;
    (void)end;
    const struct clip_params *p = params;
    const float *sums = arg[0], clip_norm = ((const struct step_state *)arg[1])->clip_norm;
    float *factor = arg[2];
    double sum = 0;
    for (unsigned int i = 0; i < p->rows; i++)
        sum += (double)sums[i];
    const float share = clip_norm / ((float)sqrt(sum) + 1e-6f);
    factor[0] = clip_norm == 0.0f || share > 1.0f ? 1.0f : share; // NaN stays NaN
}

static const struct bough__kernel kernel_square_sums = {
    "square_sums",   "optimizer", square_sums,
    BOUGH_GRID_ROWS, .args = 2,   .params_size = sizeof(struct clip_params)};
static const struct bough__kernel kernel_clip_factor = {
    "clip_factor",   "optimizer", clip_factor,
    BOUGH_GRID_ROWS, .args = 3,   .params_size = sizeof(struct clip_params)};

int64_t bough__clip_sums(int64_t count)
{
    return (count + CLIP_CHUNK - 1) / CLIP_CHUNK;
}

enum bough_status bough__clip_write_sums(struct bough__sequence *out, struct bough__span grads,
                                         int64_t count, struct bough__span sums)
{
    const int64_t rows = bough__clip_sums(count);
    const struct clip_params params = {(unsigned int)rows, (int)(count - (rows - 1) * CLIP_CHUNK)};
    return bough__sequence_kernel(out, &(struct bough__kernel_call){.kernel = &kernel_square_sums,
                                                                    .arg = {grads, sums},
                                                                    .params = &params,
                                                                    .count = rows,
                                                                    .work = count});
}

enum bough_status bough__clip_write_factor(struct bough__sequence *out, struct bough__span sums,
                                           int64_t count, struct bough__span step,
                                           struct bough__span factor)
{
    const struct clip_params params = {.rows = (unsigned int)count};
    return bough__sequence_kernel(out, &(struct bough__kernel_call){.kernel = &kernel_clip_factor,
                                                                    .arg = {sums, step, factor},
                                                                    .params = &params,
                                                                    .count = 1});
}
