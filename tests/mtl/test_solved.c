// Weightings that solve, in double: against TorchJD and numpy over twenty random Jacobians
// (golden/solved.json), and the golden values of TorchJD's own tests.
#include "cl/random.h"
#include "mtl/weighting_support.h"

#include <math.h>
#include <string.h>

enum { MOST = 16, COLUMNS = MOST + 4 };

static json_t *golden;

static int open_golden(void **state)
{
    golden = test_golden_open(state, "mtl/golden/solved.json");
    return golden ? 0 : -1;
}

// ---- A solve in double ----

struct problem {
    size_t tasks, columns;
    int in_float; // the Gram matrix, as a device gives it
    double j[MOST * COLUMNS], preference[MOST];
    double direction[COLUMNS], weights[MOST], residual;
};

static void make_gram(double *gram, const struct problem *of)
{
    for (size_t a = 0; a < of->tasks; a++)
        for (size_t b = 0; b < of->tasks; b++) {
            gram[a * of->tasks + b] = 0;
            for (size_t i = 0; i < of->columns; i++)
                gram[a * of->tasks + b] += of->j[a * of->columns + i] * of->j[b * of->columns + i];
            if (of->in_float)
                gram[a * of->tasks + b] = (double)(float)gram[a * of->tasks + b];
        }
}

static void solve_by(struct problem *of, const struct bough__choice *choice)
{
    const struct bough__weighting *row = bough__weighting_of(choice);
    double gram[MOST * MOST], loss[MOST], state[4 * MOST] = {0};
    size_t task[MOST];
    for (size_t t = 0; t < MOST; t++) {
        task[t] = t;
        loss[t] = 1;
    }
    make_gram(gram, of);
    struct bough__solve solve = {.options = choice->options,
                                 .tasks = of->tasks,
                                 .n = of->tasks,
                                 .task = task,
                                 .loss = loss,
                                 .preference = of->preference,
                                 .gram = gram,
                                 .state = state,
                                 .moment = {.step = 1, .epoch = 1},
                                 .scratch = malloc(row->scratch(of->tasks)),
                                 .weights = of->weights};
    row->solve(&solve);
    free(solve.scratch);
    of->residual = solve.residual;
    for (size_t i = 0; i < of->columns; i++) {
        of->direction[i] = 0;
        for (size_t t = 0; t < of->tasks; t++)
            of->direction[i] += of->weights[t] * of->j[t * of->columns + i];
    }
}

static void solve(struct problem *of, const char *text)
{
    const struct bough__choice choice = weighting_as(text);
    solve_by(of, &choice);
}

// ---- Golden values ----

static void read_numbers(double *to, const json_t *array)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        to[i] = json_number_value(json_array_get(array, i));
}

static void read_problem(struct problem *of, const json_t *row)
{
    const json_t *rows = json_object_get(row, "jacobian");
    of->tasks = json_array_size(rows);
    of->columns = json_array_size(json_array_get(rows, 0));
    assert_true(of->tasks <= MOST && of->columns <= COLUMNS);
    for (size_t t = 0; t < of->tasks; t++)
        read_numbers(of->j + t * of->columns, json_array_get(rows, t));
    read_numbers(of->preference, json_object_get(row, "preference"));
}

static double distance(const double *a, const double *b, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum = hypot(sum, a[i] - (b ? b[i] : 0));
    return sum;
}

static void random_jacobians(void **state)
{
    (void)state;
    size_t at;
    json_t *row, *gradient;
    const char *text;
    json_array_foreach(json_object_get(golden, "rows"), at, row)
    {
        struct problem problem = {0};
        read_problem(&problem, row);
        json_object_foreach(json_object_get(row, "gradient"), text, gradient)
        {
            double wanted[COLUMNS];
            read_numbers(wanted, gradient);
            solve(&problem, text);
            const double far = distance(problem.direction, wanted, problem.columns) /
                               distance(wanted, NULL, problem.columns);
            if (far < 1e-4 && problem.residual < 1e-8)
                continue;
            fail_msg("row %zu, %s, %s: %.2g from the golden direction, residual %.2g", at,
                     json_string_value(json_object_get(row, "kind")), text, far, problem.residual);
        }
    }
}

static void the_values_of_torchjd(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double wanted[3], weights[2];
    } rows[] = {
        {"upgrad", {0.2929, 1.9004, 1.9004}, {1.1109, 0.7894}},
        {"dualproj", {0.5563, 1.1109, 1.1109}, {0.6109, 0.5}},
        {"mgda", {0, 1, 1}, {0.6, 0.4}},
        {"{name: cagrad, rescale: 0}", {0.1835, 1.2041, 1.2041}, {0.7041, 0.5}},
        {"nash", {0.0542, 0.7061, 0.7061}, {0.41823, 0.28784}},
        {"fairgrad", {0.0766, 0.9985, 0.9985}, {0.5915, 0.4071}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct problem problem = {2, 3, 0, {-4, 1, 1, 6, 1, 1}, {1, 1}, {0}, {0}, 0};
        solve(&problem, rows[i].text);
        assert_true(distance(problem.direction, rows[i].wanted, 3) < 1e-4);
        assert_true(distance(problem.weights, rows[i].weights, 2) < 1e-4);
    }
}

// ---- Properties ----

static const char *const solved[] = {"mgda",   "cagrad",   "nash",     "fairgrad",
                                     "upgrad", "dualproj", "conicgrad"};

static unsigned drawn;

static double draw(void)
{
    return 2 * (double)random_unit(random_bits(1, 2, drawn++, 0, 0, 0).v[0]) - 1;
}

static void make_problem(struct problem *of, size_t tasks)
{
    of->tasks = tasks;
    of->columns = tasks + 2;
    of->in_float = 0;
    for (size_t i = 0; i < tasks * of->columns; i++)
        of->j[i] = draw() + 0.25;
    for (size_t t = 0; t < tasks; t++)
        of->preference[t] = 1;
}

// Task T - 1 - t in the place of t.
static void turn(struct problem *to, const struct problem *of)
{
    to->tasks = of->tasks;
    to->columns = of->columns;
    to->in_float = 0;
    for (size_t t = 0; t < of->tasks; t++) {
        memcpy(to->j + t * of->columns, of->j + (of->tasks - 1 - t) * of->columns,
               of->columns * sizeof *of->j);
        to->preference[t] = of->preference[of->tasks - 1 - t];
    }
}

static void order_does_not_matter(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof solved / sizeof *solved; i++)
        for (size_t tasks = 2; tasks <= MOST; tasks += 7) {
            struct problem problem, turned;
            make_problem(&problem, tasks);
            problem.preference[0] = 0.5;
            problem.preference[1] = 1.5;
            turn(&turned, &problem);
            solve(&problem, solved[i]);
            solve(&turned, solved[i]);
            assert_true(distance(problem.direction, turned.direction, problem.columns) <
                        1e-9 * distance(problem.direction, NULL, problem.columns));
        }
}

// T tasks of one gradient: a multiple of it, the tasks alike where there is one solution.
static void equal_gradients(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof solved / sizeof *solved; i++) {
        struct problem problem;
        make_problem(&problem, 5);
        for (size_t t = 1; t < problem.tasks; t++)
            memcpy(problem.j + t * problem.columns, problem.j, problem.columns * sizeof(double));
        solve(&problem, solved[i]);
        const double factor = problem.direction[0] / problem.j[0];
        assert_true(factor > 0 && problem.residual < 1e-8);
        for (size_t c = 0; c < problem.columns; c++)
            assert_float_equal(problem.direction[c], factor * problem.j[c], 1e-7 * factor);
    }
}

static void make_any(struct problem *of, size_t round)
{
    make_problem(of, 1 + round % MOST);
    of->columns = 1 + round / 3 % of->columns;
    of->in_float = round % 4 >= 2;
    const double drift = draw();
    for (size_t t = 0; t < of->tasks; t++) {
        const double size = round % 2 ? pow(10, 3 * draw()) : 1;
        for (size_t i = 0; i < of->columns; i++)
            of->j[t * of->columns + i] = size * (draw() + drift);
    }
}

// Of all ranks, sizes and numbers, whether there is a direction that serves all or not.
static void whatever_comes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof solved / sizeof *solved; i++) {
        const struct bough__choice choice = weighting_as(solved[i]);
        for (size_t round = 0; round < 1000; round++) {
            struct problem problem;
            make_any(&problem, round);
            solve_by(&problem, &choice);
            if (!(problem.residual >= 0 && problem.residual < (problem.in_float ? 1e-6 : 1e-8)))
                fail_msg("%s, round %zu: residual %g", solved[i], round, problem.residual);
            assert_true(isfinite(distance(problem.direction, NULL, problem.columns)));
        }
    }
}

// Gradients of which no weights make more than 0, and a gradient of 0.
static void gradients_that_cancel(void **state)
{
    (void)state;
    static const struct problem rows[] = {
        {2, 2, 0, {1, 2, -1, -2}, {1, 1}, {0}, {0}, 0},
        {2, 2, 0, {1e-3, 2e-3, -10, -20}, {1, 1}, {0}, {0}, 0},
        {3, 2, 0, {1, 0, -1, 1, -1, -1}, {1, 1, 1}, {0}, {0}, 0},
        {3, 2, 0, {1, 0, 0, 0, 1, 1}, {1, 1, 1}, {0}, {0}, 0},
        {4, 1, 0, {0, 0, 0, 0}, {1, 1, 1, 1}, {0}, {0}, 0},
        {1, 1, 0, {0}, {1}, {0}, {0}, 0},
        {4, 2, 0, {1, 2, -2, 1, -1, -2, 2, -1}, {1, 1, 1, 1}, {0}, {0}, 0},
    };
    for (size_t i = 0; i < sizeof solved / sizeof *solved; i++)
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
            struct problem problem = rows[r];
            solve(&problem, solved[i]);
            assert_true(problem.residual >= 0 && problem.residual < 1e-8);
            assert_true(distance(problem.weights, NULL, problem.tasks) < 1e8);
            assert_true(distance(problem.direction, NULL, problem.columns) <= 20);
        }
}

// However much longer another one is: d is (g_0 + |g_0| / 2 g_w / |g_w|) / 1.25, g_w the small one.
static void cagrad_serves_a_small_gradient(void **state)
{
    (void)state;
    for (double ratio = 10; ratio < 1e7; ratio *= 10) {
        struct problem problem = {2, 2, 0, {ratio, 0, 0, 1}, {1, 1}, {0}, {0}, 0};
        solve(&problem, "cagrad");
        const double mean = hypot(ratio, 1) / 2;
        const double wanted[] = {ratio / 2 / 1.25, (0.5 + mean / 2) / 1.25};
        assert_true(distance(problem.direction, wanted, 2) < 1e-9 * mean);
        assert_true(problem.residual < 1e-8);
    }
}

// Where nothing conflicts pcd goes by its first task alone; where constraints cannot hold together,
// too; and it does not know how large another task's loss is.
static void pcd_goes_by_its_first_task(void **state)
{
    (void)state;
    static const double first[3] = {1, 2, 0};
    struct problem apart = {2, 3, 0, {1, 2, 0, 3, 1, 0}, {1, 1}, {0}, {0}, 0};
    struct problem cannot = {3, 3, 0, {1, 2, 0, 0, 0, 1, 0, 0, -1}, {1, 1, 1}, {0}, {0}, 0};
    struct problem bent = {2, 3, 0, {1, 2, 0, -3, 1, 1}, {1, 1}, {0}, {0}, 0}, scaled = bent;
    struct problem zero = {2, 3, 0, {0, 0, 0, -3, 1, 1}, {1, 1}, {0}, {0}, 0};
    solve(&apart, "pcd");
    assert_true(distance(apart.direction, first, 3) < 1e-12);
    solve(&cannot, "pcd");
    assert_true(distance(cannot.direction, first, 3) < 1e-12);
    for (size_t i = 3; i < 6; i++)
        scaled.j[i] *= 50;
    solve(&bent, "{name: pcd, eps: 0}");
    solve(&scaled, "{name: pcd, eps: 0}");
    assert_true(distance(bent.direction, scaled.direction, 3) < 1e-12);
    assert_true(distance(bent.direction, first, 3) > 0.1);
    assert_float_equal(distance(bent.direction, NULL, 3), sqrt(5), 1e-12);
    solve(&zero, "pcd");
    assert_true(distance(zero.direction, NULL, 3) == 0);
}

// Of a task that is missing in a step the mean norm stays, and the first that is there leads.
static void pcd_keeps_means_by_task(void **state)
{
    (void)state;
    const struct bough__choice choice = weighting_as("{name: pcd, beta: 0.5, eps: 0}");
    static const double gram[4] = {4, 0, 0, 16}, later[1] = {64}, ones[2] = {1, 1};
    static const size_t both[2] = {0, 1}, second[1] = {1};
    double kept[4] = {0}, weights[2];
    void *scratch = malloc(bough__weighting_of(&choice)->scratch(2));
    struct bough__solve solve = {.options = choice.options,
                                 .tasks = 2,
                                 .n = 2,
                                 .task = both,
                                 .loss = ones,
                                 .preference = ones,
                                 .gram = gram,
                                 .state = kept,
                                 .scratch = scratch,
                                 .weights = weights};
    bough__weighting_of(&choice)->solve(&solve);
    assert_true(kept[0] == 2 && kept[1] == 0.5 && kept[2] == 8 && kept[3] == 0.5);
    solve.n = 1;
    solve.task = second;
    solve.gram = later;
    bough__weighting_of(&choice)->solve(&solve);
    assert_true(kept[0] == 2 && kept[1] == 0.5 && kept[2] == 36 && kept[3] == 0.75);
    assert_float_equal(weights[0], 1, 1e-15);
    free(scratch);
}

// The bargain does not know how large a loss is.
static void nash_goes_by_directions(void **state)
{
    (void)state;
    struct problem problem, scaled;
    make_problem(&problem, 6);
    scaled = problem;
    for (size_t i = 0; i < scaled.columns; i++) {
        scaled.j[i] *= 1000;
        scaled.j[2 * scaled.columns + i] *= 0.01;
    }
    solve(&problem, "nash");
    solve(&scaled, "nash");
    assert_true(distance(problem.direction, scaled.direction, problem.columns) < 1e-10);
    assert_float_equal(distance(problem.direction, NULL, problem.columns), 1, 1e-12);
    solve(&problem, "{name: nash, max_norm: 0}");
    assert_true(distance(problem.direction, NULL, problem.columns) > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_jacobians),
        cmocka_unit_test(the_values_of_torchjd),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(equal_gradients),
        cmocka_unit_test(whatever_comes),
        cmocka_unit_test(gradients_that_cancel),
        cmocka_unit_test(cagrad_serves_a_small_gradient),
        cmocka_unit_test(pcd_goes_by_its_first_task),
        cmocka_unit_test(pcd_keeps_means_by_task),
        cmocka_unit_test(nash_goes_by_directions),
    };
    return cmocka_run_group_tests(tests, open_golden, NULL);
}
