// Layers on sequences: transformers against PyTorch (golden/transformer.json), and the same numbers
// for a batch as for its rows alone, whatever stands in the padding and however much there is.
#include "nn/layer.h"
#include "support/configs.h"
#include "support/nets.h"

#include "cl/random.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 1024, PARAMS = 48 };
// In the net's memory, in floats.
enum { X = 0, DX = MOST, Y = 2 * MOST, TARGET = 3 * MOST, LENGTHS = 4 * MOST };
enum { LOSS = LENGTHS + 64, FACTOR = LOSS + 2, NUMBERS = FACTOR + 1 };

struct trained {
    struct test_net net;
    struct bough__params params;
    struct bough_shape y;
};

static struct bough__span at(const struct trained *t, size_t number)
{
    return test_net_at(&t->net, number * sizeof(float));
}

static int32_t leaf(struct trained *t, size_t number, struct bough_shape shape,
                    enum bough_dtype dtype, struct bough__span gradient)
{
    int32_t node;
    const struct bough__tensor value = {at(t, number), shape, dtype};
    assert_ok(bough__graph_leaf(&t->net.graph, &node, &value, gradient));
    return node;
}

// Records the layers; where they are bound, the mean square behind them, too.
static void record(struct trained *t, const struct bough_config *config, struct bough_shape x,
                   int told, int declaring)
{
    struct bough__graph *graph = &t->net.graph;
    struct bough__builder builder = {
        .graph = graph, .params = &t->params, .declaring = declaring, .training = 1};
    const struct bough__span none = {0};
    int32_t node = leaf(t, X, x, BOUGH_F32, at(t, DX));
    graph->node[node].lengths =
        told ? leaf(t, LENGTHS, (struct bough_shape){1, {x.dim[0]}}, BOUGH_I32, none)
             : BOUGH__FULL_LENGTH;
    assert_ok(bough__layers_build(&builder, &node, config->trunk, 0, config->trunk_count, "trunk"));
    t->y = *bough__graph_shape(graph, node);
    if (declaring) {
        int32_t owner[256];
        assert_true(graph->count <= 256);
        bough__graph_owners(graph, &node, 1, owner);
        bough__params_place(&t->params, owner);
        bough__graph_fini(graph);
        return;
    }
    int32_t pair[] = {node, leaf(t, TARGET, t->y, BOUGH_F32, none)}, loss;
    bough__graph_output_at(graph, node, at(t, Y));
    assert_ok(bough__graph_op(graph, &loss, &bough__op_mse, NULL, pair, 2));
    bough__graph_output_at(graph, loss, at(t, LOSS));
    bough__graph_root(graph, loss, 0, at(t, FACTOR));
}

static void open_layers(struct trained *t, struct bough_device *device, const char *layers,
                        struct bough_shape x, int told)
{
    static const char *const blocks[] = {"trunk", "task"};
    static const float one = 1;
    const struct bough_config config = test_layers(layers);
    *t = (struct trained){.y = {0}};
    test_net_open(&t->net, device, NUMBERS * sizeof(float));
    assert_true(bough_shape_elements(&x) <= MOST);
    assert_ok(bough__params_init(&t->params, blocks, 2));
    record(t, &config, x, told, 1);
    assert_ok(bough__params_allocate(&t->params, device, 0));
    assert_ok(bough__params_start(&t->params, 5));
    record(t, &config, x, told, 0);
    test_net_plan(&t->net, &(struct bough__plan_options){.mode = BOUGH_PLAN_SINGLE});
    assert_ok(bough__write(at(t, FACTOR), &one, sizeof one));
}

static void close_layers(struct trained *t)
{
    test_net_close(&t->net);
    bough__params_fini(&t->params);
}

static void write_floats(const struct trained *t, size_t number, const float *value, size_t count)
{
    assert_ok(bough__write(at(t, number), value, count * sizeof *value));
}

static void read_floats(const struct trained *t, size_t number, float *value, size_t count)
{
    assert_ok(bough__read(at(t, number), value, count * sizeof *value));
}

static struct bough__span param_at(const struct trained *t, int32_t index, int gradient)
{
    const struct bough__param *param = &t->params.param[index];
    const struct bough__param_block *block = &t->params.block[param->block];
    return bough__span_at(gradient ? block->gradient : block->value,
                          (size_t)param->offset * sizeof(float));
}

static size_t param_size(const struct trained *t, int32_t index)
{
    return (size_t)bough_shape_elements(&t->params.param[index].shape);
}

// ---- Against PyTorch ----

static json_t *golden;

static int open_golden(void **state)
{
    golden = test_golden_open(state, "nn/golden/transformer.json");
    return golden == NULL;
}

// null is NaN.
static size_t numbers_of(float *value, const json_t *row, const char *name)
{
    const json_t *array = json_object_get(row, name);
    const size_t count = json_array_size(array);
    assert_in_range(count, 1, MOST);
    for (size_t i = 0; i < count; i++)
        value[i] = json_is_null(json_array_get(array, i))
                       ? NAN
                       : (float)json_number_value(json_array_get(array, i));
    return count;
}

static json_t *golden_param(const struct trained *t, const json_t *row, int32_t index)
{
    const char *name = t->params.param[index].name + strlen("trunk.0.");
    json_t *param = json_object_get(json_object_get(row, "parameters"), name);
    if (!param)
        fail_msg("PyTorch has no parameter %s", name);
    return param;
}

static void check_gradients(const struct trained *t, const json_t *row)
{
    float got[MOST], want[MOST];
    for (int32_t i = 0; i < t->params.count; i++) {
        const size_t count = numbers_of(want, golden_param(t, row, i), "gradient");
        assert_int_equal(count, param_size(t, i));
        assert_ok(bough__read(param_at(t, i, 1), got, count * sizeof *got));
        test_close_to(t->params.param[i].name, got, want, count);
    }
    const size_t count = numbers_of(want, row, "dx");
    read_floats(t, DX, got, count);
    test_close_to("dx", got, want, count);
}

// Where there is a target; zeros elsewhere.
static void labelled(float *value, const float *target, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (isnan(target[i]))
            value[i] = 0;
}

static void check_case(struct bough_device *device, const json_t *row)
{
    struct trained t;
    float value[MOST], target[MOST], got[MOST];
    int32_t length[8];
    const json_t *lengths = json_object_get(row, "lengths"), *shape = json_object_get(row, "shape");
    struct bough_shape x = {.rank = 3};
    for (size_t i = 0; i < 3; i++)
        x.dim[i] = json_integer_value(json_array_get(shape, i));
    for (size_t i = 0; i < json_array_size(lengths); i++)
        length[i] = (int32_t)json_integer_value(json_array_get(lengths, i));
    open_layers(&t, device, json_string_value(json_object_get(row, "layer")), x, 1);
    assert_int_equal(t.params.count, json_object_size(json_object_get(row, "parameters")));
    for (int32_t i = 0; i < t.params.count; i++) {
        const size_t count = numbers_of(value, golden_param(&t, row, i), "value");
        assert_int_equal(count, param_size(&t, i));
        assert_ok(bough__write(param_at(&t, i, 0), value, count * sizeof *value));
    }
    assert_ok(bough__write(at(&t, LENGTHS), length, (size_t)x.dim[0] * sizeof *length));
    const size_t count = numbers_of(value, row, "x");
    write_floats(&t, X, value, count);
    assert_int_equal(numbers_of(target, row, "target"), count);
    write_floats(&t, TARGET, target, count);
    test_net_run(&t.net);
    read_floats(&t, Y, got, count);
    numbers_of(value, row, "y");
    labelled(got, target, count);
    labelled(value, target, count);
    test_close_to("y", got, value, count);
    check_gradients(&t, row);
    close_layers(&t);
}

static void transformers_are_pytorchs(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    const json_t *cases = json_object_get(golden, "cases");
    for (size_t d = 0; d < count; d++)
        for (size_t i = 0; i < json_array_size(cases); i++)
            check_case(device[d], json_array_get(cases, i));
}

// ---- A batch and its rows ----

enum { ROWS = 5, WIDTH = 4, LONGEST = 7 };
static const int32_t length_of[ROWS] = {LONGEST, 0, 1, 3, 5};

static const char *const nets[] = {
    "conv1d: {channels: 6, kernel: 3}, tanh, conv1d: {channels: 5, kernel: 2, dilation: 2}, "
    "pool_over_time",
    "positions: {length: 20}, attention: {heads: 2}, pool_over_time: max",
    "positions: {encoding: sinusoidal, length: 20}, linear: 6, transformer: {heads: 3, layers: 2, "
    "dropout: 0}, pool_over_time: attention",
    "conv1d: {channels: 4, kernel: 5, bias: false}, relu, pool_over_time: last",
};

static float draw(unsigned what, size_t row, size_t l, size_t i)
{
    const struct random4 bits = random_bits(3, what, (unsigned)row, (unsigned)l, (unsigned)i, 0);
    return 2 * random_unit(bits.v[0]) - 1;
}

// Rows [first, first + rows), `longest` positions each; what stands behind the length of one is no
// number.
static void write_rows(const struct trained *t, size_t first, size_t rows, size_t longest)
{
    float x[MOST], target[MOST];
    const size_t width = (size_t)t->y.dim[1];
    for (size_t n = 0; n < rows; n++) {
        for (size_t l = 0; l < longest; l++)
            for (size_t i = 0; i < WIDTH; i++)
                x[(n * longest + l) * WIDTH + i] =
                    l < (size_t)length_of[first + n] ? draw(0, first + n, l, i) : 1e6f;
        for (size_t i = 0; i < width; i++)
            target[n * width + i] = draw(1, first + n, 0, i);
    }
    write_floats(t, X, x, rows * longest * WIDTH);
    write_floats(t, TARGET, target, rows * width);
    assert_ok(bough__write(at(t, LENGTHS), length_of + first, rows * sizeof *length_of));
}

struct numbers {
    size_t width; // of a row of y
    float y[MOST], dx[ROWS][LONGEST * WIDTH], gradient[PARAMS][MOST];
};

// Adds what rows [first, first + rows) give, as a batch of themselves.
static void run_rows(struct numbers *to, struct bough_device *device, const char *layers,
                     size_t first, size_t rows, size_t longest, int told)
{
    struct trained t;
    float got[MOST];
    open_layers(&t, device, layers,
                (struct bough_shape){3, {(int64_t)rows, (int64_t)longest, WIDTH}}, told);
    write_rows(&t, first, rows, longest);
    test_net_run(&t.net);
    to->width = (size_t)t.y.dim[1];
    read_floats(&t, Y, to->y + first * to->width, rows * to->width);
    read_floats(&t, DX, got, rows * longest * WIDTH);
    const float share = (float)rows / ROWS; // of the mean over all rows
    for (size_t n = 0; n < rows; n++)
        for (size_t i = 0; i < longest * WIDTH; i++) {
            if (i < (size_t)length_of[first + n] * WIDTH)
                to->dx[first + n][i] = share * got[n * longest * WIDTH + i];
            else
                assert_float_equal(got[n * longest * WIDTH + i], 0, 0);
        }
    assert_in_range(t.params.count, 1, PARAMS);
    for (int32_t p = 0; p < t.params.count; p++) {
        const size_t count = param_size(&t, p);
        if (t.params.param[p].statistics)
            continue;
        assert_in_range(count, 1, MOST);
        assert_ok(bough__read(param_at(&t, p, 1), got, count * sizeof *got));
        for (size_t i = 0; i < count; i++)
            to->gradient[p][i] += share * got[i];
    }
    close_layers(&t);
}

static void check_alike(const struct numbers *got, const struct numbers *want)
{
    test_close_to("y", got->y, want->y, ROWS * want->width);
    test_close_to("dx", got->dx[0], want->dx[0], (size_t)ROWS * LONGEST * WIDTH);
    for (int p = 0; p < PARAMS; p++)
        test_close_to("a parameter's gradient", got->gradient[p], want->gradient[p], MOST);
}

static void check_rows(struct bough_device *device, const char *layers)
{
    static struct numbers batch, more, alone;
    memset(&batch, 0, sizeof batch);
    memset(&more, 0, sizeof more);
    memset(&alone, 0, sizeof alone);
    run_rows(&batch, device, layers, 0, ROWS, LONGEST, 1);
    run_rows(&more, device, layers, 0, ROWS, LONGEST + 9, 1);
    for (size_t n = 0; n < ROWS; n++) {
        const int told = length_of[n] == 0; // it has no row without padding
        run_rows(&alone, device, layers, n, 1, told ? 1 : (size_t)length_of[n], told);
    }
    check_alike(&more, &batch);
    check_alike(&alone, &batch);
}

static void a_batch_gives_what_its_rows_do(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++)
        for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
            check_rows(device[d], nets[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transformers_are_pytorchs),
        cmocka_unit_test(a_batch_gives_what_its_rows_do),
    };
    return cmocka_run_group_tests(tests, open_golden, test_golden_close);
}
