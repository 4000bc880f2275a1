// The self-test: small problems whose answers are computed here, by plain loops.
#include "cl/selftest.h"
#include "base/error.h"
#include "device/device.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

// Largest error allowed, relative to the largest answer. Float sums of a hundred terms stay below
// a tenth of it; a wrong index does not.
static const double tolerance = 1e-5;

enum { M = 65, N = 67, K = 69, ROWS = 33, COLS = 129 };

// Numbers in [-1, 1), the same everywhere.
static void fill(float *x, size_t count, uint32_t seed)
{
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (float)(seed >> 8) * (2.0f / 16777216.0f) - 1.0f;
    }
}

static double largest_error(const float *got, const double *want, size_t count)
{
    double error = 0, size = 0;
    for (size_t i = 0; i < count; i++) {
        double difference = fabs((double)got[i] - want[i]);
        if (isnan(difference))
            return difference;
        error = fmax(error, difference);
        size = fmax(size, fabs(want[i]));
    }
    return error / size;
}

// ---- One problem on the device: two inputs, one output ----

struct problem {
    const float *a, *b; // b may be NULL
    float *c;
    size_t a_count, b_count, c_count;
    const struct bough__gemm *gemm;     // its spans are filled in; or
    const struct bough__kernel *kernel; // a kernel of a and c
    const void *params;
    int64_t rows;
};

static enum bough_status upload(struct bough__buffer **buffer, struct bough_device *device,
                                const float *x, size_t count)
{
    enum bough_status status = bough__buffer_create(buffer, device, count * sizeof *x);
    if (status == BOUGH_OK && x)
        status = bough__write(bough__whole(*buffer), x, count * sizeof *x);
    return status;
}

static enum bough_status solve(struct bough_device *device, const struct problem *p)
{
    struct bough__buffer *a = NULL, *b = NULL, *c = NULL;
    struct bough__launch *launch = NULL;
    enum bough_status status;
    BOUGH_TRY(upload(&a, device, p->a, p->a_count));
    BOUGH_TRY(upload(&b, device, p->b, p->b_count));
    BOUGH_TRY(upload(&c, device, NULL, p->c_count));
    if (p->gemm) {
        struct bough__gemm gemm = *p->gemm;
        gemm.a.data.buffer = a;
        gemm.b.data.buffer = b;
        gemm.c.data.buffer = c;
        BOUGH_TRY(bough__launch_gemm(&launch, device, &gemm));
    } else {
        struct bough__kernel_call call = {.kernel = p->kernel,
                                          .arg = {bough__whole(a), bough__whole(c)},
                                          .params = p->params,
                                          .count = p->rows};
        BOUGH_TRY(bough__launch_kernel(&launch, device, &call));
    }
    BOUGH_TRY(bough__run(device, &launch, 1));
    BOUGH_TRY(bough__read(bough__whole(c), p->c, p->c_count * sizeof *p->c));
done:
    bough__launch_destroy(&launch);
    bough__buffer_destroy(&c);
    bough__buffer_destroy(&b);
    bough__buffer_destroy(&a);
    return status;
}

// ---- GEMM of plain matrices ----

struct gemm_data {
    float a[M * K], b[K * N], c[M * N];
    double want[M * N];
};

static struct bough__matrix plain(int transposed, int64_t rows, int64_t cols)
{
    return (struct bough__matrix){.row.stride = transposed ? 1 : cols,
                                  .col.stride = transposed ? rows : 1};
}

static enum bough_status gemm(struct bough_device *device, double *error, int ta, int tb)
{
    struct gemm_data *d = malloc(sizeof *d);
    if (!d)
        return bough__no_memory();
    struct bough__gemm call = {.m = M, .n = N, .k = K};
    call.a = plain(ta, M, K);
    call.b = plain(tb, K, N);
    call.c = plain(0, M, N);
    fill(d->a, M * K, 1);
    fill(d->b, K * N, 2);
    for (int64_t i = 0; i < M * N; i++) {
        const float *a = d->a + i / N * call.a.row.stride, *b = d->b + i % N * call.b.col.stride;
        d->want[i] = 0;
        for (int64_t k = 0; k < K; k++)
            d->want[i] += (double)a[k * call.a.col.stride] * (double)b[k * call.b.row.stride];
    }
    enum bough_status status =
        solve(device, &(struct problem){d->a, d->b, d->c, M * K, K * N, M * N, .gemm = &call});
    *error = largest_error(d->c, d->want, M * N);
    free(d);
    return status;
}

static enum bough_status gemm_nn(struct bough_device *device, double *error)
{
    return gemm(device, error, 0, 0);
}

static enum bough_status gemm_nt(struct bough_device *device, double *error)
{
    return gemm(device, error, 0, 1);
}

static enum bough_status gemm_tn(struct bough_device *device, double *error)
{
    return gemm(device, error, 1, 0);
}

static enum bough_status gemm_tt(struct bough_device *device, double *error)
{
    return gemm(device, error, 1, 1);
}

// ---- GEMM of windows: a convolution with stride 2 and padding 1, and its two gradients ----

enum {
    IMAGES = 2,
    IN = 3,
    OUT = 5,
    KERNEL = 3,
    STRIDE = 2,
    PADDING = 1,
    HEIGHT = 9,
    WIDTH = 11,
    OUT_H = (HEIGHT + 2 * PADDING - KERNEL) / STRIDE + 1,
    OUT_W = (WIDTH + 2 * PADDING - KERNEL) / STRIDE + 1,
    PIXELS = OUT_H * OUT_W,
    X = IMAGES * IN * HEIGHT * WIDTH,
    W = OUT * IN * KERNEL * KERNEL,
    Y = IMAGES * OUT * PIXELS,
};

struct convolution {
    float x[X], w[W], y[Y];
    double dx[X], dw[W], want_y[Y];
};

// All three at once, y being also the gradient that arrives.
static void convolve(struct convolution *d)
{
    for (int i = 0; i < Y * IN * KERNEL * KERNEL; i++) {
        int kw = i % KERNEL, kh = i / KERNEL % KERNEL, c = i / KERNEL / KERNEL % IN;
        int y = i / KERNEL / KERNEL / IN;
        int ow = y % OUT_W, oh = y / OUT_W % OUT_H, o = y / PIXELS % OUT, n = y / PIXELS / OUT;
        int ih = oh * STRIDE + kh - PADDING, iw = ow * STRIDE + kw - PADDING;
        if (ih < 0 || ih >= HEIGHT || iw < 0 || iw >= WIDTH)
            continue;
        int x = ((n * IN + c) * HEIGHT + ih) * WIDTH + iw;
        int w = ((o * IN + c) * KERNEL + kh) * KERNEL + kw;
        d->want_y[y] += (double)d->x[x] * (double)d->w[w];
        d->dx[x] += (double)d->y[y] * (double)d->w[w];
        d->dw[w] += (double)d->y[y] * (double)d->x[x];
    }
}

static struct convolution *convolution_create(void)
{
    struct convolution *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    fill(d->x, X, 3);
    fill(d->w, W, 4);
    fill(d->y, Y, 5);
    convolve(d);
    return d;
}

static const struct bough__windows windows_of_x = {
    .channels = IN,
    .height = HEIGHT,
    .width = WIDTH,
    .kernel_h = KERNEL,
    .kernel_w = KERNEL,
    .stride_h = STRIDE,
    .stride_w = STRIDE,
    .padding_h = PADDING,
    .padding_w = PADDING,
    .dilation_h = 1,
    .dilation_w = 1,
    .input_dilation_h = 1,
    .input_dilation_w = 1,
    .out_h = OUT_H,
    .out_w = OUT_W,
    .image_stride = IN * HEIGHT * WIDTH,
};

static const struct bough__windows windows_of_dy = {
    .channels = OUT,
    .height = OUT_H,
    .width = OUT_W,
    .kernel_h = KERNEL,
    .kernel_w = KERNEL,
    .stride_h = 1,
    .stride_w = 1,
    .padding_h = KERNEL - 1 - PADDING,
    .padding_w = KERNEL - 1 - PADDING,
    .dilation_h = 1,
    .dilation_w = 1,
    .input_dilation_h = STRIDE,
    .input_dilation_w = STRIDE,
    .out_h = HEIGHT,
    .out_w = WIDTH,
    .flip = 1,
    .image_stride = OUT * PIXELS,
};

static struct bough__axis images(int64_t pixels, int64_t channels)
{
    return (struct bough__axis){pixels, 1, pixels * channels};
}

// y [OUT, (n, oh, ow)] = w [OUT, (c, kh, kw)] * windows of x
static enum bough_status windows(struct bough_device *device, double *error)
{
    struct convolution *d = convolution_create();
    if (!d)
        return bough__no_memory();
    struct bough__gemm call = {.m = OUT, .n = IMAGES * PIXELS, .k = IN * KERNEL * KERNEL};
    call.a = plain(0, call.m, call.k);
    call.b = (struct bough__matrix){.kind = BOUGH_WINDOWS, .windows = windows_of_x};
    call.c = (struct bough__matrix){.row.stride = PIXELS, .col = images(PIXELS, OUT)};
    enum bough_status status =
        solve(device, &(struct problem){d->w, d->x, d->y, W, X, Y, .gemm = &call});
    *error = largest_error(d->y, d->want_y, Y);
    free(d);
    return status;
}

// dw [OUT, (c, kh, kw)] = dy [OUT, (n, oh, ow)] * transposed windows of x
static enum bough_status windows_transposed(struct bough_device *device, double *error)
{
    struct convolution *d = convolution_create();
    if (!d)
        return bough__no_memory();
    struct bough__gemm call = {.m = OUT, .n = IN * KERNEL * KERNEL, .k = IMAGES * PIXELS};
    call.a = (struct bough__matrix){.row.stride = PIXELS, .col = images(PIXELS, OUT)};
    call.b = (struct bough__matrix){.kind = BOUGH_WINDOWS_TRANSPOSED, .windows = windows_of_x};
    call.c = plain(0, call.m, call.n);
    enum bough_status status =
        solve(device, &(struct problem){d->y, d->x, d->w, Y, X, W, .gemm = &call});
    *error = largest_error(d->w, d->dw, W);
    free(d);
    return status;
}

// dx [IN, (n, h, w)] = w [IN, (o, kh, kw)] * dilated, flipped windows of dy
static enum bough_status windows_dilated(struct bough_device *device, double *error)
{
    struct convolution *d = convolution_create();
    if (!d)
        return bough__no_memory();
    const int64_t taps = KERNEL * KERNEL, area = HEIGHT * WIDTH;
    struct bough__gemm call = {.m = IN, .n = IMAGES * area, .k = OUT * taps};
    call.a = (struct bough__matrix){.row.stride = taps, .col = images(taps, IN)};
    call.b = (struct bough__matrix){.kind = BOUGH_WINDOWS, .windows = windows_of_dy};
    call.c = (struct bough__matrix){.row.stride = area, .col = images(area, IN)};
    enum bough_status status =
        solve(device, &(struct problem){d->w, d->y, d->x, W, Y, X, .gemm = &call});
    *error = largest_error(d->x, d->dx, X);
    free(d);
    return status;
}

// ---- Row kernels ----

static void row_sum(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct selftest_params *p = params;
    const float *x = arg[0];
    float *sums = arg[1];
    for (int64_t row = begin; row < end; row++) {
        sums[row] = 0;
        for (int i = 0; i < p->cols; i++)
            sums[row] += x[row * p->cols + i];
    }
}

static void softmax_row(float *y, const float *x, int cols)
{
    float top = -INFINITY, sum = 0;
    for (int i = 0; i < cols; i++)
        top = fmaxf(top, x[i]);
    for (int i = 0; i < cols; i++)
        sum += y[i] = expf(x[i] - top);
    for (int i = 0; i < cols; i++)
        y[i] /= sum;
}

static void softmax(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct selftest_params *p = params;
    for (int64_t row = begin; row < end; row++)
        softmax_row((float *)arg[1] + row * p->cols, (const float *)arg[0] + row * p->cols,
                    p->cols);
}

static void channel_sum(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct selftest_walk_params *p = params;
    const float *x = arg[0];
    float *sums = arg[1];
    for (int64_t c = begin; c < end; c++) {
        sums[c] = 0;
        for (int64_t n = 0; n < p->batch; n++)
            for (int i = 0; i < p->plane; i++)
                sums[c] += x[(n * p->channels + c) * p->plane + i];
    }
}

static void long_loop(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)params;
    for (int64_t row = begin; row < end; row++)
        ((float *)arg[1])[row] = SELFTEST_TURNS;
}

static const struct bough__kernel kernel_row_sum = {
    "selftest_row_sum", "selftest", row_sum,
    BOUGH_GRID_ROWS,    .args = 2,  .params_size = sizeof(struct selftest_params)};
static const struct bough__kernel kernel_softmax = {
    "selftest_softmax", "selftest", softmax,
    BOUGH_GRID_ROWS,    .args = 2,  .params_size = sizeof(struct selftest_params)};
static const struct bough__kernel kernel_channel_sum = {
    "selftest_channel_sum", "selftest", channel_sum,
    BOUGH_GRID_ROWS,        .args = 2,  .params_size = sizeof(struct selftest_walk_params)};
static const struct bough__kernel kernel_long_loop = {
    "selftest_long_loop", "selftest", long_loop,
    BOUGH_GRID_ROWS,      .args = 2,  .params_size = sizeof(struct selftest_params)};

// Over x [ROWS * COLS]; `out` numbers come of it.
static enum bough_status row_kernel(struct bough_device *device, double *error,
                                    const struct bough__kernel *kernel, const void *params,
                                    int64_t rows, int64_t out)
{
    struct {
        float x[ROWS * COLS], y[ROWS * COLS], twin[ROWS * COLS];
        double want[ROWS * COLS];
    } *d = malloc(sizeof *d);
    if (!d)
        return bough__no_memory();
    fill(d->x, ROWS * COLS, 6);
    kernel->run((void *[]){d->x, d->twin}, params, 0, rows);
    for (int64_t i = 0; i < out; i++)
        d->want[i] = (double)d->twin[i];
    struct problem p = {d->x, NULL, d->y, ROWS * COLS, 1, (size_t)out, .kernel = kernel};
    p.params = params;
    p.rows = rows;
    enum bough_status status = solve(device, &p);
    *error = largest_error(d->y, d->want, (size_t)out);
    free(d);
    return status;
}

static enum bough_status reduction(struct bough_device *device, double *error)
{
    return row_kernel(device, error, &kernel_row_sum, &(struct selftest_params){COLS}, ROWS, ROWS);
}

static enum bough_status rows_softmax(struct bough_device *device, double *error)
{
    return row_kernel(device, error, &kernel_softmax, &(struct selftest_params){COLS}, ROWS,
                      ROWS * COLS);
}

static enum bough_status channels(struct bough_device *device, double *error)
{
    const struct selftest_walk_params params = {.batch = 11, .channels = ROWS, .plane = 9};
    return row_kernel(device, error, &kernel_channel_sum, &params, ROWS, ROWS);
}

static enum bough_status turns(struct bough_device *device, double *error)
{
    return row_kernel(device, error, &kernel_long_loop, &(struct selftest_params){COLS}, 1, 1);
}

// ---- All of them ----

static const struct {
    const char *name;
    enum bough_status (*run)(struct bough_device *device, double *error);
    enum bough__selftest_part part;
} checks[] = {
    {"gemm NN", gemm_nn, BOUGH_SELFTEST_ALL_BUT_WINDOWS},
    {"gemm NT", gemm_nt, BOUGH_SELFTEST_ALL_BUT_WINDOWS},
    {"gemm TN", gemm_tn, BOUGH_SELFTEST_ALL_BUT_WINDOWS},
    {"gemm TT", gemm_tt, BOUGH_SELFTEST_ALL_BUT_WINDOWS},
    {"gemm windows", windows, BOUGH_SELFTEST_WINDOWS},
    {"gemm windows transposed", windows_transposed, BOUGH_SELFTEST_WINDOWS},
    {"gemm windows dilated", windows_dilated, BOUGH_SELFTEST_WINDOWS},
    {"row sum", reduction, BOUGH_SELFTEST_ALL_BUT_WINDOWS},
    {"softmax", rows_softmax, BOUGH_SELFTEST_ALL_BUT_WINDOWS},
    {"channel sum", channels, BOUGH_SELFTEST_ALL_BUT_WINDOWS},
    {"long loop", turns, BOUGH_SELFTEST_ALL_BUT_WINDOWS},
};

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static enum bough_status run_checks(struct bough_device *device, enum bough__selftest_part part,
                                    char *report, size_t report_size)
{
    enum bough_status status = BOUGH_OK, first = BOUGH_OK;
    char wrong[1024] = "";
    size_t used = 0, wrong_used = 0;
    if (report && report_size)
        report[0] = '\0';
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        if (!(checks[i].part & part))
            continue;
        double error = 0, start = seconds();
        status = checks[i].run(device, &error);
        if (status != BOUGH_OK)
            return bough__fail_in(status, "device %s: self-test, %s", device->info.id,
                                  checks[i].name);
        if (report && used < report_size)
            used +=
                (size_t)snprintf(report + used, report_size - used, "%-24s error %.1e  %7.2f ms\n",
                                 checks[i].name, error, 1e3 * (seconds() - start));
        if (error <= tolerance)
            continue;
        first = BOUGH_DEVICE;
        if (wrong_used < sizeof wrong)
            wrong_used +=
                (size_t)snprintf(wrong + wrong_used, sizeof wrong - wrong_used, "%s%s %.1e",
                                 wrong_used ? ", " : "", checks[i].name, error);
    }
    if (first != BOUGH_OK)
        return bough__fail(first, "device %s (%s) answers wrongly; relative errors above %.0e: %s",
                           device->info.id, device->info.name, tolerance, wrong);
    return BOUGH_OK;
}

enum bough_status bough__selftest(struct bough_device *device, enum bough__selftest_part part)
{
    return run_checks(device, part, NULL, 0);
}

enum bough_status bough_device_selftest(struct bough_device *device, char *report,
                                        size_t report_size)
{
    if (!device)
        return bough__fail(BOUGH_INVALID, "self-test: no device");
    return run_checks(device, BOUGH_SELFTEST_ALL, report, report_size);
}
