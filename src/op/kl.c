// The Kullback-Leibler divergence between what two inputs of one shape tell; `other` is held
// constant, y is [1].
//   gauss_kl    x, other [N, D]: value times the mean over columns of KL(x's, other's), normal
//               distributions of each column's mean and variance (over N) + eps
//   softmax_kl  scores x, other [N, K, ...]: value T^2 times the mean over rows and positions of
//               KL(softmax(other / T), softmax(x / T)), T the temperature: the size of its gradient
//               does not go by T (Hinton et al., 2015)
#include "base/error.h"
#include "op/part_sum.h"
#include "op/quick_math.h"

#include "cl/kl_params.h"

// ---- Kernels ----

BOUGH_IN_TWIN struct gauss gauss_of(const float *x, const struct gauss_kl_params *p)
{
    float sum = 0.0f, squares = 0.0f;
    for (int64_t r = 0; r < p->rows; r++)
        sum += x[r * p->columns];
    const float mean = sum / (float)p->rows;
    for (int64_t r = 0; r < p->rows; r++)
        squares += (x[r * p->columns] - mean) * (x[r * p->columns] - mean);
    return (struct gauss){mean, squares / (float)p->rows + p->eps};
}

// saved [3, columns]: the mean, and the slope at it and behind it.
BOUGH_TWIN static void gauss_kl_fwd(void *const *arg, const void *params, int64_t begin,
                                    int64_t end)
{
    const struct gauss_kl_params *p = params;
    const float *x = arg[0], *other = arg[1];
    float *saved = arg[2], *part = arg[3];
    for (int64_t c = begin; c < end; c++) {
        const struct gauss a = gauss_of(x + c, p), b = gauss_of(other + c, p);
        saved[c] = a.mean;
        saved[p->columns + c] = (a.mean - b.mean) / b.variance;
        saved[2 * (int64_t)p->columns + c] = 1.0f / b.variance - 1.0f / a.variance;
        part[c] = gauss_kl(a, b);
    }
}

BOUGH_TWIN static void gauss_kl_bwd(void *const *arg, const void *params, int64_t begin,
                                    int64_t end)
{
    const struct gauss_kl_params *p = params;
    const float *x = arg[0], *saved = arg[1], *dy = arg[2];
    const float factor = dy[0] * p->factor;
    float *dx = arg[3];
    for (int64_t i = begin; i < end; i++) {
        const int64_t c = i % p->columns;
        const float slope =
            saved[p->columns + c] + saved[2 * (int64_t)p->columns + c] * (x[i] - saved[c]);
        dx[i] = (p->add ? dx[i] : 0.0f) + factor * slope;
    }
}

struct soft {
    float most, sum;
};

BOUGH_IN_TWIN struct soft soft_of(const float *x, const struct softmax_kl_params *p)
{
    struct soft soft = {x[0], 0.0f};
    for (int64_t k = 1; k < p->classes; k++)
        soft.most = x[k * p->positions] > soft.most ? x[k * p->positions] : soft.most;
    for (int64_t k = 0; k < p->classes; k++)
        soft.sum += quick_exp((x[k * p->positions] - soft.most) / p->temperature);
    return soft;
}

BOUGH_IN_TWIN int64_t first_of(int64_t row, const struct softmax_kl_params *p)
{
    return row / p->positions * p->classes * p->positions + row % p->positions;
}

BOUGH_TWIN static void softmax_kl_fwd(void *const *arg, const void *params, int64_t begin,
                                      int64_t end)
{
    const struct softmax_kl_params *p = params;
    float *part = arg[2];
    for (int64_t row = begin; row < end; row++) {
        const float *a = (const float *)arg[0] + first_of(row, p);
        const float *b = (const float *)arg[1] + first_of(row, p);
        const struct soft of_a = soft_of(a, p), of_b = soft_of(b, p);
        const float start =
            (of_a.most - of_b.most) / p->temperature + quick_log(of_a.sum / of_b.sum);
        float sum = 0.0f;
        for (int64_t k = 0; k < p->classes; k++) {
            const int64_t at = k * p->positions;
            const float share = quick_exp((b[at] - of_b.most) / p->temperature) / of_b.sum;
            sum += share * (start + (b[at] - a[at]) / p->temperature);
        }
        part[row] = sum;
    }
}

BOUGH_TWIN static void softmax_kl_bwd(void *const *arg, const void *params, int64_t begin,
                                      int64_t end)
{
    const struct softmax_kl_params *p = params;
    const float *x = arg[0], *other = arg[1], *dy = arg[2];
    const float factor = dy[0] * p->factor;
    float *dx = arg[3];
    for (int64_t row = begin; row < end; row++) {
        const int64_t first = first_of(row, p);
        const struct soft a = soft_of(x + first, p), b = soft_of(other + first, p);
        for (int64_t k = 0; k < p->classes; k++) {
            const int64_t at = first + k * p->positions;
            const float slope = quick_exp((x[at] - a.most) / p->temperature) / a.sum -
                                quick_exp((other[at] - b.most) / p->temperature) / b.sum;
            dx[at] = (p->add ? dx[at] : 0.0f) + factor * slope;
        }
    }
}

static const struct bough__kernel kernel_gauss_fwd = {
    "gauss_kl_fwd",   "kl",      gauss_kl_fwd,
    BOUGH_GRID_ITEMS, .args = 4, .params_size = sizeof(struct gauss_kl_params)};
static const struct bough__kernel kernel_gauss_bwd = {
    "gauss_kl_bwd",   "kl",      gauss_kl_bwd,
    BOUGH_GRID_ITEMS, .args = 4, .params_size = sizeof(struct gauss_kl_params)};
static const struct bough__kernel kernel_softmax_fwd = {
    "softmax_kl_fwd", "kl",      softmax_kl_fwd,
    BOUGH_GRID_ITEMS, .args = 3, .params_size = sizeof(struct softmax_kl_params)};
static const struct bough__kernel kernel_softmax_bwd = {
    "softmax_kl_bwd", "kl",      softmax_kl_bwd,
    BOUGH_GRID_ITEMS, .args = 4, .params_size = sizeof(struct softmax_kl_params)};

static enum bough_status want_alike(const struct bough__op_call *call, int fits, const char *wanted)
{
    const struct bough_shape *x = &call->x[0].shape, *other = &call->x[1].shape;
    char text[2][128];
    if (fits && bough_shape_equal(x, other))
        return BOUGH_OK;
    return bough__fail(BOUGH_INVALID, "inputs %s and %s, wanted two %s",
                       bough_shape_format(x, text[0], sizeof text[0]),
                       bough_shape_format(other, text[1], sizeof text[1]), wanted);
}

// ---- gauss_kl ----

static enum bough_status gauss_kl_shape(struct bough__op_need *need,
                                        const struct bough__op_call *call)
{
    const size_t columns = (size_t)call->x[0].shape.dim[1];
    need->y = (struct bough_shape){1, {1}};
    need->saved = 3 * columns * sizeof(float);
    need->scratch = columns * sizeof(float);
    return want_alike(call, call->x[0].shape.rank == 2, "[N, D]");
}

static struct gauss_kl_params gauss_params(const struct bough__op_call *call)
{
    const int64_t *dim = call->x[0].shape.dim;
    return (struct gauss_kl_params){.rows = (int)dim[0],
                                    .columns = (int)dim[1],
                                    .eps = call->attr->eps,
                                    .factor = call->attr->value / (float)(dim[0] * dim[1]),
                                    .add = call->add_dx[0]};
}

static enum bough_status gauss_kl_forward(struct bough__sequence *out,
                                          const struct bough__op_call *call)
{
    enum bough_status status;
    const struct gauss_kl_params params = gauss_params(call);
    BOUGH_TRY(BOUGH_KERNEL(out, &kernel_gauss_fwd, params.columns,
                           8 * bough_shape_elements(&call->x[0].shape), &params, call->x[0].span,
                           call->x[1].span, call->saved, call->scratch));
    BOUGH_TRY(bough__part_sum(out, call->y.span, call->scratch, params.rows ? params.columns : 0,
                              call->attr->value / (float)params.columns));
done:
    return status;
}

static enum bough_status gauss_kl_backward(struct bough__sequence *out,
                                           const struct bough__op_call *call)
{
    const struct gauss_kl_params params = gauss_params(call);
    if (!call->dx[0].span.buffer)
        return BOUGH_OK;
    return BOUGH_KERNEL(out, &kernel_gauss_bwd, bough_shape_elements(&call->x[0].shape), 0, &params,
                        call->x[0].span, call->saved, call->dy.span, call->dx[0].span);
}

const struct bough__op bough__op_gauss_kl = {
    .name = "gauss_kl",
    .inputs_min = 2,
    .inputs_max = 2,
    .flags = BOUGH__OP_BACKWARD_READS_X | BOUGH__OP_ACCUMULATES,
    .no_gradient = 1u << 1,
    .shape = gauss_kl_shape,
    .forward = gauss_kl_forward,
    .backward = gauss_kl_backward,
};

// ---- softmax_kl ----

static struct softmax_kl_params softmax_params(const struct bough__op_call *call, int64_t *rows)
{
    const struct bough_shape *x = &call->x[0].shape;
    const float temperature = call->attr->temperature;
    struct softmax_kl_params params = {.classes = (int)x->dim[1],
                                       .positions = 1,
                                       .temperature = temperature,
                                       .add = call->add_dx[0]};
    for (int i = 2; i < x->rank; i++)
        params.positions *= (int)x->dim[i];
    *rows = x->dim[0] * params.positions;
    params.factor = call->attr->value * temperature / (float)*rows;
    return params;
}

static enum bough_status softmax_kl_shape(struct bough__op_need *need,
                                          const struct bough__op_call *call)
{
    const int fits = call->x[0].shape.rank >= 2 && call->x[0].shape.dim[1] > 0;
    int64_t rows;
    softmax_params(call, &rows);
    need->y = (struct bough_shape){1, {1}};
    need->scratch = (size_t)rows * sizeof(float);
    return want_alike(call, fits, "[N, K, ...]");
}

static enum bough_status softmax_kl_forward(struct bough__sequence *out,
                                            const struct bough__op_call *call)
{
    enum bough_status status;
    int64_t rows;
    const struct softmax_kl_params params = softmax_params(call, &rows);
    BOUGH_TRY(BOUGH_KERNEL(out, &kernel_softmax_fwd, rows,
                           8 * bough_shape_elements(&call->x[0].shape), &params, call->x[0].span,
                           call->x[1].span, call->scratch));
    BOUGH_TRY(
        bough__part_sum(out, call->y.span, call->scratch, rows,
                        call->attr->value * params.temperature * params.temperature / (float)rows));
done:
    return status;
}

static enum bough_status softmax_kl_backward(struct bough__sequence *out,
                                             const struct bough__op_call *call)
{
    int64_t rows;
    const struct softmax_kl_params params = softmax_params(call, &rows);
    if (!call->dx[0].span.buffer)
        return BOUGH_OK;
    return BOUGH_KERNEL(out, &kernel_softmax_bwd, rows, 8 * bough_shape_elements(&call->x[0].shape),
                        &params, call->x[0].span, call->x[1].span, call->dy.span, call->dx[0].span);
}

const struct bough__op bough__op_softmax_kl = {
    .name = "softmax_kl",
    .inputs_min = 2,
    .inputs_max = 2,
    .flags = BOUGH__OP_BACKWARD_READS_X | BOUGH__OP_ACCUMULATES,
    .no_gradient = 1u << 1,
    .shape = softmax_kl_shape,
    .forward = softmax_kl_forward,
    .backward = softmax_kl_backward,
};
