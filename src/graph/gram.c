#include "graph/gram.h"

#include "base/error.h"
#include "cl/gram_params.h"
#include "op/op.h"

// ---- Kernels ----

BOUGH_TWIN static void gram_sum(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct gram_params *p = params;
    for (int64_t i = begin, count; i < end; i += count) {
        const float *part = (const float *)arg[0] + i;
        float *gram = (float *)arg[1] + i / p->width * p->pitch + i % p->width;
        count = p->width - i % p->width < end - i ? p->width - i % p->width : end - i;
        for (int64_t j = 0; !p->add && j < count; j++)
            gram[j] = 0.0f;
        for (int64_t k = 0; k < p->parts; k++)
#pragma omp simd
            for (int64_t j = 0; j < count; j++)
                gram[j] += part[k * p->size + j];
    }
}

BOUGH_TWIN static void stack_sum(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct stack_params *p = params;
    const float *x = arg[0], *weights = arg[1];
    float *y = arg[2];
    for (int64_t i = begin; !p->add && i < end; i++)
        y[i] = 0.0f;
    for (int64_t t = 0; t < p->tasks; t++) {
        const float weight = weights[t];
#pragma omp simd
        for (int64_t i = begin; i < end; i++)
            y[i] += weight * x[t * p->stride + i];
    }
}

static void stack_zero(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    float *y = arg[0];
    (void)params;
    for (int64_t i = begin; i < end; i++)
        y[i] = 0.0f;
}

static const struct bough__kernel kernel_gram_sum = {
    "gram_sum",       "gram",    gram_sum,
    BOUGH_GRID_ITEMS, .args = 2, .params_size = sizeof(struct gram_params)};
static const struct bough__kernel kernel_stack_sum = {
    "stack_sum",      "gram",    stack_sum,
    BOUGH_GRID_ITEMS, .args = 3, .params_size = sizeof(struct stack_params)};
static const struct bough__kernel kernel_stack_zero = {"stack_zero", "gram", stack_zero,
                                                       BOUGH_GRID_ITEMS, .args = 1};

// ---- The Gram matrix ----

// A part of the columns gives a matrix of its own, so that a device has enough to do.
enum { COLUMNS = 4096, PARTS = 64 };

static int64_t columns_of_part(int64_t columns)
{
    int64_t most = (columns + PARTS - 1) / PARTS;
    return most > COLUMNS ? most : COLUMNS;
}

static int64_t parts_of(int64_t columns)
{
    int64_t width = columns_of_part(columns);
    return (columns + width - 1) / width;
}

size_t bough__gram_scratch(int64_t tasks, int64_t columns)
{
    int64_t parts = parts_of(columns);
    return parts > 1 ? (size_t)(parts * tasks * tasks) * sizeof(float) : 0;
}

static int64_t row_of(struct bough__span span)
{
    return (int64_t)(span.stride / sizeof(float));
}

// `parts` products of so many columns each, from column `first` on.
static enum bough_status products(struct bough__sequence *out, const struct bough__gram *g,
                                  int64_t first, int64_t columns, int64_t parts,
                                  struct bough__span c, int add)
{
    const struct bough__span a = bough__span_at(g->jacobian, (size_t)first * sizeof(float));
    const struct bough__span b = bough__span_at(g->other, (size_t)first * sizeof(float));
    const int64_t row = row_of(c);
    c.stride = 0;
    const struct bough__gemm gemm = {
        .m = g->tasks,
        .n = g->others,
        .k = columns,
        .batch = parts,
        .a = {.data = a,
              .row = {.stride = row_of(a)},
              .col = {.stride = 1},
              .batch_stride = columns},
        .b = {.data = b,
              .row = {.stride = 1},
              .col = {.stride = row_of(b)},
              .batch_stride = columns},
        .c = {.data = c,
              .row = {.stride = row},
              .col = {.stride = 1},
              .batch_stride = g->tasks * g->others},
        .beta = add ? 1.0f : 0.0f,
    };
    return bough__sequence_gemm(out, &gemm);
}

static enum bough_status sum_parts(struct bough__sequence *out, const struct bough__gram *g,
                                   int64_t parts)
{
    const int64_t size = g->tasks * g->others, pitch = row_of(g->gram);
    const struct gram_params params = {.parts = (int)parts,
                                       .size = (int)size,
                                       .width = (int)(pitch == g->others ? size : g->others),
                                       .pitch = (int)pitch,
                                       .add = g->add};
    return BOUGH_KERNEL(out, &kernel_gram_sum, size, parts * size, &params, g->scratch, g->gram);
}

static enum bough_status by_parts(struct bough__sequence *out, const struct bough__gram *g)
{
    enum bough_status status = BOUGH_OK;
    const int64_t width = columns_of_part(g->columns), parts = parts_of(g->columns);
    const int64_t whole = g->columns / width;
    struct bough__span part = g->scratch;
    part.stride = (size_t)g->others * sizeof(float);
    BOUGH_TRY(products(out, g, 0, width, whole, part, 0));
    part.offset += (size_t)(whole * g->tasks) * part.stride;
    if (parts > whole)
        BOUGH_TRY(products(out, g, whole * width, g->columns - whole * width, 1, part, 0));
    BOUGH_TRY(sum_parts(out, g, parts));
done:
    return status;
}

enum bough_status bough__gram_write(struct bough__sequence *out, const struct bough__gram *gram)
{
    struct bough__gram g = *gram;
    if (!g.others) {
        g.others = g.tasks;
        g.other = g.jacobian;
    }
    if (!g.gram.stride)
        g.gram.stride = (size_t)g.others * sizeof(float);
    if (parts_of(g.columns) <= 1)
        return products(out, &g, 0, g.columns, 1, g.gram, g.add);
    return by_parts(out, &g);
}

// ---- Stacks ----

enum bough_status bough__stack_sum_write(struct bough__sequence *out,
                                         const struct bough__stack_sum *sum)
{
    const struct stack_params params = {(int)sum->tasks, (int)(sum->stack.stride / sizeof(float)),
                                        sum->add};
    return BOUGH_KERNEL(out, &kernel_stack_sum, sum->elements, sum->tasks * sum->elements, &params,
                        sum->stack, sum->weights, sum->y);
}

enum bough_status bough__stack_zero_write(struct bough__sequence *out, struct bough__span y,
                                          int64_t elements, int64_t count)
{
    out->stack = count;
    enum bough_status status = BOUGH_KERNEL(out, &kernel_stack_zero, elements, 0, NULL, y);
    out->stack = 0;
    return status;
}

enum bough_status bough__stack_copy_write(struct bough__sequence *out, struct bough__span y,
                                          struct bough__span x, int64_t elements, int64_t count)
{
    static const struct bough__attr as_it_is = {.value = 1};
    struct bough__op_call call = {.attr = &as_it_is, .inputs = 1};
    call.x[0] = (struct bough__tensor){x, {1, {elements}}, BOUGH_F32};
    call.y = (struct bough__tensor){y, {1, {elements}}, BOUGH_F32};
    out->stack = count;
    enum bough_status status = bough__op_scale.forward(out, &call);
    out->stack = 0;
    return status;
}
