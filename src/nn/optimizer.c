#include "nn/optimizer.h"

#include "base/error.h"
#include "cl/optimizer_params.h"

#include <math.h>
#include <string.h>

// Of a running mean; a config says less than 0 for 0.
static float kept(float share)
{
    return share > 0.0f ? share : 0.0f;
}

static struct optimizer_params params_of(const struct bough_optimizer *config)
{
    return (struct optimizer_params){
        .weight_decay = config->weight_decay > 0.0f ? config->weight_decay : 0.0f,
        .momentum = config->momentum,
        .eps = config->eps,
        .nesterov = config->nesterov == BOUGH_ON,
    };
}

BOUGH_IN_TWIN float factor_of(const float *factor)
{
    return factor ? factor[0] : 1.0f;
}

static int slots_by_momentum(const struct bough_optimizer *config)
{
    return config->momentum != 0.0f;
}

static int one_slot(const struct bough_optimizer *config)
{
    (void)config;
    return 1;
}

static int two_slots(const struct bough_optimizer *config)
{
    (void)config;
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

static enum bough_status sgd_write(struct bough__sequence *out,
                                   const struct bough_optimizer *config,
                                   const struct bough__block *block)
{
    const struct optimizer_params params = params_of(config);
    return write_update(out, &kernel_sgd, &params, block);
}

static const struct bough__optimizer sgd = {"sgd", slots_by_momentum, sgd_write};

// ---- adam, adamw: slots 0 and 1 are the moving means of the gradient and of its square ----

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

static enum bough_status write_adam(struct bough__sequence *out,
                                    const struct bough_optimizer *config,
                                    const struct bough__block *block, int decoupled)
{
    struct optimizer_params params = params_of(config);
    params.decoupled = decoupled;
    params.keep1 = kept(config->beta1);
    params.take1 = 1.0f - params.keep1;
    params.keep2 = kept(config->beta2);
    params.take2 = 1.0f - params.keep2;
    return write_update(out, &kernel_adam, &params, block);
}

static enum bough_status adam_write(struct bough__sequence *out,
                                    const struct bough_optimizer *config,
                                    const struct bough__block *block)
{
    return write_adam(out, config, block, 0);
}

static enum bough_status adamw_write(struct bough__sequence *out,
                                     const struct bough_optimizer *config,
                                     const struct bough__block *block)
{
    return write_adam(out, config, block, 1);
}

static const struct bough__optimizer adam = {"adam", two_slots, adam_write};
static const struct bough__optimizer adamw = {"adamw", two_slots, adamw_write};

// ---- rmsprop: slot 0 is the moving mean of the square, slot 1 the velocity ----

static int rmsprop_slots(const struct bough_optimizer *config)
{
    return 1 + slots_by_momentum(config);
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

static enum bough_status rmsprop_write(struct bough__sequence *out,
                                       const struct bough_optimizer *config,
                                       const struct bough__block *block)
{
    struct optimizer_params params = params_of(config);
    params.keep2 = kept(config->alpha);
    params.take2 = 1.0f - params.keep2;
    return write_update(out, &kernel_rmsprop, &params, block);
}

static const struct bough__optimizer rmsprop = {"rmsprop", rmsprop_slots, rmsprop_write};

// ---- adagrad: slot 0 is the sum of the squares ----

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

static enum bough_status adagrad_write(struct bough__sequence *out,
                                       const struct bough_optimizer *config,
                                       const struct bough__block *block)
{
    const struct optimizer_params params = params_of(config);
    return write_update(out, &kernel_adagrad, &params, block);
}

static const struct bough__optimizer adagrad = {"adagrad", one_slot, adagrad_write};

// ---- The list ----

static const struct bough__optimizer *const optimizers[] = {&sgd, &adam, &adamw, &rmsprop,
                                                            &adagrad};

const struct bough__optimizer *const *bough__optimizer_all(size_t *count)
{
    *count = sizeof optimizers / sizeof *optimizers;
    return optimizers;
}

const struct bough__optimizer *bough__optimizer_find(const char *name)
{
    for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; i++)
        if (strcmp(optimizers[i]->name, name) == 0)
            return optimizers[i];
    return NULL;
}

void bough__optimizer_set_step(struct step_state *state, const struct bough_optimizer *config,
                               uint32_t step, float lr)
{
    state->step = step;
    state->lr = lr;
    // 1 - beta^step without cancellation.
    state->bias1 = (float)-expm1((double)step * log((double)kept(config->beta1)));
    state->bias2 = (float)-expm1((double)step * log((double)kept(config->beta2)));
    state->clip_norm = config->clip_norm;
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
