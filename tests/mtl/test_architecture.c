// Architectures: who owns their parameters; scores, and each task's gradients of all parameters,
// against PyTorch (golden/<name>.json), on every device.
#include "support/configs.h"
#include "support/nets.h"

#include "cl/step.h"
#include "train/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Each a file in golden/, which tells its config.
static const char *const goldens[] = {"hard_sharing",
                                      "hard_sharing-groups",
                                      "omoe",
                                      "mmoe",
                                      "dselect_k",
                                      "dselect_k-power",
                                      "soft_sharing",
                                      "cgc",
                                      "ple",
                                      "ple-conv",
                                      "ltb",
                                      "ltb-conv",
                                      "cross_stitch",
                                      "cross_stitch-conv",
                                      "mtan",
                                      "mtan-conv",
                                      "adapters",
                                      "adapters-conv",
                                      "tensor_factorised",
                                      "tensor_factorised-conv",
                                      "esmm",
                                      "esmm-conv",
                                      "aitm",
                                      "aitm-conv",
                                      "alignment-mmd",
                                      "alignment-kl",
                                      "alignment-scores",
                                      "join-concat",
                                      "join-sum",
                                      "join-gate",
                                      "join-sets"};

static const char text[] = "data: none\n"
                           "trunk: [linear: 6, tanh]\n"
                           "tasks:\n"
                           "  left: {target: left, loss: mse, head: [linear: 2]}\n"
                           "  right: {target: right, loss: mse, head: [linear: 3]}\n";
static const char three_experts[] = "architecture={name: mmoe, experts: 3}";
enum { INPUTS = 4 };

// ---- Who owns what ----

static struct bough__model *declare(const struct bough_config *config)
{
    const struct bough_shape sample = {1, {INPUTS}};
    struct bough__model *model;
    assert_ok(bough__model_create(&model, config, &sample, NULL, NULL));
    return model;
}

static int begins(const char *name, const char *with)
{
    return strncmp(name, with, strlen(with)) == 0;
}

static int32_t wanted_block(const char *name)
{
    if (begins(name, "left.") || begins(name, "gates.left."))
        return 1;
    return begins(name, "right.") || begins(name, "gates.right.") ? 2 : 0;
}

static void experts_are_shared_and_gates_are_not(void **state)
{
    (void)state;
    const struct bough_config config = test_config(text, three_experts, NULL);
    struct bough__model *model = declare(&config);
    const struct bough__params *params = &model->params;
    assert_int_equal(params->count, 3 * 2 + 2 * (1 + 2));
    for (int32_t i = 0; i < params->count; i++)
        assert_int_equal(params->param[i].block, wanted_block(params->param[i].name));
    assert_int_equal(params->block[0].size, 3 * (6 * INPUTS + 6));
    assert_int_equal(params->block[1].size, 3 * INPUTS + 2 * 6 + 2);
    bough__model_destroy(&model);
}

static int32_t block_of(const struct bough__model *model, const char *name)
{
    const struct bough__params *params = &model->params;
    for (int32_t i = 0; i < params->count; i++)
        if (strcmp(params->param[i].name, name) == 0)
            return params->param[i].block;
    fail_msg("no parameter %s", name);
    return -1;
}

// Through the gate of the shared stream all tasks reach each other's experts, but the last ones.
static void own_experts_are_shared_before_the_last_level(void **state)
{
    (void)state;
    const struct bough_config config =
        test_config(text, "architecture=ple", "trunk=[linear: 6, linear: 5]", NULL);
    struct bough__model *model = declare(&config);
    assert_int_equal(block_of(model, "experts.0.1.weight"), 0);
    assert_int_equal(block_of(model, "own.left.1.0.weight"), 0);
    assert_int_equal(block_of(model, "own.left.1.1.weight"), 1);
    assert_int_equal(block_of(model, "gates.right.0.1.weight"), 2);
    assert_int_equal(block_of(model, "gate.0.1.weight"), 0);
    bough__model_destroy(&model);
}

static void one_task_shares_nothing(void **state)
{
    (void)state;
    struct bough_config config = test_config(text, NULL);
    config.tasks_count = 1;
    struct bough__model *model = declare(&config);
    assert_int_equal(model->params.block[0].size, 0);
    assert_int_equal(model->params.block[1].size, 6 * INPUTS + 6 + 2 * 6 + 2);
    bough__model_destroy(&model);
}

static void an_empty_trunk_has_no_experts(void **state)
{
    (void)state;
    static const char *const override[] = {three_experts, "trunk=[]"};
    struct bough_config *config;
    assert_fails(bough_config_parse(&config, text, NULL, override, 2), BOUGH_INVALID,
                 "architecture: mmoe copies the trunk, which is empty");
}

// ---- Sequences ----

static const char events[] =
    "data: none\n"
    "architecture: esmm\n"
    "trunk: [linear: 6, tanh]\n"
    "tasks:\n"
    "  click: {target: click, loss: binary_cross_entropy, head: [linear: 1]}\n"
    "  buy: {target: buy, loss: binary_cross_entropy, head: [linear: 1]}\n";

static void a_sequence_shares_all_heads_but_the_last(void **state)
{
    (void)state;
    const struct bough_config config = test_config(events, NULL);
    struct bough__model *model = declare(&config);
    assert_int_equal(model->params.block[0].size, 6 * INPUTS + 6 + 6 + 1);
    assert_int_equal(model->params.block[1].size, 0);
    assert_int_equal(model->params.block[2].size, 6 + 1);
    bough__model_destroy(&model);
}

static void events_in_a_sequence_are_binary_and_of_one_shape(void **state)
{
    (void)state;
    static const char *const numbers[] = {"tasks.buy.loss=mse"};
    const struct bough_config wide = test_config(events, "tasks.buy.head=[linear: 2]", NULL);
    const struct bough_shape sample = {1, {INPUTS}};
    struct bough_config *config;
    struct bough__model *model;
    assert_fails(bough_config_parse(&config, events, NULL, numbers, 1), BOUGH_INVALID,
                 "architecture: esmm is for events in a sequence, and the loss of task 'buy' is "
                 "mse; wanted binary_cross_entropy");
    assert_fails(bough__model_create(&model, &wide, &sample, NULL, NULL), BOUGH_INVALID,
                 "tasks.buy.head gives [2], tasks.click.head [1]: events in a sequence want scores "
                 "of one shape");
}

// ---- Against PyTorch ----

struct net {
    struct test_net base; // of x, and of each task's target, loss and factor
    json_t *golden;
    struct bough_config config;
    struct bough__model *model;
    int64_t rows;
    int32_t *scores;
    struct bough__wiring wiring;
    struct bough__buffer *jacobian; // [tasks, P]
};

enum { PART = 4096 }; // bytes for each of what a net's memory holds

static struct bough__span at(const struct net *net, size_t part)
{
    return test_net_at(&net->base, part * PART);
}
static struct bough__span step_of(const struct net *net)
{
    return at(net, 0);
}
static struct bough__span target_of(const struct net *net, size_t t)
{
    return at(net, 1 + 3 * t);
}
static struct bough__span loss_of(const struct net *net, size_t t)
{
    return at(net, 2 + 3 * t);
}
static struct bough__span factor_of(const struct net *net, size_t t)
{
    return at(net, 3 + 3 * t);
}
static struct bough__span x_of(const struct net *net, size_t i)
{
    return at(net, 1 + 3 * net->config.tasks_count + 2 * i);
}
static struct bough__span present_of(const struct net *net, size_t i)
{
    return at(net, 2 + 3 * net->config.tasks_count + 2 * i);
}

static const json_t *member(const struct net *net, const char *part, const char *name)
{
    const json_t *value = json_object_get(json_object_get(net->golden, part), name);
    if (!value)
        fail_msg("the golden file has no %s of %s", part, name);
    return value;
}

static float *floats(const json_t *from, size_t count)
{
    float *value = malloc(count * sizeof *value);
    assert_non_null(value);
    assert_int_equal(json_array_size(from), count);
    for (size_t i = 0; i < count; i++)
        value[i] = (float)json_number_value(json_array_get(from, i));
    return value;
}

static void write_golden(struct bough__span to, const json_t *from, size_t count)
{
    float *value = floats(from, count);
    assert_ok(bough__write(to, value, count * sizeof *value));
    free(value);
}

static void expect(struct bough__span from, const json_t *wanted, size_t count, const char *what)
{
    float *want = floats(wanted, count), *got = malloc(count * sizeof *got);
    assert_non_null(got);
    assert_ok(bough__read(from, got, count * sizeof *got));
    test_close_to(what, got, want, count);
    free(got);
    free(want);
}

// Of an input: the golden file itself says it of the only one.
static const json_t *input_of(const struct net *net, size_t i, const char *what)
{
    const json_t *inputs = json_object_get(net->golden, "inputs");
    return json_object_get(inputs ? json_array_get(inputs, i) : net->golden, what);
}

static void open_model(struct net *net, const char *name, struct bough_device *device)
{
    char path[200];
    void *golden;
    snprintf(path, sizeof path, "mtl/golden/%s.json", name);
    *net = (struct net){.golden = test_golden_open(&golden, path)};
    assert_non_null(net->golden);
    net->config = test_config(json_string_value(json_object_get(net->golden, "config")), NULL);
    struct bough_shape sample[4] = {{0}};
    assert_true(net->config.inputs_count <= 4);
    for (size_t i = 0; i < net->config.inputs_count; i++) {
        const json_t *shape = input_of(net, i, "x_shape");
        sample[i].rank = (int32_t)json_array_size(shape) - 1;
        for (int32_t d = 0; d < sample[i].rank; d++)
            sample[i].dim[d] = json_integer_value(json_array_get(shape, (size_t)d + 1));
        net->rows = json_integer_value(json_array_get(shape, 0));
    }
    net->scores = calloc(net->config.tasks_count, sizeof *net->scores);
    assert_non_null(net->scores);
    net->wiring.scores = net->scores;
    assert_ok(bough__model_create(&net->model, &net->config, sample, device, NULL));
}

static int32_t leaf(struct net *net, struct bough__span span, const struct bough_shape *shape)
{
    const struct bough__tensor value = {span, *shape, BOUGH_F32};
    int32_t node;
    assert_true(bough_shape_elements(shape) * (int64_t)sizeof(float) <= PART);
    assert_ok(bough__graph_leaf(&net->base.graph, &node, &value, (struct bough__span){0}));
    return node;
}

static void record(struct net *net)
{
    struct bough__graph *graph = &net->base.graph;
    const size_t tasks = net->config.tasks_count;
    const size_t inputs = net->config.inputs_count;
    struct bough__input_values value[4];
    struct bough__leaf x[4];
    test_net_open(&net->base, net->model->device, (1 + 3 * tasks + 2 * inputs) * PART);
    for (size_t i = 0; i < inputs; i++)
        value[i] = (struct bough__input_values){
            .x = x_of(net, i), .side = present_of(net, i), .rows = net->rows};
    assert_ok(bough__model_leaves(net->model, graph, x, value));
    assert_ok(bough__model_record(net->model, graph, BOUGH_TRAINING, x, &net->wiring));
    for (size_t t = 0; t < tasks; t++) {
        const int32_t target =
            leaf(net, target_of(net, t), bough__graph_shape(graph, net->scores[t]));
        int32_t loss;
        const struct bough__loss_inputs inputs = {net->scores[t], target, .class_weights = -1};
        assert_ok(bough__loss_build(graph, &loss, &net->config.tasks[t].loss, &inputs));
        bough__graph_output_at(graph, loss, loss_of(net, t));
        bough__graph_root(graph, loss, (int32_t)t, factor_of(net, t));
        bough__graph_keep(graph, net->scores[t]);
    }
    for (size_t i = 0; i < net->wiring.penalties; i++)
        bough__graph_root(graph, net->wiring.penalty[i].node, net->wiring.penalty[i].task,
                          factor_of(net, (size_t)net->wiring.penalty[i].task));
}

static struct bough__span value_of(const struct net *net, const struct bough__param *param)
{
    return bough__span_at(net->model->params.block[param->block].value,
                          (size_t)param->offset * sizeof(float));
}

static void write_all(struct net *net)
{
    const struct bough__params *params = &net->model->params;
    const struct step_state step = {.seed = {1, 2}, .step = 3, .epoch = 4, .epochs = 50};
    assert_ok(bough__write(step_of(net), &step, sizeof step));
    for (size_t i = 0; i < net->config.inputs_count; i++) {
        write_golden(x_of(net, i), input_of(net, i, "x"),
                     (size_t)(net->rows * bough_shape_elements(&net->model->sample[i])));
        if (net->config.inputs[i].optional)
            write_golden(present_of(net, i), input_of(net, i, "present"), (size_t)net->rows);
    }
    for (size_t t = 0; t < net->config.tasks_count; t++)
        write_golden(target_of(net, t), member(net, "targets", net->config.tasks[t].name),
                     (size_t)(net->rows * net->model->width[t] * net->model->positions[t]));
    for (int32_t i = 0; i < params->count; i++)
        if (!params->param[i].statistics)
            write_golden(value_of(net, &params->param[i]),
                         member(net, "params", params->param[i].name),
                         (size_t)bough_shape_elements(&params->param[i].shape));
}

static void close_net(struct net *net)
{
    test_net_close(&net->base);
    bough__buffer_destroy(&net->jacobian);
    bough__model_destroy(&net->model);
    free(net->scores);
    json_decref(net->golden);
}

static void write_factors(const struct net *net, int all, size_t one)
{
    for (size_t t = 0; t < net->config.tasks_count; t++) {
        const float factor = all || t == one;
        assert_ok(bough__write(factor_of(net, t), &factor, sizeof factor));
    }
}

// Fails unless a task's gradient of the parameters of a block, at `gradient` of the block, is as
// the golden file says.
static void expect_block(const struct net *net, size_t t, int32_t block,
                         struct bough__span gradient)
{
    const struct bough__params *params = &net->model->params;
    const json_t *wanted = member(net, "gradients", net->config.tasks[t].name);
    for (int32_t i = 0; i < params->count; i++) {
        const struct bough__param *param = &params->param[i];
        if (param->block == block && !param->statistics)
            expect(bough__span_at(gradient, (size_t)param->offset * sizeof(float)),
                   json_object_get(wanted, param->name),
                   (size_t)bough_shape_elements(&param->shape), param->name);
    }
}

// The backward pass from one task's loss alone.
static void check_alone(struct net *net, size_t t)
{
    const struct bough__params *params = &net->model->params;
    write_factors(net, 0, t);
    test_net_run(&net->base);
    for (int32_t b = 0; b < params->blocks; b++)
        if (params->block[b].trained)
            expect_block(net, t, b, params->block[b].gradient);
    expect(bough__plan_value(net->base.plan, net->scores[t]).span,
           member(net, "scores", net->config.tasks[t].name),
           (size_t)(net->rows * net->model->width[t] * net->model->positions[t]),
           net->config.tasks[t].name);
    expect(loss_of(net, t), member(net, "losses", net->config.tasks[t].name), 1, "the loss");
}

static void scores_and_gradients_are_as_pytorch_has_them(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++)
        for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
            struct net net;
            open_model(&net, goldens[i], device[d]);
            record(&net);
            test_net_plan(&net.base, &(struct bough__plan_options){.step = step_of(&net)});
            write_all(&net);
            for (size_t t = 0; t < net.config.tasks_count; t++)
                check_alone(&net, t);
            close_net(&net);
        }
}

// The gradients of what is shared, apart, of one sweep.
static void plan_jacobian(struct net *net)
{
    const size_t tasks = net->config.tasks_count;
    const struct bough__param_block *shared = &net->model->params.block[0];
    const size_t bytes = (size_t)shared->size * sizeof(float);
    assert_ok(bough__buffer_create(&net->jacobian, net->model->device, tasks * bytes + 4));
    assert_ok(bough__fill_zero(bough__whole(net->jacobian), tasks * bytes + 4));
    struct bough__span rows = bough__whole(net->jacobian);
    rows.stride = bytes;
    const struct bough__plan_options options = {.step = step_of(net),
                                                .mode = BOUGH_PLAN_JACOBIAN,
                                                .tasks = tasks,
                                                .shared = shared->gradient,
                                                .shared_bytes = bytes,
                                                .jacobian = rows};
    test_net_plan(&net->base, &options);
}

static void one_sweep_gives_each_tasks_gradient(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++)
        for (size_t i = 0; i < sizeof goldens / sizeof *goldens; i++) {
            struct net net;
            open_model(&net, goldens[i], device[d]);
            record(&net);
            plan_jacobian(&net);
            write_all(&net);
            write_factors(&net, 1, 0);
            test_net_run(&net.base);
            const struct bough__param_block *block = net.model->params.block;
            for (size_t t = 0; t < net.config.tasks_count; t++) {
                const size_t row = t * (size_t)block[0].size * sizeof(float);
                expect_block(&net, t, 0, bough__span_at(bough__whole(net.jacobian), row));
                expect_block(&net, t, (int32_t)t + 1, block[t + 1].gradient);
            }
            close_net(&net);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(experts_are_shared_and_gates_are_not),
        cmocka_unit_test(own_experts_are_shared_before_the_last_level),
        cmocka_unit_test(one_task_shares_nothing),
        cmocka_unit_test(an_empty_trunk_has_no_experts),
        cmocka_unit_test(a_sequence_shares_all_heads_but_the_last),
        cmocka_unit_test(events_in_a_sequence_are_binary_and_of_one_shape),
        cmocka_unit_test(scores_and_gradients_are_as_pytorch_has_them),
        cmocka_unit_test(one_sweep_gives_each_tasks_gradient),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
