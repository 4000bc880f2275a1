// Every kind of layer: its output, its parameters, what it costs, and what it says of an input that
// it cannot take.
#include "nn/layer.h"
#include "support/configs.h"

#include <bough/train.h>
#include <stdio.h>
#include <string.h>

enum { MOST_PARAMS = 12 };

// Shapes are of a batch of one.
static const struct row {
    const char *layer;
    struct bough_shape x, y;
    struct {
        const char *name;
        struct bough_shape shape;
    } param[MOST_PARAMS];
    int64_t parameters; // trained
    int64_t flops;      // a multiply and an add are two
} rows[] = {
    {.layer = "linear: {units: 5}",
     .x = {2, {1, 7}},
     .y = {2, {1, 5}},
     .param = {{"trunk.0.weight", {2, {5, 7}}}, {"trunk.0.bias", {1, {5}}}},
     .parameters = 40,
     .flops = 70},
    {.layer = "linear: {units: 5, bias: false}",
     .x = {2, {1, 7}},
     .y = {2, {1, 5}},
     .param = {{"trunk.0.weight", {2, {5, 7}}}},
     .parameters = 35,
     .flops = 70},
    {.layer = "lstm: {units: 3}",
     .x = {3, {1, 5, 7}},
     .y = {3, {1, 5, 3}},
     .param = {{"trunk.0.weight_ih_l0", {2, {12, 7}}},
               {"trunk.0.bias_l0", {1, {12}}},
               {"trunk.0.weight_hh_l0", {3, {1, 12, 3}}}},
     .parameters = 132,
     .flops = 5 * 12 * 2 * (7 + 3)},
    {.layer = "gru: {units: 3, layers: 2, bidirectional: true, dropout: 0.1}",
     .x = {3, {1, 5, 7}},
     .y = {3, {1, 5, 6}},
     .param = {{"trunk.0.weight_ih_l0", {2, {18, 7}}},
               {"trunk.0.bias_l0", {1, {18}}},
               {"trunk.0.weight_hh_l0", {3, {2, 9, 3}}},
               {"trunk.0.bias_hn_l0", {2, {2, 3}}},
               {"trunk.0.weight_ih_l1", {2, {18, 6}}},
               {"trunk.0.bias_l1", {1, {18}}},
               {"trunk.0.weight_hh_l1", {3, {2, 9, 3}}},
               {"trunk.0.bias_hn_l1", {2, {2, 3}}}},
     .parameters = 18 * (7 + 6) + 2 * (18 + 54 + 6),
     .flops = 5 * 18 * 2 * (7 + 3 + 6 + 3) + 5 * 6},
    {.layer = "conv2d: {channels: 4, kernel: [3, 5]}",
     .x = {4, {1, 2, 9, 9}},
     .y = {4, {1, 4, 7, 5}},
     .param = {{"trunk.0.weight", {4, {4, 2, 3, 5}}}, {"trunk.0.bias", {1, {4}}}},
     .parameters = 124,
     .flops = 4 * 7 * 5 * 2 * (2 * 3 * 5)},
    {.layer = "conv2d: {channels: 6, kernel: [3, 3], stride: [2, 1], padding: [1, 2], dilation: "
              "[1, 2], groups: 2, bias: false}",
     .x = {4, {1, 4, 9, 9}},
     .y = {4, {1, 6, 5, 9}},
     .param = {{"trunk.0.weight", {4, {6, 2, 3, 3}}}},
     .parameters = 108,
     .flops = 6 * 5 * 9 * 2 * (2 * 3 * 3)},
    {.layer = "max_pool2d: {kernel: [2, 3]}",
     .x = {4, {1, 3, 9, 9}},
     .y = {4, {1, 3, 4, 3}},
     .flops = 3 * 4 * 3 * 6},
    {.layer = "avg_pool2d: {kernel: [3, 3], stride: [2, 1], padding: [1, 0]}",
     .x = {4, {1, 3, 9, 9}},
     .y = {4, {1, 3, 5, 7}},
     .flops = 3 * 5 * 7 * 9},
    {.layer = "global_avg_pool2d", .x = {4, {1, 3, 4, 5}}, .y = {2, {1, 3}}, .flops = 60},
    {.layer = "relu", .x = {3, {1, 3, 4}}, .y = {3, {1, 3, 4}}, .flops = 12},
    {.layer = "leaky_relu", .x = {2, {1, 12}}, .y = {2, {1, 12}}, .flops = 12},
    {.layer = "gelu", .x = {2, {1, 12}}, .y = {2, {1, 12}}, .flops = 12},
    {.layer = "sigmoid", .x = {2, {1, 12}}, .y = {2, {1, 12}}, .flops = 12},
    {.layer = "tanh", .x = {2, {1, 12}}, .y = {2, {1, 12}}, .flops = 12},
    {.layer = "softmax", .x = {2, {1, 12}}, .y = {2, {1, 12}}, .flops = 12},
    {.layer = "flatten", .x = {4, {1, 3, 4, 5}}, .y = {2, {1, 60}}},
    {.layer = "reshape: {shape: [5, 2, 6]}", .x = {4, {1, 3, 4, 5}}, .y = {4, {1, 5, 2, 6}}},
    {.layer = "batch_norm",
     .x = {4, {1, 3, 4, 5}},
     .y = {4, {1, 3, 4, 5}},
     .param = {{"trunk.0.weight", {1, {3}}},
               {"trunk.0.bias", {1, {3}}},
               {"trunk.0.running_mean", {1, {3}}},
               {"trunk.0.running_var", {1, {3}}}},
     .parameters = 6,
     .flops = 240},
    {.layer = "batch_norm",
     .x = {2, {1, 7}},
     .y = {2, {1, 7}},
     .param = {{"trunk.0.weight", {1, {7}}},
               {"trunk.0.bias", {1, {7}}},
               {"trunk.0.running_mean", {1, {7}}},
               {"trunk.0.running_var", {1, {7}}}},
     .parameters = 14,
     .flops = 28},
    {.layer = "layer_norm",
     .x = {3, {1, 3, 4}},
     .y = {3, {1, 3, 4}},
     .param = {{"trunk.0.weight", {2, {3, 4}}}, {"trunk.0.bias", {2, {3, 4}}}},
     .parameters = 24,
     .flops = 96},
    {.layer = "dropout", .x = {2, {1, 12}}, .y = {2, {1, 12}}, .flops = 12},
    {.layer = "dropout2d", .x = {4, {1, 3, 2, 2}}, .y = {4, {1, 3, 2, 2}}, .flops = 12},
    {.layer = "conv1d: {channels: 5, kernel: 4}",
     .x = {3, {1, 6, 3}},
     .y = {3, {1, 6, 5}},
     .param = {{"trunk.0.weight", {3, {5, 3, 4}}}, {"trunk.0.bias", {1, {5}}}},
     .parameters = 65,
     .flops = 6 * 5 * 2 * (3 * 4)},
    {.layer = "positions: {length: 9}",
     .x = {3, {1, 6, 4}},
     .y = {3, {1, 6, 4}},
     .param = {{"trunk.0.weight", {2, {9, 4}}}},
     .parameters = 36,
     .flops = 24},
    {.layer = "attention: {heads: 2, dropout: 0.1}",
     .x = {3, {1, 6, 4}},
     .y = {3, {1, 6, 4}},
     .param = {{"trunk.0.in_proj_weight", {2, {12, 4}}},
               {"trunk.0.in_proj_bias", {1, {12}}},
               {"trunk.0.out_proj.weight", {2, {4, 4}}},
               {"trunk.0.out_proj.bias", {1, {4}}}},
     .parameters = 80,
     .flops = 6 * (12 * 2 * 4 + 4 * 4 * 6 + 4 * 2 * 4)},
    {.layer = "transformer: {heads: 2, units: 5, dropout: 0}",
     .x = {3, {1, 6, 4}},
     .y = {3, {1, 6, 4}},
     .param = {{"trunk.0.layers.0.norm1.weight", {1, {4}}},
               {"trunk.0.layers.0.norm1.bias", {1, {4}}},
               {"trunk.0.layers.0.self_attn.in_proj_weight", {2, {12, 4}}},
               {"trunk.0.layers.0.self_attn.in_proj_bias", {1, {12}}},
               {"trunk.0.layers.0.self_attn.out_proj.weight", {2, {4, 4}}},
               {"trunk.0.layers.0.self_attn.out_proj.bias", {1, {4}}},
               {"trunk.0.layers.0.norm2.weight", {1, {4}}},
               {"trunk.0.layers.0.norm2.bias", {1, {4}}},
               {"trunk.0.layers.0.linear1.weight", {2, {5, 4}}},
               {"trunk.0.layers.0.linear1.bias", {1, {5}}},
               {"trunk.0.layers.0.linear2.weight", {2, {4, 5}}},
               {"trunk.0.layers.0.linear2.bias", {1, {4}}}},
     .parameters = 80 + 16 + 25 + 24,
     .flops = 6 * (2 * 4 * 8 + 12 * 2 * 4 + 4 * 4 * 6 + 4 * 2 * 4 + 5 * 2 * 4 + 5 + 4 * 2 * 5 + 8)},
    {.layer = "pool_over_time", .x = {3, {1, 6, 4}}, .y = {2, {1, 4}}, .flops = 48},
    {.layer = "pool_over_time: attention",
     .x = {3, {1, 6, 4}},
     .y = {2, {1, 4}},
     .param = {{"trunk.0.weight", {2, {1, 4}}}},
     .parameters = 4,
     .flops = 48 + 48},
};
enum { ROWS = sizeof rows / sizeof *rows };

static void assert_shape(const struct bough_shape *got, const struct bough_shape *wanted)
{
    char text[2][128];
    assert_string_equal(bough_shape_format(got, text[0], sizeof text[0]),
                        bough_shape_format(wanted, text[1], sizeof text[1]));
}

// ---- A layer by itself ----

struct net {
    struct bough__params params;
    struct bough__graph graph;
    int32_t node;
    int64_t flops;
};

static void net_fini(struct net *net)
{
    bough__graph_fini(&net->graph);
    bough__params_fini(&net->params);
}

// Two tasks share all.
static void place(struct net *net)
{
    const int32_t both[] = {net->node, net->node};
    int32_t owner[64];
    assert_true(net->graph.count <= 64);
    bough__graph_owners(&net->graph, both, 2, owner);
    bough__params_place(&net->params, owner);
}

// Records the layers on `x`: once to declare the parameters, and again to bind them.
static enum bough_status build(struct net *net, const char *layers, const struct bough_shape *x,
                               int declaring, int training)
{
    struct bough__tensor input = {.shape = *x};
    struct bough__builder builder = {
        .graph = &net->graph, .params = &net->params, .declaring = declaring, .training = training};
    const struct bough_config config = test_layers(layers);
    bough__graph_fini(&net->graph);
    assert_ok(bough__graph_leaf(&net->graph, &net->node, &input, (struct bough__span){0}));
    enum bough_status status =
        bough__layers_build(&builder, &net->node, config.trunk, 0, config.trunk_count, "trunk");
    net->flops = builder.flops;
    if (status == BOUGH_OK && declaring)
        place(net);
    else if (status == BOUGH_OK)
        assert_int_equal(builder.next, net->params.count);
    return status;
}

static void net_init(struct net *net)
{
    static const char *const blocks[] = {"trunk"};
    *net = (struct net){.node = 0};
    assert_ok(bough__params_init(&net->params, blocks, 1));
}

// Tensors stand in their block one behind the other.
static void check_blocks(const struct bough__params *params)
{
    for (int32_t b = 0; b < params->blocks; b++) {
        int64_t next = 0;
        for (int32_t i = 0; i < params->count; i++) {
            if (params->param[i].block != b)
                continue;
            assert_int_equal(params->param[i].offset, next);
            next += bough_shape_elements(&params->param[i].shape);
        }
        assert_int_equal(params->block[b].size, next);
        assert_int_equal(params->block[b].trained, b < params->blocks - 1);
    }
}

static void check_params(const struct row *row, const struct bough__params *params)
{
    int32_t count = 0;
    for (int i = 0; i < MOST_PARAMS && row->param[i].name; i++)
        count++;
    assert_int_equal(params->count, count);
    for (int32_t i = 0; i < count; i++) {
        const struct bough__param *param = &params->param[i];
        assert_string_equal(param->name, row->param[i].name);
        assert_shape(&param->shape, &row->param[i].shape);
        assert_int_equal(param->block, strstr(param->name, "running") ? 1 : 0);
    }
    assert_int_equal(bough__params_trained(params), row->parameters);
    check_blocks(params);
}

static void outputs_and_parameters(void **state)
{
    (void)state;
    for (int i = 0; i < ROWS; i++) {
        struct net net;
        net_init(&net);
        assert_ok(build(&net, rows[i].layer, &rows[i].x, 1, 1));
        assert_shape(bough__graph_shape(&net.graph, net.node), &rows[i].y);
        assert_int_equal(net.flops, rows[i].flops);
        check_params(&rows[i], &net.params);
        for (int training = 0; training < 2; training++) {
            struct bough_shape x = rows[i].x, y = rows[i].y;
            x.dim[0] = y.dim[0] = 11;
            assert_ok(build(&net, rows[i].layer, &x, 0, training));
            assert_shape(bough__graph_shape(&net.graph, net.node), &y);
        }
        net_fini(&net);
    }
}

static void each_drop_has_its_stream(void **state)
{
    (void)state;
    static const char drops[] = "dropout, dropout, dropout: 0";
    const struct bough_shape x = {2, {1, 4}};
    struct net net;
    net_init(&net);
    assert_ok(build(&net, drops, &x, 0, 1));
    assert_int_equal(net.graph.count, 4);
    for (int32_t i = 1; i < 4; i++)
        assert_int_equal(net.graph.node[i].attr.stream, i - 1);
    assert_float_equal(net.graph.node[2].attr.value, 0.5, 0);
    assert_float_equal(net.graph.node[3].attr.value, 0, 0);
    assert_ok(build(&net, drops, &x, 0, 0));
    assert_int_equal(net.graph.count, 1);
    net_fini(&net);
}

// ---- Through the public face ----

static const char left_and_right[] =
    "data: none\n"
    "tasks:\n"
    "  left: {target: left, loss: cross_entropy, head: [flatten, linear: 2]}\n"
    "  right: {target: right, loss: mse, head: [flatten, linear: 2]}\n";

static struct bough_shape sample_of(const struct bough_shape *x)
{
    struct bough_shape sample = {.rank = x->rank - 1};
    for (int32_t i = 0; i < sample.rank; i++)
        sample.dim[i] = x->dim[i + 1];
    return sample;
}

static void check_info(const struct row *row)
{
    char trunk[300];
    snprintf(trunk, sizeof trunk, "trunk=[%s]", row->layer);
    struct bough_config config = test_config(left_and_right, trunk, NULL);
    struct bough_shape x = sample_of(&row->x), y = sample_of(&row->y);
    struct bough_model_info *info;
    assert_ok(bough_model_info_create(&info, &config, &x));
    int64_t width = bough_shape_elements(&y), flops = 0, parameters = 0;
    static const char *const blocks[] = {"trunk", "left", "left", "right", "right"};
    assert_int_equal(info->count, 5);
    for (size_t i = 0; i < info->count; i++) {
        assert_string_equal(info->row[i].block, blocks[i]);
        flops += info->row[i].flops;
        parameters += info->row[i].parameters;
    }
    assert_string_equal(info->row[0].kind, config.trunk[0].row->name);
    assert_shape(&info->row[0].shape, &y);
    assert_int_equal(info->row[0].parameters, row->parameters);
    assert_int_equal(info->row[0].flops, row->flops);
    assert_int_equal(info->row[4].flops, 4 * width);
    assert_int_equal(info->row[4].parameters, 2 * width + 2);
    assert_int_equal(info->flops, flops);
    assert_int_equal(info->parameters, parameters);
    bough_model_info_destroy(&info);
    assert_null(info);
}

static void info_tells_the_same(void **state)
{
    (void)state;
    for (int i = 0; i < ROWS; i++)
        check_info(&rows[i]);
}

// Parameters are called by columns, whose names may be long and differ at their ends alone.
static void long_names_of_columns_stay_apart(void **state)
{
    (void)state;
    char input[600];
    snprintf(input, sizeof input, "input={columns: [%0200d, %0200d], classes: [5, 6]}", 1, 2);
    const struct bough_config config = test_config(left_and_right, "trunk=[table]", input, NULL);
    const struct bough_shape x = {1, {2}};
    struct bough_model_info *info;
    assert_ok(bough_model_info_create(&info, &config, &x));
    assert_int_equal(info->row[0].parameters, 5 * 4 + 6 * 4);
    bough_model_info_destroy(&info);
}

// ---- What cannot be ----

static const struct {
    const char *layer;
    struct bough_shape x;
    const char *message[2];
} wrong[] = {
    {"linear: {units: 2}",
     {4, {1, 3, 8, 8}},
     {"trunk[1] linear: the input is [1, 3, 8, 8], wanted [N, D]", "put `flatten` before it"}},
    {"linear: {units: 16777216}",
     {2, {1, 16777216}},
     {"trunk[1] linear: ", "[16777216, 16777216], wanted at most 2147483647 elements"}},
    {"conv2d: {channels: 2, kernel: [1, 1]}",
     {2, {1, 7}},
     {"trunk[1] conv2d: the input is [1, 7], wanted [N, C, H, W]"}},
    {"conv2d: {channels: 2, kernel: [3, 1], dilation: [3, 1]}",
     {4, {1, 3, 6, 6}},
     {"trunk[1] conv2d: ", "input [1, 3, 6, 6]"}},
    {"conv2d: {channels: 4, kernel: [1, 1], groups: 2}",
     {4, {1, 3, 6, 6}},
     {"trunk[1] conv2d: 2 groups do not divide 3 input and 4 output channels"}},
    {"conv2d: {channels: 3, kernel: [1, 1], groups: 2}",
     {4, {1, 4, 6, 6}},
     {"trunk[1] conv2d: 2 groups do not divide 4 input and 3 output channels"}},
    {"conv2d: {channels: 1024, kernel: [1, 1]}",
     {4, {1, 1, 2048, 2048}},
     {"trunk[1] conv2d: ", "[1, 1024, 2048, 2048], wanted at most"}},
    {"max_pool2d: {kernel: [2, 2]}",
     {2, {1, 7}},
     {"trunk[1] max_pool2d: the input is [1, 7], wanted [N, C, H, W]"}},
    {"max_pool2d: {kernel: [2, 2]}",
     {4, {1, 3, 1, 4}},
     {"trunk[1] max_pool2d: ", "input [1, 3, 1, 4]"}},
    {"avg_pool2d: {kernel: [2, 2], padding: [2, 0]}",
     {4, {1, 3, 4, 4}},
     {"trunk[1] avg_pool2d: ", "padding must be 0 to half the kernel"}},
    {"avg_pool2d: {kernel: [2, 2]}",
     {3, {1, 3, 4}},
     {"trunk[1] avg_pool2d: the input is [1, 3, 4], wanted [N, C, H, W]"}},
    {"global_avg_pool2d",
     {2, {1, 7}},
     {"trunk[1] global_avg_pool2d: the input is [1, 7], wanted [N, C, H, W]"}},
    {"batch_norm",
     {3, {1, 3, 4}},
     {"trunk[1] batch_norm: the input is [1, 3, 4], wanted [N, C] or [N, C, H, W]"}},
    {"reshape: {shape: [3, 5]}",
     {2, {1, 16}},
     {"trunk[1] reshape: ", "input [1, 16], wanted [N, ...] with samples of shape [3, 5]"}},
    {"lstm: {units: 2}",
     {2, {1, 16}},
     {"trunk[1] lstm: the input is [1, 16], wanted a sequence [N, L, D]"}},
    {"conv1d: {channels: 2, kernel: 3}",
     {2, {1, 16}},
     {"trunk[1] conv1d: the input is [1, 16], wanted a sequence [N, L, D]"}},
    {"positions: {length: 5}",
     {3, {1, 6, 4}},
     {"trunk[1] positions: ", "a sequence of 6 positions, wanted at most 5"}},
    {"transformer: {heads: 3}",
     {3, {1, 6, 4}},
     {"trunk[1] transformer: 3 heads do not divide the 4 numbers of a position"}},
    {"pool_over_time: max",
     {2, {1, 4}},
     {"trunk[1] pool_over_time: the input is [1, 4], wanted a sequence [N, L, D]"}},
};

static void errors_name_the_layer_and_the_shape(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char two[300];
        snprintf(two, sizeof two, "tanh, %s", wrong[i].layer);
        struct net net;
        net_init(&net);
        assert_fails(build(&net, two, &wrong[i].x, 1, 1), BOUGH_INVALID, wrong[i].message[0]);
        if (wrong[i].message[1] && !strstr(bough_last_error(), wrong[i].message[1]))
            fail_msg("\"%s\"; wanted \"%s\"", bough_last_error(), wrong[i].message[1]);
        net_fini(&net);
    }
}

static void a_head_is_named_by_its_task(void **state)
{
    (void)state;
    static const char *const rows_of_heads[][2] = {
        {"tasks.right.head=[linear: 2]", "right[0] linear: the input is [1, 1, 4, 4]"},
        {"tasks.right.head=[flatten, max_pool2d: 2]", "right[1] max_pool2d: the input is [1, 16]"},
    };
    const struct bough_shape sample = {3, {1, 4, 4}};
    for (size_t i = 0; i < 2; i++) {
        struct bough_model_info *info;
        const struct bough_config config = test_config(left_and_right, rows_of_heads[i][0], NULL);
        assert_fails(bough_model_info_create(&info, &config, &sample), BOUGH_INVALID,
                     rows_of_heads[i][1]);
        assert_null(info);
    }
}

static void samples_of_no_shape(void **state)
{
    (void)state;
    static const struct bough_shape bad[] = {
        {0, {0}},   {-1, {0}}, {3, {1, 0, 4}}, {2, {-4, -4}}, {8, {1, 1, 1, 1, 1, 1, 1, 4}},
        {100, {1}},
    };
    struct bough_config config = test_config(left_and_right, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct bough_model_info *info;
        assert_fails(bough_model_info_create(&info, &config, &bad[i]), BOUGH_INVALID, "sample");
        assert_null(info);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outputs_and_parameters),
        cmocka_unit_test(each_drop_has_its_stream),
        cmocka_unit_test(info_tells_the_same),
        cmocka_unit_test(long_names_of_columns_stay_apart),
        cmocka_unit_test(errors_name_the_layer_and_the_shape),
        cmocka_unit_test(a_head_is_named_by_its_task),
        cmocka_unit_test(samples_of_no_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
