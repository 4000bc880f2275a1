#include "device/check.h"

#include "base/error.h"

#include <math.h>

enum bough_status bough__check_span(const char *what, struct bough__span span, size_t size)
{
    if (!span.buffer)
        return bough__fail(BOUGH_INVALID, "%s: no buffer", what);
    if (span.offset > span.buffer->size || size > span.buffer->size - span.offset)
        return bough__fail(BOUGH_INVALID, "%s: %zu bytes at %zu in a buffer of %zu", what, size,
                           span.offset, span.buffer->size);
    return BOUGH_OK;
}

// ---- Kernels ----

static enum bough_status check_args(const struct bough_device *device,
                                    const struct bough__kernel_call *call)
{
    for (int i = 0; i < call->kernel->args; i++) {
        struct bough__span arg = call->arg[i];
        if (!arg.buffer)
            continue;
        if (arg.buffer->device != device)
            return bough__fail(BOUGH_INVALID,
                               "kernel %s, argument %d: a buffer of device %s, launched on %s",
                               call->kernel->name, i, arg.buffer->device->info.id, device->info.id);
        size_t last;
        if (__builtin_mul_overflow((size_t)call->stack - (call->stack > 0), arg.stride, &last) ||
            __builtin_add_overflow(last, arg.offset, &last) || last > arg.buffer->size)
            return bough__fail(
                BOUGH_INVALID,
                "kernel %s, argument %d: at %zu and %lld of %zu bytes in a buffer of "
                "%zu",
                call->kernel->name, i, arg.offset, (long long)call->stack, arg.stride,
                arg.buffer->size);
    }
    return BOUGH_OK;
}

enum bough_status bough__check_kernel(const struct bough_device *device,
                                      const struct bough__kernel_call *call)
{
    if (!device || !call->kernel)
        return bough__fail(BOUGH_INVALID, "kernel launch: no %s", device ? "kernel" : "device");
    const struct bough__kernel *kernel = call->kernel;
    if (kernel->args < 0 || kernel->args > BOUGH_MAX_ARGS || kernel->params_size > BOUGH_MAX_PARAMS)
        return bough__fail(
            BOUGH_INVALID, "kernel %s: %d arguments and %zu bytes of parameters, at most %d and %d",
            kernel->name, kernel->args, kernel->params_size, BOUGH_MAX_ARGS, BOUGH_MAX_PARAMS);
    if (kernel->params_size && !call->params)
        return bough__fail(BOUGH_INVALID, "kernel %s: no parameters", kernel->name);
    if (call->count < 0 || call->work < 0 || call->stack < 0)
        return bough__fail(BOUGH_INVALID, "kernel %s: count %lld, work %lld, stack %lld",
                           kernel->name, (long long)call->count, (long long)call->work,
                           (long long)call->stack);
    return check_args(device, call);
}

// ---- GEMM ----

// The largest offset that an axis of `count` indices reaches; -1 if it does not fit in 63 bits.
static int64_t axis_reach(const struct bough__axis *axis, int64_t count)
{
    int64_t last = count - 1, whole = 0, near = last, a, b, sum;
    if (axis->inner) {
        whole = last / axis->inner;
        near = whole ? axis->inner - 1 : last;
    }
    if (__builtin_mul_overflow(whole, axis->outer, &a) ||
        __builtin_mul_overflow(near, axis->stride, &b) || __builtin_add_overflow(a, b, &sum))
        return -1;
    return sum;
}

// Elements from the span's start to the last one that the matrix reaches, and one more; -1 if that
// does not fit.
static int64_t plain_extent(const struct bough__matrix *x, int64_t rows, int64_t cols)
{
    int64_t row = axis_reach(&x->row, rows), col = axis_reach(&x->col, cols), sum;
    if (row < 0 || col < 0 || __builtin_add_overflow(row, col, &sum) || sum == INT64_MAX)
        return -1;
    return sum + 1;
}

static int64_t windows_extent(const struct bough__windows *w, int64_t images)
{
    int64_t image = (int64_t)w->height * w->width, last, sum;
    if (__builtin_mul_overflow(image, (int64_t)w->channels, &image) ||
        __builtin_mul_overflow(images - 1, w->image_stride, &last) ||
        __builtin_add_overflow(last, image, &sum))
        return -1;
    return sum;
}

static enum bough_status check_windows(const char *name, const struct bough__windows *w,
                                       int64_t rows, int64_t cols)
{
    if (w->channels < 1 || w->height < 1 || w->width < 1 || w->kernel_h < 1 || w->kernel_w < 1 ||
        w->stride_h < 1 || w->stride_w < 1 || w->dilation_h < 1 || w->dilation_w < 1 ||
        w->input_dilation_h < 1 || w->input_dilation_w < 1 || w->out_h < 1 || w->out_w < 1 ||
        w->image_stride < 0)
        return bough__fail(BOUGH_INVALID, "gemm: windows of %s: a size or a stride is below 1",
                           name);
    int64_t window = (int64_t)w->kernel_h * w->kernel_w;
    if (rows % window || rows / window != w->channels)
        return bough__fail(BOUGH_INVALID,
                           "gemm: windows of %s: %d channels of %d x %d do not make %lld rows",
                           name, w->channels, w->kernel_h, w->kernel_w, (long long)rows);
    if (cols % ((int64_t)w->out_h * w->out_w))
        return bough__fail(BOUGH_INVALID,
                           "gemm: windows of %s: %lld columns are no multiple of %d x %d", name,
                           (long long)cols, w->out_h, w->out_w);
    return BOUGH_OK;
}

static int axis_wrong(const struct bough__axis *axis)
{
    return axis->inner < 0 || axis->stride < 0 || axis->outer < 0;
}

static enum bough_status check_data(const char *name, const struct bough_device *device,
                                    struct bough__span data, int64_t elements)
{
    if (!data.buffer)
        return bough__fail(BOUGH_INVALID, "gemm: %s is missing", name);
    if (data.buffer->device != device)
        return bough__fail(BOUGH_INVALID, "gemm: %s is a buffer of device %s, launched on %s", name,
                           data.buffer->device->info.id, device->info.id);
    if (data.offset % sizeof(float))
        return bough__fail(BOUGH_INVALID, "gemm: %s begins at byte %zu, no multiple of 4", name,
                           data.offset);
    if (data.offset > data.buffer->size || elements < 0 ||
        (uint64_t)elements > (data.buffer->size - data.offset) / sizeof(float))
        return bough__fail(BOUGH_INVALID,
                           "gemm: %s reaches %lld floats from byte %zu in a buffer of %zu", name,
                           (long long)elements, data.offset, data.buffer->size);
    return BOUGH_OK;
}

int64_t bough__matrix_extent(const struct bough__matrix *x, int64_t rows, int64_t cols,
                             int64_t batch)
{
    int64_t extent, last, positions = x->kind == BOUGH_WINDOWS ? cols : rows;
    if (x->kind == BOUGH_PLAIN)
        extent = plain_extent(x, rows, cols);
    else
        extent =
            windows_extent(&x->windows, positions / ((int64_t)x->windows.out_h * x->windows.out_w));
    if (extent < 0 || __builtin_mul_overflow(batch - 1, x->batch_stride, &last) ||
        __builtin_add_overflow(extent, last, &extent))
        return -1;
    return extent;
}

static enum bough_status check_matrix(const char *name, const struct bough_device *device,
                                      const struct bough__matrix *x, int64_t rows, int64_t cols,
                                      int64_t batch)
{
    if (x->kind == BOUGH_PLAIN) {
        if (axis_wrong(&x->row) || axis_wrong(&x->col))
            return bough__fail(BOUGH_INVALID, "gemm: an axis of %s goes backwards", name);
    } else {
        int64_t window_rows = x->kind == BOUGH_WINDOWS ? rows : cols;
        int64_t window_cols = x->kind == BOUGH_WINDOWS ? cols : rows;
        enum bough_status status = check_windows(name, &x->windows, window_rows, window_cols);
        if (status != BOUGH_OK)
            return status;
    }
    if (x->batch_stride < 0)
        return bough__fail(BOUGH_INVALID, "gemm: the batches of %s go backwards", name);
    return check_data(name, device, x->data, bough__matrix_extent(x, rows, cols, batch));
}

// C must not hold an element twice.
static int repeats(const struct bough__axis *axis, int64_t count)
{
    if (axis->inner == 0)
        return axis->stride == 0 && count > 1;
    return (axis->stride == 0 && axis->inner > 1 && count > 1) ||
           (axis->outer == 0 && count > axis->inner);
}

enum bough_status bough__check_gemm(const struct bough_device *device,
                                    const struct bough__gemm *gemm)
{
    const struct bough__gemm *g = gemm;
    enum bough_status status = BOUGH_OK;
    if (!device)
        return bough__fail(BOUGH_INVALID, "gemm: no device");
    if (g->m < 0 || g->n < 0 || g->k < 0 || g->batch < 0)
        return bough__fail(BOUGH_INVALID, "gemm: m %lld, n %lld, k %lld, batch %lld",
                           (long long)g->m, (long long)g->n, (long long)g->k, (long long)g->batch);
    if ((g->beta != 0 && g->beta != 1) || !isfinite(g->alpha))
        return bough__fail(BOUGH_INVALID, "gemm: alpha %g, beta %g; beta is 0 or 1", g->alpha,
                           g->beta);
    if (g->m == 0 || g->n == 0)
        return BOUGH_OK;
    int64_t batch = g->batch ? g->batch : 1,
            bias = g->bias_axis == BOUGH_BIAS_PER_ROW ? g->m : g->n;
    if (g->c.kind != BOUGH_PLAIN || repeats(&g->c.row, g->m) || repeats(&g->c.col, g->n) ||
        (batch > 1 && g->c.batch_stride == 0))
        return bough__fail(BOUGH_INVALID, "gemm: c is not plain, or holds an element twice");
    BOUGH_TRY(check_matrix("c", device, &g->c, g->m, g->n, batch));
    if (g->k > 0) {
        BOUGH_TRY(check_matrix("a", device, &g->a, g->m, g->k, batch));
        BOUGH_TRY(check_matrix("b", device, &g->b, g->k, g->n, batch));
    }
    if (g->bias.buffer) {
        if (__builtin_mul_overflow(bias, batch, &bias))
            bias = -1;
        BOUGH_TRY(check_data("bias", device, g->bias, bias));
    }
done:
    return status;
}
