// Pooling of images.
//   max_pool2d, avg_pool2d   x [N, C, H, W] -> y [N, C, OH, OW], OH = (H + 2 padding - KH) / stride
//   + 1 global_avg_pool2d        x [N, C, H, W] -> y [N, C]
// Reads of attr (the first two): kernel, stride, padding. Padding is -infinity for the maximum and
// counts as zeros for the average. max_pool2d saves for each output the index, in its plane, of the
// element that it took: the first of the largest, or a NaN.
#include "op/op.h"

#include "base/error.h"
#include "cl/pool_params.h"

static enum bough_status mismatch(const struct bough__op_call *call, const char *why)
{
    char x[128];
    return bough__fail(BOUGH_INVALID, "input %s: %s",
                       bough_shape_format(&call->x[0].shape, x, sizeof x), why);
}

static enum bough_status check_image(const struct bough__op_call *call)
{
    const struct bough_shape *x = &call->x[0].shape;
    if (x->rank != 4)
        return mismatch(call, "wants [N, C, H, W]");
    if (x->dim[2] < 1 || x->dim[3] < 1)
        return mismatch(call, "the image is empty");
    return BOUGH_OK;
}

static enum bough_status pool_shape(struct bough__op_need *need, const struct bough__op_call *call)
{
    enum bough_status status = check_image(call);
    if (status != BOUGH_OK)
        return status;
    const struct bough__attr *attr = call->attr;
    need->y = call->x[0].shape;
    for (int i = 0; i < 2; i++) {
        if (attr->kernel[i] < 1 || attr->stride[i] < 1)
            return mismatch(call, "kernel and stride must be 1 or more");
        if (attr->padding[i] < 0 || attr->padding[i] > attr->kernel[i] / 2)
            return mismatch(call, "padding must be 0 to half the kernel");
        const int64_t padded = need->y.dim[2 + i] + 2 * (int64_t)attr->padding[i];
        if (padded < attr->kernel[i])
            return mismatch(call, "the kernel is larger than the padded image");
        if (padded > INT32_MAX / 2)
            return mismatch(call, "the padded image is above 2^30");
        need->y.dim[2 + i] = (padded - attr->kernel[i]) / attr->stride[i] + 1;
    }
    return BOUGH_OK;
}

static struct pool_params params_of(const struct bough__op_call *call)
{
    const struct bough__attr *attr = call->attr;
    const int64_t *x = call->x[0].shape.dim, *y = call->y.shape.dim;
    return (struct pool_params){
        {(int)x[2], (int)y[2], attr->kernel[0], attr->stride[0], attr->padding[0]},
        {(int)x[3], (int)y[3], attr->kernel[1], attr->stride[1], attr->padding[1]}};
}

static int64_t elements(const struct bough__tensor *tensor)
{
    return bough_shape_elements(&tensor->shape);
}

// Those of items at..end-1 of [planes, height, width] that lie in one row.
struct run {
    int64_t plane;
    int h, w, length;
};

static struct run run_at(int64_t at, int64_t end, int height, int width)
{
    const int64_t plane = at / ((int64_t)height * width);
    const int rest = (int)(at - plane * height * width);
    struct run run = {plane, rest / width, rest % width, width - rest % width};
    if (run.length > end - at)
        run.length = (int)(end - at);
    return run;
}

// ---- max_pool2d ----

// Most nets pool by two without padding: those rows go through vectors.
static int by_two(const struct pool_params *p)
{
    return p->h.window == 2 && p->h.stride == 2 && p->h.padding == 0 && p->w.window == 2 &&
           p->w.stride == 2 && p->w.padding == 0;
}

// `x` is the first window's first element, and `at` its index in the plane.
static void max_row_by_two(float *restrict y, int *restrict index, const float *restrict x,
                           int width, int at, int length)
{
    for (int i = 0; i < length; i++) {
        const float b = x[2 * i + 1], c = x[width + 2 * i], d = x[width + 2 * i + 1];
        const int first = at + 2 * i;
        float most = x[2 * i];
        int best = first;
        best = pool_takes(b, most) ? first + 1 : best;
        most = pool_takes(b, most) ? b : most;
        best = pool_takes(c, most) ? first + width : best;
        most = pool_takes(c, most) ? c : most;
        best = pool_takes(d, most) ? first + width + 1 : best;
        most = pool_takes(d, most) ? d : most;
        y[i] = most;
        index[i] = best;
    }
}

static void max_row(float *y, int *index, const float *x, const struct pool_params *p,
                    struct run run)
{
    const struct pool_range rows = pool_window(p->h, run.h);
    for (int i = 0; i < run.length; i++) {
        const struct pool_range cols = pool_window(p->w, run.w + i);
        int best = rows.begin * p->w.size + cols.begin;
        float most = x[best];
        for (int h = rows.begin; h < rows.end; h++)
            for (int w = cols.begin; w < cols.end; w++) {
                const float value = x[h * p->w.size + w];
                if (pool_takes(value, most)) {
                    most = value;
                    best = h * p->w.size + w;
                }
            }
        y[i] = most;
        index[i] = best;
    }
}

static void max_pool2d_fwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct pool_params *p = params;
    const int fast = by_two(p);
    float *y = arg[1];
    int *index = arg[2];
    for (int64_t at = begin; at < end;) {
        const struct run run = run_at(at, end, p->h.out, p->w.out);
        const float *x = (const float *)arg[0] + run.plane * p->h.size * p->w.size;
        const int first = 2 * run.h * p->w.size + 2 * run.w;
        if (fast)
            max_row_by_two(y + at, index + at, x + first, p->w.size, first, run.length);
        else
            max_row(y + at, index + at, x, p, run);
        at += run.length;
    }
}

static void max_back_by_two(float *restrict dx, const float *restrict dy, const int *restrict index,
                            int at, int pairs)
{
    for (int i = 0; i < pairs; i++) {
        const float slope = dy[i]; // read in any case: a branch would be slower
        dx[2 * i] = index[i] == at + 2 * i ? slope : 0.0f;
        dx[2 * i + 1] = index[i] == at + 2 * i + 1 ? slope : 0.0f;
    }
}

// `dy` and `index` are those of the plane.
static void max_back_row(float *dx, const float *dy, const int *index, const struct pool_params *p,
                         struct run run)
{
    const struct pool_range rows = pool_windows_over(p->h, run.h);
    for (int i = 0; i < run.length; i++) {
        const struct pool_range cols = pool_windows_over(p->w, run.w + i);
        const int wanted = run.h * p->w.size + run.w + i;
        float sum = 0.0f;
        for (int h = rows.begin; h < rows.end; h++)
            for (int w = cols.begin; w < cols.end; w++) {
                const int window = h * p->w.out + w;
                sum += index[window] == wanted ? dy[window] : 0.0f;
            }
        dx[i] = sum;
    }
}

static void max_pool2d_bwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct pool_params *p = params;
    const int fast = by_two(p);
    float *dx = arg[2];
    for (int64_t at = begin; at < end;) {
        struct run run = run_at(at, end, p->h.size, p->w.size);
        const int64_t plane = run.plane * p->h.out * p->w.out;
        const float *dy = (const float *)arg[0] + plane;
        const int *index = (const int *)arg[1] + plane;
        if (fast && run.h / 2 < p->h.out && run.w % 2 == 0 && run.length > 1) {
            const int window = run.h / 2 * p->w.out + run.w / 2;
            run.length -= run.length % 2;
            max_back_by_two(dx + at, dy + window, index + window, run.h * p->w.size + run.w,
                            run.length / 2);
        } else {
            max_back_row(dx + at, dy, index, p, run);
        }
        at += run.length;
    }
}

static const struct bough__kernel kernel_max_fwd = {
    "max_pool2d_fwd", "pool",    max_pool2d_fwd,
    BOUGH_GRID_ITEMS, .args = 3, .params_size = sizeof(struct pool_params)};
static const struct bough__kernel kernel_max_bwd = {
    "max_pool2d_bwd", "pool",    max_pool2d_bwd,
    BOUGH_GRID_ITEMS, .args = 3, .params_size = sizeof(struct pool_params)};

static enum bough_status max_pool2d_shape(struct bough__op_need *need,
                                          const struct bough__op_call *call)
{
    enum bough_status status = pool_shape(need, call);
    if (status == BOUGH_OK)
        need->saved = (size_t)bough_shape_elements(&need->y) * sizeof(int32_t);
    return status;
}

static enum bough_status max_pool2d_forward(struct bough__sequence *out,
                                            const struct bough__op_call *call)
{
    const struct pool_params params = params_of(call);
    return BOUGH_KERNEL(out, &kernel_max_fwd, elements(&call->y), elements(&call->x[0]), &params,
                        call->x[0].span, call->y.span, call->saved);
}

static enum bough_status max_pool2d_backward(struct bough__sequence *out,
                                             const struct bough__op_call *call)
{
    const struct pool_params params = params_of(call);
    return BOUGH_KERNEL(out, &kernel_max_bwd, elements(&call->x[0]), 0, &params, call->dy.span,
                        call->saved, call->dx[0].span);
}

const struct bough__op bough__op_max_pool2d = {
    .name = "max_pool2d",
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = max_pool2d_shape,
    .forward = max_pool2d_forward,
    .backward = max_pool2d_backward,
};

// ---- avg_pool2d ----

static void avg_pool2d_fwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct pool_params *p = params;
    const float size = (float)(p->h.window * p->w.window);
    float *y = arg[1];
    for (int64_t at = begin; at < end;) {
        const struct run run = run_at(at, end, p->h.out, p->w.out);
        const float *x = (const float *)arg[0] + run.plane * p->h.size * p->w.size;
        const struct pool_range rows = pool_window(p->h, run.h);
        for (int i = 0; i < run.length; i++, at++) {
            const struct pool_range cols = pool_window(p->w, run.w + i);
            float sum = 0.0f;
            for (int h = rows.begin; h < rows.end; h++)
                for (int w = cols.begin; w < cols.end; w++)
                    sum += x[h * p->w.size + w];
            y[at] = sum / size;
        }
    }
}

static void avg_pool2d_bwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct pool_params *p = params;
    const float size = (float)(p->h.window * p->w.window);
    float *dx = arg[1];
    for (int64_t at = begin; at < end;) {
        const struct run run = run_at(at, end, p->h.size, p->w.size);
        const float *dy = (const float *)arg[0] + run.plane * p->h.out * p->w.out;
        const struct pool_range rows = pool_windows_over(p->h, run.h);
        for (int i = 0; i < run.length; i++, at++) {
            const struct pool_range cols = pool_windows_over(p->w, run.w + i);
            float sum = 0.0f;
            for (int h = rows.begin; h < rows.end; h++)
                for (int w = cols.begin; w < cols.end; w++)
                    sum += dy[h * p->w.out + w];
            dx[at] = sum / size;
        }
    }
}

static const struct bough__kernel kernel_avg_fwd = {
    "avg_pool2d_fwd", "pool",    avg_pool2d_fwd,
    BOUGH_GRID_ITEMS, .args = 2, .params_size = sizeof(struct pool_params)};
static const struct bough__kernel kernel_avg_bwd = {
    "avg_pool2d_bwd", "pool",    avg_pool2d_bwd,
    BOUGH_GRID_ITEMS, .args = 2, .params_size = sizeof(struct pool_params)};

static enum bough_status avg_pool2d_forward(struct bough__sequence *out,
                                            const struct bough__op_call *call)
{
    const struct pool_params params = params_of(call);
    return BOUGH_KERNEL(out, &kernel_avg_fwd, elements(&call->y), elements(&call->x[0]), &params,
                        call->x[0].span, call->y.span);
}

static enum bough_status avg_pool2d_backward(struct bough__sequence *out,
                                             const struct bough__op_call *call)
{
    const struct pool_params params = params_of(call);
    return BOUGH_KERNEL(out, &kernel_avg_bwd, elements(&call->x[0]), 0, &params, call->dy.span,
                        call->dx[0].span);
}

const struct bough__op bough__op_avg_pool2d = {
    .name = "avg_pool2d",
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = pool_shape,
    .forward = avg_pool2d_forward,
    .backward = avg_pool2d_backward,
};

// ---- global_avg_pool2d ----

static void global_avg_pool2d_fwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const int plane = ((const struct plane_params *)params)->plane;
    const float *x = arg[0];
    float *y = arg[1];
    for (int64_t row = begin; row < end; row++) {
        float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
        for (int i = 0; i < plane; i++)
            sum += x[row * plane + i];
        y[row] = sum / (float)plane;
    }
}

static void global_avg_pool2d_bwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const int plane = ((const struct plane_params *)params)->plane;
    const float *dy = arg[0];
    float *dx = arg[1];
    for (int64_t at = begin; at < end;) {
        const int64_t row = at / plane, stop = (row + 1) * plane;
        const float value = dy[row] / (float)plane;
        for (; at < (stop < end ? stop : end); at++)
            dx[at] = value;
    }
}

static const struct bough__kernel kernel_global_fwd = {
    "global_avg_pool2d_fwd", "pool",    global_avg_pool2d_fwd,
    BOUGH_GRID_ROWS,         .args = 2, .params_size = sizeof(struct plane_params)};
static const struct bough__kernel kernel_global_bwd = {
    "global_avg_pool2d_bwd", "pool",    global_avg_pool2d_bwd,
    BOUGH_GRID_ITEMS,        .args = 2, .params_size = sizeof(struct plane_params)};

static enum bough_status global_avg_pool2d_shape(struct bough__op_need *need,
                                                 const struct bough__op_call *call)
{
    enum bough_status status = check_image(call);
    const int64_t *x = call->x[0].shape.dim;
    need->y = (struct bough_shape){2, {x[0], x[1]}};
    return status;
}

static struct plane_params plane_of(const struct bough__op_call *call)
{
    return (struct plane_params){(int)(call->x[0].shape.dim[2] * call->x[0].shape.dim[3])};
}

static enum bough_status global_avg_pool2d_forward(struct bough__sequence *out,
                                                   const struct bough__op_call *call)
{
    const struct plane_params params = plane_of(call);
    return BOUGH_KERNEL(out, &kernel_global_fwd, elements(&call->y), elements(&call->x[0]), &params,
                        call->x[0].span, call->y.span);
}

static enum bough_status global_avg_pool2d_backward(struct bough__sequence *out,
                                                    const struct bough__op_call *call)
{
    const struct plane_params params = plane_of(call);
    return BOUGH_KERNEL(out, &kernel_global_bwd, elements(&call->x[0]), 0, &params, call->dy.span,
                        call->dx[0].span);
}

const struct bough__op bough__op_global_avg_pool2d = {
    .name = "global_avg_pool2d",
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = global_avg_pool2d_shape,
    .forward = global_avg_pool2d_forward,
    .backward = global_avg_pool2d_backward,
};
