#include "bench/op_call.h"

#include "base/error.h"
#include "bench/numbers.h"
#include "cl/step.h"

#include <stdlib.h>

static enum bough_status add_buffer(struct bough__span *span, struct bough__call *call,
                                    struct bough_device *device, size_t bytes)
{
    struct bough__buffer **buffer = &call->buffer[call->buffers];
    enum bough_status status = bough__buffer_create(buffer, device, bytes);
    if (status != BOUGH_OK)
        return status;
    call->buffers++;
    *span = bough__whole(*buffer);
    return bough__fill_zero(*span, bytes);
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

static enum bough_status make_inputs(struct bough__call *made, struct bough_device *device,
                                     const struct bough__call_setup *setup)
{
    enum bough_status status = BOUGH_OK;
    struct bough__op_call *call = &made->call;
    call->inputs = setup->inputs;
    for (int i = 0; i < setup->inputs; i++) {
        struct bough__tensor *x = &call->x[i];
        if (setup->x[i].rank == 0)
            continue;
        x->shape = setup->x[i];
        x->dtype = setup->integers >> i & 1 ? BOUGH_I32 : BOUGH_F32;
        BOUGH_TRY(add_buffer(&x->span, made, device, bytes_of(x)));
        BOUGH_TRY(fill(x, i, setup->x[0].rank > 1 ? setup->x[0].dim[1] : 1));
    }
done:
    return status;
}

static enum bough_status make_gradients(struct bough__call *made, struct bough_device *device,
                                        const struct bough__call_setup *setup)
{
    enum bough_status status;
    struct bough__op_call *call = &made->call;
    call->dy.shape = call->y.shape;
    BOUGH_TRY(add_buffer(&call->dy.span, made, device, bytes_of(&call->dy)));
    BOUGH_TRY(fill(&call->dy, 0, 1));
    for (int i = 0; i < setup->inputs; i++) {
        if (((setup->no_dx | setup->op->no_gradient) >> i & 1) || !call->x[i].span.buffer)
            continue;
        call->dx[i].shape = call->x[i].shape;
        BOUGH_TRY(add_buffer(&call->dx[i].span, made, device, bytes_of(&call->dx[i])));
    }
done:
    return status;
}

enum bough_status bough__call_init(struct bough__call *made, struct bough_device *device,
                                   const struct bough__call_setup *setup)
{
    enum bough_status status;
    struct bough__op_call *call = &made->call;
    *made = (struct bough__call){.attr = setup->attr};
    made->forward.device = made->backward.device = device;
    call->attr = &made->attr;
    BOUGH_TRY(make_inputs(made, device, setup));
    BOUGH_TRY(bough__op_shape(&made->need, setup->op, call));
    call->y = (struct bough__tensor){.shape = made->need.y, .dtype = made->need.y_dtype};
    BOUGH_TRY(add_buffer(&call->y.span, made, device, bytes_of(&call->y)));
    if (made->need.saved)
        BOUGH_TRY(add_buffer(&call->saved, made, device, made->need.saved));
    if (made->need.scratch)
        BOUGH_TRY(add_buffer(&call->scratch, made, device, made->need.scratch));
    BOUGH_TRY(add_buffer(&call->step, made, device, sizeof(struct step_state)));
    BOUGH_TRY(make_gradients(made, device, setup));
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
