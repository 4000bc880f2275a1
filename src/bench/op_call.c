#include "bench/op_call.h"

#include "base/error.h"
#include "bench/numbers.h"
#include "cl/step.h"

#include <stdlib.h>

// What is to be made: told as a whole before any of it is.
struct wanted {
    struct bough__span *span[BOUGH_CALL_BUFFERS];
    size_t bytes[BOUGH_CALL_BUFFERS];
    size_t count;
};

static void want(struct wanted *wanted, struct bough__span *span, size_t bytes)
{
    wanted->span[wanted->count] = span;
    wanted->bytes[wanted->count++] = bytes;
}

static size_t bytes_of(const struct bough__tensor *x)
{
    return (size_t)bough_shape_elements(&x->shape) * bough_dtype_size(x->dtype);
}

// The first input around 0, the others above it (a variance among them), classes below `classes`.
static enum bough_status fill(const struct bough__tensor *x, int index, int64_t classes)
{
    size_t count = (size_t)bough_shape_elements(&x->shape);
    float *value = malloc(count * sizeof *value + 1);
    int32_t *label = (int32_t *)value;
    const int integers = x->dtype == BOUGH_I32;
    const float least = index || integers ? 0.0f : -0.5f;
    if (!value)
        return bough__no_memory();
    bough__numbers_fill(value, count, 1, least, integers ? (float)classes : least + 1);
    for (size_t i = 0; integers && i < count; i++)
        label[i] = (int32_t)value[i];
    enum bough_status status = bough__write(x->span, value, bytes_of(x));
    free(value);
    return status;
}

static void describe_inputs(struct bough__op_call *call, const struct bough__call_setup *setup)
{
    call->inputs = setup->inputs;
    for (int i = 0; i < setup->inputs; i++) {
        call->x[i].shape = setup->x[i];
        call->x[i].dtype = setup->integers >> i & 1 ? BOUGH_I32 : BOUGH_F32;
    }
}

static void want_all(struct wanted *wanted, struct bough__call *made,
                     const struct bough__call_setup *setup)
{
    struct bough__op_call *call = &made->call;
    const unsigned no_dx = setup->no_dx | setup->op->no_gradient;
    want(wanted, &call->y.span, bytes_of(&call->y));
    want(wanted, &call->dy.span, bytes_of(&call->dy));
    want(wanted, &call->step, sizeof(struct step_state));
    if (made->need.saved)
        want(wanted, &call->saved, made->need.saved);
    if (made->need.scratch)
        want(wanted, &call->scratch, made->need.scratch);
    for (int i = 0; i < setup->inputs; i++) {
        if (setup->x[i].rank == 0)
            continue;
        want(wanted, &call->x[i].span, bytes_of(&call->x[i]));
        if (no_dx >> i & 1)
            continue;
        call->dx[i].shape = call->x[i].shape;
        want(wanted, &call->dx[i].span, bytes_of(&call->dx[i]));
    }
}

static enum bough_status make_buffers(struct bough__call *made, struct bough_device *device,
                                      const struct wanted *wanted)
{
    enum bough_status status;
    BOUGH_TRY(bough__buffers_check(device, wanted->bytes, wanted->count));
    for (size_t i = 0; i < wanted->count; i++) {
        struct bough__buffer **buffer = &made->buffer[made->buffers];
        BOUGH_TRY(bough__buffer_create(buffer, device, wanted->bytes[i]));
        made->buffers++;
        *wanted->span[i] = bough__whole(*buffer);
        BOUGH_TRY(bough__fill_zero(*wanted->span[i], wanted->bytes[i]));
    }
done:
    return status;
}

enum bough_status bough__call_init(struct bough__call *made, struct bough_device *device,
                                   const struct bough__call_setup *setup)
{
    enum bough_status status;
    struct bough__op_call *call = &made->call;
    struct wanted wanted = {.count = 0};
    *made = (struct bough__call){.attr = setup->attr};
    made->forward.device = made->backward.device = device;
    call->attr = &made->attr;
    describe_inputs(call, setup);
    BOUGH_TRY(bough__op_shape(&made->need, setup->op, call));
    if (setup->op->flags & BOUGH__OP_WINDOWS)
        BOUGH_TRY(bough__selftest_once(device, BOUGH_SELFTEST_WINDOWS));
    call->y = (struct bough__tensor){.shape = made->need.y, .dtype = made->need.y_dtype};
    call->dy.shape = call->y.shape;
    want_all(&wanted, made, setup);
    BOUGH_TRY(make_buffers(made, device, &wanted));
    for (int i = 0; i < setup->inputs; i++)
        if (call->x[i].span.buffer)
            BOUGH_TRY(fill(&call->x[i], i, setup->x[0].rank > 1 ? setup->x[0].dim[1] : 1));
    BOUGH_TRY(fill(&call->dy, 0, 1));
    BOUGH_TRY(bough__op_write(&made->forward, setup->op, BOUGH_FORWARD, call, &made->need));
    BOUGH_TRY(bough__op_write(&made->backward, setup->op, BOUGH_BACKWARD, call, &made->need));
done:
    return status;
}

void bough__call_fini(struct bough__call *call)
{
    bough__sequence_fini(&call->forward);
    bough__sequence_fini(&call->backward);
    for (int i = 0; i < call->buffers; i++)
        bough__buffer_destroy(&call->buffer[i]);
    *call = (struct bough__call){0};
}
