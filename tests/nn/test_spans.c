// Spans against conlleval's counts (golden/spans.json), and rows that are right as a whole.
#include "nn/metric.h"
#include "nn/tags.h"
#include "support/support.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

enum { ROWS = 8, POSITIONS = 12, TAGS = 6 };

static json_t *golden;

static int open_golden(void **state)
{
    golden = test_golden_open(state, "nn/golden/spans.json");
    return golden == NULL;
}

static const char *name[TAGS];

// Padded by what has no label, and whose prediction must not count.
static int64_t take_rows(int32_t *tag, const json_t *rows, int32_t padding)
{
    const size_t count = json_array_size(rows);
    assert_true(count <= ROWS);
    for (size_t n = 0; n < count; n++)
        for (size_t t = 0; t < POSITIONS; t++) {
            const json_t *value = json_array_get(json_array_get(rows, n), t);
            tag[n * POSITIONS + t] = value ? (int32_t)json_integer_value(value) : padding;
        }
    return (int64_t)count;
}

static double measure(const char *metric, const struct bough__outcome *outcome)
{
    double value = -1;
    assert_ok(bough__metric_find(metric, NULL)->measure(&value, outcome, 0));
    return value;
}

static void check_case(const json_t *row)
{
    int32_t label[ROWS * POSITIONS], predicted[ROWS * POSITIONS];
    struct bough__tag tag[TAGS];
    struct bough__spans spans = {0};
    const int64_t rows = take_rows(label, json_object_get(row, "labels"), -1);
    take_rows(predicted, json_object_get(row, "predicted"), 1);
    bough__tags_read(tag, name, TAGS);
    for (int64_t n = 0; n < rows; n++)
        bough__spans_count(&spans, tag, label + n * POSITIONS, predicted + n * POSITIONS,
                           POSITIONS);
    const struct bough__outcome outcome = {.rows = rows * POSITIONS,
                                           .width = TAGS,
                                           .positions = POSITIONS,
                                           .label = label,
                                           .predicted = predicted,
                                           .names = name};
    const double f1 = json_number_value(json_object_get(row, "f1"));
    if (spans.labelled != json_integer_value(json_object_get(row, "labelled")) ||
        spans.predicted != json_integer_value(json_object_get(row, "found")) ||
        spans.right != json_integer_value(json_object_get(row, "right")) ||
        fabs(measure("span_f1", &outcome) - f1) > 1e-12)
        fail_msg("%s: %d labelled, %d found, %d right, F1 %g",
                 json_string_value(json_object_get(row, "name")), (int)spans.labelled,
                 (int)spans.predicted, (int)spans.right, measure("span_f1", &outcome));
}

static void counts_as_conlleval(void **state)
{
    (void)state;
    size_t at;
    json_t *row;
    json_array_foreach(json_object_get(golden, "tags"), at, row) name[at] = json_string_value(row);
    assert_true(json_array_size(json_object_get(golden, "cases")) > 60);
    json_array_foreach(json_object_get(golden, "cases"), at, row) check_case(row);
}

// By the highest scores, where no tags are given.
static void takes_the_highest_scores(void **state)
{
    (void)state;
    static const char *const two[] = {"O", "B-a"};
    static const int32_t label[] = {1, 0, -1, 1};
    static const float score[] = {0, 1, 1, 0, 0, 9, 2, 1};
    struct bough__outcome outcome = {
        .rows = 4, .width = 2, .positions = 4, .score = score, .label = label, .names = two};
    assert_true(fabs(measure("span_f1", &outcome) - 2.0 / 3) < 1e-12);
    assert_true(measure("exact_match", &outcome) == 0);
    outcome.label = (int32_t[]){-1, -1, -1, -1};
    assert_true(isnan(measure("span_f1", &outcome)));
    assert_true(isnan(measure("exact_match", &outcome)));
}

// ---- Rows as a whole ----

static void rows_are_right_where_they_are_labelled(void **state)
{
    (void)state;
    static const int32_t label[] = {1, 1, 0, 1, -1, 0, -1, -1, -1, 0, 0, 0};
    static const int32_t predicted[] = {1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 0};
    const struct bough__outcome tags = {
        .rows = 12, .width = 2, .positions = 3, .label = label, .predicted = predicted};
    assert_true(fabs(measure("exact_match", &tags) - 2.0 / 3) < 1e-12);
    static const float number[] = {1, 0, NAN, 1, NAN, NAN}, score[] = {2, -1, 3, -4, 1, 1};
    const struct bough__outcome binary = {.kind = BOUGH_TARGET_BINARY,
                                          .rows = 3,
                                          .width = 2,
                                          .positions = 1,
                                          .score = score,
                                          .number = number};
    assert_true(measure("exact_match", &binary) == 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_as_conlleval),
        cmocka_unit_test(takes_the_highest_scores),
        cmocka_unit_test(rows_are_right_where_they_are_labelled),
    };
    return cmocka_run_group_tests(tests, open_golden, test_golden_close);
}
