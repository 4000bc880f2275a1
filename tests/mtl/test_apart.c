// The tasks' gradients apart, for every layer of the list in a trunk, for every architecture of its
// list and for every way to join inputs: as T separate backward passes have them, both ways of the
// plan, on every device; and those of architectures and joins by finite differences. A row that is
// added later is tested without a line more.
#include "base/strings.h"
#include "support/configs.h"
#include "support/nets.h"

#include "cl/random.h"
#include "cl/step.h"
#include "mtl/join.h"
#include "train/model.h"

#include <math.h>
#include <string.h>

enum { T = 3, ROWS = 6, WIDTH = 2, MOST = 8192, NUMBERS = 4096 };

// In one buffer, in numbers.
enum { INPUT = 0, TARGETS = 2048, LOSSES = TARGETS + T * ROWS * WIDTH, FACTORS = LOSSES + 2 * T };
enum {
    PRESENT = TARGETS - 3 * ROWS,
    WEIGHTS = FACTORS + T,
    GRAM = WEIGHTS + T,
    STATE = GRAM + T * T
};

static const float weights[T] = {0.5f, -2, 1.25f};

// ---- What is given to a layer ----

// Of two inputs the last task reads the second alone, which has fewer rows, and the others the
// first; of three all read all.
static const struct given {
    const char *name, *input, *before;
    struct bough_shape sample;
    int inputs;
} given[] = {
    {"images", "input: x", "conv2d: {channels: 4, kernel: 3, padding: 1}, ", {3, {3, 6, 6}}, 1},
    {"rows", "input: x", "linear: 8, ", {1, {9}}, 1},
    {"two images",
     "inputs: {x: , z: }",
     "conv2d: {channels: 4, kernel: 3, padding: 1}, ",
     {3, {3, 6, 6}},
     2},
    {"two rows", "inputs: {x: , z: }", "linear: 8, ", {1, {9}}, 2},
    {"ids", "input: {field: x, type: ids}", "", {1, {5}}, 1},
};

enum { IDS = sizeof given / sizeof *given - 1, TWO_ROWS = IDS - 1 };

// Rows lack the first, or the second, or both.
static const struct given three = {"three inputs",
                                   "inputs: {x: {optional: true, stem: [linear: 4, tanh]}, y: "
                                   "{optional: true, stem: [linear: 4]}, "
                                   "z: {stem: [linear: 4, tanh]}}",
                                   "",
                                   {1, {9}},
                                   3};

static int input_of(const struct given *to, int t)
{
    return to->inputs == 2 && t == T - 1;
}

static int rows_of(const struct given *to, int input)
{
    return to->inputs == 2 && input ? ROWS - 2 : ROWS;
}

static const char *value_of(const struct bough__option *option)
{
    switch (option->type) {
    case BOUGH__OPTION_SHAPE:
        return "[2, 72]"; // of the images behind `before`
    case BOUGH__OPTION_INT:
    case BOUGH__OPTION_PAIR:
        return "2";
    case BOUGH__OPTION_NUMBER:
        return "0.5";
    default:
        fail_msg("%s is needed: say here what an option of its type is tested with", option->name);
        return NULL;
    }
}

// Appends what a row needs and no more: "units: 2, ".
static void append_needed(char *text, size_t size, const struct bough__row *row)
{
    for (size_t i = 0; i < row->options.count; i++)
        if (row->options.option[i].needed)
            bough__append(text, size, "%s: %s, ", row->options.option[i].name,
                          value_of(&row->options.option[i]));
}

static struct bough_config config_of(const struct given *to, const char *trunk, const char *loss,
                                     const char *architecture)
{
    char text[2000] = "";
    bough__append(text, sizeof text, "data: none\n%s\ntrunk: [%s]\ntasks:\n", to->input, trunk);
    for (int t = 0; t < T; t++)
        bough__append(text, sizeof text,
                      "  %c: {target: y, loss: %s, head: [flatten, tanh, linear: %d]%s}\n", 'a' + t,
                      loss, WIDTH,
                      to->inputs != 2   ? ""
                      : input_of(to, t) ? ", inputs: [z]"
                                        : ", inputs: [x]");
    return test_config(text, architecture, NULL);
}

// ---- A net, and how it is run ----

struct way {
    enum bough__plan_mode mode;
    int task; // the only one of SINGLE
    size_t limit;
    unsigned draw; // of the inputs and targets
};

struct net {
    struct test_net base;
    struct bough_config config;
    struct bough__model *model;
    struct bough__buffer *jacobian;
    int32_t scores[T];
    struct bough__wiring wiring;
    size_t shared; // numbers of a row of the Jacobian
};

struct result {
    float jacobian[T][MOST], shared[MOST], own[T][MOST], gram[T][T];
    size_t bytes, group, columns;
};

static struct bough__span at(const struct net *net, size_t number)
{
    return test_net_at(&net->base, number * sizeof(float));
}

static void fill(struct net *net, int ids, unsigned draw)
{
    float number[NUMBERS];
    int32_t id[ROWS * 5];
    const struct step_state state = {.seed = {3, 4}, .step = 5};
    for (unsigned i = 0; i < NUMBERS; i++)
        number[i] = 2 * random_unit(random_bits(11 + draw, 7, i, 0, 0, 0).v[0]) - 1;
    for (int i = 0; i < ROWS * 5; i++)
        id[i] = i * 7 % 3 % 2;
    for (int t = 0; t < T; t++)
        number[FACTORS + t] = 1;
    for (int n = 0; n < ROWS; n++) {
        number[PRESENT + n] = n % 2 == 0;
        number[PRESENT + ROWS + n] = n < ROWS / 2;
    }
    memcpy(number + WEIGHTS, weights, sizeof weights);
    memcpy(number + STATE, &state, sizeof state);
    if (ids)
        memcpy(number + INPUT, id, sizeof id);
    test_net_open(&net->base, net->model->device, sizeof number);
    assert_ok(bough__write(at(net, 0), number, sizeof number));
}

static void record(struct net *net, const struct given *to, const struct way *way)
{
    struct bough__input_values value[3];
    struct bough__leaf x[3];
    int32_t target, loss;
    const size_t numbers = (size_t)bough_shape_elements(net->model->sample) * ROWS;
    assert_true(numbers * (size_t)to->inputs <= PRESENT);
    for (int i = 0; i < to->inputs; i++)
        value[i] =
            (struct bough__input_values){at(net, INPUT + (size_t)i * numbers),
                                         at(net, PRESENT + (size_t)i * ROWS), rows_of(to, i)};
    assert_ok(bough__model_leaves(net->model, &net->base.graph, x, value));
    assert_ok(bough__model_record(net->model, &net->base.graph, BOUGH_TRAINING, x, &net->wiring));
    for (size_t t = 0; t < T; t++) {
        const struct bough__tensor tensor = {at(net, TARGETS + t * ROWS * WIDTH),
                                             {2, {rows_of(to, input_of(to, (int)t)), WIDTH}},
                                             BOUGH_F32};
        assert_ok(bough__graph_leaf(&net->base.graph, &target, &tensor, (struct bough__span){0}));
        assert_ok(bough__loss_build(&net->base.graph, &loss, &net->config.tasks[t].loss,
                                    net->scores[t], target, -1));
        bough__graph_output_at(&net->base.graph, loss, at(net, LOSSES + 2 * t));
        if (way->mode != BOUGH_PLAN_SINGLE || (int)t == way->task)
            bough__graph_root(&net->base.graph, loss, (int32_t)t, at(net, FACTORS + t));
    }
}

static void make_plan(struct net *net, const struct way *way)
{
    const struct bough__param_block *shared = &net->model->params.block[0];
    const size_t bytes = (size_t)shared->size * sizeof(float);
    assert_ok(bough__buffer_create(&net->jacobian, net->model->device, T * bytes + 4));
    struct bough__plan_options options = {.step = at(net, STATE),
                                          .mode = way->mode,
                                          .tasks = T,
                                          .shared = shared->gradient,
                                          .shared_bytes = bytes,
                                          .jacobian = bough__whole(net->jacobian),
                                          .gram = at(net, GRAM),
                                          .weights = at(net, WEIGHTS),
                                          .stack_limit = {way->limit}};
    options.jacobian.stride = bytes;
    net->shared = (size_t)shared->size;
    test_net_plan(&net->base, &options);
}

static void net_open(struct net *net, struct bough_device *device,
                     const struct bough_config *config, const struct given *to,
                     const struct way *way)
{
    *net = (struct net){.config = *config};
    const struct bough_shape sample[] = {to->sample, to->sample, to->sample};
    net->wiring.scores = net->scores;
    assert_ok(bough__model_create(&net->model, &net->config, sample, device, NULL));
    fill(net, to == &given[IDS], way->draw);
    record(net, to, way);
    make_plan(net, way);
}

static void net_close(struct net *net)
{
    test_net_close(&net->base);
    bough__buffer_destroy(&net->jacobian);
    bough__model_destroy(&net->model);
}

static void read_block(const struct net *net, int block, float *to)
{
    const struct bough__param_block *from = &net->model->params.block[block];
    assert_true(from->size <= MOST);
    if (from->size)
        assert_ok(bough__read(from->gradient, to, (size_t)from->size * sizeof(float)));
}

static void run(struct net *net, struct result *result)
{
    size_t unshared;
    memset(result, 0, sizeof *result);
    test_net_run(&net->base);
    read_block(net, 0, result->shared);
    for (int t = 0; t < T; t++) {
        read_block(net, 1 + t, result->own[t]);
        assert_ok(bough__read(
            bough__span_at(bough__whole(net->jacobian), (size_t)t * net->shared * sizeof(float)),
            result->jacobian[t], net->shared * sizeof(float)));
    }
    assert_ok(bough__read(at(net, GRAM), result->gram, sizeof result->gram));
    result->columns = net->shared;
    result->bytes = bough__plan_bytes(net->base.plan, &unshared);
    result->group = bough__plan_group(net->base.plan);
}

static void solve(struct result *result, struct bough_device *device,
                  const struct bough_config *config, const struct given *to, struct way way)
{
    struct net net;
    net_open(&net, device, config, to, &way);
    run(&net, result);
    net_close(&net);
}

// ---- Against separate passes ----

static void solve_apart(struct result *want, struct bough_device *device,
                        const struct bough_config *config, const struct given *to)
{
    static struct result one;
    memset(want, 0, sizeof *want);
    for (int t = 0; t < T; t++) {
        solve(&one, device, config, to, (struct way){.mode = BOUGH_PLAN_SINGLE, .task = t});
        memcpy(want->jacobian[t], one.shared, sizeof one.shared);
        memcpy(want->own[t], one.own[t], sizeof one.own[t]);
        want->columns = one.columns;
    }
    for (int t = 0; t < T; t++)
        for (size_t i = 0; i < MOST; i++)
            want->shared[i] += weights[t] * want->jacobian[t][i];
    for (int t = 0; t < T; t++)
        for (int u = 0; u < T; u++) {
            double sum = 0;
            for (size_t i = 0; i < MOST; i++)
                sum += (double)want->jacobian[t][i] * (double)want->jacobian[u][i];
            want->gram[t][u] = (float)sum;
        }
}

static void compare(const struct result *got, const struct result *want, enum bough__plan_mode mode)
{
    for (int t = 0; t < T; t++) {
        test_close_to("what is a task's own", got->own[t], want->own[t], MOST);
        if (mode == BOUGH_PLAN_JACOBIAN)
            test_close_to("Jacobian", got->jacobian[t], want->jacobian[t], MOST);
    }
    if (mode == BOUGH_PLAN_GRAM && want->columns) {
        test_close_to("Gram matrix", got->gram[0], want->gram[0], (size_t)T * T);
        test_close_to("weighted", got->shared, want->shared, MOST);
    }
}

// All tasks at once, and one at a time.
static void check(struct bough_device *device, const struct bough_config *config,
                  const struct given *to)
{
    static struct result want, got;
    solve_apart(&want, device, config, to);
    for (int t = 0; t < T && want.columns; t++)
        assert_true(want.gram[t][t] > 0);
    for (enum bough__plan_mode mode = BOUGH_PLAN_JACOBIAN; mode <= BOUGH_PLAN_GRAM; mode++)
        for (size_t limit = 0; limit < 2; limit++) {
            solve(&got, device, config, to, (struct way){.mode = mode, .limit = limit});
            assert_int_equal(got.group, limit ? 1 : T);
            compare(&got, &want, mode);
        }
}

static void check_everywhere(const char *name, const struct bough_config *config,
                             const struct given *to)
{
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t d = 0; d < count; d++) {
        print_message("%s, %s on %s\n", name, to->name, bough_device_info(device[d])->id);
        check(device[d], config, to);
    }
}

// Ids are given only to layers that take nothing else.
static int check_layer(const struct bough__row *layer, const struct given *to)
{
    char trunk[1000] = "";
    struct bough__model *model;
    bough__append(trunk, sizeof trunk, "%s{%s: {", to->before, layer->name);
    append_needed(trunk, sizeof trunk, layer);
    bough__append(trunk, sizeof trunk, "}}, tanh, flatten, linear: 7");
    const struct bough_config config = config_of(to, trunk, "mse", NULL);
    const struct bough_shape sample[2] = {to->sample, to->sample};
    const enum bough_status status = bough__model_create(&model, &config, sample, NULL, NULL);
    bough__model_destroy(&model);
    assert_true(status == BOUGH_OK || status == BOUGH_INVALID);
    if (status == BOUGH_OK)
        check_everywhere(layer->name, &config, to);
    return status == BOUGH_OK;
}

static void every_layer(void **state)
{
    (void)state;
    for (size_t i = 0; i < bough__layers.count; i++) {
        const struct bough__row *layer = bough__layers.row[i];
        int taken = 0;
        for (int g = 0; g <= IDS; g++)
            taken += (g < IDS || !taken) && check_layer(layer, &given[g]);
        if (!taken)
            fail_msg("%s takes nothing that is given here: %s", layer->name, bough_last_error());
    }
}

static struct bough_config config_of_architecture(const struct bough__row *row,
                                                  const struct given *to)
{
    const struct bough__architecture *architecture = (const void *)row;
    const char *loss = architecture->is_sequence ? "binary_cross_entropy" : "mse";
    char text[600] = "";
    bough__append(text, sizeof text, "architecture={name: %s, ", row->name);
    append_needed(text, sizeof text, row);
    bough__append(text, sizeof text, "}");
    return config_of(to, "linear: 6, tanh, linear: 5", loss, text);
}

static void every_architecture(void **state)
{
    (void)state;
    for (size_t i = 0; i < bough__architectures.count; i++) {
        const struct bough__row *row = bough__architectures.row[i];
        const int meets = ((const struct bough__architecture *)(const void *)row)->meets;
        const struct bough_config config = config_of_architecture(row, &given[1]);
        check_everywhere(row->name, &config, &given[1]);
        if (meets)
            continue;
        const struct bough_config two = config_of_architecture(row, &given[TWO_ROWS]);
        check_everywhere(row->name, &two, &given[TWO_ROWS]);
    }
}

static struct bough_config config_of_join(const struct bough__row *row)
{
    char text[100];
    snprintf(text, sizeof text, "join=%s", row->name);
    return config_of(&three, "linear: 6, tanh", "mse", text);
}

static void every_join(void **state)
{
    (void)state;
    for (size_t i = 0; i < bough__joins.count; i++) {
        const struct bough_config config = config_of_join(bough__joins.row[i]);
        check_everywhere(bough__joins.row[i]->name, &config, &three);
    }
}

// ---- By finite differences ----

// Where the losses are looked at, in steps, and their weights in a slope: from both sides, and from
// one alone, as a relu may bend on the other.
static const struct stencil {
    float at[3], weight[3];
} stencils[] = {
    {{-1, 1}, {-0.5f, 0.5f}}, {{0, 1, 2}, {-1.5f, 2, -0.5f}}, {{0, -1, -2}, {1.5f, -2, 0.5f}}};

enum { STENCILS = sizeof stencils / sizeof *stencils };

static void losses_at(struct net *net, float *loss, struct bough__span number, float value)
{
    float both[2 * T];
    assert_ok(bough__write(number, &value, sizeof value));
    assert_ok(bough__sequence_run(&net->base.forward));
    assert_ok(bough__read(at(net, LOSSES), both, sizeof both));
    for (int t = 0; t < T; t++)
        loss[t] = both[2 * t];
}

// The slopes of all losses by one number.
static void slopes(struct net *net, double *slope, struct bough__span number,
                   const struct stencil *stencil, float h)
{
    float value, loss[T];
    memset(slope, 0, T * sizeof *slope);
    assert_ok(bough__read(number, &value, sizeof value));
    for (int k = 0; k < 3 && stencil->weight[k] != 0; k++) {
        losses_at(net, loss, number, value + stencil->at[k] * h);
        for (int t = 0; t < T; t++)
            slope[t] += (double)stencil->weight[k] * (double)loss[t] / (double)h;
    }
    assert_ok(bough__write(number, &value, sizeof value));
}

static float gradient_of(const struct result *result, int block, int64_t i, int t)
{
    if (block == 0)
        return result->jacobian[t][i];
    return block == 1 + t ? result->own[t][i] : 0;
}

// By smaller and smaller steps, down to where rounding could pass for a slope.
static int number_is_right(struct net *net, const struct result *result, int block, int64_t i)
{
    const struct bough__span number =
        bough__span_at(net->model->params.block[block].value, (size_t)i * sizeof(float));
    double slope[T];
    int right[T] = {0}, all = 0;
    for (float h = 1.0f / 128; h > 1.0f / 1024 && all < T; h /= 2)
        for (size_t k = 0; k < STENCILS && all < T; k++) {
            slopes(net, slope, number, &stencils[k], h);
            all = 0;
            for (int t = 0; t < T; t++) {
                right[t] |= fabs(slope[t] - (double)gradient_of(result, block, i, t)) <= 5e-5;
                all += right[t];
            }
        }
    for (int t = 0; t < T; t++)
        if (!right[t])
            print_message("block %d, number %d, task %d: gradient %g, slope %g\n", block, (int)i, t,
                          (double)gradient_of(result, block, i, t), slope[t]);
    return all == T;
}

static int all_are_right(struct bough_device *device, const struct bough_config *config,
                         const struct given *to, unsigned draw)
{
    static struct result result;
    struct net net;
    int right = 1;
    net_open(&net, device, config, to, &(struct way){.mode = BOUGH_PLAN_JACOBIAN, .draw = draw});
    run(&net, &result);
    for (int block = 0; block <= T; block++)
        for (int64_t i = 0; right && i < net.model->params.block[block].size; i++)
            right = number_is_right(&net, &result, block, i);
    net_close(&net);
    return right;
}

// For one draw of the inputs at least, as a relu may bend close by on either side.
static void check_differences(struct bough_device *device, const struct bough_config *config,
                              const struct given *to)
{
    for (unsigned draw = 0; draw < 3; draw++)
        if (all_are_right(device, config, to, draw))
            return;
    fail_msg("gradients of %s, %s on %s", config->architecture.row->name, config->join.row->name,
             bough_device_info(device)->id);
}

static void every_architecture_by_finite_differences(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t i = 0; i < bough__architectures.count; i++) {
        const struct bough_config config =
            config_of_architecture(bough__architectures.row[i], &given[1]);
        for (size_t d = 0; d < count; d++)
            check_differences(device[d], &config, &given[1]);
    }
}

static void every_join_by_finite_differences(void **state)
{
    (void)state;
    size_t count;
    struct bough_device *const *device = test_devices(&count);
    for (size_t i = 0; i < bough__joins.count; i++) {
        const struct bough_config config = config_of_join(bough__joins.row[i]);
        for (size_t d = 0; d < count; d++)
            check_differences(device[d], &config, &three);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_layer),
        cmocka_unit_test(every_architecture),
        cmocka_unit_test(every_join),
        cmocka_unit_test(every_architecture_by_finite_differences),
        cmocka_unit_test(every_join_by_finite_differences),
    };
    return cmocka_run_group_tests(tests, NULL, test_devices_end);
}
