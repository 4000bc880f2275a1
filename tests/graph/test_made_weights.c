// Weights that ops made, and that several tasks share: the tasks' gradients of what they were made
// of, apart, as finite differences have them, on every device.
#include "support/nets.h"

#include "cl/random.h"
#include "op/op.h"

#include <string.h>

enum { TASKS = 2, BASES = 2, ROOM = 256 };
// In one buffer, in floats: leaves, of which the first is mixed by the second.
enum { GATE = ROOM, X = 2 * ROOM, MORE = 3 * ROOM, TARGETS = 4 * ROOM, LOSSES = 6 * ROOM };
enum { FACTORS = LOSSES + 2 * TASKS, SHARED = 7 * ROOM, ROWS = 9 * ROOM, NUMBERS = 13 * ROOM };

static const struct made {
    const char *op;
    struct bough_shape x, bases; // [O, BASES, ...], mixed to the op's second input
    int more;                    // leaves [O] behind it
    struct bough__attr attr;
} rows[] = {
    {"linear", {2, {5, 3}}, {3, {4, BASES, 3}}, 1, {.groups = 1}},
    {"conv2d",
     {4, {2, 2, 4, 4}},
     {5, {3, BASES, 2, 3, 3}},
     1,
     {.stride = {1, 1}, .padding = {1, 1}, .dilation = {1, 1}, .groups = 1}},
    {"batch_norm", {2, {6, 4}}, {2, {4, BASES}}, 3, {.eps = .1f, .momentum = .1f, .training = 1}},
    {"layer_norm", {2, {6, 4}}, {2, {4, BASES}}, 1, {.eps = .1f}},
};

static struct bough__span at(const struct test_net *net, size_t number)
{
    return test_net_at(net, number * sizeof(float));
}

static int32_t leaf(struct test_net *net, size_t number, struct bough_shape shape, int trained)
{
    const struct bough__tensor value = {at(net, number), shape, BOUGH_F32};
    const struct bough__span none = {0};
    int32_t node;
    assert_true(bough_shape_elements(&shape) <= ROOM);
    assert_ok(
        bough__graph_leaf(&net->graph, &node, &value, trained ? at(net, SHARED + number) : none));
    return node;
}

static void record(struct test_net *net, const struct made *row)
{
    const int32_t mixed[] = {leaf(net, 0, row->bases, 1),
                             leaf(net, GATE, (struct bough_shape){2, {1, BASES}}, 1)};
    const struct bough_shape outputs = {1, {row->bases.dim[0]}};
    int32_t input[5] = {leaf(net, X, row->x, 0)}, y;
    assert_ok(bough__graph_op(&net->graph, &input[1], &bough__op_gated_sum, NULL, mixed, 2));
    for (int i = 0; i < row->more; i++)
        input[2 + i] = leaf(net, MORE + (size_t)i * 8, outputs, 0);
    assert_ok(bough__graph_op(&net->graph, &y, bough__op_find(row->op), &row->attr, input,
                              2 + row->more));
    for (size_t t = 0; t < TASKS; t++) {
        int32_t pair[] = {y, leaf(net, TARGETS + t * ROOM, *bough__graph_shape(&net->graph, y), 0)};
        int32_t loss;
        for (int i = 0; i < 2; i++)
            assert_ok(
                bough__graph_op(&net->graph, &pair[i], &bough__op_flatten, NULL, &pair[i], 1));
        assert_ok(bough__graph_op(&net->graph, &loss, &bough__op_mse, NULL, pair, 2));
        bough__graph_output_at(&net->graph, loss, at(net, LOSSES + 2 * t));
        bough__graph_root(&net->graph, loss, (int32_t)t, at(net, FACTORS + t));
    }
}

static void write_numbers(const struct test_net *net)
{
    static float number[NUMBERS];
    for (unsigned i = 0; i < NUMBERS; i++)
        number[i] = 2 * random_unit(random_bits(11, 7, i, 0, 0, 0).v[0]) - 1;
    for (size_t t = 0; t < TASKS; t++)
        number[FACTORS + t] = 1;
    assert_ok(bough__write(at(net, 0), number, sizeof number));
}

static void losses_at(struct test_net *net, float *loss, size_t number, float value)
{
    assert_ok(bough__write(at(net, number), &value, sizeof value));
    assert_ok(bough__sequence_run(&net->forward));
    assert_ok(bough__read(at(net, LOSSES), loss, 2 * TASKS * sizeof *loss));
}

static void check_number(struct test_net *net, size_t number)
{
    static const float h = 1.0f / 128;
    float value, above[2 * TASKS], below[2 * TASKS], got;
    assert_ok(bough__read(at(net, number), &value, sizeof value));
    losses_at(net, above, number, value + h);
    losses_at(net, below, number, value - h);
    assert_ok(bough__write(at(net, number), &value, sizeof value));
    for (size_t t = 0; t < TASKS; t++) {
        assert_ok(bough__read(at(net, ROWS + t * 2 * ROOM + number), &got, sizeof got));
        assert_float_equal(got, (above[2 * t] - below[2 * t]) / (2 * h), 1e-4);
    }
}

static void check(struct bough_device *device, const struct made *row)
{
    struct test_net net;
    test_net_open(&net, device, NUMBERS * sizeof(float));
    write_numbers(&net);
    record(&net, row);
    struct bough__plan_options options = {.mode = BOUGH_PLAN_JACOBIAN,
                                          .tasks = TASKS,
                                          .shared = at(&net, SHARED),
                                          .shared_bytes = 2 * ROOM * sizeof(float),
                                          .jacobian = at(&net, ROWS)};
    options.jacobian.stride = options.shared_bytes;
    test_net_plan(&net, &options);
    test_net_run(&net);
    for (size_t i = 0; i < (size_t)bough_shape_elements(&row->bases); i++)
        check_number(&net, i);
    for (size_t i = 0; i < BASES; i++)
        check_number(&net, GATE + i);
    test_net_close(&net);
}

static void made_weights_have_each_tasks_gradient(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            check(device[d], &rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(made_weights_have_each_tasks_gradient)};
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
