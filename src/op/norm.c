// Normalisation.
//   batch_norm   x [N, C] or [N, C, H, W], gamma [C], beta [C], running_mean [C], running_var [C]
//                -> y as x. attr.training 1: by the statistics of the batch; the forward pass then
//                moves the running ones towards them by attr.momentum (the variance unbiased), in
//                place. 0: by the running ones.
//   layer_norm   x [N, D...], gamma [D...], beta [D...] -> y as x, each sample by its own.
// Both read attr.eps and attr.activation, a relu or leaky_relu behind them, which the backward pass
// does again: it reads no y. They save [2, rows]: the mean and 1 / sqrt(variance + eps) of each
// row.
#include "op/activation.h"

#include "base/error.h"
#include "cl/norm_params.h"

#include <math.h>

static enum bough_status mismatch(const struct bough__op_call *call, int input, const char *wanted)
{
    char x[128], other[128];
    return bough__fail(BOUGH_INVALID, "input %s, input %d is %s: wants %s",
                       bough_shape_format(&call->x[0].shape, x, sizeof x), input,
                       bough_shape_format(&call->x[input].shape, other, sizeof other), wanted);
}

static int64_t elements(const struct bough__op_call *call)
{
    return bough_shape_elements(&call->x[0].shape);
}

// The statistics of `planes` stretches of `width` elements, `step` elements apart.
struct statistics {
    float mean, var;
};

BOUGH_IN_TWIN struct statistics statistics_of(const float *x, int64_t planes, int64_t width,
                                              int64_t step)
{
    const double elements = (double)planes * (double)width;
    double total = 0;
    for (int64_t n = 0; n < planes; n++) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = n * step; i < n * step + width; i++)
            sum += x[i];
        total += (double)sum;
    }
    const float mean = (float)(total / elements);
    double total_rest = 0, total_squares = 0;
    for (int64_t n = 0; n < planes; n++) {
        float rest = 0, squares = 0;
#pragma omp simd reduction(+ : rest, squares)
        for (int64_t i = n * step; i < n * step + width; i++) {
            const float d = x[i] - mean;
            rest += d;
            squares += d * d;
        }
        total_rest += (double)rest;
        total_squares += (double)squares;
    }
    // The mean's own rounding is taken out of both.
    const double rest = total_rest / elements, var = total_squares / elements - rest * rest;
    return (struct statistics){(float)((double)mean + rest), var < 0 ? 0.0f : (float)var};
}

// ---- batch_norm ----

BOUGH_TWIN static void batch_norm_fwd(void *const *arg, const void *params, int64_t begin,
                                      int64_t end)
{
    const struct batch_norm_params *p = params;
    const float *x = arg[0], *gamma = arg[1], *beta = arg[2];
    float *running_mean = arg[3], *running_var = arg[4], *saved = arg[5], *y = arg[6];
    const int64_t step = (int64_t)p->channels * p->plane;
    const float elements = (float)p->batch * (float)p->plane;
    const float below = activation_slope(p->activation).below;
    for (int64_t c = begin; c < end; c++) {
        struct statistics s = {running_mean[c], running_var[c]};
        if (p->training) {
            s = statistics_of(x + c * p->plane, p->batch, p->plane, step);
            const float unbiased = elements > 1 ? s.var * (elements / (elements - 1)) : s.var;
            running_mean[c] = p->momentum * s.mean + (1 - p->momentum) * running_mean[c];
            running_var[c] = p->momentum * unbiased + (1 - p->momentum) * running_var[c];
        }
        const float inverse = 1.0f / sqrtf(s.var + p->eps);
        saved[c] = s.mean;
        saved[p->channels + c] = inverse;
        const float factor = inverse * gamma[c], term = beta[c];
        for (int64_t n = 0; n < p->batch; n++) {
            const float *restrict from = x + n * step + c * p->plane;
            float *restrict to = y + n * step + c * p->plane;
            for (int64_t i = 0; i < p->plane; i++)
                to[i] = kinked(below, (from[i] - s.mean) * factor + term);
        }
    }
}

// One channel in the backward pass: x and dy begin at its first plane.
struct channel {
    const float *x, *dy;
    float mean, inverse, gamma, beta;
    float below;
    float sum, dot; // of dy, and of dy times the normalised x
};

// dy behind the activation.
BOUGH_IN_TWIN float channel_dz(const struct channel *c, float factor, float x, float dy)
{
    return kinked_back(c->below, (x - c->mean) * factor + c->beta, dy);
}

BOUGH_IN_TWIN void channel_sums(struct channel *c, const struct batch_norm_params *p)
{
    const float *x = c->x, *dy = c->dy, mean = c->mean, inverse = c->inverse;
    const float factor = inverse * c->gamma;
    double sum = 0, dot = 0;
    for (int64_t n = 0; n < p->batch; n++) {
        const int64_t at = n * p->channels * p->plane;
        float plane_sum = 0, plane_dot = 0;
#pragma omp simd reduction(+ : plane_sum, plane_dot)
        for (int64_t i = at; i < at + p->plane; i++) {
            const float dz = channel_dz(c, factor, x[i], dy[i]);
            plane_sum += dz;
            plane_dot += dz * ((x[i] - mean) * inverse);
        }
        sum += (double)plane_sum;
        dot += (double)plane_dot;
    }
    c->sum = (float)sum;
    c->dot = (float)dot;
}

BOUGH_IN_TWIN void channel_dx(float *dx, const struct channel *c, const struct batch_norm_params *p)
{
    // Running statistics are constants; those of the batch depend on x.
    const float share = p->training ? 1.0f / ((float)p->batch * (float)p->plane) : 0.0f;
    const float factor = c->inverse * c->gamma, sum = c->sum * share, dot = c->dot * share;
    const float mean = c->mean, inverse = c->inverse;
    for (int64_t n = 0; n < p->batch; n++) {
        const int64_t at = n * p->channels * p->plane;
        const float *restrict x = c->x + at, *restrict dy = c->dy + at;
        float *restrict to = dx + at;
        for (int64_t i = 0; i < p->plane; i++) {
            const float dz = channel_dz(c, factor, x[i], dy[i]);
            const float value = factor * (dz - sum - (x[i] - mean) * inverse * dot);
            to[i] = p->add_dx ? to[i] + value : value;
        }
    }
}

BOUGH_TWIN static void batch_norm_bwd(void *const *arg, const void *params, int64_t begin,
                                      int64_t end)
{
    const struct batch_norm_params *p = params;
    const float *x = arg[0], *gamma = arg[1], *beta = arg[2], *saved = arg[3], *dy = arg[4];
    float *dx = arg[5], *dgamma = arg[6], *dbeta = arg[7];
    for (int64_t c = begin; c < end; c++) {
        struct channel channel = {.x = x + c * p->plane,
                                  .dy = dy + c * p->plane,
                                  .mean = saved[c],
                                  .inverse = saved[p->channels + c],
                                  .gamma = gamma[c],
                                  .beta = beta[c],
                                  .below = activation_slope(p->activation).below};
        channel_sums(&channel, p);
        if (dgamma)
            dgamma[c] = p->add_dgamma ? dgamma[c] + channel.dot : channel.dot;
        if (dbeta)
            dbeta[c] = p->add_dbeta ? dbeta[c] + channel.sum : channel.sum;
        if (dx)
            channel_dx(dx + c * p->plane, &channel, p);
    }
}

static const struct bough__kernel kernel_batch_norm_fwd = {
    "batch_norm_fwd", "norm",    batch_norm_fwd,
    BOUGH_GRID_ROWS,  .args = 7, .params_size = sizeof(struct batch_norm_params)};
static const struct bough__kernel kernel_batch_norm_bwd = {
    "batch_norm_bwd", "norm",    batch_norm_bwd,
    BOUGH_GRID_ROWS,  .args = 8, .params_size = sizeof(struct batch_norm_params)};

static enum bough_status batch_norm_shape(struct bough__op_need *need,
                                          const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape;
    if (x->rank != 2 && x->rank != 4)
        return mismatch(call, 0, "[N, C] or [N, C, H, W]");
    for (int i = 1; i < x->rank; i++)
        if (x->dim[i] < 1)
            return mismatch(call, 0, "channels that are not empty");
    for (int i = 1; i < 5; i++)
        if (call->x[i].shape.rank != 1 || call->x[i].shape.dim[0] != x->dim[1])
            return mismatch(call, i, "[C]");
    need->y = *x;
    need->saved = 2 * (size_t)x->dim[1] * sizeof(float);
    return BOUGH_OK;
}

static struct batch_norm_params batch_norm_params(const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape;
    return (struct batch_norm_params){
        .batch = (int)x->dim[0],
        .channels = (int)x->dim[1],
        .plane = x->rank == 4 ? (int)(x->dim[2] * x->dim[3]) : 1,
        .eps = call->attr->eps,
        .momentum = call->attr->momentum,
        .training = call->attr->training,
        .add_dx = call->add_dx[0],
        .add_dgamma = call->add_dx[1],
        .add_dbeta = call->add_dx[2],
        .activation = bough__fused_activation(call->attr),
    };
}

static enum bough_status batch_norm_forward(struct bough__sequence *out,
                                            const struct bough__op_call *call)
{
    const struct batch_norm_params params = batch_norm_params(call);
    if (params.batch == 0)
        return BOUGH_OK; // no statistics
    return BOUGH_KERNEL(out, &kernel_batch_norm_fwd, params.channels, elements(call), &params,
                        call->x[0].span, call->x[1].span, call->x[2].span, call->x[3].span,
                        call->x[4].span, call->saved, call->y.span);
}

static enum bough_status batch_norm_backward(struct bough__sequence *out,
                                             const struct bough__op_call *call)
{
    const struct batch_norm_params params = batch_norm_params(call);
    return BOUGH_KERNEL(out, &kernel_batch_norm_bwd, params.channels, elements(call), &params,
                        call->x[0].span, call->x[1].span, call->x[2].span, call->saved,
                        call->dy.span, call->dx[0].span, call->dx[1].span, call->dx[2].span);
}

const struct bough__op bough__op_batch_norm = {
    .name = "batch_norm",
    .inputs_min = 5,
    .inputs_max = 5,
    .flags = BOUGH__OP_BACKWARD_READS_X | BOUGH__OP_ACCUMULATES | BOUGH__OP_FUSES_RELU,
    .no_gradient = 1 << 3 | 1 << 4,
    .shape = batch_norm_shape,
    .forward = batch_norm_forward,
    .backward = batch_norm_backward,
};

// ---- layer_norm ----

BOUGH_TWIN static void layer_norm_fwd(void *const *arg, const void *params, int64_t begin,
                                      int64_t end)
{
    const struct layer_norm_params *p = params;
    const float *restrict gamma = arg[1], *restrict beta = arg[2];
    const float below = activation_slope(p->activation).below;
    float *saved = arg[3];
    for (int64_t row = begin; row < end; row++) {
        const float *restrict x = (const float *)arg[0] + row * p->width;
        float *restrict y = (float *)arg[4] + row * p->width;
        const struct statistics s = statistics_of(x, 1, p->width, 0);
        const float inverse = 1.0f / sqrtf(s.var + p->eps);
        saved[row] = s.mean;
        saved[p->batch + row] = inverse;
        for (int64_t i = 0; i < p->width; i++)
            y[i] = kinked(below, (x[i] - s.mean) * inverse * gamma[i] + beta[i]);
    }
}

BOUGH_TWIN static void layer_norm_bwd(void *const *arg, const void *params, int64_t begin,
                                      int64_t end)
{
    const struct layer_norm_params *p = params;
    const float *restrict gamma = arg[1], *restrict beta = arg[2], *saved = arg[3];
    const float below = activation_slope(p->activation).below;
    for (int64_t row = begin; row < end; row++) {
        const float *restrict x = (const float *)arg[0] + row * p->width;
        const float *restrict dy = (const float *)arg[4] + row * p->width;
        float *restrict dx = (float *)arg[5] + row * p->width;
        const float mean = saved[row], inverse = saved[p->batch + row];
        float sum = 0, dot = 0;
#pragma omp simd reduction(+ : sum, dot)
        for (int64_t i = 0; i < p->width; i++) {
            const float at = (x[i] - mean) * inverse;
            const float g = kinked_back(below, at * gamma[i] + beta[i], dy[i]) * gamma[i];
            sum += g;
            dot += g * at;
        }
        sum /= (float)p->width;
        dot /= (float)p->width;
        for (int64_t i = 0; i < p->width; i++) {
            const float at = (x[i] - mean) * inverse;
            const float dz = kinked_back(below, at * gamma[i] + beta[i], dy[i]);
            const float value = inverse * (dz * gamma[i] - sum - at * dot);
            dx[i] = p->add_dx ? dx[i] + value : value;
        }
    }
}

// Sample by sample, so that memory is walked in its order.
BOUGH_TWIN static void layer_norm_affine_bwd(void *const *arg, const void *params, int64_t begin,
                                             int64_t end)
{
    const struct layer_norm_params *p = params;
    const float *restrict gamma = arg[1], *restrict beta = arg[2], *saved = arg[3];
    const float below = activation_slope(p->activation).below;
    float *restrict dgamma = arg[5], *restrict dbeta = arg[6];
    for (int64_t i = begin; i < end; i++) {
        if (dgamma && !p->add_dgamma)
            dgamma[i] = 0;
        if (dbeta && !p->add_dbeta)
            dbeta[i] = 0;
    }
    for (int64_t n = 0; n < p->batch; n++) {
        const float *restrict x = (const float *)arg[0] + n * p->width;
        const float *restrict dy = (const float *)arg[4] + n * p->width;
        const float mean = saved[n], inverse = saved[p->batch + n];
        for (int64_t i = begin; i < end; i++) {
            const float normal = (x[i] - mean) * inverse;
            const float dz = kinked_back(below, normal * gamma[i] + beta[i], dy[i]);
            if (dgamma)
                dgamma[i] += dz * normal;
            if (dbeta)
                dbeta[i] += dz;
        }
    }
}

static const struct bough__kernel kernel_layer_norm_fwd = {
    "layer_norm_fwd", "norm",    layer_norm_fwd,
    BOUGH_GRID_ROWS,  .args = 5, .params_size = sizeof(struct layer_norm_params)};
static const struct bough__kernel kernel_layer_norm_bwd = {
    "layer_norm_bwd", "norm",    layer_norm_bwd,
    BOUGH_GRID_ROWS,  .args = 6, .params_size = sizeof(struct layer_norm_params)};
static const struct bough__kernel kernel_layer_norm_affine_bwd = {
    "layer_norm_affine_bwd", "norm",    layer_norm_affine_bwd,
    BOUGH_GRID_ITEMS,        .args = 7, .params_size = sizeof(struct layer_norm_params)};

// Whether these are the last dimensions of x [N, ...].
static int ends_in(const struct bough_shape *x, const struct bough_shape *last)
{
    int ends = last->rank > 0 && last->rank < x->rank;
    for (int i = 0; ends && i < last->rank; i++)
        ends = last->dim[i] == x->dim[x->rank - last->rank + i];
    return ends;
}

static struct layer_norm_params layer_norm_params(const struct bough__op_call *call)
{
    const int64_t width = bough_shape_elements(&call->x[1].shape);
    return (struct layer_norm_params){
        .batch = width ? (int)(elements(call) / width) : 0,
        .width = (int)width,
        .eps = call->attr->eps,
        .add_dx = call->add_dx[0],
        .add_dgamma = call->add_dx[1],
        .add_dbeta = call->add_dx[2],
        .activation = bough__fused_activation(call->attr),
    };
}

static enum bough_status layer_norm_shape(struct bough__op_need *need,
                                          const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape;
    const struct layer_norm_params params = layer_norm_params(call);
    if (x->rank < 2 || bough_shape_row(x) < 1)
        return mismatch(call, 0, "[N, D...], and samples that are not empty");
    for (int i = 1; i < 3; i++)
        if (!ends_in(x, &call->x[i].shape) ||
            !bough_shape_equal(&call->x[i].shape, &call->x[1].shape))
            return mismatch(call, i, "the last dimensions of the input");
    need->y = *x;
    need->saved = 2 * (size_t)params.batch * sizeof(float);
    return BOUGH_OK;
}

static enum bough_status layer_norm_forward(struct bough__sequence *out,
                                            const struct bough__op_call *call)
{
    const struct layer_norm_params params = layer_norm_params(call);
    return BOUGH_KERNEL(out, &kernel_layer_norm_fwd, params.batch, elements(call), &params,
                        call->x[0].span, call->x[1].span, call->x[2].span, call->saved,
                        call->y.span);
}

static enum bough_status layer_norm_backward(struct bough__sequence *out,
                                             const struct bough__op_call *call)
{
    const struct layer_norm_params params = layer_norm_params(call);
    enum bough_status status = BOUGH_OK;
    if (call->dx[0].span.buffer)
        BOUGH_TRY(BOUGH_KERNEL(out, &kernel_layer_norm_bwd, params.batch, elements(call), &params,
                               call->x[0].span, call->x[1].span, call->x[2].span, call->saved,
                               call->dy.span, call->dx[0].span));
    if (call->dx[1].span.buffer || call->dx[2].span.buffer)
        BOUGH_TRY(BOUGH_KERNEL(out, &kernel_layer_norm_affine_bwd, params.width, elements(call),
                               &params, call->x[0].span, call->x[1].span, call->x[2].span,
                               call->saved, call->dy.span, call->dx[1].span, call->dx[2].span));
done:
    return status;
}

const struct bough__op bough__op_layer_norm = {
    .name = "layer_norm",
    .inputs_min = 3,
    .inputs_max = 3,
    .flags = BOUGH__OP_BACKWARD_READS_X | BOUGH__OP_ACCUMULATES | BOUGH__OP_FUSES_RELU,
    .shape = layer_norm_shape,
    .forward = layer_norm_forward,
    .backward = layer_norm_backward,
};
