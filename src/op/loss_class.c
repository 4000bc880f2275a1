// cross_entropy: scores [N, K], labels I32 [N], class weights [K] or absent -> y [2]
//   labels  0..K-1; anything else is no label, and the row adds nothing
//   value   label smoothing, in [0, 1]
// The mean is weighted by the weight of each row's class. The smoothing weighs class c's part by
// class weight c and is divided by the same sum as the rest, as PyTorch has it.
#include "base/error.h"
#include "op/lanes.h"
#include "op/loss_mean.h"

// ---- Kernels ----

BOUGH_IN_TWIN float weight_of(const float *class_weight, int64_t c)
{
    return class_weight ? class_weight[c] : 1.0f;
}

BOUGH_TWIN static void cross_entropy_fwd(void *const *arg, const void *params, int64_t begin,
                                         int64_t end)
{
    const struct cross_entropy_params *p = params;
    const int32_t *label = arg[1];
    const float *class_weight = arg[2];
    float *lse = arg[3], *value = arg[4], *weight = value + p->rows;
    rows_log_sum_exp(lse + begin, (const float *)arg[0] + begin * p->classes, end - begin,
                     p->classes);
    for (int64_t row = begin; row < end; row++) {
        const float *x = (const float *)arg[0] + row * p->classes;
        float smooth = 0.0f;
        value[row] = weight[row] = 0.0f;
        if (label[row] < 0 || label[row] >= p->classes)
            continue;
        for (int64_t c = 0; c < p->classes && p->smoothing > 0.0f; c++)
            smooth += weight_of(class_weight, c) * (lse[row] - x[c]);
        weight[row] = weight_of(class_weight, label[row]);
        value[row] = (1.0f - p->smoothing) * weight[row] * (lse[row] - x[label[row]]) +
                     p->smoothing / (float)p->classes * smooth;
    }
}

BOUGH_IN_TWIN void clear(float *dx, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        dx[i] = 0.0f;
}

BOUGH_TWIN static void cross_entropy_bwd(void *const *arg, const void *params, int64_t begin,
                                         int64_t end)
{
    const struct cross_entropy_params *p = params;
    const int32_t *label = arg[1];
    const float *class_weight = arg[2], *lse = arg[3], *y = arg[4], *dy = arg[5];
    const float soft = p->smoothing / (float)p->classes;
    float all = 0.0f;
    for (int64_t c = 0; c < p->classes; c++)
        all += weight_of(class_weight, c);
    for (int64_t row = begin; row < end; row++) {
        const float *x = (const float *)arg[0] + row * p->classes;
        float *dx = (float *)arg[6] + row * p->classes;
        if (label[row] < 0 || label[row] >= p->classes || !(y[1] > 0.0f)) {
            clear(dx, p->classes);
            continue;
        }
        const float factor = dy[0] / y[1];
        const float hard = (1.0f - p->smoothing) * weight_of(class_weight, label[row]);
        row_exp(dx, x, lse[row], factor * hard, p->classes);
        dx[label[row]] = factor * hard * (quick_exp(x[label[row]] - lse[row]) - 1.0f);
        for (int64_t c = 0; c < p->classes && soft > 0.0f; c++)
            dx[c] +=
                factor * soft * (all * quick_exp(x[c] - lse[row]) - weight_of(class_weight, c));
    }
}

static const struct bough__kernel kernel_fwd = {
    "cross_entropy_fwd", "loss",    cross_entropy_fwd,
    BOUGH_GRID_ROWS,     .args = 5, .params_size = sizeof(struct cross_entropy_params)};
static const struct bough__kernel kernel_bwd = {
    "cross_entropy_bwd", "loss",    cross_entropy_bwd,
    BOUGH_GRID_ROWS,     .args = 7, .params_size = sizeof(struct cross_entropy_params)};

// ---- The op ----

static enum bough_status check_inputs(const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape, *label = &call->x[1].shape;
    const struct bough_shape *weight = &call->x[2].shape;
    char text[2][128];
    if (x->rank != 2 || label->rank != 1 || x->dim[0] != label->dim[0])
        return bough__fail(BOUGH_INVALID, "scores %s and labels %s, wanted [N, K] and [N]",
                           bough_shape_format(x, text[0], sizeof text[0]),
                           bough_shape_format(label, text[1], sizeof text[1]));
    if (call->x[1].dtype != BOUGH_I32)
        return bough__fail(BOUGH_INVALID, "labels of type %s, wanted I32",
                           bough_dtype_name(call->x[1].dtype));
    if (call->inputs > 2 && (weight->rank != 1 || weight->dim[0] != x->dim[1]))
        return bough__fail(BOUGH_INVALID, "scores %s and class weights %s, wanted [N, K] and [K]",
                           bough_shape_format(x, text[0], sizeof text[0]),
                           bough_shape_format(weight, text[1], sizeof text[1]));
    return BOUGH_OK;
}

static enum bough_status cross_entropy_shape(struct bough__op_need *need,
                                             const struct bough__op_call *call)
{
    const size_t rows = (size_t)call->x[0].shape.dim[0];
    const float smoothing = call->attr->value;
    if (!(smoothing >= 0.0f && smoothing <= 1.0f))
        return bough__fail(BOUGH_INVALID, "label smoothing %g, wanted 0 to 1", (double)smoothing);
    need->y = (struct bough_shape){1, {2}};
    need->saved = rows * sizeof(float);
    need->scratch = 2 * rows * sizeof(float);
    return check_inputs(call);
}

static struct cross_entropy_params params_of(const struct bough__op_call *call)
{
    return (struct cross_entropy_params){.rows = (int)call->x[0].shape.dim[0],
                                         .classes = (int)call->x[0].shape.dim[1],
                                         .smoothing = call->attr->value};
}

static enum bough_status cross_entropy_forward(struct bough__sequence *out,
                                               const struct bough__op_call *call)
{
    const struct cross_entropy_params params = params_of(call);
    enum bough_status status;
    BOUGH_TRY(BOUGH_KERNEL(out, &kernel_fwd, params.rows, bough_shape_elements(&call->x[0].shape),
                           &params, call->x[0].span, call->x[1].span, call->x[2].span, call->saved,
                           call->scratch));
    BOUGH_TRY(bough__loss_mean(out, params.rows, call->scratch, call->y.span));
done:
    return status;
}

static enum bough_status cross_entropy_backward(struct bough__sequence *out,
                                                const struct bough__op_call *call)
{
    const struct cross_entropy_params params = params_of(call);
    if (!call->dx[0].span.buffer)
        return BOUGH_OK;
    return BOUGH_KERNEL(out, &kernel_bwd, params.rows, bough_shape_elements(&call->x[0].shape),
                        &params, call->x[0].span, call->x[1].span, call->x[2].span, call->saved,
                        call->y.span, call->dy.span, call->dx[0].span);
}

const struct bough__op bough__op_cross_entropy = {
    .name = "cross_entropy",
    .inputs_min = 2,
    .inputs_max = 3,
    .flags = BOUGH__OP_BACKWARD_READS_X | BOUGH__OP_BACKWARD_READS_Y,
    .no_gradient = 1u << 1 | 1u << 2,
    .shape = cross_entropy_shape,
    .forward = cross_entropy_forward,
    .backward = cross_entropy_backward,
};
