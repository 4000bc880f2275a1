#include "op/op.h"

#include "base/error.h"

#include <string.h>

static const struct bough__op *const ops[] = {
#define BOUGH_OP(name) &bough__op_##name,
#include "op/op_list.h"
#undef BOUGH_OP
};

const struct bough__op *const *bough__op_all(size_t *count)
{
    *count = sizeof ops / sizeof *ops;
    return ops;
}

const struct bough__op *bough__op_find(const char *name)
{
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (strcmp(ops[i]->name, name) == 0)
            return ops[i];
    return NULL;
}

// Kernels count elements in 32 bits.
static int too_large(const struct bough_shape *shape)
{
    int64_t elements = 1;
    for (int i = 0; i < shape->rank; i++)
        if (shape->dim[i] < 0 || __builtin_mul_overflow(elements, shape->dim[i], &elements) ||
            elements > INT32_MAX)
            return 1;
    return 0;
}

static enum bough_status check_shape(const char *what, const struct bough_shape *shape)
{
    char text[128];
    if (shape->rank < 0 || shape->rank > BOUGH_MAX_RANK)
        return bough__fail(BOUGH_INVALID, "%s of rank %d, wanted 0..%d", what, shape->rank,
                           BOUGH_MAX_RANK);
    if (too_large(shape))
        return bough__fail(BOUGH_INVALID, "%s %s, wanted at most %d elements", what,
                           bough_shape_format(shape, text, sizeof text), INT32_MAX);
    return BOUGH_OK;
}

enum bough_status bough__op_shape(struct bough__op_need *need, const struct bough__op *op,
                                  const struct bough__op_call *call)
{
    enum bough_status status = BOUGH_OK;
    *need = (struct bough__op_need){.y_dtype = BOUGH_F32};
    if (call->inputs < op->inputs_min || call->inputs > op->inputs_max)
        return bough__fail(BOUGH_INVALID, "%s: %d inputs, wanted %d to %d", op->name, call->inputs,
                           op->inputs_min, op->inputs_max);
    for (int i = 0; i < call->inputs; i++)
        BOUGH_TRY(check_shape("input", &call->x[i].shape));
    BOUGH_TRY(op->shape(need, call));
    BOUGH_TRY(check_shape("output", &need->y));
done:
    return status == BOUGH_OK ? status : bough__fail_in(status, "%s", op->name);
}

// ---- Writing a pass ----

static void tell_bytes(struct bough__tensor *tensor)
{
    tensor->span.bytes =
        (size_t)bough_shape_elements(&tensor->shape) * bough_dtype_size(tensor->dtype);
}

// The same call, in which every span tells how much lies there.
static struct bough__op_call with_bytes(const struct bough__op_call *call,
                                        const struct bough__op_need *need)
{
    struct bough__op_call told = *call;
    tell_bytes(&told.y);
    tell_bytes(&told.dy);
    for (int i = 0; i < call->inputs; i++) {
        tell_bytes(&told.x[i]);
        tell_bytes(&told.dx[i]);
    }
    told.saved.bytes = need->saved;
    told.scratch.bytes = need->scratch;
    return told;
}

enum bough_status bough__op_write(struct bough__sequence *out, const struct bough__op *op,
                                  enum bough__op_pass pass, const struct bough__op_call *call,
                                  const struct bough__op_need *need)
{
    const int forward = pass == BOUGH_FORWARD;
    const int64_t outer_stack = out->stack; // of the op that this one is a part of
    const struct bough__op_call told = with_bytes(call, need);
    out->label.op = op->name;
    if (forward || call->stack)
        out->stack = forward ? 0 : call->stack;
    enum bough_status status = forward ? op->forward(out, &told) : op->backward(out, &told);
    out->stack = outer_stack;
    if (status != BOUGH_OK)
        return bough__fail_in(status, "%s%s", forward ? "" : "gradient of ", op->name);
    return BOUGH_OK;
}
