#include "op/padding.h"

#include "base/error.h"
#include "cl/padding_params.h"

#include <string.h>

static void clear_padding(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct padding_params *p = params;
    for (int64_t n = begin; n < end; n++) {
        const int64_t from = row_length(arg[0], n, p->length);
        float *x = (float *)arg[1] + (n * p->length + from) * p->width;
        memset(x, 0, (size_t)((p->length - from) * p->width) * sizeof *x);
    }
}

static const struct bough__kernel kernel_clear_padding = {
    "clear_padding", "padding", clear_padding,
    BOUGH_GRID_ROWS, .args = 2, .params_size = sizeof(struct padding_params)};

int bough__has_lengths(const struct bough__op_call *call, int input)
{
    const struct bough__tensor *last = &call->x[call->inputs - 1];
    return call->inputs > input && last->dtype == BOUGH_I32 && last->shape.rank == 1 &&
           last->shape.dim[0] == call->x[0].shape.dim[0];
}

struct bough__span bough__lengths(const struct bough__op_call *call, int input)
{
    return bough__has_lengths(call, input) ? call->x[call->inputs - 1].span
                                           : (struct bough__span){0};
}

enum bough_status bough__clear_padding(struct bough__sequence *out, struct bough__span x,
                                       const struct bough_shape *shape, struct bough__span lengths)
{
    const struct padding_params params = {(int)shape->dim[1], (int)shape->dim[2]};
    if (!lengths.buffer)
        return BOUGH_OK;
    return BOUGH_KERNEL(out, &kernel_clear_padding, shape->dim[0], bough_shape_elements(shape) / 4,
                        &params, lengths, x);
}
