// Element-wise activations: x [any] -> y [same]; cl/activation.h has their formulas.
// leaky_relu reads attr.value: its slope below 0.
#include "op/activation.h"

#include "base/error.h"

static enum bough_status same_shape(struct bough__op_need *need, const struct bough__op_call *call)
{
    need->y = call->x[0].shape;
    return BOUGH_OK;
}

static enum bough_status leaky_relu_shape(struct bough__op_need *need,
                                          const struct bough__op_call *call)
{
    if (!(call->attr->value >= 0.0f && isfinite(call->attr->value)))
        return bough__fail(BOUGH_INVALID, "slope %g, wanted at least 0", (double)call->attr->value);
    return same_shape(need, call);
}

BOUGH_TWIN static void activation_fwd(void *const *arg, const void *params, int64_t begin,
                                      int64_t end)
{
    activate(arg[1], arg[0], begin, end, *(const struct activation *)params);
}

BOUGH_TWIN static void activation_bwd(void *const *arg, const void *params, int64_t begin,
                                      int64_t end)
{
    activation_back(arg[2], arg[1], arg[0], begin, end, *(const struct activation *)params);
}

static const struct bough__kernel kernel_fwd = {
    "activation_fwd", "activation", activation_fwd,
    BOUGH_GRID_ITEMS, .args = 2,    .params_size = sizeof(struct activation)};
static const struct bough__kernel kernel_bwd = {
    "activation_bwd", "activation", activation_bwd,
    BOUGH_GRID_ITEMS, .args = 3,    .params_size = sizeof(struct activation)};

static enum bough_status forward(struct bough__sequence *out, const struct bough__op_call *call,
                                 enum bough__activation kind)
{
    const struct activation params = {(int)kind, call->attr->value};
    return BOUGH_KERNEL(out, &kernel_fwd, bough_shape_elements(&call->x[0].shape), 0, &params,
                        call->x[0].span, call->y.span);
}

static enum bough_status backward(struct bough__sequence *out, const struct bough__op_call *call,
                                  enum bough__activation kind)
{
    if (!call->dx[0].span.buffer)
        return BOUGH_OK;
    const struct activation params = {(int)kind, call->attr->value};
    return BOUGH_KERNEL(out, &kernel_bwd, bough_shape_elements(&call->x[0].shape), 0, &params,
                        kind == BOUGH_GELU ? call->x[0].span : call->y.span, call->dy.span,
                        call->dx[0].span);
}

#define ACTIVATION(name_, kind_, shape_, flags_)                                                   \
    static enum bough_status name_##_forward(struct bough__sequence *out,                          \
                                             const struct bough__op_call *call)                    \
    {                                                                                              \
        return forward(out, call, kind_);                                                          \
    }                                                                                              \
    static enum bough_status name_##_backward(struct bough__sequence *out,                         \
                                              const struct bough__op_call *call)                   \
    {                                                                                              \
        return backward(out, call, kind_);                                                         \
    }                                                                                              \
    const struct bough__op bough__op_##name_ = {                                                   \
        .name = #name_,                                                                            \
        .inputs_min = 1,                                                                           \
        .inputs_max = 1,                                                                           \
        .flags = (flags_),                                                                         \
        .activation = (kind_),                                                                     \
        .shape = (shape_),                                                                         \
        .forward = name_##_forward,                                                                \
        .backward = name_##_backward,                                                              \
    }

ACTIVATION(relu, BOUGH_RELU, same_shape, BOUGH__OP_BACKWARD_READS_Y | BOUGH__OP_IN_PLACE);
ACTIVATION(leaky_relu, BOUGH_LEAKY_RELU, leaky_relu_shape,
           BOUGH__OP_BACKWARD_READS_Y | BOUGH__OP_IN_PLACE);
ACTIVATION(sigmoid, BOUGH_SIGMOID, same_shape, BOUGH__OP_BACKWARD_READS_Y | BOUGH__OP_IN_PLACE);
ACTIVATION(tanh, BOUGH_TANH, same_shape, BOUGH__OP_BACKWARD_READS_Y | BOUGH__OP_IN_PLACE);
ACTIVATION(gelu, BOUGH_GELU, same_shape, BOUGH__OP_BACKWARD_READS_X);
