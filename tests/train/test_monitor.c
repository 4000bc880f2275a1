// Which epoch is the best: sound for tasks of any scale, in any order.
#include "support/configs.h"
#include "train/monitor.h"

#include <math.h>
#include <string.h>

static struct bough_metric_value numbers[4];
static const struct bough_metrics metrics = {numbers, 4, .exact_match = 0.75};

static void set(double accuracy, double mse)
{
    numbers[0] = (struct bough_metric_value){"class", "loss", 0.5};
    numbers[1] = (struct bough_metric_value){"class", "accuracy", accuracy};
    numbers[2] = (struct bough_metric_value){"value", "loss", mse};
    numbers[3] = (struct bough_metric_value){"value", "r2", 1 - mse / 40000};
}

static const char *const of_class[] = {"accuracy", "f1"}, *const of_value[] = {"r2"};
static struct bough__task tasks[] = {
    {.name = "class", .weight = 1, .metrics = of_class, .metrics_count = 2},
    {.name = "value", .weight = 1, .metrics = of_value, .metrics_count = 1},
};

static double value_of(double accuracy, double mse, const double *first)
{
    const struct bough_config config = {.tasks = tasks, .tasks_count = 2};
    set(accuracy, mse);
    return bough__monitored(&metrics, &config, "mean", first);
}

static void first_of(double first[2], double accuracy, double mse)
{
    const struct bough_config config = {.tasks = tasks, .tasks_count = 2};
    tasks[0].monitor = "accuracy";
    tasks[1].monitor = "loss";
    set(accuracy, mse);
    bough__monitor_errors(first, &metrics, &config);
}

#define assert_near(a, b, far) assert_true(fabs((a) - (b)) <= (far))

static void a_task_of_large_numbers_does_not_drown_the_others(void **state)
{
    (void)state;
    double first[2];
    first_of(first, 0.5, 30000);
    assert_near(value_of(0.5, 30000, first), 0, 0);
    assert_near(value_of(0.8, 24000, first), (0.6 + 0.2) / 2, 1e-12);
    // The classes gain much, the numbers lose little; in absolute terms they would lose 3000.
    assert_true(value_of(0.9, 33000, first) > value_of(0.5, 30000, first));
    assert_true(value_of(0.9, 33000, first) > value_of(0.55, 29000, first));
    assert_true(value_of(0.5, 300000, first) < value_of(0.4, 30000, first));
}

static void scale_does_not_decide(void **state)
{
    (void)state;
    double large[2], small[2];
    first_of(large, 0.5, 30000);
    first_of(small, 0.5, 3e-8);
    assert_near(value_of(0.7, 20000, large), value_of(0.7, 2e-8, small), 1e-12);
}

static void what_is_not_trained_has_no_say(void **state)
{
    (void)state;
    double first[2];
    first_of(first, 0.5, 4);
    tasks[0].weight = 0;
    assert_near(value_of(0.1, 2, first), 0.5, 0);
    tasks[0].weight = 1;
    assert_near(value_of(0.5, 2, first), 0.25, 0);
}

static void zero_and_nan_are_defined(void **state)
{
    (void)state;
    double first[2];
    first_of(first, 1, 4); // no error left after the first epoch
    assert_near(value_of(1, 4, first), 0, 0);
    assert_near(value_of(0.9, 4, first), -0.5, 0);
    assert_near(value_of(1, 2, first), 0.25, 0);
    first_of(first, NAN, 4); // no say
    assert_near(value_of(NAN, 2, first), 0.5, 0);
    assert_near(value_of(0.1, 2, first), 0.5, 0);
    first_of(first, 0.5, 4); // a number that is gone leaves none
    assert_true(isnan(value_of(NAN, 2, first)));
    first_of(first, NAN, NAN);
    assert_true(isnan(value_of(NAN, NAN, first)));
}

static void of_one_task_the_metric_itself_decides(void **state)
{
    (void)state;
    double first[2], last = -INFINITY;
    first_of(first, NAN, 4);
    for (double mse = 64; mse > 1e-9; mse /= 2) {
        const double value = value_of(NAN, mse, first);
        assert_true(value > last && value >= -1 && value <= 1);
        last = value;
    }
}

// What is measured first does not matter, and a task may name its own.
static void the_order_of_metrics_does_not_decide(void **state)
{
    (void)state;
    static const char text[] =
        "data: d\n"
        "tasks:\n"
        "  class: {target: x, loss: cross_entropy, head: [linear: 2], metrics: [accuracy, f1]}\n"
        "  value: {target: x, loss: mse, head: [linear: 2], metrics: [r2]}\n";
    static const char *const wrong[] = {"tasks.class.monitor=auc"};
    struct bough_config c = test_config(text, NULL);
    assert_string_equal(c.tasks[0].monitor, "accuracy");
    assert_string_equal(c.tasks[1].monitor, "loss");
    c = test_config(text, "tasks.class.metrics=[f1, accuracy]", "tasks.value.monitor=r2", NULL);
    assert_string_equal(c.tasks[0].monitor, "accuracy");
    assert_string_equal(c.tasks[1].monitor, "r2");
    struct bough_config *refused;
    assert_fails(bough_config_parse(&refused, text, NULL, wrong, 1), BOUGH_INVALID,
                 "tasks.class.monitor: 'auc' is not measured; wanted one of loss, accuracy, f1");
}

static void models_are_compared_by_a_reference(void **state)
{
    (void)state;
    struct bough_config config = {.tasks = tasks, .tasks_count = 2};
    struct bough_metric_value kept[4];
    const struct bough_metrics reference = {kept, 4, .exact_match = 0.5};
    double score, first[2];
    first_of(first, 0.5, 30000);
    memcpy(kept, numbers, sizeof kept);
    set(0.8, 24000);
    config.train.early_stopping.metric = "mean";
    assert_ok(bough_metrics_score(&score, &metrics, &config, &reference));
    assert_near(score, (0.6 + 0.2) / 2, 1e-12);
    assert_ok(bough_metrics_score(&score, &reference, &config, &reference));
    assert_near(score, 0, 0);
    config.train.early_stopping.metric = "class.accuracy";
    assert_ok(bough_metrics_score(&score, &metrics, &config, &reference));
    assert_near(score, -0.2, 1e-12);
    config.train.early_stopping.metric = "loss";
    assert_ok(bough_metrics_score(&score, &metrics, &config, &reference));
    assert_near(score, -24000.5, 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_are_compared_by_a_reference),
        cmocka_unit_test(a_task_of_large_numbers_does_not_drown_the_others),
        cmocka_unit_test(scale_does_not_decide),
        cmocka_unit_test(what_is_not_trained_has_no_say),
        cmocka_unit_test(zero_and_nan_are_defined),
        cmocka_unit_test(of_one_task_the_metric_itself_decides),
        cmocka_unit_test(the_order_of_metrics_does_not_decide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
