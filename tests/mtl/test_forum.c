// What forum makes of the gradients of two batches: the conditions of its problem, and its edges.
// Whole trainings are in tests/train/test_ahead.c.
#include "weighting_support.h"

#include <math.h>
#include <string.h>

enum { MOST = 16, COLUMNS = 24 };

// Gradients of the own batch and of the other one, of `n` tasks.
struct problem {
    size_t n;
    float own[MOST * COLUMNS], other[MOST * COLUMNS];
    float losses[2 * MOST], there[2 * MOST];
};

static float product(const float *a, const float *b)
{
    double sum = 0;
    for (size_t i = 0; i < COLUMNS; i++)
        sum += (double)a[i] * (double)b[i];
    return (float)sum;
}

static void multiply(float *products, const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n * n; i++)
        products[i] = product(a + i / n * COLUMNS, b + i % n * COLUMNS);
}

// Of the first step. Writes what of each gradient is in d, [2, n]; returns the residual.
static double find(float *shares, const struct problem *p, const char *text)
{
    float cross[MOST * MOST], squares[2 * MOST * MOST], weights[MOST];
    const struct bough__choice choice = weighting_as(text);
    struct solving solving;
    solving_open(&solving, &choice, p->n);
    solving.moment.lr = 0.5f;
    multiply(cross, p->other, p->own, p->n);
    multiply(squares, p->own, p->own, p->n);
    multiply(squares + p->n * p->n, p->other, p->other, p->n);
    const double residual = solving_step(&solving, weights,
                                         &(struct bough__measured){.losses = p->losses,
                                                                   .gram = cross,
                                                                   .cross = cross,
                                                                   .others = p->losses,
                                                                   .squares = squares,
                                                                   .there = p->there});
    bough__solver_shares(&solving.solver, shares);
    for (size_t i = 0; i < p->n; i++)
        assert_float_equal(weights[i], shares[i] + shares[p->n + i], 1e-5f * fabsf(weights[i]));
    solving_close(&solving);
    return residual;
}

static unsigned drawn = 1;

static float draw(void)
{
    drawn = drawn * 1664525u + 1013904223u;
    return (float)(drawn >> 8) / (float)(1 << 23) - 1;
}

// What gradients have in common, `alike` of it; the other batch's are `turned` ones.
static void make(struct problem *p, size_t n, float alike, float turned)
{
    float common[COLUMNS];
    p->n = n;
    for (size_t i = 0; i < COLUMNS; i++)
        common[i] = draw();
    for (size_t i = 0; i < n * COLUMNS; i++) {
        p->own[i] = alike * common[i % COLUMNS] + draw();
        p->other[i] = turned * p->own[i] + 0.5f * draw();
    }
    for (size_t i = 0; i < 2 * n; i++) {
        p->losses[i] = 1 + fabsf(draw());
        p->there[i] = p->losses[i] * (1 - 0.25f * fabsf(draw()));
    }
}

// ---- The conditions of the problem ----

// In double: d [n + COLUMNS], q' and the slopes of F_t, by alpha and by the parameters.
struct checked {
    double d[MOST + COLUMNS], q[MOST + COLUMNS], v;
};

static double along(const double *a, const double *b, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

// alpha is 0, so that all weights are the same.
static void find_direction(struct checked *c, const struct problem *p, const float *shares)
{
    const double w = 1 / (double)p->n;
    double mean = 0;
    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < p->n; i++) {
        mean += w * (double)(p->losses[2 * i] - p->there[2 * i]);
        c->v += (double)shares[i];
        for (size_t k = 0; k < COLUMNS; k++) {
            c->q[p->n + k] += w * (double)p->own[i * COLUMNS + k];
            c->d[p->n + k] += (double)(shares[p->n + i] * p->other[i * COLUMNS + k]);
        }
    }
    for (size_t i = 0; i < p->n; i++)
        c->q[i] = w * ((double)(p->losses[2 * i] - p->there[2 * i]) - mean);
    for (size_t k = 0; k < p->n + COLUMNS; k++)
        c->d[k] += c->v * c->q[k];
}

// q falls as much as it must, no more where v is above 0; the F_t that have a share fall least.
static void check_conditions(const struct problem *p, const char *text, double rho)
{
    float shares[2 * MOST];
    double falls[MOST], least = INFINITY, sum = 0, largest = 0;
    struct checked c;
    const size_t n = p->n;
    assert_true(find(shares, p, text) <= 1e-9);
    find_direction(&c, p, shares);
    const double square = along(c.q, c.q, n + COLUMNS),
                 short_by = rho / 2 * square - along(c.q, c.d, n + COLUMNS);
    for (size_t i = 0; i < n; i++) {
        falls[i] = 0;
        for (size_t k = 0; k < COLUMNS; k++)
            falls[i] += (double)p->other[i * COLUMNS + k] * c.d[n + k];
        least = fmin(least, falls[i]);
        largest = fmax(largest, fabs(falls[i]));
        sum += (double)shares[n + i];
        assert_true(shares[i] >= 0 && shares[n + i] >= 0);
    }
    assert_float_equal(sum, 1, 1e-5);
    assert_true(short_by <= 1e-5 * (square + largest));
    assert_true(c.v <= 1e-6 || fabs(short_by) <= 1e-5 * (square + largest));
    for (size_t i = 0; i < n; i++)
        assert_true(shares[n + i] <= 1e-5f || falls[i] - least <= 1e-4 * (square + largest));
}

static void d_solves_the_problem(void **state)
{
    (void)state;
    static const float alike[] = {0, 2, -1}, turned[] = {1, 0.1f, -0.5f};
    struct problem p;
    for (size_t n = 1; n <= MOST; n += n < 4 ? 1 : 3)
        for (size_t a = 0; a < 9; a++) {
            make(&p, n, alike[a / 3], turned[a % 3]);
            check_conditions(&p, "forum", 0.1f);
            check_conditions(&p, "{name: forum, rho: 4}", 4);
            check_conditions(&p, "{name: forum, rho: 0}", 0);
        }
}

// ---- Edges ----

static void all_finite(const float *shares, size_t n)
{
    for (size_t i = 0; i < 2 * n; i++)
        assert_true(isfinite(shares[i]) && shares[i] >= 0);
}

static void nothing_is_sought_where_nothing_is(void **state)
{
    (void)state;
    float shares[2 * MOST];
    struct problem p;
    make(&p, 3, 0, 1);
    memset(p.own, 0, sizeof p.own);
    memcpy(p.there, p.losses, sizeof p.there);
    find(shares, &p, "forum"); // mgda, of the other batch
    assert_true(shares[0] == 0 && shares[1] == 0 && shares[2] == 0);
    memset(p.other, 0, sizeof p.other);
    find(shares, &p, "forum");
    all_finite(shares, 3);
}

// The own batch's weighted gradients cancel.
static void gradients_that_cancel(void **state)
{
    (void)state;
    float shares[4];
    struct problem p;
    make(&p, 2, 0, 1);
    for (size_t i = 0; i < COLUMNS; i++)
        p.own[COLUMNS + i] = -p.own[i];
    find(shares, &p, "forum");
    all_finite(shares, 2);
    assert_true(shares[0] <= 1 && shares[1] <= 1);
    memcpy(p.other, p.own, sizeof p.other);
    find(shares, &p, "forum");
    all_finite(shares, 2);
}

static void plain_steps_that_lead_nowhere(void **state)
{
    (void)state;
    static const float nowhere[] = {INFINITY, NAN, -INFINITY};
    float shares[6], wanted[6];
    struct problem p;
    make(&p, 3, 0, 1);
    memcpy(p.there, p.losses, sizeof p.there);
    find(wanted, &p, "{name: forum, rho: 4}");
    for (size_t i = 0; i < 3; i++) {
        p.there[2] = nowhere[i];
        assert_true(isinf(find(shares, &p, "{name: forum, rho: 4}")));
        assert_memory_equal(shares, wanted, sizeof shares);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(d_solves_the_problem),
        cmocka_unit_test(nothing_is_sought_where_nothing_is),
        cmocka_unit_test(gradients_that_cancel),
        cmocka_unit_test(plain_steps_that_lead_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
