// Losses -> y [2]: the mean, and the weight that it was averaged over; 0 and 0 where nothing is
// labelled. dy is [1]: the factor of the mean.
//   of classes  scores [N, K, ...], labels I32 [N, ...], class weights [K] or absent. Labels are
//               0..K-1; anything else is none. The mean is over all positions of all samples,
//               weighted by the weight of each label's class.
//   by element  scores [any], targets [same]. A target NaN is none.
// attr.value is the number in a loss's formulas, attr.smoothing label smoothing, in [0, 1].
#include "base/error.h"
#include "op/loss_formula.h"
#include "op/loss_mean.h"

// ---- Of classes ----

BOUGH_IN_TWIN struct class_loss loss_of(const struct class_loss_params *p,
                                        const float *class_weight)
{
    return (struct class_loss){p->kind,      class_weight, p->classes,
                               p->positions, p->smoothing, p->number};
}

BOUGH_TWIN static void class_loss_fwd(void *const *arg, const void *params, int64_t begin,
                                      int64_t end)
{
    const struct class_loss_params *p = params;
    const struct class_loss loss = loss_of(p, arg[2]);
    const float *x = arg[0];
    const int32_t *label = arg[1];
    float *lse = arg[3], *value = arg[4], *weight = value + p->rows;
    rows_log_sum_exp(lse + begin, x + begin * p->classes, end - begin, p->classes);
    for (int64_t row = begin; row < end; row++) {
        value[row] = weight[row] = 0.0f;
        if (!is_labelled(&loss, label[row]))
            continue;
        weight[row] = weight_of(&loss, label[row]);
        value[row] = row_value(&loss, x + row * p->classes, lse[row], label[row]);
    }
}

BOUGH_IN_TWIN void clear(float *dx, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        dx[i] = 0.0f;
}

BOUGH_TWIN static void class_loss_bwd(void *const *arg, const void *params, int64_t begin,
                                      int64_t end)
{
    const struct class_loss_params *p = params;
    const struct class_loss loss = loss_of(p, arg[2]);
    const int32_t *label = arg[1];
    const float *lse = arg[3], *y = arg[4], *dy = arg[5];
    const float soft = p->smoothing / (float)p->classes, all = sum_of_class_weights(&loss);
    for (int64_t row = begin; row < end; row++) {
        const float *x = (const float *)arg[0] + row * p->classes;
        float *dx = (float *)arg[6] + row * p->classes;
        if (!is_labelled(&loss, label[row]) || !(y[1] > 0.0f)) {
            clear(dx, p->classes);
            continue;
        }
        const float factor = dy[0] / y[1];
        row_slopes(dx, &loss, x, lse[row], label[row], factor, factor * soft, all);
    }
}

// ---- Of classes, where a sample has positions: stretches of one sample's ----

enum { STRETCH = 64 };

static int64_t stretch_end(int64_t begin, int64_t end, int64_t positions)
{
    const int64_t of_sample = (begin / positions + 1) * positions;
    const int64_t most = begin + STRETCH < of_sample ? begin + STRETCH : of_sample;
    return most < end ? most : end;
}

// The first class's score at position `at`.
BOUGH_IN_TWIN int64_t place_of(int64_t at, const struct class_loss_params *p)
{
    return at / p->positions * p->positions * p->classes + at % p->positions;
}

BOUGH_IN_TWIN void map_log_sum_exp(float *restrict lse, const float *x, int64_t count,
                                   const struct class_loss_params *p)
{
    float sum[STRETCH] = {0};
    for (int64_t i = 0; i < count; i++)
        lse[i] = -INFINITY;
    for (int64_t c = 0; c < p->classes; c++)
        for (int64_t i = 0; i < count; i++)
            lse[i] = x[c * p->positions + i] > lse[i] ? x[c * p->positions + i] : lse[i];
    for (int64_t c = 0; c < p->classes; c++)
        for (int64_t i = 0; i < count; i++)
            sum[i] += quick_exp(x[c * p->positions + i] - lse[i]);
    for (int64_t i = 0; i < count; i++)
        lse[i] += quick_log(sum[i]);
}

BOUGH_TWIN static void class_map_fwd(void *const *arg, const void *params, int64_t begin,
                                     int64_t end)
{
    const struct class_loss_params *p = params;
    const struct class_loss loss = loss_of(p, arg[2]);
    const int32_t *label = arg[1];
    float *lse = arg[3], *value = arg[4], *weight = value + p->rows;
    for (int64_t at = begin, next; at < end; at = next) {
        next = stretch_end(at, end, p->positions);
        const float *x = (const float *)arg[0] + place_of(at, p);
        map_log_sum_exp(lse + at, x, next - at, p);
        for (int64_t i = at; i < next; i++, x++) {
            const int labelled = is_labelled(&loss, label[i]);
            weight[i] = labelled ? weight_of(&loss, label[i]) : 0.0f;
            value[i] = labelled ? row_value(&loss, x, lse[i], label[i]) : 0.0f;
        }
    }
}

// The gradient at `count` positions of a sample.
BOUGH_IN_TWIN void map_slopes(float *restrict dx, const float *x, const float *lse,
                              const int32_t *label, int64_t count, const struct class_loss *loss,
                              float factor)
{
    const float all = sum_of_class_weights(loss);
    const float share = factor * (1.0f - loss->smoothing);
    const float soft = factor * (loss->smoothing / (float)loss->classes);
    const int64_t apart = loss->positions;
    float hard[STRETCH] = {0};
    for (int64_t i = 0; i < count; i++)
        if (is_labelled(loss, label[i]))
            hard[i] = share * weight_of(loss, label[i]) *
                      class_slope(loss->kind, lse[i] - x[label[i] * apart + i], loss->number);
    for (int64_t c = 0; c < loss->classes; c++)
        for (int64_t i = 0; i < count; i++) {
            const float chance = quick_exp(x[c * apart + i] - lse[i]);
            const float slope = hard[i] * (chance - (label[i] == c ? 1.0f : 0.0f)) +
                                soft * (chance * all - weight_of(loss, c));
            dx[c * apart + i] = label[i] >= 0 && label[i] < loss->classes ? slope : 0.0f;
        }
}

BOUGH_TWIN static void class_map_bwd(void *const *arg, const void *params, int64_t begin,
                                     int64_t end)
{
    const struct class_loss_params *p = params;
    const struct class_loss loss = loss_of(p, arg[2]);
    const float *x = arg[0], *lse = arg[3], *y = arg[4], *dy = arg[5];
    const int32_t *label = arg[1];
    float *dx = arg[6];
    for (int64_t at = begin, next; at < end; at = next) {
        next = stretch_end(at, end, p->positions);
        const int64_t place = place_of(at, p);
        if (y[1] > 0.0f)
            map_slopes(dx + place, x + place, lse + at, label + at, next - at, &loss, dy[0] / y[1]);
        for (int64_t c = 0; c < p->classes && !(y[1] > 0.0f); c++)
            clear(dx + place + c * p->positions, next - at);
    }
}

// ---- The op of classes ----

// Of one position a sample, and of more.
static const struct bough__kernel kernel_class_fwd[] = {
    {"class_loss_fwd", "loss", class_loss_fwd, BOUGH_GRID_ROWS, .args = 5,
     .params_size = sizeof(struct class_loss_params)},
    {"class_map_fwd", "loss", class_map_fwd, BOUGH_GRID_ITEMS, .args = 5,
     .params_size = sizeof(struct class_loss_params)},
};
static const struct bough__kernel kernel_class_bwd[] = {
    {"class_loss_bwd", "loss", class_loss_bwd, BOUGH_GRID_ROWS, .args = 7,
     .params_size = sizeof(struct class_loss_params)},
    {"class_map_bwd", "loss", class_map_bwd, BOUGH_GRID_ITEMS, .args = 7,
     .params_size = sizeof(struct class_loss_params)},
};

// [N, ...] of scores [N, K, ...].
static int labels_fit(const struct bough_shape *x, const struct bough_shape *label)
{
    int fit = x->rank >= 2 && label->rank == x->rank - 1 && label->dim[0] == x->dim[0];
    for (int32_t i = 1; fit && i < label->rank; i++)
        fit = label->dim[i] == x->dim[i + 1];
    return fit;
}

static enum bough_status check_inputs(const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape, *label = &call->x[1].shape;
    const struct bough_shape *weight = &call->x[2].shape;
    char text[2][128];
    if (!labels_fit(x, label))
        return bough__fail(BOUGH_INVALID,
                           "scores %s and labels %s, wanted [N, K, ...] and [N, ...]",
                           bough_shape_format(x, text[0], sizeof text[0]),
                           bough_shape_format(label, text[1], sizeof text[1]));
    if (call->x[1].dtype != BOUGH_I32)
        return bough__fail(BOUGH_INVALID, "labels of type %s, wanted I32",
                           bough_dtype_name(call->x[1].dtype));
    if (call->inputs > 2 && (weight->rank != 1 || weight->dim[0] != x->dim[1]))
        return bough__fail(BOUGH_INVALID,
                           "scores %s and class weights %s, wanted [N, K, ...] and [K]",
                           bough_shape_format(x, text[0], sizeof text[0]),
                           bough_shape_format(weight, text[1], sizeof text[1]));
    return BOUGH_OK;
}

static enum bough_status class_shape(struct bough__op_need *need, const struct bough__op_call *call)
{
    const size_t rows = (size_t)bough_shape_elements(&call->x[1].shape);
    const float smoothing = call->attr->smoothing;
    if (!(smoothing >= 0.0f && smoothing <= 1.0f))
        return bough__fail(BOUGH_INVALID, "label smoothing %g, wanted 0 to 1", (double)smoothing);
    need->y = (struct bough_shape){1, {2}};
    need->saved = rows * sizeof(float);
    need->scratch = 2 * rows * sizeof(float);
    return check_inputs(call);
}

static struct class_loss_params class_params(const struct bough__op_call *call, enum loss_kind kind)
{
    const struct bough_shape *x = &call->x[0].shape;
    struct class_loss_params params = {.kind = kind,
                                       .classes = (int)x->dim[1],
                                       .positions = 1,
                                       .smoothing = call->attr->smoothing,
                                       .number = call->attr->value};
    for (int32_t i = 2; i < x->rank; i++)
        params.positions *= (int)x->dim[i];
    params.rows = (int)x->dim[0] * params.positions;
    return params;
}

static enum bough_status class_forward(struct bough__sequence *out,
                                       const struct bough__op_call *call, enum loss_kind kind)
{
    const struct class_loss_params params = class_params(call, kind);
    enum bough_status status;
    BOUGH_TRY(BOUGH_KERNEL(out, &kernel_class_fwd[params.positions > 1], params.rows,
                           bough_shape_elements(&call->x[0].shape), &params, call->x[0].span,
                           call->x[1].span, call->x[2].span, call->saved, call->scratch));
    BOUGH_TRY(bough__loss_mean(out, call->y.span, call->scratch, params.rows));
done:
    return status;
}

static enum bough_status class_backward(struct bough__sequence *out,
                                        const struct bough__op_call *call, enum loss_kind kind)
{
    const struct class_loss_params params = class_params(call, kind);
    if (!call->dx[0].span.buffer)
        return BOUGH_OK;
    return BOUGH_KERNEL(out, &kernel_class_bwd[params.positions > 1], params.rows,
                        bough_shape_elements(&call->x[0].shape), &params, call->x[0].span,
                        call->x[1].span, call->x[2].span, call->saved, call->y.span, call->dy.span,
                        call->dx[0].span);
}

// ---- By element ----

// Inlined, so that each loss gets a loop of its own.
BOUGH_IN_TWIN void sum_chunks(void *const *arg, const struct value_loss_params *p, int64_t begin,
                              int64_t end, value_formula *value)
{
    float *part = arg[2];
    for (int64_t chunk = begin; chunk < end; chunk++) {
        const int64_t first = chunk * LOSS_CHUNK;
        const int64_t last = first + LOSS_CHUNK < p->elements ? first + LOSS_CHUNK : p->elements;
        const struct value_sum sum = sum_values(arg[0], arg[1], first, last, p->number, value);
        part[chunk] = sum.sum;
        part[p->chunks + chunk] = sum.weight;
    }
}

#define VALUE_KERNELS(loss, target, metric, help, options)                                         \
    BOUGH_TWIN static void loss##_fwd(void *const *arg, const void *params, int64_t begin,         \
                                      int64_t end)                                                 \
    {                                                                                              \
        sum_chunks(arg, params, begin, end, loss##_value);                                         \
    }                                                                                              \
    BOUGH_TWIN static void loss##_bwd(void *const *arg, const void *params, int64_t begin,         \
                                      int64_t end)                                                 \
    {                                                                                              \
        const float *y = arg[2], *dy = arg[3];                                                     \
        value_slopes(arg[4], arg[0], arg[1], begin, end, dy[0] / y[1],                             \
                     ((const struct value_loss_params *)params)->number, loss##_slope);            \
    }
BOUGH_VALUE_LOSSES(VALUE_KERNELS)

#define VALUE_ROWS(loss, target, metric, help, options)                                            \
    static const struct bough__kernel kernel_##loss##_fwd = {                                      \
        #loss "_fwd",    "loss",    loss##_fwd,                                                    \
        BOUGH_GRID_ROWS, .args = 3, .params_size = sizeof(struct value_loss_params)};              \
    static const struct bough__kernel kernel_##loss##_bwd = {                                      \
        #loss "_bwd",     "loss",    loss##_bwd,                                                   \
        BOUGH_GRID_ITEMS, .args = 5, .params_size = sizeof(struct value_loss_params)};
BOUGH_VALUE_LOSSES(VALUE_ROWS)

// By enum loss_kind.
static const struct bough__kernel *const value_fwd[] = {
#define VALUE_FWD(loss, target, metric, help, options) [LOSS_##loss] = &kernel_##loss##_fwd,
    BOUGH_VALUE_LOSSES(VALUE_FWD)};
static const struct bough__kernel *const value_bwd[] = {
#define VALUE_BWD(loss, target, metric, help, options) [LOSS_##loss] = &kernel_##loss##_bwd,
    BOUGH_VALUE_LOSSES(VALUE_BWD)};

static struct value_loss_params value_params(const struct bough__op_call *call)
{
    const int64_t elements = bough_shape_elements(&call->x[0].shape);
    return (struct value_loss_params){.elements = (int)elements,
                                      .chunks = (int)((elements + LOSS_CHUNK - 1) / LOSS_CHUNK),
                                      .number = call->attr->value};
}

static enum bough_status value_shape(struct bough__op_need *need, const struct bough__op_call *call)
{
    char text[2][128];
    if (!bough_shape_equal(&call->x[0].shape, &call->x[1].shape))
        return bough__fail(BOUGH_INVALID, "scores %s and targets %s, wanted of one shape",
                           bough_shape_format(&call->x[0].shape, text[0], sizeof text[0]),
                           bough_shape_format(&call->x[1].shape, text[1], sizeof text[1]));
    if (call->x[1].dtype != BOUGH_F32)
        return bough__fail(BOUGH_INVALID, "targets of type %s, wanted F32",
                           bough_dtype_name(call->x[1].dtype));
    need->y = (struct bough_shape){1, {2}};
    need->scratch = 2 * (size_t)value_params(call).chunks * sizeof(float);
    return BOUGH_OK;
}

static enum bough_status value_forward(struct bough__sequence *out,
                                       const struct bough__op_call *call, enum loss_kind kind)
{
    const struct value_loss_params params = value_params(call);
    enum bough_status status;
    BOUGH_TRY(BOUGH_KERNEL(out, value_fwd[kind], params.chunks, params.elements, &params,
                           call->x[0].span, call->x[1].span, call->scratch));
    BOUGH_TRY(bough__loss_mean(out, call->y.span, call->scratch, params.chunks));
done:
    return status;
}

static enum bough_status value_backward(struct bough__sequence *out,
                                        const struct bough__op_call *call, enum loss_kind kind)
{
    const struct value_loss_params params = value_params(call);
    if (!call->dx[0].span.buffer)
        return BOUGH_OK;
    return BOUGH_KERNEL(out, value_bwd[kind], params.elements, 0, &params, call->x[0].span,
                        call->x[1].span, call->y.span, call->dy.span, call->dx[0].span);
}

// ---- The row of each ----

#define LOSS_ROW(loss, family, inputs)                                                             \
    static enum bough_status loss##_forward(struct bough__sequence *out,                           \
                                            const struct bough__op_call *call)                     \
    {                                                                                              \
        return family##_forward(out, call, LOSS_##loss);                                           \
    }                                                                                              \
    static enum bough_status loss##_backward(struct bough__sequence *out,                          \
                                             const struct bough__op_call *call)                    \
    {                                                                                              \
        return family##_backward(out, call, LOSS_##loss);                                          \
    }                                                                                              \
    const struct bough__op bough__op_##loss = {                                                    \
        .name = #loss,                                                                             \
        .inputs_min = 2,                                                                           \
        .inputs_max = inputs,                                                                      \
        .flags = BOUGH__OP_BACKWARD_READS_X | BOUGH__OP_BACKWARD_READS_Y,                          \
        .no_gradient = 1u << 1 | 1u << 2,                                                          \
        .shape = family##_shape,                                                                   \
        .forward = loss##_forward,                                                                 \
        .backward = loss##_backward,                                                               \
    };
#define CLASS_ROW(loss, target, metric, help, options) LOSS_ROW(loss, class, 3)
#define VALUE_ROW(loss, target, metric, help, options) LOSS_ROW(loss, value, 2)
BOUGH_CLASS_LOSSES(CLASS_ROW)
BOUGH_VALUE_LOSSES(VALUE_ROW)
