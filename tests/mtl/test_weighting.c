// The weightings that need nothing measured.
#include "support/configs.h"

#include "mtl/weighting.h"

static const char text[] = "data: x\n"
                           "tasks:\n"
                           "  a: {target: a, loss: mse, head: [linear: 1]}\n"
                           "  b: {target: b, loss: mse, head: [linear: 1]}\n";

static void weights_of(float *weight, const char *override)
{
    const struct bough_config config = test_config(text, override, NULL);
    const struct bough__weighting *weighting = bough__weighting_of(&config.weighting);
    assert_int_equal(weighting->needs, BOUGH_NEEDS_NOTHING);
    assert_ok(weighting->weigh(weight, config.weighting.options, 2, NULL));
}

static void equal_gives_every_loss_one(void **state)
{
    (void)state;
    float weight[2] = {0, 5};
    weights_of(weight, "weighting=equal");
    assert_true(weight[0] == 1 && weight[1] == 1);
}

static void fixed_gives_what_it_was_given(void **state)
{
    (void)state;
    float weight[2];
    weights_of(weight, "weighting={name: fixed, weights: {b: 4, a: 0.25}}");
    assert_true(weight[0] == 0.25f && weight[1] == 4);
    weights_of(weight, "weighting={name: fixed, weights: [0, 2]}");
    assert_true(weight[0] == 0 && weight[1] == 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_gives_every_loss_one),
        cmocka_unit_test(fixed_gives_what_it_was_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
