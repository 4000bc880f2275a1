// Element-wise chains that a plan fuses into what makes them: the same numbers as one by one, on
// every device, by fewer launches; and slopes that finite differences confirm.
#include "support/nets.h"

#include "cl/random.h"
#include "cl/step.h"

#include <math.h>
#include <string.h>

enum { MOST_STEPS = 4, MOST_LEAVES = 4, ROOM = 2048 };
// In one buffer, in floats: leaves, their gradients, and so on.
enum { TARGET = 2 * ROOM, LOSS = TARGET + ROOM, FACTOR = LOSS + 2, STATE = FACTOR + 2 };
enum { NUMBERS = STATE + 16 };

// An op on what the one before it made, and on leaves of its own.
struct step {
    const char *op;
    struct bough_shape leaf[MOST_LEAVES];
    struct bough__attr attr;
    int adds_x; // its second input is the chain's first
};

struct chain {
    const char *name;
    struct bough_shape x;
    struct step step[MOST_STEPS];
    size_t fused, apart; // launches forwards and backwards, with three of the loss
};

#define STEP(...)                                                                                  \
    {                                                                                              \
        .op = __VA_ARGS__                                                                          \
    }
#define LINEAR     STEP("linear", .leaf = {{2, {9, 9}}, {1, {9}}})
#define LAYER_NORM STEP("layer_norm", .leaf = {{1, {9}}, {1, {9}}}, .attr = {.eps = 1e-3f})
#define DROPOUT    STEP("dropout", .attr = {.value = 0.3f, .stream = 2})
#define CONVOLUTION                                                                                \
    STEP("conv2d", .leaf = {{4, {4, 3, 3, 3}}, {1, {4}}},                                          \
         .attr = {.stride = {1, 1}, .padding = {1, 1}, .dilation = {1, 1}, .groups = 1})
#define BATCH_NORM                                                                                 \
    STEP("batch_norm", .leaf = {{1, {4}}, {1, {4}}, {1, {4}}, {1, {4}}},                           \
         .attr = {.eps = 1e-3f, .momentum = 0.1f, .training = 1})
#define HALVING STEP("max_pool2d", .attr = {.kernel = {2, 2}, .stride = {2, 2}})

// A linear or a convolution: one launch forwards, three backwards.
static const struct chain chains[] = {
    {"linear-tanh", {2, {7, 9}}, {LINEAR, STEP("tanh")}, 3 + 4, 3 + 6},
    {"linear-gelu-dropout", {2, {7, 9}}, {LINEAR, STEP("gelu"), DROPOUT}, 3 + 6, 3 + 8},
    {"linear-relu-dropout", {2, {7, 9}}, {LINEAR, STEP("relu"), DROPOUT}, 3 + 6, 3 + 8},
    {"linear-layer_norm-leaky_relu",
     {2, {7, 9}},
     {LINEAR, LAYER_NORM, STEP("leaky_relu", .attr = {.value = 0.25f})},
     3 + 7,
     3 + 9},
    // The gradient of x is written by the add, and added to by the linear.
    {"linear-add-relu",
     {2, {7, 9}},
     {LINEAR, STEP("add", .adds_x = 1), STEP("relu")},
     3 + 6,
     3 + 8},
    {"conv2d-sigmoid", {4, {5, 3, 6, 7}}, {CONVOLUTION, STEP("sigmoid")}, 3 + 4, 3 + 6},
    {"conv2d-batch_norm-relu",
     {4, {5, 3, 6, 7}},
     {CONVOLUTION, BATCH_NORM, STEP("relu")},
     3 + 6,
     3 + 8},
    {"conv2d-batch_norm-relu-max_pool2d",
     {4, {5, 3, 6, 7}},
     {CONVOLUTION, BATCH_NORM, STEP("relu"), HALVING},
     3 + 8,
     3 + 10},
};

struct net {
    struct test_net base;
    size_t leaves, outputs; // floats
    int32_t y;
};

static struct bough__span at(const struct net *net, size_t number)
{
    return test_net_at(&net->base, number * sizeof(float));
}

static int32_t leaf(struct net *net, struct bough_shape shape)
{
    struct bough__tensor value = {at(net, net->leaves), shape, BOUGH_F32};
    int32_t node;
    assert_ok(bough__graph_leaf(&net->base.graph, &node, &value, at(net, ROOM + net->leaves)));
    net->leaves += (size_t)bough_shape_elements(&shape);
    assert_true(net->leaves <= ROOM);
    return node;
}

static int32_t record_step(struct net *net, const struct step *step, int32_t x, int32_t before)
{
    int32_t input[1 + MOST_LEAVES] = {before, x}, node;
    int inputs = 1 + step->adds_x;
    for (int i = 0; i < MOST_LEAVES && step->leaf[i].rank; i++)
        input[inputs++] = leaf(net, step->leaf[i]);
    assert_ok(bough__graph_op(&net->base.graph, &node, bough__op_find(step->op), &step->attr, input,
                              inputs));
    return node;
}

// mse(flatten(chain(x)), target); `keep`: everything between stands, so that nothing is fused.
static void record(struct net *net, const struct chain *chain, int keep)
{
    int32_t x = leaf(net, chain->x), node = x, input[2], loss;
    for (int i = 0; i < MOST_STEPS && chain->step[i].op; i++) {
        node = record_step(net, &chain->step[i], x, node);
        if (keep)
            bough__graph_keep(&net->base.graph, node);
    }
    bough__graph_keep(&net->base.graph, net->y = node);
    assert_ok(bough__graph_op(&net->base.graph, &node, &bough__op_flatten, NULL, &node, 1));
    struct bough__tensor target = {at(net, TARGET), *bough__graph_shape(&net->base.graph, node),
                                   BOUGH_F32};
    net->outputs = (size_t)bough_shape_elements(&target.shape);
    assert_true(net->outputs <= ROOM);
    input[0] = node;
    assert_ok(bough__graph_leaf(&net->base.graph, &input[1], &target, (struct bough__span){0}));
    assert_ok(bough__graph_op(&net->base.graph, &loss, &bough__op_mse, NULL, input, 2));
    bough__graph_output_at(&net->base.graph, loss, at(net, LOSS));
    bough__graph_root(&net->base.graph, loss, 0, at(net, FACTOR));
}

static void net_open(struct net *net, struct bough_device *device, const struct chain *chain,
                     int keep)
{
    float number[NUMBERS];
    const struct step_state state = {.seed = {3, 4}, .step = 5};
    *net = (struct net){0};
    test_net_open(&net->base, device, sizeof number);
    for (unsigned i = 0; i < NUMBERS; i++)
        number[i] = 2 * random_unit(random_bits(11, 7, i, 0, 0, 0).v[0]) - 1;
    memset(number + ROOM, 0, ROOM * sizeof *number); // running statistics get no gradient
    number[FACTOR] = 1;
    assert_ok(bough__write(at(net, 0), number, sizeof number));
    assert_ok(bough__write(at(net, STATE), &state, sizeof state));
    record(net, chain, keep);
    test_net_plan(&net->base, &(struct bough__plan_options){.step = at(net, STATE)});
}

struct result {
    float y[ROOM], gradient[ROOM];
    size_t leaves, outputs, launches, bytes;
};

static void run(struct net *net, struct result *result)
{
    size_t unshared;
    test_net_run(&net->base);
    result->leaves = net->leaves;
    result->outputs = net->outputs;
    result->launches = net->base.forward.count + net->base.backward.count;
    result->bytes = bough__plan_bytes(net->base.plan, &unshared);
    assert_ok(bough__read(bough__plan_value(net->base.plan, net->y).span, result->y,
                          net->outputs * sizeof(float)));
    assert_ok(bough__read(at(net, ROOM), result->gradient, net->leaves * sizeof(float)));
}

static void solve(struct result *result, struct bough_device *device, const struct chain *chain,
                  int keep)
{
    struct net net;
    net_open(&net, device, chain, keep);
    run(&net, result);
    test_net_close(&net.base);
}

static void expect_same(const struct result *got, const struct result *want)
{
    assert_true(test_nmse(got->y, want->y, want->outputs) <= 1e-10);
    assert_true(test_nmse(got->gradient, want->gradient, want->leaves) <= 1e-10);
}

static void fused_as_one_by_one(void **state)
{
    static struct result fused, apart, first;
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t c = 0; c < sizeof chains / sizeof *chains; c++)
        for (size_t d = 0; d < count; d++) {
            print_message("%s on %s\n", chains[c].name, bough_device_info(device[d])->id);
            solve(&fused, device[d], &chains[c], 0);
            solve(&apart, device[d], &chains[c], 1);
            expect_same(&fused, &apart);
            assert_true(fused.bytes < apart.bytes);
            assert_int_equal(fused.launches, chains[c].fused);
            assert_int_equal(apart.launches, chains[c].apart);
            if (d == 0)
                first = fused;
            expect_same(&fused, &first);
        }
}

static void passes_repeat_bit_for_bit(void **state)
{
    static struct result once, again;
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t c = 0; c < sizeof chains / sizeof *chains; c++)
        for (size_t d = 0; d < count; d++) {
            struct net net;
            net_open(&net, device[d], &chains[c], 0);
            run(&net, &once);
            run(&net, &again);
            assert_memory_equal(once.y, again.y, once.outputs * sizeof(float));
            assert_memory_equal(once.gradient, again.gradient, once.leaves * sizeof(float));
            test_net_close(&net.base);
        }
}

static double loss_with(struct net *net, size_t leaf, float value)
{
    float loss;
    assert_ok(bough__write(at(net, leaf), &value, sizeof value));
    assert_ok(bough__sequence_run(&net->base.forward));
    assert_ok(bough__read(at(net, LOSS), &loss, sizeof loss));
    return (double)loss;
}

// Of a few leaves in all parts; a kink between two of the points is rare.
static void gradients_match_finite_differences(void **state)
{
    static struct result result;
    (void)state;
    size_t count;
    struct bough_device *device = test_devices(&count)[0];
    for (size_t c = 0; c < sizeof chains / sizeof *chains; c++) {
        struct net net;
        net_open(&net, device, &chains[c], 0);
        run(&net, &result);
        for (size_t leaf = 0; leaf < net.leaves; leaf += 3) {
            const float h = 2e-3f;
            float value;
            assert_ok(bough__read(at(&net, leaf), &value, sizeof value));
            double slope = (loss_with(&net, leaf, value + h) - loss_with(&net, leaf, value - h)) /
                           (2 * (double)h);
            loss_with(&net, leaf, value);
            if (fabs(slope - (double)result.gradient[leaf]) > 2e-3)
                fail_msg("%s, leaf %zu: gradient %g, slope %g", chains[c].name, leaf,
                         (double)result.gradient[leaf], slope);
        }
        test_net_close(&net.base);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fused_as_one_by_one),
        cmocka_unit_test(passes_repeat_bit_for_bit),
        cmocka_unit_test(gradients_match_finite_differences),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
