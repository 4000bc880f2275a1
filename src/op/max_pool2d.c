// max_pool2d: the largest of each window. Padding is -infinity. Saves for each output the index, in
// its plane, of the element that it took: the first of the largest, or a NaN. With a relu behind
// it, the index is -1 where y is not above 0, so that the backward pass knows without y.
#include "op/pool.h"

#include <string.h>

// Windows of two by two, side by side and without padding, have kernels of their own. Whole rows go
// by vectors that may reach into the next one, which is written after them; what else is of a range
// goes run by run.

// `lanes` windows of a row; `x` is the first one's first element, and `at` its index in the plane.
BOUGH_IN_TWIN void max_lanes_by_two(float *restrict y, int *restrict index, const float *restrict x,
                                    int width, int at, int relu, int lanes)
{
#pragma omp simd
    for (int i = 0; i < lanes; i++) {
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
        y[i] = pool_value(relu, most);
        index[i] = pool_index(relu, most, best);
    }
}

// The last lanes of a run may be done twice.
BOUGH_IN_TWIN void max_run_by_two(float *restrict y, int *restrict index, const float *restrict x,
                                  int width, int at, int relu, int length, int lanes)
{
    for (int i = 0; i < length; i += lanes) {
        const int j = lanes_begin(i, length, lanes);
        max_lanes_by_two(y + j, index + j, x + 2 * j, width, at + 2 * j, relu, lanes);
    }
}

BOUGH_IN_TWIN void max_rows_by_two(float *restrict y, int *restrict index, const float *restrict x,
                                   const struct pool_params *p, int h, int64_t rows, int lanes)
{
    const int width = p->w.size, out = p->w.out, height = p->h.out, relu = p->relu;
    const int rest = p->h.size % 2 * width;
    for (x += 2 * h * width; rows > 0; rows--) {
        for (int i = 0; i < out; i += lanes)
            max_lanes_by_two(y + i, index + i, x + 2 * i, width, 2 * h * width + 2 * i, relu,
                             lanes);
        y += out;
        index += out;
        h = h + 1 < height ? h + 1 : 0;
        x += 2 * width + (h ? 0 : rest);
    }
}

BOUGH_TWIN static void max_pool2d_by_two_fwd(void *const *arg, const void *params, int64_t begin,
                                             int64_t end)
{
    const struct pool_params *p = params;
    const int lanes = row_lanes(p->w.out);
    for (int64_t at = begin; at < end;) {
        const struct pool_run run = pool_run_at(at, end, p->h.out, p->w.out);
        const int64_t rows = run.w ? 0 : whole_rows(p->w.out, lanes, end - at);
        const int first = 2 * run.h * p->w.size + 2 * run.w;
        const float *x = (const float *)arg[0] + run.plane * p->h.size * p->w.size;
        float *y = (float *)arg[1] + at;
        int *index = (int *)arg[2] + at;
        if (rows)
            POOL_BY_LANES(lanes, max_rows_by_two, y, index, x, p, run.h, rows);
        else
            POOL_BY_LANES(run.length, max_run_by_two, y, index, x + first, p->w.size, first,
                          p->relu, run.length);
        at += rows ? rows * p->w.out : run.length;
    }
}

// Of one row of dx; `at` is the index in the plane of its first element.
BOUGH_IN_TWIN void max_back_lanes_by_two(float *restrict dx, const float *restrict dy,
                                         const int *restrict index, int at, int lanes)
{
#pragma omp simd
    for (int i = 0; i < lanes; i++) {
        const float slope = dy[i]; // read in any case: a branch would be slower
        const int from = index[i] - at - 2 * i;
        dx[2 * i] = from == 0 ? slope : 0.0f;
        dx[2 * i + 1] = from == 1 ? slope : 0.0f;
    }
}

BOUGH_IN_TWIN void max_back_half_by_two(float *restrict dx, const float *restrict dy,
                                        const int *restrict index, int at, int length, int lanes)
{
    for (int i = 0; i < length; i += lanes) {
        const int j = lanes_begin(i, length, lanes);
        max_back_lanes_by_two(dx + 2 * j, dy + j, index + j, at + 2 * j, lanes);
    }
}

// The run's windows, and the last elements of an odd row or plane.
BOUGH_IN_TWIN void max_back_run_by_two(float *dx, const float *dy, const int *index,
                                       const struct pool_params *p, struct pool_run run)
{
    const int width = p->w.size, first = 2 * run.h * width + 2 * run.w;
    const int ends = run.w + run.length == p->w.out ? width % 2 : 0;
    for (int row = 0; row < 2; row++) {
        POOL_BY_LANES(run.length, max_back_half_by_two, dx + first + row * width, dy, index,
                      first + row * width, run.length);
        if (ends)
            dx[first + row * width + 2 * run.length] = 0.0f;
    }
    if (p->h.size % 2 && run.h == p->h.out - 1)
        memset(dx + first + 2 * width, 0, (size_t)(2 * run.length + ends) * sizeof *dx);
}

BOUGH_IN_TWIN void max_back_rows_by_two(float *dx, const float *dy, const int *index,
                                        const struct pool_params *p, int h, int64_t rows, int lanes)
{
    const int width = p->w.size, out = p->w.out, height = p->h.out, odd = p->h.size % 2;
    for (dx += 2 * h * width; rows > 0; rows--) {
        for (int row = 0; row < 2; row++, dx += width) {
            for (int i = 0; i < out; i += lanes)
                max_back_lanes_by_two(dx + 2 * i, dy + i, index + i, (2 * h + row) * width + 2 * i,
                                      lanes);
            if (width % 2)
                dx[2 * out] = 0.0f;
        }
        dy += out;
        index += out;
        h = h + 1 < height ? h + 1 : 0;
        if (h == 0 && odd) {
            memset(dx, 0, (size_t)width * sizeof *dx);
            dx += width;
        }
    }
}

BOUGH_TWIN static void max_pool2d_by_two_bwd(void *const *arg, const void *params, int64_t begin,
                                             int64_t end)
{
    const struct pool_params *p = params;
    const int lanes = row_lanes(p->w.out);
    for (int64_t at = begin; at < end;) {
        const struct pool_run run = pool_run_at(at, end, p->h.out, p->w.out);
        const int64_t rows = run.w ? 0 : whole_rows(p->w.out, lanes, end - at);
        const float *dy = (const float *)arg[0] + at;
        const int *index = (const int *)arg[1] + at;
        float *dx = (float *)arg[2] + run.plane * p->h.size * p->w.size;
        if (rows)
            POOL_BY_LANES(lanes, max_back_rows_by_two, dx, dy, index, p, run.h, rows);
        else
            max_back_run_by_two(dx, dy, index, p, run);
        at += rows ? rows * p->w.out : run.length;
    }
}

// Any windows.

BOUGH_IN_TWIN void max_row(float *y, int *index, const float *x, const struct pool_params *p,
                           struct pool_run run)
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
        y[i] = pool_value(p->relu, most);
        index[i] = pool_index(p->relu, most, best);
    }
}

BOUGH_TWIN static void max_pool2d_fwd(void *const *arg, const void *params, int64_t begin,
                                      int64_t end)
{
    const struct pool_params *p = params;
    for (int64_t at = begin; at < end;) {
        const struct pool_run run = pool_run_at(at, end, p->h.out, p->w.out);
        const float *x = (const float *)arg[0] + run.plane * p->h.size * p->w.size;
        max_row((float *)arg[1] + at, (int *)arg[2] + at, x, p, run);
        at += run.length;
    }
}

// `dy` and `index` are those of the plane.
BOUGH_IN_TWIN void max_back_row(float *dx, const float *dy, const int *index,
                                const struct pool_params *p, struct pool_run run)
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

BOUGH_TWIN static void max_pool2d_bwd(void *const *arg, const void *params, int64_t begin,
                                      int64_t end)
{
    const struct pool_params *p = params;
    for (int64_t at = begin; at < end;) {
        const struct pool_run run = pool_run_at(at, end, p->h.size, p->w.size);
        const int64_t plane = run.plane * p->h.out * p->w.out;
        max_back_row((float *)arg[2] + at, (const float *)arg[0] + plane,
                     (const int *)arg[1] + plane, p, run);
        at += run.length;
    }
}

#define KERNEL(name_)                                                                              \
    static const struct bough__kernel kernel_##name_ = {                                           \
        #name_,           "pool",    name_,                                                        \
        BOUGH_GRID_ITEMS, .args = 3, .params_size = sizeof(struct pool_params)}
KERNEL(max_pool2d_fwd);
KERNEL(max_pool2d_bwd);
KERNEL(max_pool2d_by_two_fwd);
KERNEL(max_pool2d_by_two_bwd);

static enum bough_status max_pool2d_shape(struct bough__op_need *need,
                                          const struct bough__op_call *call)
{
    enum bough_status status = bough__pool_shape(need, call);
    if (status == BOUGH_OK)
        need->saved = (size_t)bough_shape_elements(&need->y) * sizeof(int32_t);
    return status;
}

static enum bough_status max_pool2d_forward(struct bough__sequence *out,
                                            const struct bough__op_call *call)
{
    const struct pool_params params = bough__pool_params(call);
    return BOUGH_KERNEL(
        out, pool_by_two(&params) ? &kernel_max_pool2d_by_two_fwd : &kernel_max_pool2d_fwd,
        bough_shape_elements(&call->y.shape), bough_shape_elements(&call->x[0].shape), &params,
        call->x[0].span, call->y.span, call->saved);
}

static enum bough_status max_pool2d_backward(struct bough__sequence *out,
                                             const struct bough__op_call *call)
{
    const struct pool_params params = bough__pool_params(call);
    if (pool_by_two(&params))
        return BOUGH_KERNEL(out, &kernel_max_pool2d_by_two_bwd,
                            bough_shape_elements(&call->y.shape),
                            bough_shape_elements(&call->x[0].shape), &params, call->dy.span,
                            call->saved, call->dx[0].span);
    return BOUGH_KERNEL(out, &kernel_max_pool2d_bwd, bough_shape_elements(&call->x[0].shape), 0,
                        &params, call->dy.span, call->saved, call->dx[0].span);
}

const struct bough__op bough__op_max_pool2d = {
    .name = "max_pool2d",
    .inputs_min = 1,
    .inputs_max = 1,
    .flags = BOUGH__OP_COMMUTES_WITH_RELU,
    .shape = max_pool2d_shape,
    .forward = max_pool2d_forward,
    .backward = max_pool2d_backward,
};
