// Every GEMM implementation of OpenCL against plain C, on random problems of many shapes: whole
// matrices and convolutions with their gradients.
#include "bench/numbers.h"
#include "device/opencl/opencl_support.h"

#include <stdlib.h>

static struct bough_device *opencl, *c;
static int64_t limit; // multiplications of one problem

// ---- Random problems ----

static uint32_t seed;

static int64_t pick(int64_t least, int64_t most)
{
    seed = seed * 1664525u + 1013904223u;
    return least + (int64_t)(seed >> 8) % (most - least + 1);
}

// 1 to `most`, small ones as often as large ones.
static int64_t pick_size(int64_t most)
{
    int64_t size = pick(1, 8);
    while (size < most && pick(0, 3) > 0)
        size *= pick(1, 4);
    return size < most ? size : pick(1, most);
}

static int64_t reach(const struct bough__axis *axis, int64_t count)
{
    if (axis->inner == 0)
        return (count - 1) * axis->stride;
    return (count - 1) / axis->inner * axis->outer +
           (count < axis->inner ? count - 1 : axis->inner - 1) * axis->stride;
}

static struct bough__matrix pick_plain(int64_t rows, int64_t cols)
{
    struct bough__matrix x = {.kind = BOUGH_PLAIN};
    int64_t inner = pick(1, cols), gap = pick(0, 2);
    switch (pick(0, 4)) {
    case 0:
        x.row.stride = 1;
        x.col.stride = rows + gap;
        break;
    case 1: // columns in two levels, as the channels of images have
        x.row.stride = inner;
        x.col = (struct bough__axis){inner, 1, inner * rows + gap};
        break;
    case 2: // no stride is 1
        x.row.stride = 2 * cols + gap;
        x.col.stride = 2;
        break;
    default:
        x.row.stride = cols + gap;
        x.col.stride = 1;
    }
    return x;
}

// Batches one after the other, or one for all.
static void stack(struct bough__matrix *x, int64_t rows, int64_t cols, int may_share)
{
    x->batch_stride = reach(&x->row, rows) + reach(&x->col, cols) + 1 + pick(0, 3);
    if (may_share && pick(0, 3) == 0)
        x->batch_stride = 0;
}

static void pick_epilogue(struct bough__gemm *g)
{
    g->batch = g->batch ? g->batch : 1;
    g->alpha = pick(0, 1) ? 1 : 0.5f;
    g->beta = (float)pick(0, 1);
    g->bias_axis = pick(0, 1) ? BOUGH_BIAS_PER_ROW : BOUGH_BIAS_PER_COL;
    g->activation = (enum bough__activation)pick(BOUGH_LINEAR, BOUGH_TANH);
    g->slope = 0.25f;
}

static struct bough__gemm pick_gemm(void)
{
    struct bough__gemm g = {.batch = pick(1, 3)};
    do {
        g.m = pick_size(1200);
        g.n = pick_size(1200);
        g.k = pick_size(20000);
    } while (g.m * g.n * g.k * g.batch > limit);
    g.a = pick_plain(g.m, g.k);
    g.b = pick_plain(g.k, g.n);
    g.c = pick_plain(g.m, g.n);
    stack(&g.a, g.m, g.k, 1);
    stack(&g.b, g.k, g.n, 1);
    stack(&g.c, g.m, g.n, 0);
    pick_epilogue(&g);
    return g;
}

static struct bough__windows pick_windows(int64_t *images)
{
    struct bough__windows w;
    do {
        *images = pick(1, 5);
        w = (struct bough__windows){.channels = (int32_t)pick(1, 9),
                                    .height = (int32_t)pick(1, 20),
                                    .width = (int32_t)pick(1, 40),
                                    .kernel_h = (int32_t)pick(1, 4),
                                    .kernel_w = (int32_t)pick(1, 4),
                                    .stride_h = (int32_t)pick(1, 2),
                                    .stride_w = (int32_t)pick(0, 3) / 3 + 1,
                                    .padding_h = (int32_t)pick(0, 2),
                                    .padding_w = (int32_t)pick(0, 2),
                                    .dilation_h = (int32_t)pick(1, 2),
                                    .dilation_w = (int32_t)pick(1, 2),
                                    .input_dilation_h = (int32_t)pick(0, 3) / 3 + 1,
                                    .input_dilation_w = (int32_t)pick(0, 3) / 3 + 1,
                                    .flip = (int32_t)pick(0, 1)};
        w.out_h = (w.height + 2 * w.padding_h - w.dilation_h * (w.kernel_h - 1) - 1) / w.stride_h;
        w.out_w = (w.width + 2 * w.padding_w - w.dilation_w * (w.kernel_w - 1) - 1) / w.stride_w;
        w.out_h++;
        w.out_w++;
        w.image_stride = (int64_t)w.channels * w.height * w.width + pick(0, 1) * 7;
    } while (w.out_h < 1 || w.out_w < 1 ||
             *images * w.out_h * w.out_w * w.channels * w.kernel_h * w.kernel_w > limit);
    return w;
}

// Windows as B of a forward pass, as B^T of a gradient, and, rarely used, as A.
static struct bough__gemm pick_convolution(void)
{
    int64_t images, others = pick(1, 20);
    const struct bough__windows w = pick_windows(&images);
    const int64_t area = w.out_h * w.out_w, taps = w.channels * w.kernel_h * w.kernel_w;
    struct bough__gemm g = {.m = others, .n = images * area, .k = taps};
    struct bough__matrix *windows = &g.b, *plain = &g.a;
    switch (pick(0, 2)) {
    case 0:
        g.c.row.stride = area;
        g.c.col = (struct bough__axis){area, 1, others * area};
        break;
    case 1:
        g = (struct bough__gemm){.m = others, .n = taps, .k = images * area};
        g.c = pick_plain(g.m, g.n);
        break;
    default:
        g = (struct bough__gemm){.m = taps, .n = others, .k = images * area};
        g.c = pick_plain(g.m, g.n);
        windows = &g.a;
        plain = &g.b;
    }
    *plain = plain == &g.a ? pick_plain(g.m, g.k) : pick_plain(g.k, g.n);
    windows->windows = w;
    windows->kind =
        (windows == &g.a ? g.m : g.k) == taps ? BOUGH_WINDOWS : BOUGH_WINDOWS_TRANSPOSED;
    pick_epilogue(&g);
    return g;
}

// ---- Running ----

static int64_t extent(const struct bough__matrix *x, int64_t rows, int64_t cols, int64_t batch)
{
    const struct bough__windows *w = &x->windows;
    if (x->kind == BOUGH_PLAIN)
        return (batch - 1) * x->batch_stride + reach(&x->row, rows) + reach(&x->col, cols) + 1;
    int64_t positions = x->kind == BOUGH_WINDOWS ? cols : rows;
    return (positions / (w->out_h * w->out_w) - 1) * w->image_stride +
           (int64_t)w->channels * w->height * w->width;
}

static void fill(struct bough__span span, int64_t count, uint32_t from)
{
    float *x = malloc((size_t)count * sizeof *x);
    assert_non_null(x);
    bough__numbers_fill(x, (size_t)count, from, -1, 1);
    assert_ok(bough__write(span, x, (size_t)count * sizeof *x));
    free(x);
}

static float *solve(struct bough_device *device, struct bough__gemm g, int with_bias)
{
    const int64_t bias = g.batch * (g.bias_axis == BOUGH_BIAS_PER_ROW ? g.m : g.n);
    const int64_t count[4] = {extent(&g.a, g.m, g.k, g.batch), extent(&g.b, g.k, g.n, g.batch),
                              extent(&g.c, g.m, g.n, g.batch), bias};
    struct bough__span *span[4] = {&g.a.data, &g.b.data, &g.c.data, &g.bias};
    struct bough__launch *launch;
    const size_t bytes = (size_t)count[2] * sizeof(float);
    float *got = malloc(bytes);
    assert_non_null(got);
    for (uint32_t i = 0; i < 3u + (with_bias != 0); i++) {
        assert_ok(bough__buffer_create(&span[i]->buffer, device, (size_t)count[i] * sizeof(float)));
        fill(*span[i], count[i], i);
    }
    assert_ok(bough__launch_gemm(&launch, device, &g));
    if (device == opencl)
        test_gemm_ran(launch->implementation ? launch->implementation : "nothing");
    assert_ok(bough__run(device, &launch, 1));
    assert_ok(bough__read(g.c.data, got, bytes));
    bough__launch_destroy(&launch);
    // Oclgrind takes a new buffer for the one that lay there before: it keeps them to the end.
    for (int i = 0; i < 4 && !(device == opencl && opencl_is_slow(opencl)); i++)
        bough__buffer_destroy(&span[i]->buffer);
    return got;
}

static void compare(const char *implementation, const struct bough__gemm *g, int with_bias)
{
    assert_int_equal(setenv("BOUGH_GEMM", implementation, 1), 0);
    float *got = solve(opencl, *g, with_bias), *want = solve(c, *g, with_bias);
    double error = test_nmse(got, want, (size_t)extent(&g->c, g->m, g->n, g->batch));
    if (!(error <= 1e-11))
        fail_msg("%s, %lld x %lld x %lld, batch %lld, a %d, b %d: error %g", implementation,
                 (long long)g->m, (long long)g->n, (long long)g->k, (long long)g->batch, g->a.kind,
                 g->b.kind, error);
    free(got);
    free(want);
}

// What random problems seldom meet: many panels of columns, many rows, a divided k.
static void run_large(const char *implementation)
{
    static const int64_t size[][3] = {{20, 300, 40}, {17, 60, 1050}, {530, 18, 5}};
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        const int64_t m = size[i][0], n = size[i][1], k = size[i][2];
        struct bough__gemm g = {.m = m, .n = n, .k = k};
        g.a = pick_plain(m, k);
        g.b = pick_plain(k, n);
        g.c = pick_plain(m, n);
        pick_epilogue(&g);
        compare(implementation, &g, 1);
    }
}

static void run(const char *implementation, int problems)
{
    if (!opencl)
        skip();
    const int before = test_gemm_count(implementation);
    seed = 1;
    if (!opencl_is_slow(opencl) || strcmp(implementation, "cpu") == 0 ||
        strcmp(implementation, "direct") == 0)
        run_large(implementation);
    for (int i = 0; i < (opencl_is_slow(opencl) ? problems / 10 : problems); i++) {
        struct bough__gemm plain = pick_gemm(), convolution = pick_convolution();
        compare(implementation, &plain, (int)pick(0, 1));
        compare(implementation, &convolution, (int)pick(0, 1));
    }
    printf("%d products by %s\n", test_gemm_count(implementation) - before, implementation);
    if (test_gemm_count(implementation) == before)
        fail_msg("BOUGH_GEMM was %s, and none was done by it", implementation);
}

// Images that are cut in boxes of rows; channels in pairs of strips.
static void run_large_images(void)
{
    for (int32_t stride = 1; stride <= 2; stride++) {
        const int32_t out = stride == 1 ? 45 : 23;
        struct bough__gemm g = {.m = 37, .n = 2 * out * out, .k = 16 * 9};
        g.b.kind = BOUGH_WINDOWS;
        g.b.windows = (struct bough__windows){16, 45, 45, 3, 3,   stride, stride, 1,           1,
                                              1,  1,  1,  1, out, out,    0,      16 * 45 * 45};
        g.a = pick_plain(g.m, g.k);
        g.c.row.stride = out * out;
        g.c.col = (struct bough__axis){out * out, 1, g.m * out * out};
        pick_epilogue(&g);
        compare("windows", &g, 1);
        struct bough__gemm dw = {.m = g.m, .n = g.k, .k = g.n, .b = g.b};
        dw.b.kind = BOUGH_WINDOWS_TRANSPOSED;
        dw.a = g.c;
        dw.c = pick_plain(dw.m, dw.n);
        pick_epilogue(&dw);
        compare("windows", &dw, 1);
    }
}

static void windows(void **state)
{
    (void)state;
    run("windows", 60);
    if (opencl && !opencl_is_slow(opencl))
        run_large_images();
}

static void direct(void **state)
{
    (void)state;
    run("direct", 60);
}

static void cpu(void **state)
{
    (void)state;
    run("cpu", 60);
}

// tests/device/opencl/limits.c makes a device of groups that are smaller than those two work in.
static int has_small_groups(void)
{
    const char *limit = getenv("LIMIT_GROUP");
    return limit && strtol(limit, NULL, 10) < 256;
}

static void tile(void **state)
{
    (void)state;
    if (has_small_groups())
        skip();
    run("tile", 60);
}

static void clblast(void **state)
{
    (void)state;
    if (has_small_groups() || (opencl && opencl_is_slow(opencl)))
        skip(); // its kernels are not ours
    run("clblast", 10);
}

static void generic(void **state)
{
    (void)state;
    run("generic", 20);
}

// ---- Scratch, which launches share ----

// A product whose k is divided, prepared and run: c = a * b, of what is 1 everywhere.
struct ones {
    struct bough__gemm gemm;
    struct bough__launch *launch;
};

static void ones_prepare(struct ones *x, struct bough_device *device, int64_t size, int64_t k)
{
    const float one = 1;
    x->gemm = (struct bough__gemm){.m = size, .n = size, .k = k, .batch = 1, .alpha = 1};
    x->gemm.a = (struct bough__matrix){.row = {.stride = k}, .col = {.stride = 1}};
    x->gemm.b = x->gemm.c = (struct bough__matrix){.row = {.stride = size}, .col = {.stride = 1}};
    struct bough__buffer **a = &x->gemm.a.data.buffer, **c_ = &x->gemm.c.data.buffer;
    assert_ok(bough__buffer_create(a, device, (size_t)(size * k) * sizeof one));
    assert_ok(bough__buffer_create(c_, device, (size_t)(size * size) * sizeof one));
    for (int64_t i = 0; i < size * k; i++)
        assert_ok(bough__write(bough__span_at(bough__whole(*a), (size_t)i * sizeof one), &one,
                               sizeof one));
    x->gemm.b.data = x->gemm.a.data;
    assert_ok(bough__launch_gemm(&x->launch, device, &x->gemm));
}

static void ones_run(struct ones *x, struct bough_device *device)
{
    const size_t count = (size_t)(x->gemm.m * x->gemm.n);
    float got[64 * 64];
    assert_true(count <= 64 * 64);
    assert_ok(bough__fill_zero(x->gemm.c.data, count * sizeof *got));
    assert_ok(bough__run(device, &x->launch, 1));
    assert_ok(bough__read(x->gemm.c.data, got, count * sizeof *got));
    for (size_t i = 0; i < count; i++)
        assert_true(got[i] == (float)x->gemm.k);
}

static void ones_end(struct ones *x)
{
    bough__launch_destroy(&x->launch);
    bough__buffer_destroy(&x->gemm.a.data.buffer);
    bough__buffer_destroy(&x->gemm.c.data.buffer);
}

static void scratch_is_what_the_largest_wants(void **state)
{
    (void)state;
    struct ones small, large;
    if (!opencl || opencl_is_slow(opencl))
        skip();
    assert_int_equal(setenv("BOUGH_GEMM", "cpu parts=16", 1), 0);
    struct bough_device *device = opencl_open();
    ones_prepare(&large, device, 64, 1024);
    const size_t wanted = device->scratch_bytes;
    ones_end(&large);
    bough_device_close(&device);

    device = opencl_open();
    ones_prepare(&small, device, 60, 1024);
    const size_t less = device->scratch_bytes;
    ones_run(&small, device);
    ones_prepare(&large, device, 64, 1024);
    assert_true(less > wanted / 2 && less < wanted);
    assert_int_equal(device->scratch_bytes, wanted);
    for (int i = 0; i < 2; i++) { // bound to what is there now
        ones_run(&large, device);
        ones_run(&small, device);
    }
    ones_end(&small);
    ones_end(&large);
    bough_device_close(&device);
}

static void an_unknown_name_is_told(void **state)
{
    (void)state;
    struct bough__launch *launch;
    struct bough__gemm g = {.m = 1, .n = 1};
    if (!opencl)
        skip();
    assert_int_equal(setenv("BOUGH_GEMM", "fast", 1), 0);
    assert_ok(bough__buffer_create(&g.c.data.buffer, opencl, sizeof(float)));
    assert_fails(bough__launch_gemm(&launch, opencl, &g), BOUGH_INVALID,
                 "windows, direct, cpu, clblast, tile");
    bough__buffer_destroy(&g.c.data.buffer);
}

static void the_part_that_is_wrong_is_told(void **state)
{
    (void)state;
    static const char *const text[][2] = {{"cpu foo=1", "\"foo=1\" is none of parts=N, rows=N"},
                                          {"tile parts=-1", "\"parts=-1\" is none of"},
                                          {"cpu rows=4 parts=2x", "\"parts=2x\" is none of"}};
    struct bough__launch *launch;
    struct bough__gemm g = {.m = 1, .n = 1, .batch = 1};
    if (!opencl)
        skip();
    assert_ok(bough__buffer_create(&g.c.data.buffer, opencl, sizeof(float)));
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        assert_int_equal(setenv("BOUGH_GEMM", text[i][0], 1), 0);
        assert_fails(bough__launch_gemm(&launch, opencl, &g), BOUGH_INVALID, text[i][1]);
    }
    bough__buffer_destroy(&g.c.data.buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows),
        cmocka_unit_test(direct),
        cmocka_unit_test(cpu),
        cmocka_unit_test(tile),
        cmocka_unit_test(clblast),
        cmocka_unit_test(generic),
        cmocka_unit_test(scratch_is_what_the_largest_wants),
        cmocka_unit_test(an_unknown_name_is_told),
        cmocka_unit_test(the_part_that_is_wrong_is_told),
    };
    opencl = opencl_open();
    assert_ok(bough_device_open(&c, "c"));
    limit = opencl && opencl_is_slow(opencl) ? 3000 : 10000000;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    bough_device_close(&opencl);
    bough_device_close(&c);
    return failed;
}
