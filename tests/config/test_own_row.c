// What a new row touches: its file, and a line in its list. A weighting, layers and an architecture
// of this program's own, three of them with two options, are read, checked, saved, and trained with
// as those of the library.
#include "base/error.h"
#include "mtl/architecture.h"
#include "mtl/weighting.h"
#include "nn/layer.h"
#include "support/training.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- A weighting ----

struct ramp_options {
    float first, step;
};

static const struct bough__option ramp_options[] = {
    {"first", BOUGH__OPTION_NUMBER, offsetof(struct ramp_options, first),
     .range = &bough__range_not_negative, .number = {1}, .help = "weight of the first task"},
    {"step", BOUGH__OPTION_NUMBER, offsetof(struct ramp_options, step),
     .range = &bough__range_zero_to_one, .needed = 1, .help = "from task to task"},
};

static void ramp_start(float *weights, const void *options, size_t tasks)
{
    const struct ramp_options *o = options;
    for (size_t t = 0; t < tasks; t++)
        weights[t] = o->first + o->step * (float)t;
}

static const struct bough__weighting bough__weighting_ramp = {
    {.name = "ramp",
     .help = "each task more than the one before",
     .options = BOUGH_OPTIONS(ramp_options, struct ramp_options)},
    .needs = BOUGH_NEEDS_NOTHING,
    .start = ramp_start,
};

// ---- A layer ----

struct gain_options {
    float factor;
    int32_t times;
};

static const struct bough__option gain_options[] = {
    {"factor", BOUGH__OPTION_NUMBER, offsetof(struct gain_options, factor),
     .range = &bough__range_positive, .needed = 1, .help = "of every number"},
    {"times", BOUGH__OPTION_INT, offsetof(struct gain_options, times),
     .range = &bough__range_not_negative, .number = {1}, .help = "how often"},
};

static enum bough_status gain(struct bough__builder *builder, int32_t *node, const void *options)
{
    const struct gain_options *o = options;
    const struct bough__attr attr = {.value = o->factor};
    enum bough_status status = BOUGH_OK;
    for (int32_t i = 0; i < o->times && status == BOUGH_OK; i++)
        status = bough__graph_op(builder->graph, node, &bough__op_scale, &attr, node, 1);
    return status;
}

static const struct bough__layer_kind bough__layer_gain = {
    {.name = "gain",
     .help = "every number times a factor",
     .options = BOUGH_OPTIONS(gain_options, struct gain_options)},
    .build = gain,
};

// ---- A layer that reads ids, and its op, whose kernel plain C alone has ----

static void shade_fwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const int32_t *x = arg[0];
    float *y = arg[1];
    for (int64_t i = begin; i < end; i++)
        y[i] = (float)x[i] * *(const float *)params;
}

static const struct bough__kernel kernel_shade = {
    "shade_fwd", "shade", shade_fwd, BOUGH_GRID_ITEMS, .args = 2, .params_size = sizeof(float)};

static enum bough_status shade_shape(struct bough__op_need *need, const struct bough__op_call *call)
{
    assert_int_equal(call->x[0].dtype, BOUGH_I32);
    need->y = call->x[0].shape;
    return BOUGH_OK;
}

static enum bough_status shade_forward(struct bough__sequence *out,
                                       const struct bough__op_call *call)
{
    return BOUGH_KERNEL(out, &kernel_shade, bough_shape_elements(&call->y.shape), 0,
                        &call->attr->value, call->x[0].span, call->y.span);
}

static const struct bough__op op_shade = {.name = "shade",
                                          .inputs_min = 1,
                                          .inputs_max = 1,
                                          .no_gradient = 1,
                                          .shape = shade_shape,
                                          .forward = shade_forward};

static enum bough_status shade(struct bough__builder *builder, int32_t *node, const void *options)
{
    const struct bough__attr attr = {.value = (float)(1.0 / 255)};
    (void)options;
    return bough__graph_op(builder->graph, node, &op_shade, &attr, node, 1);
}

static const struct bough__layer_kind bough__layer_shade = {
    {.name = "shade", .help = "ids of 0 to 255 as numbers to 1"},
    .build = shade,
    .reads = BOUGH_I32,
};

// ---- An architecture: hard sharing, and a gain behind the trunk ----

static enum bough_status build_amplifier(struct bough__builder *builder,
                                         struct bough__wiring *wiring, int32_t x,
                                         const struct bough__net *net)
{
    enum bough_status status;
    int32_t trunk = x;
    BOUGH_TRY(bough__layers_build(builder, &trunk, net->trunk, 0, net->trunk_count, "trunk"));
    BOUGH_TRY(gain(builder, &trunk, net->options));
    for (size_t t = 0; t < net->tasks_count; t++)
        BOUGH_TRY(bough__head_build(builder, wiring, net, t, trunk));
done:
    return status;
}

static const struct bough__architecture bough__architecture_amplifier = {
    {.name = "amplifier",
     .help = "one trunk, made louder",
     .options = BOUGH_OPTIONS(gain_options, struct gain_options)},
    .build = build_amplifier,
};

// ---- The lists, with a line more: this program's stand in the place of the library's ----

#define BOUGH_WEIGHTING(name) &bough__weighting_##name.row,
static const struct bough__row *const weightings[] = {
#include "mtl/weighting_list.h"
    BOUGH_WEIGHTING(ramp)};
const struct bough__family bough__weightings = {"weighting", weightings,
                                                sizeof weightings / sizeof *weightings};

#define BOUGH_LAYER(name) &bough__layer_##name.row,
static const struct bough__row *const layers[] = {
#include "nn/layer_list.h"
    BOUGH_LAYER(gain) BOUGH_LAYER(shade)};
const struct bough__family bough__layers = {"layer", layers, sizeof layers / sizeof *layers};

#define BOUGH_ARCHITECTURE(name) &bough__architecture_##name.row,
static const struct bough__row *const architectures[] = {
#include "mtl/architecture_list.h"
    BOUGH_ARCHITECTURE(amplifier)};
const struct bough__family bough__architectures = {"architecture", architectures,
                                                   sizeof architectures / sizeof *architectures};

// ---- Tests ----

static double loss_of(const struct bough_config *config, const char *task)
{
    struct bough_run *run;
    assert_ok(bough_train(&run, config, NULL));
    const double loss = bough_metrics_find(bough_run_result(run)->validation, task, "loss");
    bough_run_destroy(&run);
    return loss;
}

static void a_weighting_trains(void **state)
{
    (void)state;
    const char *data = training_data(test_folder());
    const struct bough_config own = test_config_with(training_text, data, "train.epochs=1",
                                                     "weighting={name: ramp, first: 0, step: 0.5}",
                                                     NULL),
                              same = test_config_with(
                                  training_text, data, "train.epochs=1",
                                  "weighting={name: fixed, weights: [0, 0.5, 1]}", NULL),
                              other = test_config_with(training_text, data, "train.epochs=1", NULL);
    const double loss = loss_of(&own, "top");
    assert_true(loss == loss_of(&same, "top"));
    assert_true(loss != loss_of(&other, "top"));
}

static void a_layer_trains(void **state)
{
    (void)state;
    const char *data = training_data(test_folder());
    const struct bough_config own = test_config_with(training_text, data, "train.epochs=1",
                                                     "trunk.10=gain: {factor: 2, times: 2}", NULL);
    const struct bough_config same =
        test_config_with(training_text, data, "train.epochs=1", "trunk.10=gain: 4", NULL);
    assert_true(loss_of(&own, "shape") == loss_of(&same, "shape"));
}

static void an_architecture_trains(void **state)
{
    (void)state;
    const char *data = training_data(test_folder());
    const struct bough_config own =
        test_config_with(training_text, data, "train.epochs=1",
                         "architecture={name: amplifier, factor: 2, times: 2}", NULL);
    const struct bough_config same =
        test_config_with(training_text, data, "train.epochs=1", "trunk.10=gain: 4", NULL);
    assert_true(loss_of(&own, "shape") == loss_of(&same, "shape"));
}

// Bytes as ids give what bytes as numbers do.
static void a_layer_reads_ids(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"trunk=[flatten]", "trunk[0] flatten: reads numbers, and input is of ids"},
        {"trunk=[shade, shade]", "trunk[1] shade: reads ids, and trunk.0 is of numbers"},
        {"trunk=[]", "shape[0] linear: reads numbers, and input is of ids"},
        {"inputs={a: {field: image, type: ids}, b: image}",
         "inputs.a cannot be joined with inputs.b: ids go with no others"},
        {"architecture=mmoe", "gates.shape[0] flatten: reads numbers, and input is of ids"},
    };
    const char *data = training_data(test_folder());
    const struct bough_config ids = test_config_with(training_text, data, "train.epochs=1",
                                                     "input={field: image, type: ids}",
                                                     "trunk=[shade, flatten, linear: 8]", NULL),
                              numbers = test_config_with(training_text, data, "train.epochs=1",
                                                         "trunk=[flatten, linear: 8]", NULL);
    assert_true(loss_of(&ids, "top") == loss_of(&numbers, "top"));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const int several = strncmp(wrong[i][0], "inputs", 6) == 0;
        struct bough_run *run;
        const struct bough_config config = test_config_with(
            training_text, data, several ? "input=null" : "input={field: image, type: ids}",
            "trunk=[shade, flatten, linear: 8]", wrong[i][0], NULL);
        assert_fails(bough_train(&run, &config, NULL), BOUGH_INVALID, wrong[i][1]);
    }
}

static void append_line(void *user, const char *line)
{
    char *text = user;
    assert_true(strlen(text) + strlen(line) + 2 < 1 << 16);
    strcat(strcat(text, line), "\n");
}

static void rows_are_told_checked_and_saved(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"weighting=ramp", "weighting: step is missing (from task to task)"},
        {"weighting={name: ramp, step: 2}", "weighting.step: '2'; wanted a number, 0 to 1"},
        {"weighting={name: ramp, stepp: 1}",
         "did you mean step? (name, first, step, losses, on, groups, every, smoothing)"},
        {"weighting=rampe", "did you mean ramp? (equal, fixed, "},
        {"trunk=[gain]", "trunk[0].gain: factor is missing (of every number)"},
        {"trunk=[gain: {factor: 1, times: 2147483648}]",
         "times: '2147483648'; wanted a whole number up to 2147483647, 0 or more"},
        {"architecture={name: amplifier, factor: 0}",
         "architecture.factor: '0'; wanted a number, "},
        {"architecture=amplifyer", "did you mean amplifier? (hard_sharing, "},
    };
    static char table[1 << 16];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct bough_config *config;
        assert_fails(bough_config_parse(&config, test_config_small, NULL, &wrong[i][0], 1),
                     BOUGH_INVALID, wrong[i][1]);
    }
    bough_config_describe(append_line, table);
    assert_non_null(strstr(table, "| `weighting.step` | number, 0 to 1 | needed | ramp |"));
    assert_non_null(strstr(table, "| `<layer>.times` | whole number, 0 or more | 1 | gain |"));
    assert_non_null(strstr(table, "| `weighting.name` | `ramp` | "));
    const struct bough_config config =
        test_config(test_config_small, "weighting={name: ramp, step: 0.25}", "trunk.1=gain: 3",
                    "architecture={name: amplifier, factor: 3}", NULL);
    test_config_round_trip(test_folder(), &config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_weighting_trains),
        cmocka_unit_test(a_layer_trains),
        cmocka_unit_test(an_architecture_trains),
        cmocka_unit_test(a_layer_reads_ids),
        cmocka_unit_test(rows_are_told_checked_and_saved),
    };
    return cmocka_run_group_tests(tests, test_folder_begin, test_folder_end);
}
