// Eigenvectors of symmetric matrices: the equation, orthogonality, order.
#include "cl/random.h"
#include "mtl/eigen.h"
#include "support/support.h"

#include <math.h>
#include <string.h>

enum { MOST = 256 };

static double matrix[MOST * MOST], work[MOST * MOST], values[MOST], vectors[MOST * MOST];
static unsigned drawn;

static double draw(void)
{
    return 2 * (double)random_unit(random_bits(3, 1, drawn++, 0, 0, 0).v[0]) - 1;
}

static struct bough__eigen find(size_t n)
{
    struct bough__eigen eigen = {.values = values, .vectors = vectors};
    bough__eigen_find(&eigen, matrix, n, work);
    return eigen;
}

static void check_vectors(size_t n)
{
    double worst = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k <= i; k++) {
            double sum = i == k ? -1 : 0;
            for (size_t j = 0; j < n; j++)
                sum += vectors[i * n + j] * vectors[k * n + j];
            worst = fmax(worst, fabs(sum));
        }
    assert_true(worst < 1e-13);
    for (size_t k = 1; k < n; k++)
        assert_true(values[k] <= values[k - 1]);
}

// J J' of `columns` columns, each row on a scale of its own.
static void make_gram(size_t n, size_t columns, double decades)
{
    static double j[MOST * MOST];
    for (size_t t = 0; t < n; t++) {
        const double scale = pow(10, decades * draw());
        for (size_t c = 0; c < columns; c++)
            j[t * columns + c] = scale * draw();
    }
    for (size_t i = 0; i < n * n; i++) {
        matrix[i] = 0;
        for (size_t c = 0; c < columns; c++)
            matrix[i] += j[i / n * columns + c] * j[i % n * columns + c];
    }
}

static void make_indefinite(size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k <= i; k++)
            matrix[i * n + k] = matrix[k * n + i] = draw();
}

static void random_matrices(void **state)
{
    (void)state;
    static const size_t size[] = {1, 2, 3, 8, 16, 33, 64, 128, 256};
    double worst = 0;
    for (size_t i = 0; i < sizeof size / sizeof *size; i++)
        for (int kind = 0; kind < 4; kind++) {
            const size_t n = size[i];
            if (kind == 3)
                make_indefinite(n);
            else
                make_gram(n, kind == 1 ? (n + 1) / 2 : n, kind == 2 ? 3 : 0);
            const double residual = find(n).residual;
            assert_true(residual < 1e-12);
            check_vectors(n);
            worst = fmax(worst, residual);
            if (kind == 1 && n > 1)
                assert_int_equal(bough__eigen_rank(values, n), (n + 1) / 2);
        }
    print_message("eigen: residual at most %.1e\n", worst);
}

// An eigenvalue of 1e-18 beside one of 1: as exact as those of the matrix without its scales.
static void small_values_are_exact(void **state)
{
    (void)state;
    static const double scaled[9] = {1,       0.5e-6,  0.25e-9, 0.5e-6, 1e-12,
                                     0.5e-15, 0.25e-9, 0.5e-15, 1e-18};
    memcpy(matrix, scaled, sizeof scaled);
    find(3);
    // det = 1e-30 det [[1, 1/2, 1/4], [1/2, 1, 1/2], [1/4, 1/2, 1]] = 1e-30 * 0.5625
    assert_float_equal(values[0] * values[1] * values[2] / 0.5625e-30, 1, 1e-12);
    assert_float_equal(values[2] / 0.75e-18, 1, 1e-6);
}

static void edges(void **state)
{
    (void)state;
    for (size_t i = 0; i < 16; i++)
        matrix[i] = 0;
    assert_true(find(4).residual == 0);
    check_vectors(4);
    assert_int_equal(bough__eigen_rank(values, 4), 0);
    for (size_t i = 0; i < 16; i++)
        matrix[i] = 3;
    assert_true(find(4).residual < 1e-15);
    check_vectors(4);
    assert_float_equal(values[0], 12, 1e-14);
    assert_int_equal(bough__eigen_rank(values, 4), 1);
    for (size_t i = 0; i < 4; i++)
        matrix[i] = i % 3 == 0 ? 1e-300 : 1e300;
    assert_true(isfinite(find(2).residual));
}

static void powers(void **state)
{
    (void)state;
    static const double b[2] = {2, 1};
    double x[2];
    matrix[0] = matrix[3] = 2.5; // 4 along (1, 1), 1 along (1, -1)
    matrix[1] = matrix[2] = 1.5;
    const struct bough__eigen eigen = find(2);
    bough__eigen_power(x, &eigen, 2, 2, -1, b);
    assert_float_equal(x[0], 1.5 / 4 + 0.5, 1e-15);
    assert_float_equal(x[1], 1.5 / 4 - 0.5, 1e-15);
    bough__eigen_power(x, &eigen, 2, 1, -0.5, b);
    assert_float_equal(x[0], 0.75, 1e-15);
    assert_float_equal(x[1], 0.75, 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_matrices),
        cmocka_unit_test(small_values_are_exact),
        cmocka_unit_test(edges),
        cmocka_unit_test(powers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
