// A net of three tasks on inputs and targets in one buffer, and its gradients: of a layer in a
// trunk, an architecture, a way to join inputs.
#ifndef BOUGH_TEST_APART_SUPPORT_H
#define BOUGH_TEST_APART_SUPPORT_H

#include "base/strings.h"
#include "support/configs.h"
#include "support/nets.h"

#include "cl/random.h"
#include "cl/step.h"
#include "mtl/join.h"
#include "train/model.h"

#include <stdio.h>
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
    {"a table",
     "input: {field: x, classes: [0, 4, 0, 3, 0], masks: [0, 0, 1, 0, 0]}",
     "",
     {1, {5}},
     1},
    {"sequences", "input: x", "conv1d: {channels: 4, kernel: 3}, ", {2, {6, 4}}, 1},
    {"two images",
     "inputs: {x: , z: }",
     "conv2d: {channels: 4, kernel: 3, padding: 1}, ",
     {3, {3, 6, 6}},
     2},
    {"two rows", "inputs: {x: , z: }", "linear: 8, ", {1, {9}}, 2},
    {"ids", "input: {field: x, type: ids, vocabulary: 4}", "", {1, {5}}, 1},
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

static inline int input_of(const struct given *to, int t)
{
    return to->inputs == 2 && t == T - 1;
}

static inline int rows_of(const struct given *to, int input)
{
    return to->inputs == 2 && input ? ROWS - 2 : ROWS;
}

static inline const char *value_of(const struct bough__option *option)
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
static inline void append_needed(char *text, size_t size, const struct bough__row *row)
{
    for (size_t i = 0; i < row->options.count; i++)
        if (row->options.option[i].needed)
            bough__append(text, size, "%s: %s, ", row->options.option[i].name,
                          value_of(&row->options.option[i]));
}

static inline struct bough_config config_of(const struct given *to, const char *trunk,
                                            const char *loss, const char *architecture)
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

static inline struct bough__span at(const struct net *net, size_t number)
{
    return test_net_at(&net->base, number * sizeof(float));
}

static inline void fill(struct net *net, int ids, unsigned draw)
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

static inline void record(struct net *net, const struct given *to, const struct way *way)
{
    struct bough__input_values value[3];
    struct bough__leaf x[3];
    int32_t target, loss;
    const size_t numbers = (size_t)bough_shape_elements(net->model->sample) * ROWS;
    assert_true(numbers * (size_t)to->inputs <= PRESENT);
    for (int i = 0; i < to->inputs; i++)
        value[i] = (struct bough__input_values){.x = at(net, INPUT + (size_t)i * numbers),
                                                .side = at(net, PRESENT + (size_t)i * ROWS),
                                                .rows = rows_of(to, i)};
    assert_ok(bough__model_leaves(net->model, &net->base.graph, x, value));
    assert_ok(bough__model_record(net->model, &net->base.graph, BOUGH_TRAINING, x, &net->wiring));
    for (size_t t = 0; t < T; t++) {
        const struct bough__tensor tensor = {at(net, TARGETS + t * ROWS * WIDTH),
                                             {2, {rows_of(to, input_of(to, (int)t)), WIDTH}},
                                             BOUGH_F32};
        assert_ok(bough__graph_leaf(&net->base.graph, &target, &tensor, (struct bough__span){0}));
        const struct bough__loss_inputs inputs = {net->scores[t], target, .class_weights = -1};
        assert_ok(bough__loss_build(&net->base.graph, &loss, &net->config.tasks[t].loss, &inputs));
        bough__graph_output_at(&net->base.graph, loss, at(net, LOSSES + 2 * t));
        if (way->mode != BOUGH_PLAN_SINGLE || (int)t == way->task)
            bough__graph_root(&net->base.graph, loss, (int32_t)t, at(net, FACTORS + t));
    }
}

static inline void make_plan(struct net *net, const struct way *way)
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

static inline void net_open(struct net *net, struct bough_device *device,
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

static inline void net_close(struct net *net)
{
    test_net_close(&net->base);
    bough__buffer_destroy(&net->jacobian);
    bough__model_destroy(&net->model);
}

static inline void read_block(const struct net *net, int block, float *to)
{
    const struct bough__param_block *from = &net->model->params.block[block];
    assert_true(from->size <= MOST);
    if (from->size)
        assert_ok(bough__read(from->gradient, to, (size_t)from->size * sizeof(float)));
}

static inline void run(struct net *net, struct result *result)
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

static inline struct bough_config config_of_architecture(const struct bough__row *row,
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

static inline struct bough_config config_of_join(const struct bough__row *row)
{
    char text[100];
    snprintf(text, sizeof text, "join=%s", row->name);
    return config_of(&three, "linear: 6, tanh", "mse", text);
}

#endif
