// The rows that go by the products of two other batches: golden values (golden/sampled.json), and
// what they do at the edges.
#include "mtl/weighting_support.h"

#include <math.h>
#include <string.h>

enum { TASKS = 8 };

static const char *const rows[] = {"modo", "sdmgrad"};
enum { ROWS = sizeof rows / sizeof *rows };

static json_t *golden;

static int open_golden(void **state)
{
    golden = test_golden_open(state, "mtl/golden/sampled.json");
    return golden == NULL;
}

// ---- Golden values ----

static float number_at(const json_t *step, const char *key, size_t index)
{
    return (float)json_number_value(json_array_get(json_object_get(step, key), index));
}

static void check_step(struct solving *solving, const float *factor, const json_t *step)
{
    const size_t tasks = solving->solver.tasks;
    float cross[TASKS * TASKS], losses[2 * TASKS], others[2 * 2 * TASKS], weights[TASKS];
    for (size_t t = 0; t < tasks; t++) {
        losses[2 * t] = 1;
        losses[2 * t + 1] = number_at(step, "here", t);
        others[2 * t] = others[2 * (tasks + t)] = 1;
        others[2 * t + 1] = t % 2 ? 1 : number_at(step, "in_all", t);
        others[2 * (tasks + t) + 1] = t % 2 ? number_at(step, "in_all", t) : 1;
        for (size_t u = 0; u < tasks; u++)
            cross[t * tasks + u] = number_at(step, "a", t * tasks + u) * factor[t] * factor[u];
    }
    const struct bough__measured measured = {
        .losses = losses, .factor = factor, .gram = cross, .cross = cross, .others = others};
    assert_true(solving_step(solving, weights, &measured) == 0);
    for (size_t t = 0; t < tasks; t++)
        if (losses[2 * t + 1] != 0)
            assert_float_equal(weights[t] * factor[t], number_at(step, "weights", t), 2e-6);
}

static void match_golden_values(void **state)
{
    (void)state;
    size_t at, index;
    json_t *row, *step;
    assert_true(json_array_size(json_object_get(golden, "rows")) > 0);
    json_array_foreach(json_object_get(golden, "rows"), at, row)
    {
        const struct bough__choice choice =
            weighting_as(json_string_value(json_object_get(row, "weighting")));
        const size_t tasks = json_array_size(json_object_get(row, "preference"));
        struct solving solving;
        float factor[TASKS];
        for (size_t t = 0; t < tasks; t++)
            factor[t] = number_at(row, "preference", t);
        solving_open(&solving, &choice, tasks);
        json_array_foreach(json_object_get(row, "steps"), index, step)
            check_step(&solving, factor, step);
        solving_close(&solving);
    }
}

// ---- Edges ----

// Three steps of two tasks by such products.
static void three_steps(float *weights, const char *text, const float *cross)
{
    static const float ones[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    const struct bough__choice choice = weighting_as(text);
    struct solving solving;
    solving_open(&solving, &choice, 2);
    for (int i = 0; i < 3; i++)
        solving_step(&solving, weights,
                     &(struct bough__measured){
                         .losses = ones, .gram = cross, .cross = cross, .others = ones});
    solving_close(&solving);
}

static void weights_stay_on_the_simplex(void **state)
{
    (void)state;
    static const float products[][4] = {
        {0, 0, 0, 0},
        {2, 2, 2, 2},
        {2, -2, -2, 2},
        {-1, 3, -3, -1},
        {1e-30f, 0, 0, 1},
        {1e-45f, 1, 3e38f, 0},
        {3e38f, 3e38f, -3e38f, 3e38f},
        {0, 5, -7, 0},
    };
    for (size_t r = 0; r < ROWS; r++)
        for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
            float weights[2];
            three_steps(weights, rows[r], products[i]);
            assert_true(weights[0] >= 0 && weights[1] >= 0);
            assert_float_equal(weights[0] + weights[1], 1, 1e-6);
        }
}

// Where the products tell no length the weights stay: equal, at first.
static void without_a_length_weights_stay(void **state)
{
    (void)state;
    static const float products[4] = {-1, 3, -3, -1};
    float weights[2];
    three_steps(weights, "sdmgrad", products);
    assert_true(weights[0] == 0.5f && weights[1] == 0.5f);
}

// By one batch for all, many steps end where mgda does.
static void by_one_batch_it_is_mgda(void **state)
{
    (void)state;
    static const float gram[4] = {18, -22, -22, 38}, ones[4] = {1, 1, 1, 1};
    static const char *const texts[] = {"{name: modo, gamma: 0.01, rho: 0}",
                                        "{name: sdmgrad, lambda: 0, lr: 0.5}"};
    for (size_t r = 0; r < 2; r++) {
        const struct bough__choice choice = weighting_as(texts[r]);
        struct solving solving;
        float weights[2];
        solving_open(&solving, &choice, 2);
        for (int i = 0; i < 100; i++)
            solving_step(&solving, weights,
                         &(struct bough__measured){.losses = ones, .gram = gram});
        solving_close(&solving);
        assert_float_equal(weights[0], 0.6, 1e-5);
        assert_float_equal(weights[1], 0.4, 1e-5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(match_golden_values),
        cmocka_unit_test(weights_stay_on_the_simplex),
        cmocka_unit_test(without_a_length_weights_stay),
        cmocka_unit_test(by_one_batch_it_is_mgda),
    };
    return cmocka_run_group_tests(tests, open_golden, test_golden_close);
}
