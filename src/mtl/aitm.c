// AITM: tasks are events in a sequence, and each passes on what it knows. Of f the trunk's output
// and q[t] = tower_t(f), z[1] = q[1], and for later tasks p = relu(W_t z[t-1] + b_t) and
// z[t] = w_p V p + w_q V q[t], with (w_p, w_q) = softmax((K p . Q p, K q . Q q) / sqrt(D)), of all
// D numbers of a row; V, K and Q are those of all tasks, as in the authors' code. scores[t] =
// head_t(z[t]). A probability above the one before it adds order * mean(max(P[t] - P[t-1], 0)) to
// both tasks, to each with the other's held constant.
//
// Parameters: `towers.<task>.<i>.…`, `transfers.<task>.1.…` (W_t and b_t) and `attention.query`,
// `attention.key` and `attention.value`. Without the authors' dropout behind the relu, and drawn as
// other layers are.
#include "base/error.h"
#include "mtl/architecture.h"

#include <math.h>
#include <stdio.h>

struct aitm_options {
    const struct bough__choice *tower;
    size_t tower_count;
    float order;
};

static const struct bough__option aitm_options[] = {
    {"tower", BOUGH__OPTION_CHOICES, offsetof(struct aitm_options, tower),
     offsetof(struct aitm_options, tower_count), .family = &bough__layers,
     .help = "each task's layers between the trunk and what it passes on to the next"},
    {"order", BOUGH__OPTION_NUMBER, offsetof(struct aitm_options, order),
     .range = &bough__range_not_negative, .number = {0.6},
     .help = "factor of the penalty on a probability above the one before it"},
};

// ---- What a task hears from the one before it ----

struct attention {
    int32_t query, key, value; // [D, D]; 0 until they are declared
    int64_t width;             // D
};

static enum bough_status declare(struct bough__builder *builder, struct attention *attention)
{
    enum bough_status status;
    const int64_t width = attention->width;
    struct bough__param weight = {
        .name = "query", .shape = {2, {width, width}}, .fan_in = width, .fan_out = width};
    BOUGH_TRY(bough__builder_begin(builder, "attention"));
    BOUGH_TRY(bough__builder_param(builder, &attention->query, &weight));
    weight.name = "key";
    BOUGH_TRY(bough__builder_param(builder, &attention->key, &weight));
    weight.name = "value";
    BOUGH_TRY(bough__builder_param(builder, &attention->value, &weight));
    bough__builder_end(builder, "weights", attention->value);
done:
    return status;
}

static enum bough_status project(struct bough__builder *builder, int32_t *y, int32_t x,
                                 int32_t weight)
{
    const int32_t input[] = {x, weight};
    return bough__graph_op(builder->graph, y, &bough__op_linear, NULL, input, 2);
}

// score [N, 1] = K x . Q x, a sum over D gated by Q x; value [N, D] = V x.
static enum bough_status look_at(struct bough__builder *builder, int32_t *score, int32_t *value,
                                 int32_t x, const struct attention *attention)
{
    enum bough_status status;
    const struct bough__attr column = {.shape = {2, {attention->width, 1}}};
    int32_t both[2];
    BOUGH_TRY(project(builder, &both[0], x, attention->key));
    BOUGH_TRY(project(builder, &both[1], x, attention->query));
    BOUGH_TRY(project(builder, value, x, attention->value));
    BOUGH_TRY(bough__graph_op(builder->graph, both, &bough__op_reshape, &column, both, 1));
    BOUGH_TRY(bough__graph_op(builder->graph, score, &bough__op_gated_sum, NULL, both, 2));
done:
    return status;
}

// z [N, D] of p and q.
static enum bough_status attend(struct bough__builder *builder, int32_t *z, const int32_t *heard,
                                const struct attention *attention, const char *name)
{
    enum bough_status status;
    const struct bough__attr scale = {.value = 1.0f / sqrtf((float)attention->width)};
    int32_t score[2], value[2], gate, stacked;
    BOUGH_TRY(bough__builder_begin(builder, name));
    for (int i = 0; i < 2; i++)
        BOUGH_TRY(look_at(builder, &score[i], &value[i], heard[i], attention));
    builder->flops += 2 * bough__graph_shape(builder->graph, heard[0])->dim[0] *
                      (6 * attention->width * attention->width + 2 * attention->width);
    BOUGH_TRY(bough__join(builder, &gate, score, 2, builder->prefix));
    BOUGH_TRY(bough__graph_op(builder->graph, &gate, &bough__op_scale, &scale, &gate, 1));
    BOUGH_TRY(bough__graph_op(builder->graph, &gate, &bough__op_softmax, NULL, &gate, 1));
    BOUGH_TRY(bough__stack(builder, &stacked, value, 2, builder->prefix));
    BOUGH_TRY(bough__mix(builder, z, stacked, gate, name));
done:
    return status;
}

// p [N, D] of what the task before knows.
static enum bough_status transfer(struct bough__builder *builder, int32_t *p, int32_t before,
                                  int64_t width, const char *task)
{
    struct bough__linear_options linear = {.units = (int32_t)width, .weights = {.bias = 1}};
    const struct bough__choice layers[] = {
        {&bough__layer_flatten.row, NULL},
        {&bough__layer_linear.row, &linear},
        {&bough__layer_relu.row, NULL},
    };
    char name[100];
    snprintf(name, sizeof name, "transfers.%s", task);
    *p = before;
    return bough__layers_build(builder, p, layers, 0, sizeof layers / sizeof *layers, name);
}

// z[t], of the shape of q, for *z = z[t-1].
static enum bough_status hear(struct bough__builder *builder, int32_t *z, int32_t q,
                              struct attention *attention, const char *task)
{
    enum bough_status status;
    const struct bough__attr sample = {
        .shape = bough_shape_sample(bough__graph_shape(builder->graph, q))};
    int32_t heard[2];
    char name[100];
    snprintf(name, sizeof name, "attention.%s", task);
    attention->width = bough_shape_elements(&sample.shape);
    BOUGH_TRY(transfer(builder, &heard[0], *z, attention->width, task));
    BOUGH_TRY(bough__graph_op(builder->graph, &heard[1], &bough__op_flatten, NULL, &q, 1));
    if (!attention->query)
        BOUGH_TRY(declare(builder, attention));
    BOUGH_TRY(attend(builder, z, heard, attention, name));
    BOUGH_TRY(bough__graph_op(builder->graph, z, &bough__op_reshape, &sample, z, 1));
done:
    return status;
}

// ---- The order of probabilities ----

// Of task t and the one before it, each by its own gradient.
static enum bough_status keep_order(struct bough__builder *builder, struct bough__wiring *wiring,
                                    size_t t, float factor)
{
    enum bough_status status = BOUGH_OK;
    for (size_t i = 0; i < 2; i++) {
        const struct bough__attr attr = {.value = i == 0 ? factor : -factor};
        const int32_t input[] = {wiring->scores[t - i], wiring->scores[t - 1 + i]};
        int32_t penalty;
        BOUGH_TRY(
            bough__graph_op(builder->graph, &penalty, &bough__op_order_penalty, &attr, input, 2));
        BOUGH_TRY(bough__penalize(builder, wiring, penalty, t - i));
    }
done:
    return status;
}

// ---- The whole ----

static enum bough_status build_task(struct bough__builder *builder, struct bough__wiring *wiring,
                                    const struct bough__net *net, size_t t, int32_t trunk,
                                    int32_t *z, struct attention *attention)
{
    enum bough_status status;
    const struct aitm_options *o = net->options;
    char name[100];
    int32_t q = trunk;
    snprintf(name, sizeof name, "towers.%s", net->tasks[t].name);
    BOUGH_TRY(bough__layers_build(builder, &q, o->tower, 0, o->tower_count, name));
    if (t > 0)
        BOUGH_TRY(hear(builder, z, q, attention, net->tasks[t].name));
    else
        *z = q;
    BOUGH_TRY(bough__head_build(builder, wiring, net, t, *z));
    if (t > 0)
        BOUGH_TRY(bough__check_sequence(builder, wiring, net, t));
    if (t > 0 && builder->training && o->order > 0)
        BOUGH_TRY(keep_order(builder, wiring, t, o->order));
done:
    return status;
}

static enum bough_status build(struct bough__builder *builder, struct bough__wiring *wiring,
                               int32_t x, const struct bough__net *net)
{
    enum bough_status status;
    struct attention attention = {0};
    int32_t trunk = x, z = -1;
    BOUGH_TRY(bough__layers_build(builder, &trunk, net->trunk, 0, net->trunk_count, "trunk"));
    for (size_t t = 0; t < net->tasks_count; t++)
        BOUGH_TRY(build_task(builder, wiring, net, t, trunk, &z, &attention));
done:
    return status;
}

const struct bough__architecture bough__architecture_aitm = {
    {.name = "aitm",
     .help = "tasks are events in a sequence: by attention each hears from the one before it",
     .paper = "Xi et al., Modeling the Sequential Dependence among Audience Multi-step Conversions "
              "with Multi-task Learning in Targeted Display Advertising, KDD 2021",
     .options = BOUGH_OPTIONS(aitm_options, struct aitm_options)},
    .is_sequence = 1,
    .meets = 1,
    .build = build,
};
