#include "device/gemm_stack.h"

#include <limits.h>

struct bough__gemm bough__gemm_in_stack(const struct bough__gemm *gemm, int64_t index)
{
    struct bough__gemm one = *gemm;
    one.a.data = bough__span_of_stack(gemm->a.data, index);
    one.b.data = bough__span_of_stack(gemm->b.data, index);
    one.c.data = bough__span_of_stack(gemm->c.data, index);
    one.bias = bough__span_of_stack(gemm->bias, index);
    return one;
}

// In floats; -1 if it is not a whole number of them.
static int64_t step_of(struct bough__span span)
{
    return span.stride % sizeof(float) ? -1 : (int64_t)(span.stride / sizeof(float));
}

// ---- More rows or columns ----

enum { FEW = 16 }; // columns, or rows: a vector of them would have idle lanes

// Whether an axis of `count` indices, and `step` further on the next, is one axis. An axis in
// pieces is slower to walk, which `across` the other one must make up for.
static int extend_axis(struct bough__axis *axis, int64_t count, int64_t step, int64_t across)
{
    if (axis->inner)
        return count % axis->inner == 0 && count / axis->inner * axis->outer == step;
    if (count * axis->stride == step)
        return 1;
    if (across < FEW)
        return 0;
    *axis = (struct bough__axis){.inner = count, .stride = axis->stride, .outer = step};
    return 1;
}

// Likewise for windows whose positions lie along it.
static int extend_images(const struct bough__windows *w, int64_t count, int64_t step)
{
    return count / ((int64_t)w->out_h * w->out_w) * w->image_stride == step;
}

// The matrices of `moves` and C move along rows, or along columns; the other one stands.
static int extend(struct bough__gemm *all, int64_t stack, int rows)
{
    struct bough__matrix *moves = rows ? &all->a : &all->b, *stands = rows ? &all->b : &all->a;
    const enum bough__matrix_kind images = rows ? BOUGH_WINDOWS_TRANSPOSED : BOUGH_WINDOWS;
    int64_t *const count = rows ? &all->m : &all->n;
    const int64_t across = rows ? all->n : all->m;
    struct bough__axis *to = rows ? &all->c.row : &all->c.col;
    const enum bough__bias_axis bias_axis = rows ? BOUGH_BIAS_PER_COL : BOUGH_BIAS_PER_ROW;
    const int64_t step = step_of(moves->data), step_c = step_of(all->c.data);
    if (step <= 0 || step_c <= 0 || stands->data.stride != 0 || *count > INT_MAX / stack ||
        (all->bias.buffer && (all->bias.stride != 0 || all->bias_axis != bias_axis)))
        return 0;
    if (moves->kind == BOUGH_PLAIN
            ? !extend_axis(rows ? &moves->row : &moves->col, *count, step, across)
            : moves->kind != images || !extend_images(&moves->windows, *count, step))
        return 0;
    if (!extend_axis(to, *count, step_c, across))
        return 0;
    *count *= stack;
    return 1;
}

// ---- A batch ----

static int make_batch(struct bough__gemm *all, int64_t stack)
{
    struct bough__matrix *matrix[3] = {&all->a, &all->b, &all->c};
    if (all->batch > 1 || all->bias.buffer || all->c.data.stride == 0)
        return 0;
    for (int i = 0; i < 3; i++) {
        matrix[i]->batch_stride = step_of(matrix[i]->data);
        if (matrix[i]->batch_stride < 0)
            return 0;
    }
    all->batch = stack;
    return 1;
}

// ---- Either ----

int bough__gemm_of_stack(struct bough__gemm *all, const struct bough__gemm *gemm, int64_t stack)
{
    *all = *gemm;
    if (stack == 1 || extend(all, stack, 1))
        return 1;
    *all = *gemm;
    if (extend(all, stack, 0))
        return 1;
    *all = *gemm;
    return make_batch(all, stack);
}
