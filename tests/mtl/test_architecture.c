// Architectures: who owns their parameters, what they hand back; and mmoe against numpy
// (golden/mmoe.json), scores and each task's gradients, on every device.
#include "support/configs.h"
#include "support/nets.h"

#include "train/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 5, INPUTS = 4, TASKS = 2, WIDEST = 3, MOST = 64 };

static json_t *golden;

static int open_golden(void **state)
{
    golden = test_golden_open(state, "mtl/golden/mmoe.json");
    return golden == NULL;
}

static const char text[] = "data: none\n"
                           "trunk: [linear: 6, tanh]\n"
                           "tasks:\n"
                           "  left: {target: left, loss: mse, head: [linear: 2]}\n"
                           "  right: {target: right, loss: mse, head: [linear: 3]}\n";
static const char *const task_names[TASKS] = {"left", "right"};
static const char three_experts[] = "architecture={name: mmoe, experts: 3}";
static const struct bough_shape sample = {1, {INPUTS}};

struct net {
    struct test_net base; // of x, targets, losses, factors
    struct bough_config config;
    struct bough__model *model;
    int32_t scores[TASKS];
    struct bough__wiring wiring;
    struct bough__buffer *jacobian; // [TASKS, P]
};

enum {
    AT_X = 0,
    AT_TARGET = AT_X + ROWS * INPUTS * 4,
    AT_LOSSES = AT_TARGET + TASKS * ROWS * WIDEST * 4,
    AT_FACTORS = AT_LOSSES + TASKS * 8,
    BYTES = AT_FACTORS + TASKS * 4,
};

static struct bough__span at(const struct net *net, size_t offset)
{
    return test_net_at(&net->base, offset);
}

static int32_t leaf(struct net *net, size_t offset, int64_t width)
{
    const struct bough__tensor value = {at(net, offset), {2, {ROWS, width}}, BOUGH_F32};
    int32_t node;
    assert_ok(bough__graph_leaf(&net->base.graph, &node, &value, (struct bough__span){0}));
    return node;
}

static void open_model(struct net *net, const struct bough_config *config,
                       struct bough_device *device)
{
    *net = (struct net){.config = *config};
    net->wiring.scores = net->scores;
    assert_ok(bough__model_create(&net->model, &net->config, &sample, device, NULL));
}

static void record(struct net *net)
{
    test_net_open(&net->base, net->model->device, BYTES);
    const int32_t x = leaf(net, AT_X, INPUTS);
    assert_ok(bough__model_record(net->model, &net->base.graph, 1, &x, &net->wiring));
    for (size_t t = 0; t < TASKS; t++) {
        const int32_t target = leaf(net, AT_TARGET + t * ROWS * WIDEST * 4, net->model->width[t]);
        int32_t loss;
        assert_ok(bough__loss_build(&net->base.graph, &loss, &net->config.tasks[t].loss,
                                    net->scores[t], target, -1));
        bough__graph_output_at(&net->base.graph, loss, at(net, AT_LOSSES + t * 8));
        bough__graph_root(&net->base.graph, loss, (int32_t)t, at(net, AT_FACTORS + t * 4));
        bough__graph_keep(&net->base.graph, net->scores[t]);
    }
}

static void close_net(struct net *net)
{
    test_net_close(&net->base);
    bough__buffer_destroy(&net->jacobian);
    bough__model_destroy(&net->model);
}

// ---- Who owns what ----

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
    struct net net;
    open_model(&net, &config, NULL);
    const struct bough__params *params = &net.model->params;
    assert_int_equal(params->count, 3 * 2 + 2 * (1 + 2));
    for (int32_t i = 0; i < params->count; i++)
        assert_int_equal(params->param[i].block, wanted_block(params->param[i].name));
    assert_int_equal(params->block[0].size, 3 * (6 * INPUTS + 6));
    assert_int_equal(params->block[1].size, 3 * INPUTS + 2 * 6 + 2);
    close_net(&net);
}

static void one_task_shares_nothing(void **state)
{
    (void)state;
    struct bough_config config = test_config(text, NULL);
    config.tasks_count = 1;
    struct net net;
    open_model(&net, &config, NULL);
    assert_int_equal(net.model->params.block[0].size, 0);
    assert_int_equal(net.model->params.block[1].size, 6 * INPUTS + 6 + 2 * 6 + 2);
    close_net(&net);
}

static void an_empty_trunk_has_no_experts(void **state)
{
    (void)state;
    static const char *const override[] = {three_experts, "trunk=[]"};
    struct bough_config *config;
    assert_fails(bough_config_parse(&config, text, NULL, override, 2), BOUGH_INVALID,
                 "architecture: mmoe copies the trunk, which is empty");
}

// ---- What is handed back ----

// Marks what `node` depends on, down to the shared representations.
static void follow(const struct net *net, int32_t node, int *seen)
{
    for (int i = 0; i < net->wiring.shared_count; i++)
        if (net->wiring.shared[i] == node)
            return;
    seen[node] = 1;
    for (int i = 0; i < net->base.graph.node[node].inputs; i++)
        follow(net, net->base.graph.node[node].input[i], seen);
}

static void check_shared(const char *architecture, struct bough_device *device)
{
    const struct bough_config config = test_config(text, architecture, NULL);
    struct net net;
    open_model(&net, &config, device);
    record(&net);
    int *seen = calloc((size_t)net.base.graph.count, sizeof *seen);
    assert_non_null(seen);
    for (size_t t = 0; t < TASKS; t++)
        follow(&net, net.scores[t], seen);
    const struct bough__params *params = &net.model->params;
    for (int32_t i = 0; i < params->count; i++)
        assert_int_equal(seen[params->param[i].node], params->param[i].block != 0);
    free(seen);
    close_net(&net);
}

static void what_is_shared_goes_through_the_representations(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    check_shared("architecture=hard_sharing", device[0]);
    check_shared("architecture={name: mmoe, experts: 1}", device[0]);
    check_shared("architecture={name: mmoe, experts: 3}", device[0]);
    check_shared("architecture={name: mmoe, experts: 70}",
                 device[0]); // more than one op concatenates
}

// ---- Against numpy ----

static void read_floats(float *to, const json_t *from, size_t count)
{
    assert_int_equal(json_array_size(from), count);
    for (size_t i = 0; i < count; i++)
        to[i] = (float)json_number_value(json_array_get(from, i));
}

static const json_t *member(const char *part, const char *name)
{
    const json_t *value = json_object_get(json_object_get(golden, part), name);
    if (!value)
        fail_msg("golden/mmoe.json has no %s of %s", part, name);
    return value;
}

static void write_golden(struct bough__span to, const json_t *from, size_t count)
{
    float value[MOST];
    assert_true(count <= MOST);
    read_floats(value, from, count);
    assert_ok(bough__write(to, value, count * sizeof *value));
}

static void write_all(struct net *net)
{
    const struct bough__params *params = &net->model->params;
    write_golden(at(net, AT_X), json_object_get(golden, "x"), ROWS * INPUTS);
    for (size_t t = 0; t < TASKS; t++)
        write_golden(at(net, AT_TARGET + t * ROWS * WIDEST * 4), member("targets", task_names[t]),
                     ROWS * (size_t)net->model->width[t]);
    assert_int_equal(params->count, json_object_size(json_object_get(golden, "params")));
    for (int32_t i = 0; i < params->count; i++) {
        const struct bough__param *param = &params->param[i];
        write_golden(bough__span_at(params->block[param->block].value,
                                    (size_t)param->offset * sizeof(float)),
                     member("params", param->name), (size_t)bough_shape_elements(&param->shape));
    }
}

static void expect(struct bough__span from, const json_t *wanted, size_t count, const char *what)
{
    float got[MOST], want[MOST];
    assert_true(count <= MOST);
    read_floats(want, wanted, count);
    assert_ok(bough__read(from, got, count * sizeof *got));
    for (size_t i = 0; i < count; i++)
        if (!(got[i] - want[i] < 2e-6f && want[i] - got[i] < 2e-6f))
            fail_msg("%s[%zu]: %g, numpy says %g", what, i, (double)got[i], (double)want[i]);
}

// The backward pass from one loss alone: a row of the Jacobian, and what is the task's own.
static void check_gradients(struct net *net, size_t t)
{
    const struct bough__params *params = &net->model->params;
    float factor[TASKS] = {0};
    factor[t] = 1;
    assert_ok(bough__write(at(net, AT_FACTORS), factor, sizeof factor));
    test_net_run(&net->base);
    for (int32_t i = 0; i < params->count; i++) {
        const struct bough__param *param = &params->param[i];
        const json_t *wanted = json_object_get(member("gradients", task_names[t]), param->name);
        expect(bough__span_at(params->block[param->block].gradient,
                              (size_t)param->offset * sizeof(float)),
               wanted, (size_t)bough_shape_elements(&param->shape), param->name);
    }
}

static void mmoe_is_as_numpy_has_it(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        const struct bough_config config = test_config(text, three_experts, NULL);
        struct net net;
        open_model(&net, &config, device[d]);
        record(&net);
        test_net_plan(&net.base, &(struct bough__plan_options){0});
        write_all(&net);
        for (size_t t = 0; t < TASKS; t++) {
            check_gradients(&net, t);
            expect(bough__plan_value(net.base.plan, net.scores[t]).span,
                   member("scores", task_names[t]), ROWS * (size_t)net.model->width[t],
                   task_names[t]);
        }
        close_net(&net);
    }
}

// The gradients of the shared part, apart, of one sweep.
static void plan_jacobian(struct net *net)
{
    const struct bough__param_block *shared = &net->model->params.block[0];
    const size_t bytes = (size_t)shared->size * sizeof(float);
    assert_ok(bough__buffer_create(&net->jacobian, net->model->device, TASKS * bytes));
    struct bough__span rows = bough__whole(net->jacobian);
    rows.stride = bytes;
    const struct bough__plan_options options = {.mode = BOUGH_PLAN_JACOBIAN,
                                                .tasks = TASKS,
                                                .shared = shared->gradient,
                                                .shared_bytes = bytes,
                                                .jacobian = rows};
    test_net_plan(&net->base, &options);
}

static void check_rows(const struct net *net)
{
    const struct bough__params *params = &net->model->params;
    for (size_t t = 0; t < TASKS; t++)
        for (int32_t i = 0; i < params->count; i++) {
            const struct bough__param *param = &params->param[i];
            const int64_t row = (int64_t)t * params->block[0].size;
            const json_t *wanted = json_object_get(member("gradients", task_names[t]), param->name);
            if (param->block == 0)
                expect(bough__span_at(bough__whole(net->jacobian),
                                      (size_t)(row + param->offset) * sizeof(float)),
                       wanted, (size_t)bough_shape_elements(&param->shape), param->name);
        }
}

static void one_sweep_gives_each_tasks_gradient(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        const struct bough_config config = test_config(text, three_experts, NULL);
        const float factor[TASKS] = {1, 1};
        struct net net;
        open_model(&net, &config, device[d]);
        record(&net);
        plan_jacobian(&net);
        write_all(&net);
        assert_ok(bough__write(at(&net, AT_FACTORS), factor, sizeof factor));
        test_net_run(&net.base);
        check_rows(&net);
        close_net(&net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(experts_are_shared_and_gates_are_not),
        cmocka_unit_test(one_task_shares_nothing),
        cmocka_unit_test(an_empty_trunk_has_no_experts),
        cmocka_unit_test(what_is_shared_goes_through_the_representations),
        cmocka_unit_test(mmoe_is_as_numpy_has_it),
        cmocka_unit_test(one_sweep_gives_each_tasks_gradient),
    };
    return cmocka_run_group_tests(tests, open_golden, test_golden_close);
}
