// The micro-kernels of C_SUMS, each by itself: every number of rows and columns, every ending, and
// nothing read or written beside them.
#include "device/c/gemm/gemm_isa.h"
#include "support/support.h"

#include <math.h>

enum {
    SIDE = C_SUMS_SIDE,
    STRETCH = 19,              // from one stretch to the next: 16 floats at most, and a gap
    LINE = 6 * STRETCH,        // a row of A, a column of B
    ROW = SIDE + 2,            // of C, from one to the next
    ALL = (SIDE + 2) * ROW + 1 // floats around C's
};

struct sums_case {
    int rows, cols;
    int full, rest, rests; // stretches of 16, floats of each other one, and how many of these
    int add, row_bias, lane_bias, relu;
};

static float a[SIDE * LINE], b[SIDE * LINE], c[ALL], before[ALL];
static float row_bias[SIDE], lane_bias[SIDE];

static float next_random(void)
{
    static uint32_t seed = 1;
    seed = seed * 1664525u + 1013904223u;
    return (float)(seed >> 8) * (2.0f / 16777216.0f) - 1.0f;
}

// Lines of which only what the stretches hold is no NaN.
static void fill_lines(float *x, int lines, const struct sums_case *s)
{
    for (int i = 0; i < SIDE * LINE; i++)
        x[i] = NAN;
    for (int line = 0; line < lines; line++)
        for (int i = 0; i < s->full + s->rests; i++)
            for (int j = 0; j < (i < s->full ? 16 : s->rest); j++)
                x[line * LINE + i * STRETCH + j] = next_random();
}

static void fill(const struct sums_case *s)
{
    fill_lines(a, s->rows, s);
    fill_lines(b, s->cols, s);
    for (int i = 0; i < ALL; i++)
        before[i] = c[i] = next_random();
    for (int i = 0; i < SIDE; i++) {
        row_bias[i] = i < s->rows ? next_random() : NAN;
        lane_bias[i] = i < s->cols ? next_random() : NAN;
        for (int j = 0; j < SIDE && !s->add; j++)
            if (i < s->rows && j < s->cols)
                c[(i + 1) * ROW + 1 + j] = NAN; // must not be read
    }
}

static double wanted(const struct sums_case *s, int row, int col)
{
    double sum = s->add ? (double)before[(row + 1) * ROW + 1 + col] : 0;
    for (int i = 0; i < s->full + s->rests; i++)
        for (int j = 0; j < (i < s->full ? 16 : s->rest); j++)
            sum +=
                (double)a[row * LINE + i * STRETCH + j] * (double)b[col * LINE + i * STRETCH + j];
    sum += s->row_bias ? (double)row_bias[row] : 0;
    sum += s->lane_bias ? (double)lane_bias[col] : 0;
    return s->relu ? fmax(sum, 0) : sum;
}

static void check(const struct bough__c_isa *isa, const struct sums_case *s)
{
    struct bough__c_stretch stretch[6];
    const int64_t row[SIDE] = {0, LINE, 2 * LINE, 3 * LINE, 4 * LINE};
    for (int i = 0; i < 6; i++)
        stretch[i] = (struct bough__c_stretch){i * STRETCH, i * STRETCH};
    fill(s);
    isa->sums[s->rows - 1][s->cols - 1](&(struct bough__c_tile){
        .k = 16 * s->full + s->rest * s->rests,
        .a = a,
        .b = b,
        .b_step = LINE,
        .row = row,
        .stretch = stretch,
        .full = s->full,
        .rest = s->rest,
        .c = c + ROW + 1,
        .ldc = ROW,
        .lanes = s->cols,
        .split = s->cols,
        .add = s->add,
        .row_bias = s->row_bias ? row_bias : NULL,
        .lane_bias = s->lane_bias ? lane_bias : NULL,
        .relu = s->relu,
    });
    for (int i = 0; i < ALL; i++) {
        const int r = i / ROW - 1, col = i % ROW - 1;
        const int inside = r >= 0 && r < s->rows && col >= 0 && col < s->cols;
        const double want = inside ? wanted(s, r, col) : (double)before[i];
        if (!(fabs((double)c[i] - want) <= (inside ? 1e-5 : 0)))
            fail_msg("%d x %d, %d of 16 and %d of %d, add %d, biases %d %d, relu %d: c[%d][%d] is "
                     "%g, wanted %g",
                     s->rows, s->cols, s->full, s->rests, s->rest, s->add, s->row_bias,
                     s->lane_bias, s->relu, r, col, (double)c[i], want);
    }
}

static const struct bough__c_isa *isa_with_sums(void)
{
#ifdef __x86_64__
    if (bough__c_isa_avx512.supported())
        return &bough__c_isa_avx512;
#endif
    print_message("no AVX-512: there are no sums\n");
    skip();
    return NULL;
}

static void every_tile_with_every_ending(void **state)
{
    (void)state;
    const struct bough__c_isa *isa = isa_with_sums();
    for (int i = 0; i < SIDE * SIDE * 16; i++)
        check(isa, &(struct sums_case){.rows = i / 16 % SIDE + 1,
                                       .cols = i / 16 / SIDE + 1,
                                       .full = 1,
                                       .rest = 5,
                                       .rests = 1,
                                       .add = i & 1,
                                       .row_bias = i >> 1 & 1,
                                       .lane_bias = i >> 2 & 1,
                                       .relu = i >> 3 & 1});
}

static void every_length(void **state)
{
    (void)state;
    const struct bough__c_isa *isa = isa_with_sums();
    for (int full = 0; full <= 3; full++)
        for (int rest = 0; rest < 16; rest++)
            for (int rests = rest != 0; rests <= 3 * (rest != 0); rests++)
                check(isa, &(struct sums_case){5, 5, full, rest, rests, .add = rest & 1});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_tile_with_every_ending),
        cmocka_unit_test(every_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
