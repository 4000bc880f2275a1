// Rows that solve by the Gram matrix, in double, against TorchJD (golden/gram_rows.json).
#include "mtl/weighting_support.h"

#include <math.h>

enum { TASKS = 16, COLUMNS = 2 * TASKS };

static json_t *golden;

static int open_golden(void **state)
{
    golden = test_golden_open(state, "mtl/golden/gram_rows.json");
    return golden == NULL;
}

struct jacobian {
    size_t tasks, columns;
    double g[TASKS][COLUMNS];
};

static void read_jacobian(struct jacobian *to, const json_t *rows)
{
    to->tasks = json_array_size(rows);
    for (size_t t = 0; t < to->tasks; t++) {
        const json_t *row = json_array_get(rows, t);
        to->columns = json_array_size(row);
        for (size_t c = 0; c < to->columns; c++)
            to->g[t][c] = json_number_value(json_array_get(row, c));
    }
}

static void make_gram(double *gram, const struct jacobian *jacobian)
{
    const size_t n = jacobian->tasks;
    for (size_t i = 0; i < n * n; i++) {
        gram[i] = 0;
        for (size_t c = 0; c < jacobian->columns; c++)
            gram[i] += jacobian->g[i / n][c] * jacobian->g[i % n][c];
    }
}

// The weights of the last of so many steps.
static void run_steps(double *weights, const char *text, const struct jacobian *jacobian,
                      uint32_t steps)
{
    const struct bough__choice choice = weighting_as(text);
    struct bough__arena arena = {0};
    struct bough__solver solver;
    double ones[TASKS], gram[TASKS * TASKS];
    size_t task[TASKS];
    assert_ok(bough__solver_init(&solver, &arena, &choice, jacobian->tasks, 0));
    for (size_t i = 0; i < jacobian->tasks; i++) {
        ones[i] = 1;
        task[i] = i;
    }
    make_gram(gram, jacobian);
    for (uint32_t step = 1; step <= steps; step++) {
        struct bough__solve solve = {
            .options = choice.options,
            .tasks = jacobian->tasks,
            .n = jacobian->tasks,
            .task = task,
            .loss = ones,
            .preference = ones,
            .gram = gram,
            .state = solver.state,
            .moment = {.seed = {1, 2}, .step = step, .epoch = 1},
            .scratch = solver.scratch,
            .weights = weights,
        };
        solver.weighting->solve(&solve);
        assert_true(solve.residual >= 0 && solve.residual < 1e-8);
    }
    bough__arena_fini(&arena);
}

static void check_case(const json_t *row)
{
    const char *text = json_string_value(json_object_get(row, "weighting"));
    const json_t *jacobians = json_object_get(golden, "jacobians");
    const json_t *wanted = json_object_get(row, "direction");
    const json_int_t number = json_integer_value(json_object_get(row, "jacobian"));
    struct jacobian jacobian = {0};
    double weights[TASKS], size = 0, off = 0;
    read_jacobian(&jacobian, json_array_get(jacobians, (size_t)number));
    run_steps(weights, text, &jacobian,
              (uint32_t)json_integer_value(json_object_get(row, "steps")));
    for (size_t c = 0; c < jacobian.columns; c++) {
        const double want = json_number_value(json_array_get(wanted, c));
        double got = 0;
        for (size_t t = 0; t < jacobian.tasks; t++)
            got += weights[t] * jacobian.g[t][c];
        size = hypot(size, want);
        off = hypot(off, got - want);
    }
    if (!(off <= 1e-6 * size))
        fail_msg("%s, Jacobian %d: off by %g of %g", text, (int)number, off, size);
}

static void directions(void **state)
{
    (void)state;
    const json_t *cases = json_object_get(golden, "cases");
    assert_true(json_array_size(cases) > 0);
    for (size_t i = 0; i < json_array_size(cases); i++)
        check_case(json_array_get(cases, i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(directions),
    };
    return cmocka_run_group_tests(tests, open_golden, test_golden_close);
}
