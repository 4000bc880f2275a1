// GEMM of plain matrices: every orientation, two-level axes, batches, epilogues, sizes that
// straddle vectors and blocks, against a loop in double.
#include "device/gemm_support.h"

// ---- Layouts ----

enum layout {
    ROWS,        // row-major
    COLS,        // column-major: a transpose
    ROWS_PADDED, // row-major with a gap behind each row
    COLS_PADDED,
    ROWS_SPLIT, // [rows / 5, cols, 5]: a row index in two levels
    COLS_SPLIT, // [cols / 7, rows, 7]: images, seen by channel
    SPARSE,     // no stride is 1
    LAYOUTS
};

static const char *const layout_names[LAYOUTS] = {
    "rows", "cols", "rows padded", "cols padded", "rows split", "cols split", "sparse"};

static struct bough__matrix view(enum layout layout, int64_t rows, int64_t cols)
{
    switch (layout) {
    case COLS:
        return (struct bough__matrix){.row.stride = 1, .col.stride = rows};
    case ROWS_PADDED:
        return (struct bough__matrix){.row.stride = cols + 3, .col.stride = 1};
    case COLS_PADDED:
        return (struct bough__matrix){.row.stride = 1, .col.stride = rows + 3};
    case ROWS_SPLIT:
        return (struct bough__matrix){.row = {5, 1, 5 * cols}, .col.stride = 5};
    case COLS_SPLIT:
        return (struct bough__matrix){.row.stride = 7, .col = {7, 1, 7 * rows}};
    case SPARSE:
        return (struct bough__matrix){.row.stride = 2 * cols + 1, .col.stride = 2};
    default:
        return (struct bough__matrix){.row.stride = cols, .col.stride = 1};
    }
}

static int64_t along(const struct bough__axis *axis, int64_t i)
{
    return axis->inner ? i / axis->inner * axis->outer + i % axis->inner * axis->stride
                       : i * axis->stride;
}

static int64_t at(const struct bough__matrix *x, int64_t batch, int64_t row, int64_t col)
{
    return batch * x->batch_stride + along(&x->row, row) + along(&x->col, col);
}

// Room for the matrix, with every element of it random. Batches follow one another unless shared.
static struct host fill_view(struct bough__matrix *x, int64_t batch, int64_t rows, int64_t cols,
                             int shared)
{
    int64_t one = rows && cols ? at(x, 0, rows - 1, cols - 1) + 1 : 0;
    x->batch_stride = shared ? 0 : one + 2;
    struct host host = host_create(one + (batch - 1) * x->batch_stride);
    for (int64_t i = 0; i < batch * rows * cols; i++)
        host_set(&host, at(x, i / cols / rows, i / cols % rows, i % cols));
    return host;
}

// ---- Cases ----

enum bias { NONE, PER_ROW, PER_COL };

struct gemm_case {
    int64_t m, n, k;
    int64_t batch; // 0 stands for 1
    enum layout a, b, c;
    float alpha; // 0 stands for 1
    float beta;
    enum bias bias;
    enum bough__activation activation;
    int shared_a, shared_b; // by all batches
};

static double wanted_activation(const struct bough__gemm *g, double x)
{
    switch (g->activation) {
    case BOUGH_RELU:
        return fmax(x, 0);
    case BOUGH_LEAKY_RELU:
        return x < 0 ? (double)g->slope * x : x;
    case BOUGH_SIGMOID:
        return 1 / (1 + exp(-x));
    case BOUGH_TANH:
        return tanh(x);
    case BOUGH_GELU:
        return x * erfc(-x / sqrt(2)) / 2;
    default:
        return x;
    }
}

static void want_element(struct operands *o, const struct bough__gemm *g, int64_t batch, int64_t r,
                         int64_t col)
{
    int64_t place = at(&g->c, batch, r, col);
    float *before = &o->c.data[GUARD + place];
    for (int64_t k = 0; k < g->k; k++)
        host_want(&o->c, place,
                  (double)g->alpha * (double)o->a.data[GUARD + at(&g->a, batch, r, k)] *
                      (double)o->b.data[GUARD + at(&g->b, batch, k, col)]);
    host_want(&o->c, place, g->beta != 0 ? (double)*before : 0);
    if (g->beta == 0)
        *before = NAN; // must not be read
    if (o->bias.data)
        host_want(&o->c, place,
                  (double)o->bias
                      .data[GUARD + (g->bias_axis == BOUGH_BIAS_PER_ROW ? batch * g->m + r
                                                                        : batch * g->n + col)]);
    o->c.want[GUARD + place] = wanted_activation(g, o->c.want[GUARD + place]);
}

// Random operands, and what is wanted of them. `name` lives as long as the operands.
static struct operands operands_of(const struct gemm_case *x, struct bough__gemm *gemm,
                                   const char *name)
{
    struct bough__gemm g = {.m = x->m,
                            .n = x->n,
                            .k = x->k,
                            .batch = x->batch ? x->batch : 1,
                            .a = view(x->a, x->m, x->k),
                            .b = view(x->b, x->k, x->n),
                            .c = view(x->c, x->m, x->n),
                            .alpha = x->alpha != 0 ? x->alpha : 1,
                            .beta = x->beta,
                            .bias_axis =
                                x->bias == PER_COL ? BOUGH_BIAS_PER_COL : BOUGH_BIAS_PER_ROW,
                            .activation = x->activation,
                            .slope = 0.25f};
    struct operands o = {.name = name};
    o.a = fill_view(&g.a, g.batch, g.m, g.k, x->shared_a);
    o.b = fill_view(&g.b, g.batch, g.k, g.n, x->shared_b);
    o.c = fill_view(&g.c, g.batch, g.m, g.n, 0);
    if (x->bias != NONE) {
        o.bias = host_create(g.batch * (x->bias == PER_ROW ? g.m : g.n));
        host_fill(&o.bias);
    }
    for (int64_t i = 0; i < g.batch * g.m * g.n; i++)
        want_element(&o, &g, i / g.n / g.m, i / g.n % g.m, i % g.n);
    *gemm = g;
    return o;
}

static void check(const struct gemm_case *x)
{
    char name[200];
    snprintf(name, sizeof name,
             "gemm %lld x %lld x %lld, batch %lld, a %s, b %s, c %s, alpha %g, beta %g, bias %d, "
             "activation %d",
             (long long)x->m, (long long)x->n, (long long)x->k, (long long)x->batch,
             layout_names[x->a], layout_names[x->b], layout_names[x->c], (double)x->alpha,
             (double)x->beta, (int)x->bias, (int)x->activation);
    struct bough__gemm gemm;
    struct operands o = operands_of(x, &gemm, name);
    gemm_expect(&o, &gemm);
    operands_destroy(&o);
}

static void every_pair_of_layouts(void **state)
{
    (void)state;
    for (enum layout a = ROWS; a < LAYOUTS; a++)
        for (enum layout b = ROWS; b < LAYOUTS; b++)
            check(&(struct gemm_case){.m = 33, .n = 35, .k = 37, .a = a, .b = b});
}

static void every_layout_of_c(void **state)
{
    (void)state;
    for (enum layout c = ROWS; c < LAYOUTS; c++)
        for (int beta = 0; beta < 2; beta++)
            check(&(struct gemm_case){.m = 65, .n = 63, .k = 17, .c = c, .beta = (float)beta});
}

static void sizes_that_straddle(void **state)
{
    (void)state;
    static const int64_t size[] = {1, 3, 17, 31, 32, 33, 63, 64, 65};
    enum { SIZES = sizeof size / sizeof *size };
    for (int i = 0; i < SIZES; i++) {
        for (int j = 0; j < SIZES; j++) {
            int64_t k = size[(3 * i + 4 * j) % SIZES];
            check(&(struct gemm_case){size[i], size[j], k, .a = i % 2 ? COLS : ROWS,
                                      .b = j % 2 ? ROWS : COLS});
        }
    }
}

// Every number of rows of a tile, and vectors along k.
static void few_rows_and_columns(void **state)
{
    (void)state;
    for (int64_t m = 1; m <= 15; m++)
        for (int64_t n = 1; n <= 5; n++)
            check(&(struct gemm_case){m, n, 15 + 2 * n + m, .a = m % 2 ? ROWS : COLS, .b = COLS,
                                      .beta = (float)(m % 3 / 2), .bias = n % 2 ? PER_ROW : PER_COL,
                                      .activation = BOUGH_RELU});
    for (int64_t m = 1; m <= 3; m++)
        for (int64_t k = 1; k <= 4; k++)
            check(&(struct gemm_case){m, 33, k, .a = COLS});
}

static void nothing_to_sum_and_nothing_to_write(void **state)
{
    (void)state;
    for (int beta = 0; beta < 2; beta++) {
        check(&(struct gemm_case){5, 7, 0, .beta = (float)beta});
        check(&(struct gemm_case){33, 65, 0, .beta = (float)beta, .bias = PER_COL,
                                  .activation = BOUGH_RELU});
        check(&(struct gemm_case){0, 7, 3, .beta = (float)beta});
        check(&(struct gemm_case){5, 0, 3, .beta = (float)beta, .bias = PER_ROW});
    }
}

static void epilogues(void **state)
{
    (void)state;
    for (int i = 0; i < 3 * 6 * 2 * 2; i++)
        check(&(struct gemm_case){.m = 34,
                                  .n = 70,
                                  .k = 33,
                                  .bias = (enum bias)(i % 3),
                                  .activation = (enum bough__activation)(i / 3 % 6),
                                  .beta = (float)(i / 18 % 2),
                                  .alpha = i / 36 ? -0.5f : 1.0f,
                                  .c = i % 2 ? COLS_SPLIT : ROWS});
}

static void batches(void **state)
{
    (void)state;
    static const struct gemm_case cases[] = {
        {.m = 17, .n = 33, .k = 5, .batch = 3},
        {.m = 33, .n = 17, .k = 40, .batch = 5, .a = COLS, .bias = PER_ROW},
        {.m = 3, .n = 65, .k = 64, .batch = 2, .b = COLS, .bias = PER_COL, .beta = 1},
        {.m = 9, .n = 10, .k = 11, .batch = 7, .shared_a = 1, .c = COLS_SPLIT},
        {.m = 9, .n = 10, .k = 11, .batch = 7, .shared_b = 1, .activation = BOUGH_RELU},
        {.m = 1, .n = 1, .k = 300, .batch = 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(&cases[i]);
}

static void sizes_beyond_a_block(void **state)
{
    (void)state;
    static const struct gemm_case cases[] = {
        {.m = 70, .n = 90, .k = 1100, .bias = PER_ROW, .activation = BOUGH_RELU, .beta = 1},
        {.m = 600, .n = 40, .k = 50, .b = COLS},
        {.m = 20, .n = 4300, .k = 30, .a = COLS, .bias = PER_COL},
        {.m = 200, .n = 300, .k = 600, .a = COLS, .b = COLS, .c = COLS},
        {.m = 200, .n = 300, .k = 600, .b = COLS, .bias = PER_COL, .activation = BOUGH_TANH},
        {.m = 70, .n = 90, .k = 1100, .c = COLS, .activation = BOUGH_SIGMOID},
        {.m = 32, .n = 9, .k = 10001, .b = COLS, .activation = BOUGH_LEAKY_RELU},
        {.m = 32, .n = 9, .k = 10001, .b = COLS}, // weight gradients
        {.m = 9, .n = 5, .k = 20000, .a = COLS, .beta = 1, .bias = PER_ROW},
        {.m = 1, .n = 1, .k = 50001, .alpha = 0.5f},
        {.m = 128, .n = 10, .k = 300}, // a head
        {.m = 300, .n = 1, .k = 400},
        {.m = 1, .n = 700, .k = 130},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(&cases[i]);
}

// Plain C gives the same bits on any number of threads.
static void threads_change_nothing(void **state)
{
    (void)state;
    static const struct gemm_case cases[] = {
        {.m = 70, .n = 90, .k = 1100, .bias = PER_ROW, .beta = 1},
        {.m = 200, .n = 300, .k = 600, .a = COLS, .c = COLS_SPLIT},
        {.m = 32, .n = 9, .k = 10001, .b = COLS},
        {.m = 700, .n = 20, .k = 100, .batch = 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bough__gemm gemm;
        struct operands o = operands_of(&cases[i], &gemm, "threads");
        size_t bytes = (size_t)(o.c.count + 2 * GUARD) * sizeof(float);
        float *alone = NULL;
        for (int threads = 1; threads <= 5; threads++) {
            struct bough_device *device;
            setenv("BOUGH_THREADS", (char[]){(char)('0' + threads), 0}, 1);
            assert_ok(bough_device_open(&device, "c"));
            assert_int_equal(bough_device_info(device)->compute_units, threads);
            float *together = gemm_run(&o, &gemm, device, NULL);
            bough_device_close(&device);
            if (alone)
                assert_memory_equal(alone, together, bytes);
            free(alone);
            alone = together;
        }
        free(alone);
        operands_destroy(&o);
    }
    unsetenv("BOUGH_THREADS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_layouts),
        cmocka_unit_test(every_layout_of_c),
        cmocka_unit_test(sizes_that_straddle),
        cmocka_unit_test(few_rows_and_columns),
        cmocka_unit_test(nothing_to_sum_and_nothing_to_write),
        cmocka_unit_test(epilogues),
        cmocka_unit_test(batches),
        cmocka_unit_test(sizes_beyond_a_block),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(test_forced_gemm_ran),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
