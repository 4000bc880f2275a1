// embedding: x I32 [N...], weight [V, D] -> y [N..., D], the rows that the ids name.
// one_hot: x I32 [N...] -> y [N..., vocabulary].
// With attr.padding_id id 0 gives zeros, and no gradient; an id that is not of 0..V-1 is 1.
#include "op/embedding.h"

#include "base/error.h"

#include <string.h>

// ---- Kernels ----

BOUGH_IN_TWIN int id_at(const void *x, int64_t row, const struct embedding_params *p)
{
    const int64_t at = row * p->x_step + p->x_at;
    return p->numbers ? embedding_id_of(((const float *)x)[at], p->vocabulary)
                      : embedding_id(((const int32_t *)x)[at], p->vocabulary);
}

BOUGH_TWIN static void embedding_fwd(void *const *arg, const void *params, int64_t begin,
                                     int64_t end)
{
    const struct embedding_params *p = params;
    const int64_t width = p->width;
    int64_t row = begin / width, at = begin % width;
    for (int64_t i = begin, length; i < end; i += length, row++, at = 0) {
        const int id = id_at(arg[0], row, p);
        const float *restrict from = (const float *)arg[1] + id * width + at;
        float *restrict y = (float *)arg[2] + row * p->y_step + p->y_at + at;
        length = width - at < end - i ? width - at : end - i;
        if (p->padding && id == 0)
            memset(y, 0, (size_t)length * sizeof *y);
        else
            for (int64_t j = 0; j < length; j++)
                y[j] = from[j];
    }
}

// A row of the launch writes rows of the weight that no other one does: it looks at all ids, in
// order.
BOUGH_TWIN static void embedding_bwd(void *const *arg, const void *params, int64_t begin,
                                     int64_t end)
{
    const struct embedding_params *p = params;
    float *dweight = arg[2];
    const int64_t first = begin * p->share;
    const int64_t last = end * p->share < p->vocabulary ? end * p->share : p->vocabulary;
    if (!p->add)
        memset(dweight + first * p->width, 0, (size_t)((last - first) * p->width) * sizeof(float));
    for (int64_t n = 0; n < p->rows; n++) {
        const int id = id_at(arg[0], n, p);
        if (id < first || id >= last || (p->padding && id == 0))
            continue;
        const float *restrict dy = (const float *)arg[1] + n * p->y_step + p->y_at;
        float *restrict to = dweight + (int64_t)id * p->width;
        for (int64_t c = 0; c < p->width; c++)
            to[c] += dy[c];
    }
}

BOUGH_TWIN static void one_hot_fwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct embedding_params *p = params;
    float *y = arg[1];
    for (int64_t i = begin, length; i < end; i += length) {
        const int64_t row = i / p->width, at = i - row * p->width;
        const int id = id_at(arg[0], row, p);
        length = p->width - at < end - i ? p->width - at : end - i;
        for (int64_t j = 0; j < length; j++)
            y[i + j] = id == at + j && !(p->padding && id == 0) ? 1.0f : 0.0f;
    }
}

static const struct bough__kernel kernel_fwd = {
    "embedding_fwd",  "embedding", embedding_fwd,
    BOUGH_GRID_ITEMS, .args = 3,   .params_size = sizeof(struct embedding_params)};
static const struct bough__kernel kernel_bwd = {
    "embedding_bwd", "embedding", embedding_bwd,
    BOUGH_GRID_ROWS, .args = 3,   .params_size = sizeof(struct embedding_params)};
static const struct bough__kernel kernel_one_hot = {
    "one_hot_fwd",    "embedding", one_hot_fwd,
    BOUGH_GRID_ITEMS, .args = 2,   .params_size = sizeof(struct embedding_params)};

// Each row of the launch has at least so many floats, and there are at most so many rows, as each
// looks at all ids.
enum { SHARE = 2048, MOST_ROWS = 64 };

enum bough_status bough__embedding_sum(struct bough__sequence *out, struct bough__span x,
                                       struct bough__span dy, struct bough__span dweight,
                                       struct embedding_params params)
{
    const int64_t floats = (int64_t)params.vocabulary * params.width;
    const int64_t rows = floats / SHARE < MOST_ROWS ? floats / SHARE + 1 : MOST_ROWS;
    params.share = (int)((params.vocabulary + rows - 1) / rows);
    const int64_t launched = (params.vocabulary + params.share - 1) / params.share;
    return BOUGH_KERNEL(out, &kernel_bwd, launched,
                        floats + (int64_t)params.rows * (params.width + launched), &params, x, dy,
                        dweight);
}

// ---- The ops ----

static enum bough_status fail(const struct bough__op_call *call, const char *wanted)
{
    char text[128];
    return bough__fail(BOUGH_INVALID, "input %s of %s; wanted %s",
                       bough_shape_format(&call->x[0].shape, text, sizeof text),
                       bough_dtype_name(call->x[0].dtype), wanted);
}

// Of the ids in `call`, each a vector of `width`.
static enum bough_status ids_shape(struct bough__op_need *need, const struct bough__op_call *call,
                                   int64_t width)
{
    const struct bough_shape *x = &call->x[0].shape;
    if (call->x[0].dtype != BOUGH_I32 || x->rank < 1 || x->rank >= BOUGH_MAX_RANK)
        return fail(call, "ids, I32 [N, ...]");
    need->y = *x;
    need->y.dim[need->y.rank++] = width;
    return BOUGH_OK;
}

static struct embedding_params params_of(const struct bough__op_call *call, int64_t vocabulary,
                                         int64_t width)
{
    return (struct embedding_params){.rows = (int)bough_shape_elements(&call->x[0].shape),
                                     .width = (int)width,
                                     .vocabulary = (int)vocabulary,
                                     .x_step = 1,
                                     .y_step = (int)width,
                                     .padding = call->attr->padding_id};
}

static enum bough_status embedding_shape(struct bough__op_need *need,
                                         const struct bough__op_call *call)
{
    const struct bough_shape *weight = &call->x[1].shape;
    char text[128];
    if (weight->rank != 2 || weight->dim[0] < 1)
        return bough__fail(BOUGH_INVALID, "weight %s, wanted [V, D]",
                           bough_shape_format(weight, text, sizeof text));
    return ids_shape(need, call, weight->dim[1]);
}

static enum bough_status embedding_forward(struct bough__sequence *out,
                                           const struct bough__op_call *call)
{
    const int64_t *weight = call->x[1].shape.dim;
    const struct embedding_params params = params_of(call, weight[0], weight[1]);
    const int64_t elements = bough_shape_elements(&call->y.shape);
    return BOUGH_KERNEL(out, &kernel_fwd, elements, elements, &params, call->x[0].span,
                        call->x[1].span, call->y.span);
}

static enum bough_status embedding_backward(struct bough__sequence *out,
                                            const struct bough__op_call *call)
{
    const int64_t *weight = call->x[1].shape.dim;
    struct embedding_params params = params_of(call, weight[0], weight[1]);
    params.add = call->add_dx[1];
    if (!call->dx[1].span.buffer)
        return BOUGH_OK;
    return bough__embedding_sum(out, call->x[0].span, call->dy.span, call->dx[1].span, params);
}

static enum bough_status one_hot_shape(struct bough__op_need *need,
                                       const struct bough__op_call *call)
{
    if (call->attr->vocabulary < 1)
        return fail(call, "a vocabulary of at least 1");
    return ids_shape(need, call, call->attr->vocabulary);
}

static enum bough_status one_hot_forward(struct bough__sequence *out,
                                         const struct bough__op_call *call)
{
    const int64_t classes = call->attr->vocabulary;
    const struct embedding_params params = params_of(call, classes, classes);
    const int64_t elements = bough_shape_elements(&call->y.shape);
    return BOUGH_KERNEL(out, &kernel_one_hot, elements, elements, &params, call->x[0].span,
                        call->y.span);
}

static enum bough_status one_hot_backward(struct bough__sequence *out,
                                          const struct bough__op_call *call)
{
    (void)out;
    (void)call;
    return BOUGH_OK;
}

const struct bough__op bough__op_embedding = {
    .name = "embedding",
    .inputs_min = 2,
    .inputs_max = 2,
    .flags = BOUGH__OP_BACKWARD_READS_X | BOUGH__OP_ACCUMULATES,
    .no_gradient = 1,
    .shape = embedding_shape,
    .forward = embedding_forward,
    .backward = embedding_backward,
};
const struct bough__op bough__op_one_hot = {
    .name = "one_hot",
    .inputs_min = 1,
    .inputs_max = 1,
    .no_gradient = 1,
    .shape = one_hot_shape,
    .forward = one_hot_forward,
    .backward = one_hot_backward,
};
