// What alignment takes; its gradients are in test_architecture.c.
#include "support/configs.h"

#include "train/model.h"

static const char text[] = "data: none\n"
                           "trunk: [linear: 6, tanh]\n"
                           "tasks:\n"
                           "  left: {target: left, loss: mse, head: [linear: 2]}\n"
                           "  right: {target: right, loss: mse, head: [linear: 3]}\n";
static const char three_experts[] = "architecture={name: mmoe, experts: 3}";
enum { INPUTS = 4 };

static void check_aligned(const char *alignment, const char *architecture, const char *wrong)
{
    const struct bough_config config = test_config(text, alignment, architecture, NULL);
    const struct bough_shape sample = {1, {INPUTS}};
    struct bough__model *model;
    if (wrong)
        assert_fails(bough__model_create(&model, &config, &sample, NULL, NULL), BOUGH_INVALID,
                     wrong);
    else
        assert_ok(bough__model_create(&model, &config, &sample, NULL, NULL));
    bough__model_destroy(&model);
}

static void what_is_aligned_is_apart_and_of_one_shape(void **state)
{
    (void)state;
    static const char *const classes[] = {"alignment={name: kl, on: scores}"};
    static const char *const many[] = {
        "alignment={name: mmd, widths: [1, 2, 3, 4, 5, 6, 7, 8, 9]}"};
    struct bough_config *config;
    check_aligned("alignment=mmd", three_experts, NULL);
    check_aligned("alignment={name: mmd, weight: 0}", "architecture=hard_sharing", NULL);
    check_aligned("alignment=mmd", "architecture=hard_sharing",
                  "alignment: the heads of 'left' and 'right' read the same, which leaves nothing "
                  "to align; wanted on: scores, or an architecture as mmoe");
    check_aligned("alignment={name: mmd, on: scores}", three_experts,
                  "alignment: 'left' has scores of [2], 'right' of [3]; wanted of one shape");
    assert_fails(bough_config_parse(&config, text, NULL, classes, 1), BOUGH_INVALID,
                 "alignment.on: kl of scores is for classes, and the loss of task 'left' is mse; "
                 "wanted cross_entropy");
    assert_fails(bough_config_parse(&config, text, NULL, many, 1), BOUGH_INVALID,
                 "alignment.widths: more than 8");
}

static void penalties_grow_by_doubling(void **state)
{
    (void)state;
    enum { MANY = 1000 };
    struct bough__params params = {0};
    struct bough__builder builder = {.params = &params};
    struct bough__wiring wiring = {0};
    int moves = 0;
    for (int32_t i = 0; i < MANY; i++) {
        const struct bough__penalty *before = wiring.penalty;
        assert_ok(bough__penalize(&builder, &wiring, i, (size_t)i % 7));
        moves += wiring.penalty != before;
    }
    assert_in_range(moves, 1, 11);
    assert_int_equal(wiring.penalties, MANY);
    for (int32_t i = 0; i < MANY; i++) {
        assert_int_equal(wiring.penalty[i].node, i);
        assert_int_equal(wiring.penalty[i].task, i % 7);
    }
    bough__params_fini(&params);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_aligned_is_apart_and_of_one_shape),
        cmocka_unit_test(penalties_grow_by_doubling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
