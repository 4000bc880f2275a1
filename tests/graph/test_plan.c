// A recorded graph, planned and run on every device: its gradients against finite differences, with
// everything that makes a plan hard: a trunk read by several heads, one tensor read twice by an op,
// views, a folded relu, ops that work in place, losses of several tasks.
#include "support/nets.h"

#include "cl/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 5, D = 6, U = 4, PARAMS = U * D + U + 3 * U + 2 * U };

// The net: h = relu(x w + b); z = h * h + h; a head with bias-free linear and cross-entropy on z,
// and one with mse on tanh(reshape(z)). Parameters stand one after the other in memory.
enum {
    AT_PARAMS = 0,
    AT_GRADIENTS = AT_PARAMS + PARAMS * 4,
    AT_X = AT_GRADIENTS + PARAMS * 4,
    AT_LABELS = AT_X + N * D * 4,
    AT_NUMBERS = AT_LABELS + N * 4,
    AT_LOSSES = AT_NUMBERS + N * 2 * 4,
    AT_FACTORS = AT_LOSSES + 4 * 4,
    BYTES = AT_FACTORS + 2 * 4,
};

static int32_t leaf(struct test_net *net, size_t offset, struct bough_shape shape,
                    enum bough_dtype dtype, struct bough__span gradient)
{
    struct bough__tensor value = {test_net_at(net, offset), shape, dtype};
    int32_t node;
    assert_ok(bough__graph_leaf(&net->graph, &node, &value, gradient));
    return node;
}

static int32_t param(struct test_net *net, size_t *used, int64_t rows, int64_t columns)
{
    size_t offset = *used;
    *used += (size_t)(rows * columns) * 4;
    struct bough_shape shape = {2, {rows, columns}};
    if (columns == 1)
        shape.rank = 1;
    return leaf(net, AT_PARAMS + offset, shape, BOUGH_F32, test_net_at(net, AT_GRADIENTS + offset));
}

static int32_t op(struct test_net *net, const char *name, const struct bough__attr *attr, int32_t a,
                  int32_t b, int32_t c)
{
    int32_t input[3] = {a, b, c}, node;
    int inputs = b < 0 ? 1 : c < 0 ? 2 : 3;
    assert_ok(bough__graph_op(&net->graph, &node, bough__op_find(name), attr, input, inputs));
    return node;
}

// Returns h.
static int32_t record(struct test_net *net)
{
    struct bough__span none = {0};
    size_t used = 0;
    int32_t w = param(net, &used, U, D), b = param(net, &used, U, 1);
    int32_t head1 = param(net, &used, 3, U), head2 = param(net, &used, 2, U);
    int32_t x = leaf(net, AT_X, (struct bough_shape){2, {N, D}}, BOUGH_F32, none);
    int32_t labels = leaf(net, AT_LABELS, (struct bough_shape){1, {N}}, BOUGH_I32, none);
    int32_t numbers = leaf(net, AT_NUMBERS, (struct bough_shape){2, {N, 2}}, BOUGH_F32, none);
    int32_t h = op(net, "relu", NULL, op(net, "linear", NULL, x, w, b), -1, -1);
    int32_t z = op(net, "add", NULL, op(net, "multiply", NULL, h, h, -1), h, -1);
    struct bough__attr shape = {.shape = {1, {U}}};
    int32_t seen = op(net, "tanh", NULL, op(net, "reshape", &shape, z, -1, -1), -1, -1);
    struct bough__attr plain = {.value = 0};
    int32_t loss1 =
        op(net, "cross_entropy", &plain, op(net, "linear", NULL, z, head1, -1), labels, -1);
    int32_t loss2 = op(net, "mse", &plain, op(net, "linear", NULL, seen, head2, -1), numbers, -1);
    bough__graph_output_at(&net->graph, loss1, test_net_at(net, AT_LOSSES));
    bough__graph_output_at(&net->graph, loss2, test_net_at(net, AT_LOSSES + 8));
    bough__graph_root(&net->graph, loss1, 0, test_net_at(net, AT_FACTORS));
    bough__graph_root(&net->graph, loss2, 1, test_net_at(net, AT_FACTORS + 4));
    return h;
}

static void fill(struct test_net *net)
{
    float number[BYTES / 4];
    for (unsigned i = 0; i < BYTES / 4; i++)
        number[i] = 2 * random_unit(random_bits(7, 7, i, 0, 0, 0).v[0]) - 1;
    int32_t label[N] = {0, 2, -1, 1, 2};
    memcpy((char *)number + AT_LABELS, label, sizeof label);
    number[AT_NUMBERS / 4 + 3] = NAN;
    number[AT_FACTORS / 4] = 0.75f;
    number[AT_FACTORS / 4 + 1] = 2;
    assert_ok(bough__write(test_net_at(net, 0), number, BYTES));
}

static int32_t open_net(struct test_net *net, struct bough_device *device)
{
    test_net_open(net, device, BYTES);
    fill(net);
    const int32_t hidden = record(net);
    test_net_plan(net, &(struct bough__plan_options){0});
    return hidden;
}

static double loss(struct test_net *net)
{
    float losses[4];
    assert_ok(bough__sequence_run(&net->forward));
    assert_ok(bough__read(test_net_at(net, AT_LOSSES), losses, sizeof losses));
    return 0.75 * (double)losses[0] + 2 * (double)losses[2];
}

static void gradients(struct test_net *net, float *gradient)
{
    loss(net);
    assert_ok(bough__sequence_run(&net->backward));
    assert_ok(bough__read(test_net_at(net, AT_GRADIENTS), gradient, PARAMS * sizeof *gradient));
}

static double loss_with(struct test_net *net, int p, float value)
{
    assert_ok(bough__write(test_net_at(net, AT_PARAMS + (size_t)p * 4), &value, sizeof value));
    return loss(net);
}

static void gradients_match_finite_differences(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        struct test_net net;
        open_net(&net, device[d]);
        float gradient[PARAMS], value[PARAMS];
        gradients(&net, gradient);
        assert_ok(bough__read(test_net_at(&net, AT_PARAMS), value, sizeof value));
        for (int p = 0; p < PARAMS; p++) {
            const float h = 1e-3f; // small: a relu has a kink
            double slope = (loss_with(&net, p, value[p] + h) - loss_with(&net, p, value[p] - h)) /
                           (2 * (double)h);
            loss_with(&net, p, value[p]);
            if (fabs(slope - (double)gradient[p]) > 2e-3)
                fail_msg("device %s, parameter %d: gradient %g, slope %g",
                         bough_device_info(device[d])->id, p, (double)gradient[p], slope);
        }
        test_net_close(&net);
    }
}

static void passes_repeat_bit_for_bit(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        struct test_net net;
        open_net(&net, device[d]);
        float first[PARAMS], again[PARAMS];
        gradients(&net, first);
        gradients(&net, again);
        assert_memory_equal(first, again, sizeof first);
        test_net_close(&net);
    }
}

static void a_relu_is_folded_into_its_linear(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    struct test_net net;
    const int32_t node = open_net(&net, device[0]);
    assert_true(net.graph.node[node].view_of >= 0);
    struct bough__tensor hidden = bough__plan_value(net.plan, node);
    struct bough__tensor made = bough__plan_value(net.plan, net.graph.node[node].input[0]);
    assert_int_equal(hidden.span.offset, made.span.offset);
    test_net_close(&net);
}

// A chain of element-wise ops that read only y works in one area for values, one for gradients.
static void element_wise_chain_works_in_place(void **state)
{
    (void)state;
    size_t count, unshared;
    struct bough_device *const *device = test_devices(&count);
    struct test_net net;
    test_net_open(&net, device[0], 4096);
    struct bough__tensor x = {test_net_at(&net, 0), {2, {16, 16}}, BOUGH_F32};
    int32_t node;
    assert_ok(bough__graph_leaf(&net.graph, &node, &x, (struct bough__span){0}));
    struct bough__attr half = {.value = 0.5f};
    for (int i = 0; i < 10; i++)
        assert_ok(bough__graph_op(&net.graph, &node, bough__op_find("scale"), &half, &node, 1));
    bough__graph_keep(&net.graph, node);
    test_net_plan(&net, &(struct bough__plan_options){0});
    assert_int_equal(bough__plan_bytes(net.plan, &unshared), 1024);
    assert_int_equal(unshared, 10240);
    test_net_close(&net);
}

// Three ops in a row that work in place share one area for their gradients: dy of the first is what
// the third wrote.
static void gradients_pass_through_a_chain_in_place(void **state)
{
    (void)state;
    enum { COUNT = 12, AT_GRADIENT = 4 * COUNT, AT_NUMBER = 8 * COUNT, AT_LOSS = 12 * COUNT };
    static const char *const chain[] = {"scale", "sigmoid", "tanh", "sigmoid"};
    size_t count;
    struct bough_device *device = test_devices(&count)[0];
    struct test_net net;
    float number[3 * COUNT + 4], gradient[COUNT];
    const struct bough__attr attr = {.value = 3};
    int32_t node, target, input[2];
    for (unsigned i = 0; i < 3 * COUNT; i++)
        number[i] = 2 * random_unit(random_bits(9, 9, i, 0, 0, 0).v[0]) - 1;
    number[3 * COUNT + 2] = 1; // the loss's factor
    test_net_open(&net, device, sizeof number);
    assert_ok(bough__write(test_net_at(&net, 0), number, sizeof number));
    struct bough__tensor x = {test_net_at(&net, 0), {2, {3, 4}}, BOUGH_F32};
    assert_ok(bough__graph_leaf(&net.graph, &node, &x, test_net_at(&net, AT_GRADIENT)));
    x.span.offset = AT_NUMBER;
    assert_ok(bough__graph_leaf(&net.graph, &target, &x, (struct bough__span){0}));
    for (size_t i = 0; i < sizeof chain / sizeof *chain; i++)
        assert_ok(bough__graph_op(&net.graph, &node, bough__op_find(chain[i]), &attr, &node, 1));
    input[0] = node;
    input[1] = target;
    assert_ok(bough__graph_op(&net.graph, &node, bough__op_find("mse"), &attr, input, 2));
    bough__graph_output_at(&net.graph, node, test_net_at(&net, AT_LOSS));
    bough__graph_root(&net.graph, node, 0, test_net_at(&net, AT_LOSS + 8));
    test_net_plan(&net, &(struct bough__plan_options){0});
    test_net_run(&net);
    assert_ok(bough__read(test_net_at(&net, AT_GRADIENT), gradient, sizeof gradient));
    for (unsigned i = 0; i < COUNT; i++) {
        double loss[2];
        for (int side = 0; side < 2; side++) {
            float moved = number[i] + (side ? -1e-2f : 1e-2f), got;
            assert_ok(bough__write(test_net_at(&net, 4 * i), &moved, sizeof moved));
            assert_ok(bough__sequence_run(&net.forward));
            assert_ok(bough__read(test_net_at(&net, AT_LOSS), &got, sizeof got));
            loss[side] = (double)got;
        }
        assert_ok(bough__write(test_net_at(&net, 4 * i), &number[i], sizeof *number));
        assert_true(fabs((loss[0] - loss[1]) / 2e-2 - (double)gradient[i]) < 2e-4);
        assert_true(fabs((double)gradient[i]) > 1e-4);
    }
    test_net_close(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_match_finite_differences),
        cmocka_unit_test(passes_repeat_bit_for_bit),
        cmocka_unit_test(a_relu_is_folded_into_its_linear),
        cmocka_unit_test(element_wise_chain_works_in_place),
        cmocka_unit_test(gradients_pass_through_a_chain_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
