// Nets of three tasks that meet in many ways, and their gradients, from every mode of a plan.
#ifndef BOUGH_TEST_CUT_NET_H
#define BOUGH_TEST_CUT_NET_H

#include "support/nets.h"

#include "cl/random.h"
#include "cl/step.h"

#include <math.h>
#include <string.h>

// HALF floats of leaves are shared, as many are not.
enum { T = 3, HALF = 4096 };
// In one buffer, in floats: leaves, their gradients, and so on.
enum { GRADIENTS = 2 * HALF, JACOBIAN = 2 * GRADIENTS, GRAM = JACOBIAN + T * HALF };
enum { WEIGHTS = GRAM + T * T, FACTORS = WEIGHTS + T, LOSSES = FACTORS + T };
enum { STATE = LOSSES + 2 * T + 1, INPUT = STATE + 16, TARGETS = INPUT + 1024 };
enum { NUMBERS = TARGETS + 1024 };

static const float cut_weights[T] = {0.5f, -2, 1.25f};

struct cut_net {
    struct test_net base;
    int32_t loss[T], x;
    size_t shared, own; // floats of leaves so far
    int keep;           // everything stands, so that nothing is fused
};

struct cut_shape {
    const char *name;
    struct bough_shape x;
    void (*record)(struct cut_net *net, const void *what);
    const void *what;
};

static inline struct bough__span cut_at(const struct cut_net *net, size_t number)
{
    return test_net_at(&net->base, number * sizeof(float));
}

static inline int32_t cut_leaf(struct cut_net *net, struct bough_shape shape, int shared)
{
    size_t *used = shared ? &net->shared : &net->own;
    const size_t number = *used + (shared ? 0 : HALF);
    struct bough__tensor value = {cut_at(net, number), shape, BOUGH_F32};
    int32_t node;
    *used += (size_t)bough_shape_elements(&shape);
    assert_true(*used <= HALF);
    assert_ok(bough__graph_leaf(&net->base.graph, &node, &value, cut_at(net, GRADIENTS + number)));
    return node;
}

static inline int32_t cut_op(struct cut_net *net, const char *name, const struct bough__attr *attr,
                             const int32_t *input, int inputs)
{
    static const struct bough__attr plain;
    int32_t node;
    assert_ok(bough__graph_op(&net->base.graph, &node, bough__op_find(name), attr ? attr : &plain,
                              input, inputs));
    if (net->keep)
        bough__graph_keep(&net->base.graph, node);
    return node;
}

static inline int32_t cut_one(struct cut_net *net, const char *name, int32_t x)
{
    return cut_op(net, name, NULL, &x, 1);
}

static inline int32_t cut_two(struct cut_net *net, const char *name, int32_t a, int32_t b)
{
    return cut_op(net, name, NULL, (int32_t[]){a, b}, 2);
}

static inline int32_t cut_linear(struct cut_net *net, int32_t x, int64_t width, int shared)
{
    const int64_t from = bough__graph_shape(&net->base.graph, x)->dim[1];
    int32_t weight = cut_leaf(net, (struct bough_shape){2, {width, from}}, shared);
    int32_t bias = cut_leaf(net, (struct bough_shape){1, {width}}, shared);
    return cut_op(net, "linear", NULL, (int32_t[]){x, weight, bias}, 3);
}

static inline void cut_loss(struct cut_net *net, int t, int32_t scores)
{
    struct bough__tensor target = {cut_at(net, TARGETS + 200 * (size_t)t),
                                   *bough__graph_shape(&net->base.graph, scores), BOUGH_F32};
    int32_t node;
    assert_true(bough_shape_elements(&target.shape) <= 200);
    assert_ok(bough__graph_leaf(&net->base.graph, &node, &target, (struct bough__span){0}));
    net->loss[t] = cut_two(net, "mse", scores, node);
    bough__graph_output_at(&net->base.graph, net->loss[t], cut_at(net, LOSSES + 2 * (size_t)t));
}

// A head of its own for task t.
static inline void cut_head(struct cut_net *net, int t, int32_t x)
{
    int32_t hidden = cut_linear(net, cut_one(net, "flatten", x), 4, 0);
    cut_loss(net, t, cut_linear(net, cut_one(net, "relu", hidden), 2 + t, 0));
}

// ---- Running a net ----

struct cut_run {
    enum bough__plan_mode mode;
    int task; // the only one of SINGLE
    size_t limit;
    int external, keep;
};

struct cut_result {
    float jacobian[T][HALF], gradient[2 * HALF], gram[T][T];
    size_t shared, own, bytes, group, launches;
};

static inline void cut_fill(struct cut_net *net)
{
    static float number[NUMBERS];
    const struct step_state state = {.seed = {3, 4}, .step = 5};
    for (unsigned i = 0; i < NUMBERS; i++)
        number[i] = 2 * random_unit(random_bits(11, 7, i, 0, 0, 0).v[0]) - 1;
    memset(number + GRADIENTS, 0, 2 * HALF * sizeof *number);
    memset(number + JACOBIAN, 0, T * HALF * sizeof *number);
    for (int t = 0; t < T; t++)
        number[FACTORS + t] = 1;
    memcpy(number + WEIGHTS, cut_weights, sizeof cut_weights);
    memcpy(number + STATE, &state, sizeof state);
    assert_ok(bough__write(cut_at(net, 0), number, sizeof number));
}

static inline void cut_record(struct cut_net *net, const struct cut_shape *shape,
                              const struct cut_run *how)
{
    struct bough__tensor x = {cut_at(net, INPUT), shape->x, BOUGH_F32};
    assert_true(bough_shape_elements(&shape->x) <= TARGETS - INPUT);
    assert_ok(bough__graph_leaf(&net->base.graph, &net->x, &x, (struct bough__span){0}));
    net->keep = how->keep;
    shape->record(net, shape->what);
    for (int t = 0; t < T; t++) {
        if (how->mode != BOUGH_PLAN_SINGLE || t == how->task)
            bough__graph_root(&net->base.graph, net->loss[t], t, cut_at(net, FACTORS + (size_t)t));
        if (how->external)
            bough__graph_external(&net->base.graph, net->loss[t]);
    }
}

static inline struct bough__plan_options cut_options(const struct cut_net *net,
                                                     const struct cut_run *how)
{
    struct bough__plan_options options = {.step = cut_at(net, STATE),
                                          .mode = how->mode,
                                          .tasks = T,
                                          .shared = cut_at(net, GRADIENTS),
                                          .shared_bytes = net->shared * sizeof(float),
                                          .jacobian = cut_at(net, JACOBIAN),
                                          .gram = cut_at(net, GRAM),
                                          .weights = cut_at(net, WEIGHTS),
                                          .stack_limit = {how->limit}};
    options.jacobian.stride = HALF * sizeof(float);
    return options;
}

// What the caller does with losses of its own.
static inline void cut_external(struct cut_net *net, const struct cut_run *how)
{
    struct bough_device *device = net->base.forward.device;
    for (int t = 0; t < T; t++) {
        const struct bough__node *node = &net->base.graph.node[net->loss[t]];
        const struct bough__op_call call = bough__plan_call(net->base.plan, net->loss[t]);
        struct bough__buffer *scratch;
        struct bough__op_call with = call;
        assert_ok(bough__buffer_create(&scratch, device, node->need.saved + 4));
        with.saved = with.scratch = bough__whole(scratch);
        struct bough__sequence own = {.device = device};
        assert_ok(bough__op_write(&own, node->op, BOUGH_FORWARD, &with, &node->need));
        if (how->mode != BOUGH_PLAN_SINGLE || t == how->task)
            assert_ok(bough__op_write(&own, node->op, BOUGH_BACKWARD, &with, &node->need));
        assert_ok(bough__sequence_run(&own));
        assert_ok(bough__finish(device));
        bough__sequence_fini(&own);
        bough__buffer_destroy(&scratch);
    }
}

static inline void cut_read(struct cut_result *result, const struct cut_net *net)
{
    assert_ok(bough__read(cut_at(net, JACOBIAN), result->jacobian, sizeof result->jacobian));
    assert_ok(bough__read(cut_at(net, GRADIENTS), result->gradient, sizeof result->gradient));
    assert_ok(bough__read(cut_at(net, GRAM), result->gram, sizeof result->gram));
    result->shared = net->shared;
    result->own = net->own;
}

static inline void cut_solve(struct cut_result *result, struct bough_device *device,
                             const struct cut_shape *shape, const struct cut_run *how)
{
    struct cut_net net = {0};
    size_t unshared;
    test_net_open(&net.base, device, NUMBERS * sizeof(float));
    cut_fill(&net);
    cut_record(&net, shape, how);
    const struct bough__plan_options options = cut_options(&net, how);
    test_net_plan(&net.base, &options);
    for (int again = 0; again < 2; again++) {
        assert_ok(bough__sequence_run(&net.base.forward));
        if (how->external)
            cut_external(&net, how);
        assert_ok(bough__sequence_run(&net.base.backward));
    }
    cut_read(result, &net);
    result->bytes = bough__plan_bytes(net.base.plan, &unshared);
    result->group = bough__plan_group(net.base.plan);
    result->launches = net.base.forward.count + net.base.backward.count;
    test_net_close(&net.base);
}

#endif
