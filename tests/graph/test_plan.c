// A recorded graph, planned and run on every device: its gradients against finite differences, with
// everything that makes a plan hard: a trunk read by several heads, one tensor read twice by an op,
// views, a folded relu, ops that work in place, losses of several tasks.
#include "support/support.h"

#include "cl/random.h"
#include "graph/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 5, D = 6, U = 4, PARAMS = U * D + U + 3 * U + 2 * U };

// The net: h = relu(x w + b); z = h * h + h; a head with bias-free linear and cross-entropy on z,
// and one with mse on tanh(reshape(z)). Parameters stand one after the other in one buffer.
struct net {
    struct bough_device *device;
    struct bough__graph graph;
    struct bough__plan *plan;
    struct bough__sequence forward, backward;
    struct bough__buffer *memory; // params, gradients, x, labels, numbers, losses, factors
    int32_t hidden;
};

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

static struct bough__span at(const struct net *net, size_t offset)
{
    return bough__span_at(bough__whole(net->memory), offset);
}

static int32_t leaf(struct net *net, size_t offset, struct bough_shape shape,
                    enum bough_dtype dtype, struct bough__span gradient)
{
    struct bough__tensor value = {at(net, offset), shape, dtype};
    int32_t node;
    assert_ok(bough__graph_leaf(&net->graph, &node, &value, gradient));
    return node;
}

static int32_t param(struct net *net, size_t *used, int64_t rows, int64_t columns)
{
    size_t offset = *used;
    *used += (size_t)(rows * columns) * 4;
    struct bough_shape shape = {2, {rows, columns}};
    if (columns == 1)
        shape.rank = 1;
    return leaf(net, AT_PARAMS + offset, shape, BOUGH_F32, at(net, AT_GRADIENTS + offset));
}

static int32_t op(struct net *net, const char *name, const struct bough__attr *attr, int32_t a,
                  int32_t b, int32_t c)
{
    int32_t input[3] = {a, b, c}, node;
    int inputs = b < 0 ? 1 : c < 0 ? 2 : 3;
    assert_ok(bough__graph_op(&net->graph, &node, bough__op_find(name), attr, input, inputs));
    return node;
}

static void record(struct net *net)
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
    bough__graph_output_at(&net->graph, loss1, at(net, AT_LOSSES));
    bough__graph_output_at(&net->graph, loss2, at(net, AT_LOSSES + 8));
    bough__graph_root(&net->graph, loss1, 0, at(net, AT_FACTORS));
    bough__graph_root(&net->graph, loss2, 1, at(net, AT_FACTORS + 4));
    net->hidden = h;
}

static void fill(struct net *net)
{
    float number[BYTES / 4];
    for (unsigned i = 0; i < BYTES / 4; i++)
        number[i] = 2 * random_unit(random_bits(7, 7, i, 0, 0, 0).v[0]) - 1;
    int32_t label[N] = {0, 2, -1, 1, 2};
    memcpy((char *)number + AT_LABELS, label, sizeof label);
    number[AT_NUMBERS / 4 + 3] = NAN;
    number[AT_FACTORS / 4] = 0.75f;
    number[AT_FACTORS / 4 + 1] = 2;
    assert_ok(bough__write(at(net, 0), number, BYTES));
}

static void open_net(struct net *net, struct bough_device *device)
{
    *net = (struct net){
        .device = device, .forward = {.device = device}, .backward = {.device = device}};
    assert_ok(bough__buffer_create(&net->memory, device, BYTES));
    fill(net);
    record(net);
    assert_ok(
        bough__plan_create(&net->plan, &net->graph, device, &(struct bough__plan_options){0}));
    assert_ok(bough__plan_forward(net->plan, &net->forward));
    assert_ok(bough__plan_backward(net->plan, &net->backward));
}

static void close_net(struct net *net)
{
    bough__sequence_fini(&net->forward);
    bough__sequence_fini(&net->backward);
    bough__plan_destroy(&net->plan);
    bough__graph_fini(&net->graph);
    bough__buffer_destroy(&net->memory);
}

static double loss(struct net *net)
{
    float losses[4];
    assert_ok(bough__sequence_run(&net->forward));
    assert_ok(bough__read(at(net, AT_LOSSES), losses, sizeof losses));
    return 0.75 * (double)losses[0] + 2 * (double)losses[2];
}

static void gradients(struct net *net, float *gradient)
{
    loss(net);
    assert_ok(bough__sequence_run(&net->backward));
    assert_ok(bough__read(at(net, AT_GRADIENTS), gradient, PARAMS * sizeof *gradient));
}

static double loss_with(struct net *net, int p, float value)
{
    assert_ok(bough__write(at(net, AT_PARAMS + (size_t)p * 4), &value, sizeof value));
    return loss(net);
}

static void gradients_match_finite_differences(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        struct net net;
        open_net(&net, device[d]);
        float gradient[PARAMS], value[PARAMS];
        gradients(&net, gradient);
        assert_ok(bough__read(at(&net, AT_PARAMS), value, sizeof value));
        for (int p = 0; p < PARAMS; p++) {
            const float h = 1e-3f; // small: a relu has a kink
            double slope = (loss_with(&net, p, value[p] + h) - loss_with(&net, p, value[p] - h)) /
                           (2 * (double)h);
            loss_with(&net, p, value[p]);
            if (fabs(slope - (double)gradient[p]) > 2e-3)
                fail_msg("device %s, parameter %d: gradient %g, slope %g",
                         bough_device_info(device[d])->id, p, (double)gradient[p], slope);
        }
        close_net(&net);
    }
}

static void passes_repeat_bit_for_bit(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        struct net net;
        open_net(&net, device[d]);
        float first[PARAMS], again[PARAMS];
        gradients(&net, first);
        gradients(&net, again);
        assert_memory_equal(first, again, sizeof first);
        close_net(&net);
    }
}

static void a_relu_is_folded_into_its_linear(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    struct net net;
    open_net(&net, device[0]);
    assert_true(net.graph.node[net.hidden].view_of >= 0);
    struct bough__tensor hidden = bough__plan_value(net.plan, net.hidden);
    struct bough__tensor made = bough__plan_value(net.plan, net.graph.node[net.hidden].input[0]);
    assert_int_equal(hidden.span.offset, made.span.offset);
    close_net(&net);
}

// A chain of element-wise ops that read only y works in one area for values, one for gradients.
static void element_wise_chain_works_in_place(void **state)
{
    (void)state;
    size_t count, unshared;
    struct bough_device *const *device = test_devices(&count);
    struct bough__graph graph = {0};
    struct bough__buffer *buffer;
    assert_ok(bough__buffer_create(&buffer, device[0], 4096));
    struct bough__tensor x = {bough__whole(buffer), {2, {16, 16}}, BOUGH_F32};
    int32_t node;
    assert_ok(bough__graph_leaf(&graph, &node, &x, (struct bough__span){0}));
    struct bough__attr half = {.value = 0.5f};
    for (int i = 0; i < 10; i++)
        assert_ok(bough__graph_op(&graph, &node, bough__op_find("scale"), &half, &node, 1));
    struct bough__plan *plan;
    assert_ok(bough__plan_create(&plan, &graph, device[0], &(struct bough__plan_options){0}));
    assert_int_equal(bough__plan_bytes(plan, &unshared), 1024);
    assert_int_equal(unshared, 10240);
    bough__plan_destroy(&plan);
    bough__graph_fini(&graph);
    bough__buffer_destroy(&buffer);
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
    struct bough__graph graph = {0};
    struct bough__plan *plan;
    struct bough__sequence forward = {.device = device}, backward = {.device = device};
    struct bough__buffer *memory;
    float number[3 * COUNT + 4], gradient[COUNT];
    const struct bough__attr attr = {.value = 3};
    int32_t node, target, input[2];
    for (unsigned i = 0; i < 3 * COUNT; i++)
        number[i] = 2 * random_unit(random_bits(9, 9, i, 0, 0, 0).v[0]) - 1;
    number[3 * COUNT + 2] = 1; // the loss's factor
    assert_ok(bough__buffer_create(&memory, device, sizeof number));
    assert_ok(bough__write(bough__whole(memory), number, sizeof number));
    struct bough__tensor x = {bough__whole(memory), {2, {3, 4}}, BOUGH_F32};
    assert_ok(
        bough__graph_leaf(&graph, &node, &x, bough__span_at(bough__whole(memory), AT_GRADIENT)));
    x.span.offset = AT_NUMBER;
    assert_ok(bough__graph_leaf(&graph, &target, &x, (struct bough__span){0}));
    for (size_t i = 0; i < sizeof chain / sizeof *chain; i++)
        assert_ok(bough__graph_op(&graph, &node, bough__op_find(chain[i]), &attr, &node, 1));
    input[0] = node;
    input[1] = target;
    assert_ok(bough__graph_op(&graph, &node, bough__op_find("mse"), &attr, input, 2));
    bough__graph_output_at(&graph, node, bough__span_at(bough__whole(memory), AT_LOSS));
    bough__graph_root(&graph, node, 0, bough__span_at(bough__whole(memory), AT_LOSS + 8));
    assert_ok(bough__plan_create(&plan, &graph, device, &(struct bough__plan_options){0}));
    assert_ok(bough__plan_forward(plan, &forward));
    assert_ok(bough__plan_backward(plan, &backward));
    assert_ok(bough__sequence_run(&forward));
    assert_ok(bough__sequence_run(&backward));
    assert_ok(
        bough__read(bough__span_at(bough__whole(memory), AT_GRADIENT), gradient, sizeof gradient));
    for (unsigned i = 0; i < COUNT; i++) {
        double loss[2];
        for (int side = 0; side < 2; side++) {
            float moved = number[i] + (side ? -1e-2f : 1e-2f), got;
            assert_ok(
                bough__write(bough__span_at(bough__whole(memory), 4 * i), &moved, sizeof moved));
            assert_ok(bough__sequence_run(&forward));
            assert_ok(bough__read(bough__span_at(bough__whole(memory), AT_LOSS), &got, sizeof got));
            loss[side] = (double)got;
        }
        assert_ok(
            bough__write(bough__span_at(bough__whole(memory), 4 * i), &number[i], sizeof *number));
        assert_true(fabs((loss[0] - loss[1]) / 2e-2 - (double)gradient[i]) < 2e-4);
        assert_true(fabs((double)gradient[i]) > 1e-4);
    }
    bough__sequence_fini(&forward);
    bough__sequence_fini(&backward);
    bough__plan_destroy(&plan);
    bough__graph_fini(&graph);
    bough__buffer_destroy(&memory);
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
