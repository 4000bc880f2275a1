// How parameters start: by PyTorch's bounds, from the seed alone, on every device.
#include "nn/layer.h"
#include "support/configs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// PyTorch's bound of weights and biases: 1 / sqrt(the inputs that an output sums).
static const struct {
    const char *name;
    double bound; // 0: all are `value`
    float value;
} starts[] = {
    {"trunk.0.weight", 0.19245008972987526, 0}, // 3 channels of a group, 3 x 3
    {"trunk.0.bias", 0.19245008972987526, 0},
    {"trunk.1.weight", 0, 1},
    {"trunk.1.bias", 0, 0},
    {"trunk.1.running_mean", 0, 0},
    {"trunk.1.running_var", 0, 1},
    {"trunk.3.weight", 0.14433756729740643, 0}, // 48
    {"trunk.3.bias", 0.14433756729740643, 0},
};

static float *values_of(const struct bough__params *params, int32_t block)
{
    size_t bytes = (size_t)params->block[block].size * sizeof(float);
    float *values = malloc(bytes);
    assert_non_null(values);
    assert_ok(bough__read(params->block[block].value, values, bytes));
    return values;
}

static void check_uniform(const char *name, const float *value, int64_t count, double bound)
{
    double most = 0, sum = 0;
    for (int64_t i = 0; i < count; i++) {
        most = fmax(most, fabs((double)value[i]));
        sum += (double)value[i];
    }
    double deviation = bound / sqrt(3 * (double)count); // of the mean
    if (most > bound * (1 + 1e-6) || (count >= 100 && most < 0.97 * bound) ||
        fabs(sum / (double)count) > 4 * deviation)
        fail_msg("%s: largest %g, mean %g, wanted at most %g and about 0", name, most,
                 sum / (double)count, bound);
}

static void check_starts(const struct bough__params *params)
{
    assert_int_equal(params->count, sizeof starts / sizeof *starts);
    for (int32_t i = 0; i < params->count; i++) {
        const struct bough__param *param = &params->param[i];
        float *values = values_of(params, param->block), *value = values + param->offset;
        int64_t count = bough_shape_elements(&param->shape);
        assert_string_equal(param->name, starts[i].name);
        if (starts[i].bound > 0)
            check_uniform(param->name, value, count, starts[i].bound);
        for (int64_t k = 0; starts[i].bound == 0 && k < count; k++)
            assert_true(value[k] == starts[i].value);
        free(values);
    }
}

static void declare(struct bough__params *params)
{
    static const char *const blocks[] = {"trunk"};
    const struct bough_config config = test_layers(
        "conv2d: {channels: 12, kernel: 3, groups: 2}, batch_norm, flatten, linear: 40");
    const struct bough__tensor input = {.shape = {4, {1, 6, 4, 4}}};
    struct bough__graph graph = {0};
    struct bough__builder builder = {
        .graph = &graph, .params = params, .declaring = 1, .training = 1};
    int32_t node;
    assert_ok(bough__params_init(params, blocks, 1));
    assert_ok(bough__graph_leaf(&graph, &node, &input, (struct bough__span){0}));
    assert_ok(bough__layers_build(&builder, &node, config.trunk, 0, 4, "trunk"));
    const int32_t both[] = {node, node};
    int32_t owner[64];
    assert_true(graph.count <= 64);
    bough__graph_owners(&graph, both, 2, owner);
    bough__params_place(params, owner);
    bough__graph_fini(&graph);
}

static float *start_on(struct bough_device *device, uint64_t seed, int64_t *count)
{
    struct bough__params params;
    declare(&params);
    assert_ok(bough__params_allocate(&params, device, 2));
    assert_ok(bough__params_start(&params, seed));
    check_starts(&params);
    float *values = values_of(&params, 0);
    *count = params.block[0].size;
    bough__params_fini(&params);
    return values;
}

static void starts_are_pytorchs_and_depend_on_the_seed_alone(void **state)
{
    (void)state;
    size_t devices_count;
    struct bough_device *const *devices = test_devices(&devices_count);
    int64_t count;
    float *first = start_on(devices[0], 7, &count), *other = start_on(devices[0], 8, &count);
    assert_memory_not_equal(first, other, 12 * sizeof *first);
    free(other);
    for (size_t d = 0; d < devices_count; d++) {
        float *again = start_on(devices[d], 7, &count);
        assert_memory_equal(first, again, (size_t)count * sizeof *first);
        free(again);
    }
    // Two tensors are not the same draws.
    assert_true(fabsf(first[0] / first[count - 40] - first[1] / first[count - 39]) > 1e-3f);
    free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_are_pytorchs_and_depend_on_the_seed_alone),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
