// avg_pool2d: the mean of each window; padding counts as zeros.
// global_avg_pool2d: x [N, C, H, W] -> y [N, C], the mean of each plane.
#include "op/pool.h"

// ---- avg_pool2d ----

// Windows of two by two, in the order in which any are summed.
BOUGH_IN_TWIN void avg_row_by_two(float *restrict y, const float *restrict x, int width, int length,
                                  int lanes)
{
    for (int i = 0; i < length; i += lanes) {
        const int first = lanes_begin(i, length, lanes);
#pragma omp simd
        for (int j = first; j < first + lanes; j++)
            y[j] = (x[2 * j] + x[2 * j + 1] + x[width + 2 * j] + x[width + 2 * j + 1]) / 4.0f;
    }
}

// The sum of a part of a plane whose rows are `width` wide, over the size of a window.
BOUGH_IN_TWIN float pool_mean(const struct pool_params *p, const float *plane, int width,
                              struct pool_range rows, struct pool_range cols)
{
    float sum = 0.0f;
    for (int h = rows.begin; h < rows.end; h++)
        for (int w = cols.begin; w < cols.end; w++)
            sum += plane[h * width + w];
    return sum / ((float)p->h.window * (float)p->w.window);
}

BOUGH_IN_TWIN void avg_row(float *y, const float *x, const struct pool_params *p,
                           struct pool_run run)
{
    const struct pool_range rows = pool_window(p->h, run.h);
    for (int i = 0; i < run.length; i++)
        y[i] = pool_mean(p, x, p->w.size, rows, pool_window(p->w, run.w + i));
}

BOUGH_TWIN static void avg_pool2d_fwd(void *const *arg, const void *params, int64_t begin,
                                      int64_t end)
{
    const struct pool_params *p = params;
    for (int64_t at = begin; at < end;) {
        const struct pool_run run = pool_run_at(at, end, p->h.out, p->w.out);
        const float *x = (const float *)arg[0] + run.plane * p->h.size * p->w.size;
        const int first = 2 * run.h * p->w.size + 2 * run.w;
        float *y = (float *)arg[1] + at;
        if (pool_by_two(p))
            POOL_BY_LANES(run.length, avg_row_by_two, y, x + first, p->w.size, run.length);
        else
            avg_row(y, x, p, run);
        at += run.length;
    }
}

// Of each of the windows two elements of dx.
BOUGH_IN_TWIN void avg_back_by_two(float *restrict dx, const float *restrict dy, int windows,
                                   int lanes)
{
    for (int i = 0; i < windows; i += lanes) {
        const int first = lanes_begin(i, windows, lanes);
#pragma omp simd
        for (int j = first; j < first + lanes; j++)
            dx[2 * j] = dx[2 * j + 1] = dy[j] / 4.0f;
    }
}

// `dy` is that of the plane, dx the run's.
BOUGH_IN_TWIN void avg_back_row_by_two(float *dx, const float *dy, const struct pool_params *p,
                                       struct pool_run run)
{
    const int covered = run.h / 2 < p->h.out ? 2 * p->w.out : 0, end = run.w + run.length;
    const float *row = dy + run.h / 2 * p->w.out;
    int w = run.w;
    if (w % 2 && w < covered)
        *dx++ = row[w++ / 2] / 4.0f;
    const int windows = ((end < covered ? end : covered) - w) / 2;
    if (windows > 0) {
        POOL_BY_LANES(windows, avg_back_by_two, dx, row + w / 2, windows);
        dx += 2 * windows;
        w += 2 * windows;
    }
    for (; w < end; w++)
        *dx++ = w < covered ? row[w / 2] / 4.0f : 0.0f;
}

BOUGH_IN_TWIN void avg_back_row(float *dx, const float *dy, const struct pool_params *p,
                                struct pool_run run)
{
    const struct pool_range rows = pool_windows_over(p->h, run.h);
    for (int i = 0; i < run.length; i++)
        dx[i] = pool_mean(p, dy, p->w.out, rows, pool_windows_over(p->w, run.w + i));
}

BOUGH_TWIN static void avg_pool2d_bwd(void *const *arg, const void *params, int64_t begin,
                                      int64_t end)
{
    const struct pool_params *p = params;
    for (int64_t at = begin; at < end;) {
        const struct pool_run run = pool_run_at(at, end, p->h.size, p->w.size);
        const float *dy = (const float *)arg[0] + run.plane * p->h.out * p->w.out;
        float *dx = (float *)arg[1] + at;
        if (pool_by_two(p))
            avg_back_row_by_two(dx, dy, p, run);
        else
            avg_back_row(dx, dy, p, run);
        at += run.length;
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
    const struct pool_params params = bough__pool_params(call);
    return BOUGH_KERNEL(out, &kernel_avg_fwd, bough_shape_elements(&call->y.shape),
                        bough_shape_elements(&call->x[0].shape), &params, call->x[0].span,
                        call->y.span);
}

static enum bough_status avg_pool2d_backward(struct bough__sequence *out,
                                             const struct bough__op_call *call)
{
    const struct pool_params params = bough__pool_params(call);
    return BOUGH_KERNEL(out, &kernel_avg_bwd, bough_shape_elements(&call->x[0].shape), 0, &params,
                        call->dy.span, call->dx[0].span);
}

const struct bough__op bough__op_avg_pool2d = {
    .name = "avg_pool2d",
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = bough__pool_shape,
    .forward = avg_pool2d_forward,
    .backward = avg_pool2d_backward,
};

// ---- global_avg_pool2d ----

BOUGH_TWIN static void global_avg_pool2d_fwd(void *const *arg, const void *params, int64_t begin,
                                             int64_t end)
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

BOUGH_TWIN static void global_avg_pool2d_bwd(void *const *arg, const void *params, int64_t begin,
                                             int64_t end)
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
    enum bough_status status = bough__pool_check_image(call);
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
    return BOUGH_KERNEL(out, &kernel_global_fwd, bough_shape_elements(&call->y.shape),
                        bough_shape_elements(&call->x[0].shape), &params, call->x[0].span,
                        call->y.span);
}

static enum bough_status global_avg_pool2d_backward(struct bough__sequence *out,
                                                    const struct bough__op_call *call)
{
    const struct plane_params params = plane_of(call);
    return BOUGH_KERNEL(out, &kernel_global_bwd, bough_shape_elements(&call->x[0].shape), 0,
                        &params, call->dy.span, call->dx[0].span);
}

const struct bough__op bough__op_global_avg_pool2d = {
    .name = "global_avg_pool2d",
    .inputs_min = 1,
    .inputs_max = 1,
    .shape = global_avg_pool2d_shape,
    .forward = global_avg_pool2d_forward,
    .backward = global_avg_pool2d_backward,
};
