// The weightings that need nothing measured.
#include "support/support.h"

#include "mtl/weighting.h"

static void equal_gives_every_loss_one(void **state)
{
    (void)state;
    float weight[3] = {0, 5, 9};
    const struct bough__weighting *equal = bough__weighting_find("equal");
    assert_int_equal(equal->needs, BOUGH_NEEDS_NOTHING);
    assert_ok(equal->weigh(weight, &(struct bough_weighting){0}, 3, NULL));
    for (int t = 0; t < 3; t++)
        assert_true(weight[t] == 1.0f);
}

static void fixed_gives_what_it_was_given(void **state)
{
    (void)state;
    const float given[2] = {0.25f, 4};
    const struct bough_weighting options = {.weights = given, .weights_count = 2};
    const struct bough__weighting *fixed = bough__weighting_find("fixed");
    float weight[3];
    assert_ok(fixed->weigh(weight, &options, 2, NULL));
    assert_memory_equal(weight, given, sizeof given);
    assert_fails(fixed->weigh(weight, &options, 3, NULL), BOUGH_INVALID,
                 "2 weights, wanted one for each of 3 tasks");
}

static void unknown_names_have_no_row(void **state)
{
    (void)state;
    assert_null(bough__weighting_find("equa"));
    assert_null(bough__weighting_find(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_gives_every_loss_one),
        cmocka_unit_test(fixed_gives_what_it_was_given),
        cmocka_unit_test(unknown_names_have_no_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
