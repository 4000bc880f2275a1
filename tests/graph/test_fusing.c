// What a plan fuses gives the same numbers as without: the same net, with the tensor between kept.
#include "support/nets.h"

#include "cl/random.h"
#include "graph/fold.h"

#include <math.h>
#include <string.h>

enum { N = 3, C = 2, H = 7, W = 9, COUNT = N * C * H * W, POOLED = N * C * 3 * 4 };

enum {
    AT_X = 0,
    AT_GRADIENT = AT_X + COUNT * 4,
    AT_TARGET = AT_GRADIENT + COUNT * 4,
    AT_LOSS = AT_TARGET + POOLED * 4,
    AT_FACTOR = AT_LOSS + 8,
    BYTES = AT_FACTOR + 4,
};

struct result {
    float y[POOLED], gradient[COUNT];
    size_t launches, bytes;
};

// Multiples of a half, so that there are ties and zeros in most windows; and some NaN.
static void fill(const struct test_net *net)
{
    float number[BYTES / 4];
    for (unsigned i = 0; i < BYTES / 4; i++)
        number[i] = (float)(random_bits(3, 3, i, 0, 0, 0).v[0] % 5) / 2 - 1;
    number[AT_X / 4 + 10] = number[AT_X / 4 + 3 * W] = NAN;
    number[AT_FACTOR / 4] = 0.75f;
    assert_ok(bough__write(test_net_at(net, 0), number, BYTES));
}

static int32_t op(struct bough__graph *graph, const char *name, int32_t a, int32_t b)
{
    const struct bough__attr attr = {.kernel = {2, 2}, .stride = {2, 2}};
    int32_t node, input[2] = {a, b};
    assert_ok(bough__graph_op(graph, &node, bough__op_find(name), &attr, input, b < 0 ? 1 : 2));
    return node;
}

// mse(flatten(max_pool2d(relu(x)))), or with the two the other way round.
static void run(struct result *result, struct bough_device *device, const char *first,
                const char *second, int keep)
{
    struct test_net net;
    int32_t x, target;
    test_net_open(&net, device, BYTES);
    fill(&net);
    struct bough__tensor image = {test_net_at(&net, AT_X), {4, {N, C, H, W}}, BOUGH_F32};
    struct bough__tensor wanted = {test_net_at(&net, AT_TARGET), {2, {N, C * 3 * 4}}, BOUGH_F32};
    assert_ok(bough__graph_leaf(&net.graph, &x, &image, test_net_at(&net, AT_GRADIENT)));
    assert_ok(bough__graph_leaf(&net.graph, &target, &wanted, (struct bough__span){0}));
    int32_t between = op(&net.graph, first, x, -1), y = op(&net.graph, second, between, -1);
    int32_t loss = op(&net.graph, "mse", op(&net.graph, "flatten", y, -1), target);
    if (keep)
        bough__graph_keep(&net.graph, between);
    bough__graph_keep(&net.graph, y);
    bough__graph_output_at(&net.graph, loss, test_net_at(&net, AT_LOSS));
    bough__graph_root(&net.graph, loss, 0, test_net_at(&net, AT_FACTOR));
    test_net_plan(&net, &(struct bough__plan_options){0});
    test_net_run(&net);
    assert_ok(bough__read(bough__plan_value(net.plan, y).span, result->y, sizeof result->y));
    assert_ok(
        bough__read(test_net_at(&net, AT_GRADIENT), result->gradient, sizeof result->gradient));
    size_t unshared;
    result->launches = net.forward.count + net.backward.count;
    result->bytes = bough__plan_bytes(net.plan, &unshared);
    test_net_close(&net);
}

static void check(const char *first, const char *second)
{
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        struct result fused, apart;
        run(&fused, device[d], first, second, 0);
        run(&apart, device[d], first, second, 1);
        assert_int_equal(fused.launches + 2, apart.launches);
        assert_true(fused.bytes < apart.bytes);
        int above = 0, nan = 0;
        for (int i = 0; i < POOLED; i++) {
            above += fused.y[i] > 0;
            nan += isnan(fused.y[i]);
            assert_true(fused.y[i] == apart.y[i] || (isnan(fused.y[i]) && isnan(apart.y[i])));
        }
        assert_true(above > POOLED / 4 && above < POOLED && nan > 0);
        for (int i = 0; i < COUNT; i++)
            assert_true(fused.gradient[i] == apart.gradient[i]);
    }
}

static void a_relu_goes_behind_the_pooling(void **state)
{
    (void)state;
    check("relu", "max_pool2d");
}

static void a_relu_is_folded_into_the_pooling(void **state)
{
    (void)state;
    check("max_pool2d", "relu");
}

// ---- A convolution and its pooling, two images at a time ----

enum {
    IMAGES = 7,
    INPUTS = IMAGES * 3 * 9 * 8,
    WEIGHTS = 4 * 3 * 3 * 3,
    BETWEEN = 4 * 9 * 8, // of an image
    OUTPUTS = IMAGES * 4 * 4 * 4,
    LEAVES = INPUTS + WEIGHTS + 4,
    NUMBERS = 2 * LEAVES + OUTPUTS + 4, // values, gradients, targets, loss, factor
};

static int32_t leaf(struct test_net *net, size_t *at, struct bough_shape shape)
{
    struct bough__tensor value = {test_net_at(net, *at * 4), shape, BOUGH_F32};
    int32_t node;
    assert_ok(bough__graph_leaf(&net->graph, &node, &value, test_net_at(net, (LEAVES + *at) * 4)));
    *at += (size_t)bough_shape_elements(&shape);
    return node;
}

static int32_t convolution(struct test_net *net)
{
    size_t at = 0;
    const struct bough__attr attr = {
        .stride = {1, 1}, .padding = {1, 1}, .dilation = {1, 1}, .groups = 1};
    int32_t node, input[3];
    input[0] = leaf(net, &at, (struct bough_shape){4, {IMAGES, 3, 9, 8}});
    input[1] = leaf(net, &at, (struct bough_shape){4, {4, 3, 3, 3}});
    input[2] = leaf(net, &at, (struct bough_shape){1, {4}});
    assert_ok(bough__graph_op(&net->graph, &node, bough__op_find("conv2d"), &attr, input, 3));
    return node;
}

// mse(flatten(max_pool2d(relu(conv2d(x, w, b)))))
static void run_convolution(float *y, float *gradient, struct bough_device *device, int join)
{
    struct test_net net;
    float number[NUMBERS];
    int32_t target;
    for (unsigned i = 0; i < NUMBERS; i++)
        number[i] = 2 * random_unit(random_bits(4, 4, i, 0, 0, 0).v[0]) - 1;
    test_net_open(&net, device, sizeof number);
    assert_ok(bough__write(test_net_at(&net, 0), number, sizeof number));
    struct bough__tensor wanted = {
        test_net_at(&net, 2 * LEAVES * 4), {2, {IMAGES, OUTPUTS / IMAGES}}, BOUGH_F32};
    int32_t conv = convolution(&net);
    int32_t pool = op(&net.graph, "max_pool2d", op(&net.graph, "relu", conv, -1), -1);
    assert_ok(bough__graph_leaf(&net.graph, &target, &wanted, (struct bough__span){0}));
    int32_t loss = op(&net.graph, "mse", op(&net.graph, "flatten", pool, -1), target);
    bough__graph_keep(&net.graph, pool);
    bough__graph_output_at(&net.graph, loss, test_net_at(&net, (NUMBERS - 4) * 4));
    bough__graph_root(&net.graph, loss, 0, test_net_at(&net, (NUMBERS - 1) * 4));
    if (join)
        assert_ok(bough__graph_fold(&net.graph, 3 * BETWEEN * 4 - 1));
    else
        bough__graph_keep(&net.graph, conv);
    assert_int_equal(net.graph.node[conv].fused, join);
    test_net_plan(&net, &(struct bough__plan_options){0});
    test_net_run(&net);
    // conv2d and max_pool2d, and backward max_pool2d and the gradients of x, weight and bias, of
    // two images at a time; three of the loss.
    assert_int_equal(net.forward.count + net.backward.count, join ? 4 * 6 + 3 : 6 + 3);
    assert_ok(bough__read(bough__plan_value(net.plan, pool).span, y, OUTPUTS * 4));
    assert_ok(bough__read(test_net_at(&net, LEAVES * 4), gradient, LEAVES * 4));
    test_net_close(&net);
}

static void a_convolution_joins_its_pooling(void **state)
{
    static float y[2][OUTPUTS], gradient[2][LEAVES];
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        for (int join = 0; join < 2; join++)
            run_convolution(y[join], gradient[join], device[d], join);
        assert_true(test_nmse(y[1], y[0], OUTPUTS) <= 1e-12);
        assert_true(test_nmse(gradient[1], gradient[0], INPUTS) <= 1e-12);
        assert_true(test_nmse(gradient[1] + INPUTS, gradient[0] + INPUTS, WEIGHTS) <= 1e-12);
        assert_true(test_nmse(gradient[1] + LEAVES - 4, gradient[0] + LEAVES - 4, 4) <= 1e-12);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_relu_goes_behind_the_pooling),
        cmocka_unit_test(a_relu_is_folded_into_the_pooling),
        cmocka_unit_test(a_convolution_joins_its_pooling),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
