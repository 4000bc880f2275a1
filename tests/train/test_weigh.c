// Weightings of every kind in a step: the log tells the weights, a step keeps to one small read and
// one small write more, and the two ways to the Gram matrix agree.
#include "base/strings.h"
#include "support/support.h"
#include "support/training.h"
#include "train/runner.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const methods[] = {"uncertainty", "mgda", "graddrop"};

enum { METHODS = sizeof methods / sizeof *methods };

// ---- Whole trainings ----

enum { EPOCHS = 2, TASKS = 3 };

static void train_two_epochs(const char *dir, struct bough_device *device, const char *method)
{
    char weighting[64];
    struct bough_run *run;
    snprintf(weighting, sizeof weighting, "weighting=%s", method);
    struct bough_config config =
        test_config_with(training_text, training_file, "optimizer.clip_norm=1", weighting, NULL);
    config.train.epochs = EPOCHS;
    assert_ok(bough_train(&run, &config,
                          &(struct bough_train_options){.device = device, .run_dir = dir}));
    bough_run_destroy(&run);
}

// The sum of the weights in each epoch's line of the log; how many lines have some.
static int lines_with_weights(double *sum, const char *dir)
{
    char path[600], line[4096];
    int lines = 0;
    snprintf(path, sizeof path, "%s/log.jsonl", dir);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        json_t *event = json_loads(line, 0, NULL), *number;
        const json_t *weights = json_object_get(event, "weights");
        const char *task;
        if (weights) {
            assert_int_equal(json_object_size(weights), TASKS);
            sum[lines] = 0;
            json_object_foreach((json_t *)weights, task, number) sum[lines] +=
                json_number_value(number);
            number = json_object_get(json_object_get(event, "solves"), "residual");
            assert_true(!number ||
                        (json_is_real(number) && json_real_value(number) <= BOUGH__SOLVED));
            lines++;
        }
        json_decref(event);
    }
    fclose(file);
    return lines;
}

static void the_log_tells_the_weights(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (int m = 0; m < METHODS; m++) {
        char dir[512];
        double sum[EPOCHS];
        const int graddrop = strcmp(methods[m], "graddrop") == 0;
        snprintf(dir, sizeof dir, "%s/told-%d", test_folder(), m);
        train_two_epochs(dir, device[0], methods[m]);
        assert_int_equal(lines_with_weights(sum, dir), graddrop ? 0 : 2);
        if (strcmp(methods[m], "mgda") == 0) // of sum 1, times the tasks' factors: 1, 0.5 and 1
            assert_in_range((int)(100 * sum[1]), 50, 100);
        else if (!graddrop) // 0.5 times the tasks' factors, and a little
            assert_in_range((int)(100 * sum[0]), 110, 140);
    }
}

// Gradients that only the device sees are bad in the next step's losses, which are told.
static void a_diverging_run_is_told(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"weighting=graddrop",
         "; a lower optimizer.lr, or optimizer.clip_norm, keeps it in bounds"},
        {"weighting=gradnorm", "; a lower optimizer.lr or weighting.lr, or optimizer.clip_norm, k"},
        {"weighting=dbmtl", "task "},
        {"weighting=mgda", "task "},
        {"weighting=uncertainty", "optimizer.clip_norm, or another weighting.start, keeps it"},
        {"weighting={name: gradnorm, losses: imtl_l}",
         "; a lower optimizer.lr or weighting.lr, or optimizer.clip_norm, or another "
         "weighting.losses.start, keeps it in bounds"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bough_run *run;
        const struct bough_config config = test_config_with(
            training_text, training_file, rows[i][0], "optimizer={name: sgd, lr: 1e30}", NULL);
        assert_fails(bough_train(&run, &config, NULL), BOUGH_DIVERGED, rows[i][1]);
        print_message("%s: %s\n", rows[i][0], bough_last_error());
        bough_run_destroy(&run);
    }
}

// Where a row goes by squares, which float cannot hold, and steps are too short for the losses to
// tell.
static void squares_that_overflow_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *weighting;
        int squares; // of the gradients themselves
    } rows[] = {{"metabalance", 1}, {"mgda", 1},  {"moco", 1},
                {"excess", 1},      {"dbmtl", 0}, {"graddrop", 0}};
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            char weighting[64];
            struct bough_run *run;
            const struct bough_train_options options = {.device = device[d]};
            snprintf(weighting, sizeof weighting, "weighting=%s", rows[i].weighting);
            const struct bough_config config = test_config_with(
                training_text, training_file, weighting, "tasks.bright.weight=1e25",
                "optimizer={name: sgd, lr: 1e-30}", "train.epochs=1", NULL);
            if (rows[i].squares)
                assert_fails(
                    bough_train(&run, &config, &options), BOUGH_DIVERGED,
                    "step 1: the gradient of task bright is not finite, or its square is not, "
                    "with tasks.bright.weight 1e+25");
            if (rows[i].squares) // of which the first step's lr is no cause
                assert_null(strstr(bough_last_error(), "optimizer"));
            else
                assert_ok(bough_train(&run, &config, &options));
            bough_run_destroy(&run);
        }
}

// ---- Steps ----

enum { MOST_TASKS = 8, ROWS = 130, BATCH = 100, WIDTH = 12, STEPS = 3 };

struct net {
    struct bough_config config;
    struct bough__model *model;
    struct bough__split split; // without targets on the host
    float x[ROWS][WIDTH], y[MOST_TASKS][ROWS];
};

// Numbers, and of the last task no label.
static void fill(struct net *net, size_t tasks)
{
    for (int n = 0; n < ROWS; n++) {
        for (int i = 0; i < WIDTH; i++)
            net->x[n][i] = (float)((n * 37 + i * 11) % 17) / 8 - 1;
        for (size_t t = 0; t < tasks; t++)
            net->y[t][n] = t + 1 < tasks ? sinf((float)(n * (int)(t + 2))) : NAN;
    }
}

static void net_open(struct net *net, struct bough_device *device, const char *method, size_t tasks)
{
    static const char text[] = "data: none\n"
                               "trunk: [linear: 9, tanh, linear: 7, relu]\n"
                               "optimizer: {name: sgd, lr: 0.05}\n"
                               "train: {epochs: 1, batch_size: 100}\n";
    struct bough__column column[1 + MOST_TASKS] = {
        {.host = net->x, .dtype = BOUGH_F32, .width = WIDTH}};
    char given[1000] = "tasks={", weighting[64];
    fill(net, tasks);
    for (size_t t = 0; t < tasks; t++) {
        bough__append(given, sizeof given,
                      "%s%c: {target: y, loss: mse, weight: %g, head: [linear: 1]}", t ? ", " : "",
                      'a' + (int)t, (double)(t + 1) / 2);
        column[1 + t] = (struct bough__column){.host = net->y[t], .dtype = BOUGH_F32, .width = 1};
    }
    bough__append(given, sizeof given, "}");
    snprintf(weighting, sizeof weighting, "weighting=%s", method);
    net->config = test_config(text, given, weighting, NULL);
    assert_ok(bough__model_create(&net->model, &net->config, &(struct bough_shape){1, {WIDTH}},
                                  device, NULL));
    net->split = (struct bough__split){0};
    assert_ok(bough__table_init(&net->split.table, device, column, 1 + (int)tasks, ROWS, ROWS,
                                bough__table_budget(device)));
}

static void net_close(struct net *net)
{
    bough__table_fini(&net->split.table);
    bough__model_destroy(&net->model);
}

static void run(struct bough__runner *runner, int64_t index)
{
    struct step_state state = {.seed = {5}};
    bough__optimizer_set_step(&state, &runner->data.model->config->optimizer, (uint32_t)index + 1,
                              0.05f);
    assert_ok(bough__runner_step(runner, index % runner->steps, &state));
}

static void solve_badly(struct bough__solve *solve)
{
    for (size_t i = 0; i < solve->n; i++)
        solve->weights[i] = 1;
    solve->residual = 0.5;
    solve->iterations = 7;
}

static void what_is_unsolved_is_warned_of_once_and_counted(void **state)
{
    (void)state;
    size_t count;
    struct net *net = calloc(1, sizeof *net);
    struct bough__runner *runner;
    const float *weights;
    assert_non_null(net);
    net_open(net, test_devices(&count)[0], "mgda", 3);
    assert_ok(
        bough__runner_create_one(&runner, net->model, &net->split, NULL, ROWS, BOUGH_TRAINING));
    struct bough__weigh_data *weigh = &runner->data.weigh;
    struct bough__weighting bad = *weigh->by_gradients.solver->weighting;
    bad.solve = solve_badly;
    assert_ok(bough__weigh_told(&weights, weigh));
    assert_true(isnan(weights[0]) && isnan(weights[2])); // no step found any
    assert_ok(bough__runner_begin(runner));
    run(runner, 0);
    assert_true(weigh->all_solves.residual >= 0 && weigh->all_solves.residual <= BOUGH__SOLVED);
    weigh->by_gradients.solver->weighting = &bad;
    const int before = test_warnings();
    run(runner, 1);
    run(runner, 2);
    assert_int_equal(test_warnings() - before, 1);
    assert_ok(bough__weigh_told(&weights, weigh));
    assert_true(weights[0] == 0.5f); // of weight 0.5
    const struct bough__solves *solves = &weigh->all_solves;
    assert_true(solves->count == 3 && solves->unsolved == 2 && solves->residual == 0.5);
    assert_true(solves->iterations >= 14 && solves->most_iterations == 7);
    bough__runner_destroy(&runner);
    net_close(net);
    free(net);
}

struct outcome {
    float weights[STEPS][MOST_TASKS], value[512];
};

static void take_steps(struct outcome *outcome, struct bough_device *device, size_t tasks,
                       enum bough__jacobian jacobian)
{
    struct net *net = calloc(1, sizeof *net);
    struct bough__runner *runner;
    assert_non_null(net);
    net_open(net, device, "mgda", tasks);
    net->model->jacobian = jacobian;
    assert_ok(
        bough__runner_create_one(&runner, net->model, &net->split, NULL, ROWS, BOUGH_TRAINING));
    assert_int_equal(runner->data.weigh.jacobian != NULL, jacobian != BOUGH_JACOBIAN_NOT_KEPT);
    assert_ok(bough__runner_begin(runner));
    for (int i = 0; i < STEPS; i++) {
        const struct bough__counts before = device->counts;
        run(runner, i);
        assert_int_equal(device->counts.reads - before.reads, 1);
        assert_int_equal(device->counts.writes - before.writes, 2);
        assert_ok(bough__read(bough__whole(runner->data.weigh.weights), outcome->weights[i],
                              tasks * sizeof(float)));
    }
    assert_true((size_t)net->model->params.elements * sizeof(float) <= sizeof outcome->value);
    assert_ok(bough__read(bough__whole(net->model->params.value), outcome->value,
                          (size_t)net->model->params.elements * sizeof(float)));
    bough__runner_destroy(&runner);
    net_close(net);
    free(net);
}

static void both_ways_to_the_gram_matrix_agree(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++)
        for (size_t tasks = 2; tasks <= MOST_TASKS; tasks *= 2) {
            static struct outcome kept, layers;
            take_steps(&kept, device[d], tasks, BOUGH_JACOBIAN_KEPT);
            take_steps(&layers, device[d], tasks, BOUGH_JACOBIAN_NOT_KEPT);
            for (int i = 0; i < STEPS; i++) {
                double sum = 0;
                for (size_t t = 0; t < tasks; t++) {
                    sum += (double)kept.weights[i][t];
                    assert_float_equal(kept.weights[i][t], layers.weights[i][t], 1e-5);
                }
                assert_float_equal(sum, 1, 1e-5);
                assert_float_equal(kept.weights[i][tasks - 1], 0, 0); // nothing is labelled
            }
            for (size_t i = 0; i < sizeof kept.value / sizeof *kept.value; i++)
                assert_float_equal(kept.value[i], layers.value[i], 1e-5);
        }
}

static uint64_t bytes_read(const char *method, size_t tasks)
{
    size_t count;
    struct bough_device *device = test_devices(&count)[0];
    struct net *net = calloc(1, sizeof *net);
    struct bough__runner *runner;
    assert_non_null(net);
    net_open(net, device, method, tasks);
    assert_ok(
        bough__runner_create_one(&runner, net->model, &net->split, NULL, ROWS, BOUGH_TRAINING));
    assert_ok(bough__runner_begin(runner));
    const uint64_t before = device->counts.bytes_read;
    run(runner, 0);
    const uint64_t bytes = device->counts.bytes_read - before;
    bough__runner_destroy(&runner);
    net_close(net);
    free(net);
    return bytes;
}

// Losses [T, 2]; a solve by two batches: losses of both, roots and two matrices of products.
static void no_more_is_read_than_is_asked_for(void **state)
{
    (void)state;
    const size_t tasks = 3, losses = 2 * tasks, products = 2 * losses + tasks + 2 * tasks * tasks;
    assert_int_equal(bytes_read("dwa", tasks), losses * sizeof(float));
    assert_int_equal(bytes_read("famo", tasks), 2 * losses * sizeof(float));
    assert_int_equal(bytes_read("auto_lambda", tasks), (losses + products) * sizeof(float));
}

// The stages of a training step, in order; all their launches are labelled so.
static void stages_are(const char *method, enum bough__jacobian jacobian, const char *wanted)
{
    size_t count;
    char stages[256] = "";
    struct net *net = calloc(1, sizeof *net);
    struct bough__runner *runner;
    assert_non_null(net);
    net_open(net, test_devices(&count)[0], method, 2);
    net->model->jacobian = jacobian;
    assert_ok(
        bough__runner_create_one(&runner, net->model, &net->split, NULL, ROWS, BOUGH_TRAINING));
    for (int i = 0; i < bough__runner_made(runner, 0, 0)->stages; i++) {
        const struct bough__stage *stage = &bough__runner_made(runner, 0, 0)->stage[i];
        bough__append(stages, sizeof stages, "%s%s", i ? " " : "", stage->name);
        for (size_t l = stage->first; l < stage->end; l++) {
            const struct bough__label *label =
                &bough__runner_made(runner, 0, 0)->sequence.launch[l]->label;
            assert_string_equal(label->stage, stage->name);
            assert_non_null(label->op);
        }
    }
    assert_string_equal(stages, wanted);
    bough__runner_destroy(&runner);
    net_close(net);
    free(net);
}

static void a_step_has_the_stages_that_its_weighting_needs(void **state)
{
    (void)state;
    stages_are("equal", 0, "feed forward losses backward update");
    stages_are("uncertainty", 0, "feed forward weigh backward update account");
    stages_are("dwa", 0, "feed forward weigh backward update account");
    stages_are("famo", 0, "feed forward weigh backward update account again learn");
    stages_are("mgda", BOUGH_JACOBIAN_KEPT,
               "feed forward losses heads sweep gram solve combine update");
    stages_are("mgda", BOUGH_JACOBIAN_NOT_KEPT,
               "feed forward losses heads sweep solve combine update");
    stages_are("{name: mgda, on: representation}", 0,
               "feed forward losses heads sweep solve combine update");
    stages_are("{name: mgda, losses: uncertainty}", BOUGH_JACOBIAN_KEPT,
               "feed forward weigh heads sweep gram solve combine update account");
    stages_are(
        "modo", 0,
        "others others others others others others others others others others others others "
        "feed forward losses heads sweep gram solve combine update");
    stages_are("auto_lambda", 0,
               "feed forward losses heads sweep aside ahead ahead others others others others "
               "others others back gram solve combine update");
    stages_are(
        "forum", 0,
        "feed forward losses heads sweep aside ahead ahead there others others others others "
        "others others back gram solve combine update");
    stages_are("graddrop", 0, "feed forward losses heads sweep combine update");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_log_tells_the_weights),
        cmocka_unit_test(a_diverging_run_is_told),
        cmocka_unit_test(squares_that_overflow_are_told),
        cmocka_unit_test(what_is_unsolved_is_warned_of_once_and_counted),
        cmocka_unit_test(both_ways_to_the_gram_matrix_agree),
        cmocka_unit_test(no_more_is_read_than_is_asked_for),
        cmocka_unit_test(a_step_has_the_stages_that_its_weighting_needs),
    };
    return cmocka_run_group_tests(tests, training_start, training_end);
}
