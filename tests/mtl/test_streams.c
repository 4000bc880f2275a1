// Architectures by which every task has a stream of its own through the trunk: what parameters they
// make, whose these are, and what they start from; the stages of a trunk.
#include "support/configs.h"

#include "train/model.h"

#include <stdio.h>
#include <string.h>

static const char text[] = "data: none\n"
                           "trunk: [linear: 6, tanh, linear: 5, batch_norm]\n"
                           "tasks:\n"
                           "  left: {target: left, loss: mse, head: [linear: 2]}\n"
                           "  right: {target: right, loss: mse, head: [linear: 3]}\n"
                           "  last: {target: last, loss: mse, head: [linear: 1]}\n";

static const struct bough_config *config_of(const char *override, size_t tasks)
{
    static struct bough_config config;
    config = test_config(text, override, NULL);
    config.tasks_count = tasks;
    return &config;
}

static struct bough__model *open_model(const struct bough_config *config)
{
    const struct bough_shape sample = {1, {4}};
    size_t count;
    struct bough__model *model;
    assert_ok(bough__model_create(&model, config, &sample, *test_devices(&count), NULL));
    return model;
}

static const struct bough__param *find(const struct bough__model *model, const char *name)
{
    for (int32_t i = 0; i < model->params.count; i++)
        if (strcmp(model->params.param[i].name, name) == 0)
            return &model->params.param[i];
    return NULL;
}

// Fails unless there is a parameter of that name and shape, in that block.
static const struct bough__param *expect(const struct bough__model *model, const char *name,
                                         int32_t block, struct bough_shape shape)
{
    const struct bough__param *param = find(model, name);
    if (!param)
        fail_msg("there is no parameter %s", name);
    assert_true(bough_shape_equal(&param->shape, &shape));
    assert_int_equal(param->block, block);
    return param;
}

// Fails unless it starts with those values.
static void expect_start(const struct bough__model *model, const struct bough__param *param,
                         const float *want)
{
    float got[64];
    const size_t count = (size_t)bough_shape_elements(&param->shape);
    assert_true(count <= sizeof got / sizeof *got);
    assert_ok(bough__read(bough__span_at(model->params.block[param->block].value,
                                         (size_t)param->offset * sizeof *got),
                          got, count * sizeof *got));
    for (size_t i = 0; i < count; i++)
        assert_float_equal(got[i], want[i], 1e-7);
}

// ---- cross_stitch ----

static void a_stitch_weighs_its_own_stream_most(void **state)
{
    (void)state;
    const struct bough_shape row = {2, {1, 3}};
    struct bough__model *model = open_model(config_of("architecture=cross_stitch", 3));
    expect(model, "trunks.last.2.weight", 0, (struct bough_shape){2, {5, 6}});
    expect_start(model, expect(model, "stitch.0.left.weight", 0, row), (float[]){.9f, .05f, .05f});
    expect_start(model, expect(model, "stitch.1.last.weight", 3, row), (float[]){.05f, .05f, .9f});
    bough__model_destroy(&model);
    model = open_model(config_of("architecture={name: cross_stitch, own: 0.2}", 3));
    expect_start(model, expect(model, "stitch.0.right.weight", 0, row), (float[]){.4f, .2f, .4f});
    bough__model_destroy(&model);
}

static void a_single_task_has_no_stitch(void **state)
{
    (void)state;
    struct bough__model *model = open_model(config_of("architecture=cross_stitch", 1));
    expect(model, "trunks.left.2.weight", 1, (struct bough_shape){2, {5, 6}});
    assert_null(find(model, "stitch.0.left.weight"));
    bough__model_destroy(&model);
}

// ---- mtan ----

static void tasks_share_what_extracts_features_and_not_its_norms(void **state)
{
    (void)state;
    const struct bough_shape channels = {1, {5}};
    struct bough__model *model = open_model(config_of("architecture=mtan", 3));
    const int32_t statistics = model->params.blocks - 1;
    expect(model, "trunk.2.weight", 0, (struct bough_shape){2, {5, 6}});
    expect(model, "trunk.attended.2.weight", 0, (struct bough_shape){2, {5, 6}});
    expect(model, "trunk.3.running_var", statistics, channels);
    expect(model, "streams.last.3.weight", 3, channels);
    expect(model, "streams.last.3.running_var", statistics, channels);
    expect(model, "masks.left.0.0.weight", 1, (struct bough_shape){2, {6, 6}});
    expect(model, "masks.right.1.0.weight", 2, (struct bough_shape){2, {5, 10}});
    assert_null(find(model, "trunk.attended.0.weight"));
    bough__model_destroy(&model);
}

static void masks_are_for_channels(void **state)
{
    (void)state;
    const struct bough_shape sample = {1, {4}};
    const struct bough_config config =
        test_config(text, "architecture=mtan", "trunk=[linear: 6, reshape: [2, 3]]", NULL);
    struct bough__model *model;
    assert_fails(bough__model_create(&model, &config, &sample, NULL, NULL), BOUGH_INVALID,
                 "masks.left.0: a stage gives [1, 2, 3], wanted [N, D] or [N, C, H, W]");
}

// ---- adapters ----

static void streams_share_weights_and_start_alike(void **state)
{
    (void)state;
    static const float zeros[64];
    const struct bough_shape channels = {1, {5}};
    struct bough__model *model =
        open_model(config_of("architecture={name: adapters, bottleneck: 3}", 3));
    expect(model, "trunk.2.weight", 0, (struct bough_shape){2, {5, 6}});
    expect(model, "streams.last.3.weight", 3, channels);
    expect(model, "streams.last.3.running_var", model->params.blocks - 1, channels);
    expect(model, "adapters.left.0.0.weight", 1, (struct bough_shape){2, {3, 6}});
    expect(model, "adapters.left.1.0.bias", 1, (struct bough_shape){1, {3}});
    expect_start(model,
                 expect(model, "adapters.right.1.2.weight", 2, (struct bough_shape){2, {5, 3}}),
                 zeros);
    assert_null(find(model, "adapters.right.1.2.bias"));
    assert_null(find(model, "trunk.3.weight"));
    assert_int_equal(model->params.count, 2 + 2 + 3 * (4 + 2 * 3 + 2));
    bough__model_destroy(&model);
}

// ---- tensor_factorised ----

static void tasks_mix_the_same_bases(void **state)
{
    (void)state;
    static const float half[] = {0.5f, 0.5f, 0.5f, 0.5f};
    const struct bough_shape row = {2, {1, 4}}, channels = {1, {5}};
    struct bough__model *model = open_model(config_of("architecture=tensor_factorised", 3));
    expect(model, "trunk.2.weight", 0, (struct bough_shape){3, {5, 4, 6}});
    expect_start(model, expect(model, "streams.left.2.factors", 1, row), half);
    expect_start(model, expect(model, "streams.last.0.factors", 3, row), half);
    expect(model, "streams.right.2.bias", 2, channels);
    expect(model, "streams.right.3.weight", 2, channels);
    expect(model, "streams.right.3.running_mean", model->params.blocks - 1, channels);
    assert_null(find(model, "trunk.2.bias"));
    bough__model_destroy(&model);
}

// ---- Stages ----

static void check_stages(const char *layers, size_t count, const size_t *first)
{
    const struct bough_config config = test_layers(layers);
    const struct bough__net net = {.trunk = config.trunk, .trunk_count = config.trunk_count};
    struct bough__params params = {0};
    struct bough__builder builder = {.params = &params};
    struct bough__stages stages;
    assert_ok(bough__stages_find(&stages, &builder, &net));
    assert_int_equal(stages.count, count);
    for (size_t i = 0; i <= count; i++)
        assert_int_equal(stages.first[i], first[i]);
    bough__params_fini(&params);
}

static void stages_begin_at_weights_or_where_the_config_says(void **state)
{
    (void)state;
    check_stages("linear: 4, relu, linear: 4, layer_norm, relu", 2, (size_t[]){0, 2, 5});
    check_stages("flatten, linear: 4, relu, linear: 4", 2, (size_t[]){0, 3, 4});
    check_stages("linear: 4, relu, reshape: [2, 2], flatten, linear: 4", 2, (size_t[]){0, 2, 5});
    check_stages("relu, tanh", 1, (size_t[]){0, 2});
    check_stages("linear: 4, relu, linear: 4, stage, linear: 4", 2, (size_t[]){0, 3, 5});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stitch_weighs_its_own_stream_most),
        cmocka_unit_test(a_single_task_has_no_stitch),
        cmocka_unit_test(tasks_share_what_extracts_features_and_not_its_norms),
        cmocka_unit_test(masks_are_for_channels),
        cmocka_unit_test(streams_share_weights_and_start_alike),
        cmocka_unit_test(tasks_mix_the_same_bases),
        cmocka_unit_test(stages_begin_at_weights_or_where_the_config_says),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
