// Metrics against scikit-learn's values (golden/metric.json), and what they do with bad numbers.
#include "nn/metric.h"
#include "support/support.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 200, CLASSES = 8 };

static json_t *golden;

static int open_golden(void **state)
{
    golden = test_golden_open(state, "nn/golden/metric.json");
    return golden == NULL;
}

// ---- A golden case as an outcome ----

static double number_of(const json_t *value)
{
    return json_is_null(value) ? NAN : json_number_value(value);
}

static struct bough__outcome outcome_of(const json_t *row)
{
    static float score[MOST], number[MOST];
    static int32_t label[MOST];
    const char *kind = json_string_value(json_object_get(row, "kind"));
    const json_t *scores = json_object_get(row, "score"), *targets = json_object_get(row, "target");
    assert_true(json_array_size(scores) <= MOST && json_array_size(targets) <= MOST);
    for (size_t i = 0; i < json_array_size(scores); i++)
        score[i] = (float)json_number_value(json_array_get(scores, i));
    for (size_t i = 0; i < json_array_size(targets); i++) {
        number[i] = (float)number_of(json_array_get(targets, i));
        label[i] = (int32_t)json_integer_value(json_array_get(targets, i));
    }
    return (struct bough__outcome){
        .kind = strcmp(kind, "class") == 0    ? BOUGH_TARGET_CLASS
                : strcmp(kind, "binary") == 0 ? BOUGH_TARGET_BINARY
                                              : BOUGH_TARGET_NUMBER,
        .rows = json_integer_value(json_object_get(row, "rows")),
        .width = json_integer_value(json_object_get(row, "width")),
        .score = score,
        .label = label,
        .number = number,
    };
}

static double measure(const char *name, const struct bough__outcome *outcome)
{
    int k = 0;
    double value = -1;
    const struct bough__metric *metric = bough__metric_find(name, &k);
    assert_non_null(metric);
    assert_true(metric->kinds >> outcome->kind & 1);
    assert_ok(metric->measure(&value, outcome, k));
    return value;
}

// ---- The golden values ----

static void check_confusion(const char *what, const struct bough__outcome *outcome,
                            const json_t *wanted)
{
    int64_t count[CLASSES * CLASSES] = {0}, classes = bough__confusion_classes(outcome);
    assert_int_equal(classes, json_array_size(wanted));
    bough__confusion_count(count, outcome);
    for (int64_t i = 0; i < classes * classes; i++) {
        const json_t *line = json_array_get(wanted, (size_t)(i / classes));
        int64_t want = json_integer_value(json_array_get(line, (size_t)(i % classes)));
        if (count[i] != want)
            fail_msg("%s: confusion[%d][%d] is %d, wanted %d", what, (int)(i / classes),
                     (int)(i % classes), (int)count[i], (int)want);
    }
}

static void check_case(const json_t *row)
{
    struct bough__outcome outcome = outcome_of(row);
    const char *what = json_string_value(json_object_get(row, "name")), *name;
    json_t *value;
    json_object_foreach(json_object_get(row, "wanted"), name, value)
    {
        if (strcmp(name, "confusion") == 0) {
            check_confusion(what, &outcome, value);
            continue;
        }
        double wanted = number_of(value), got = measure(name, &outcome);
        if (isnan(wanted) ? !isnan(got) : !(fabs(got - wanted) <= 1e-12 * (1 + fabs(wanted))))
            fail_msg("%s: %s is %.17g, wanted %.17g", what, name, got, wanted);
    }
}

static void matches_scikit_learn(void **state)
{
    (void)state;
    size_t at;
    json_t *row;
    assert_true(json_array_size(json_object_get(golden, "cases")) > 20);
    json_array_foreach(json_object_get(golden, "cases"), at, row) check_case(row);
}

// ---- Names ----

static void names(void **state)
{
    (void)state;
    static const char *const known[] = {"accuracy",  "f1",  "f1_macro",  "f1_micro",
                                        "f1_binary", "auc", "confusion", "mse",
                                        "mae",       "r2"};
    static const char *const unknown[] = {"",       "acc",    "top_",   "top_0",
                                          "top_-1", "top_5x", "top_ 5", "top_99999999999999999999"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const struct bough__metric *metric = bough__metric_find(known[i], NULL);
        assert_non_null(metric);
        assert_string_equal(metric->row.name, known[i]);
        assert_int_equal(metric->lower_is_better,
                         strcmp(known[i], "mse") == 0 || strcmp(known[i], "mae") == 0);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        assert_null(bough__metric_find(unknown[i], NULL));
    assert_null(bough__metric_find(NULL, NULL));
    int k = 0;
    assert_non_null(bough__metric_find("top_12", &k));
    assert_int_equal(k, 12);
}

// ---- Bad numbers ----

// Every one of the scores in turn is not a number: no crash, and auc says so.
static void a_score_that_is_no_number(void **state)
{
    (void)state;
    static const int32_t label[] = {0, 1, 2, 0, 1, 2};
    static const float number[] = {0, 1, 0, 1, 1, 0};
    float score[18];
    for (int bad = 0; bad < 18; bad++) {
        for (int i = 0; i < 18; i++)
            score[i] = i == bad ? NAN : (float)(i * 7 % 5);
        struct bough__outcome classes = {
            .kind = BOUGH_TARGET_CLASS, .rows = 6, .width = 3, .score = score, .label = label};
        assert_true(isnan(measure("auc", &classes)));
        assert_true(measure("accuracy", &classes) >= 0);
        assert_true(measure("top_2", &classes) >= 0);
        if (bad >= 6)
            continue;
        struct bough__outcome binary = {
            .kind = BOUGH_TARGET_BINARY, .rows = 6, .width = 1, .score = score, .number = number};
        assert_true(isnan(measure("auc", &binary)));
    }
}

// Probabilities that no float tells from 0 and 1 are ranked all the same. Of classes 0 and 1 each
// positive row but one beats both negative rows, and that one beats one; class 2 never occurs.
static void scores_far_apart(void **state)
{
    (void)state;
    static const int32_t label[] = {0, 1, 0, 1};
    static float score[] = {3e3f, 0, 0, 2e3f, 0, 0, 0, 2e3f, 0, 0, 3e3f, 0};
    struct bough__outcome outcome = {
        .kind = BOUGH_TARGET_CLASS, .rows = 4, .width = 3, .score = score, .label = label};
    assert_true(measure("auc", &outcome) == 0.75);
    score[0] = INFINITY;
    measure("auc", &outcome);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_scikit_learn),
        cmocka_unit_test(names),
        cmocka_unit_test(a_score_that_is_no_number),
        cmocka_unit_test(scores_far_apart),
    };
    return cmocka_run_group_tests(tests, open_golden, test_golden_close);
}
