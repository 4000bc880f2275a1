// What is told of the tasks' gradients: means over steps, by hand; and that looking at them changes
// no training.
#include "support/support.h"
#include "support/training.h"
#include "train/watch.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static double number(const json_t *object, const char *task, const char *key)
{
    const json_t *one = json_object_get(json_object_get(object, "tasks"), task);
    return json_number_value(json_object_get(one, key));
}

// Gradients (3, 0), (0, 4), (-1, 1) in the first step; in the second the last task is not there,
// and the others are (1, 0) and (1, 0).
static void means_over_steps(void **state)
{
    (void)state;
    static const float losses[] = {1, 2, 1, 2, 1, 2}, missing[] = {1, 2, 1, 2, 0, 0};
    static const float first[] = {9, 0, -3, 0, 16, 4, -3, 4, 2};
    static const float second[] = {1, 1, 0, 1, 1, 0, 0, 0, 0};
    static const float weights[] = {1, 0.5f, 0}, others[] = {3, 1.5f, 0};
    static const double first_parts[] = {9, 4, 0}, second_parts[] = {13.5, 6.75, 0};
    static const float roots[] = {1, 2, 1}; // b's gradients are twice as long as its loss's
    static const char *const task[] = {"a", "b", "c"};
    struct bough__arena arena = {0};
    struct bough__watch watch = {0};
    json_t *told = json_object();
    assert_ok(bough__watch_init(&watch, &arena, 3));
    assert_int_equal(bough__watch_put(told, &watch, task), 0);
    assert_int_equal(json_object_size(told), 0);
    assert_true(isnan(bough__watch_conflicting(&watch)));
    bough__watch_add(&watch, &(struct bough__watched){losses, roots, first, weights, first_parts});
    bough__watch_add(&watch,
                     &(struct bough__watched){missing, roots, second, others, second_parts});
    assert_int_equal(bough__watch_put(told, &watch, task), 0);
    assert_float_equal(number(told, "a", "norm"), 2, 1e-12);
    assert_float_equal(number(told, "b", "norm"), 1.25, 1e-12);
    assert_float_equal(number(told, "b", "weight"), 2, 1e-12);
    assert_float_equal(number(told, "c", "norm"), sqrt(2), 1e-12);
    assert_float_equal(number(told, "a", "weight"), 2, 1e-12);
    assert_float_equal(number(told, "a", "weight_spread"), 1, 1e-12);
    assert_float_equal(number(told, "a", "share"), (9.0 / 13 + 2.0 / 3) / 2, 1e-12);
    assert_float_equal(number(told, "b", "share"), (4.0 / 13 + 1.0 / 3) / 2, 1e-12);
    assert_float_equal(number(told, "a", "cosine"), (-sqrt(0.5) / 2 + 1) / 2, 1e-7);
    assert_float_equal(bough__watch_conflicting(&watch), 1.0 / 4, 1e-12); // a and c, of 3 + 1
    const json_t *row = json_array_get(json_object_get(told, "cosines"), 0);
    assert_float_equal(json_number_value(json_array_get(row, 1)), 0.5, 1e-7);
    assert_float_equal(json_number_value(json_array_get(row, 2)), -sqrt(0.5), 1e-7);
    json_decref(told);
    bough__arena_fini(&arena);
}

// ---- In a training ----

static void see_conflicts(void *user, const struct bough_event *event)
{
    if (event->kind == BOUGH_EVENT_EPOCH)
        *(double *)user = event->conflicting;
}

static void train(double *loss, double *conflicting, const char *dir, const char *weighting,
                  const char *diagnostics)
{
    struct bough_config config =
        test_config_with(training_text, training_file, weighting, diagnostics,
                         "optimizer={name: sgd, lr: 0.01}", NULL);
    struct bough_run *run;
    config.train.epochs = 2;
    assert_ok(bough_train(&run, &config,
                          &(struct bough_train_options){
                              .run_dir = dir, .observe = see_conflicts, .user = conflicting}));
    *loss = bough_metrics_find(bough_run_result(run)->test, "shape", "loss");
    bough_run_destroy(&run);
}

static void looking_changes_nothing(void **state)
{
    (void)state;
    static const char *const weighting[] = {"weighting=equal", "weighting=graddrop",
                                            "weighting=mgda", "weighting=dwa",
                                            "weighting={name: lbtw, smoothing: 0.9}"};
    for (size_t i = 0; i < sizeof weighting / sizeof *weighting; i++) {
        char dir[512], path[600];
        double with, without, seen, none;
        json_error_t error;
        snprintf(dir, sizeof dir, "%s/watched-%d", test_folder(), (int)i);
        train(&without, &none, NULL, weighting[i], "diagnostics=false");
        train(&with, &seen, dir, weighting[i], "diagnostics=true");
        assert_float_equal(with, without, 1e-4 * fabs(without));
        assert_true(isnan(none) && seen >= 0 && seen <= 1);
        snprintf(path, sizeof path, "%s/result.json", dir);
        json_t *result = json_load_file(path, 0, &error);
        const json_t *gradients = json_object_get(result, "gradients");
        assert_true(number(gradients, "shape", "norm") > 0);
        assert_int_equal(json_array_size(json_object_get(gradients, "cosines")), 3);
        json_decref(result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means_over_steps),
        cmocka_unit_test(looking_changes_nothing),
    };
    return cmocka_run_group_tests(tests, training_start, training_end);
}
