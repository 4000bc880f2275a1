// DSelect-k: as MMoE, with gates that choose up to k of the experts and are the same for all rows:
//   g[t] = the sum over i of softmax(w[t])[i] q[t, i],  q[t, i] = dselect(z[t, i]) (op/dselect.c)
// z [k, bits] begins within gamma / 100 of 0, w [1, k] within 0.05. Experts are `experts.<e>`, z
// and w `gates.<task>.select.z` and `.w`. Every task has a penalty: `entropy` times the sum
// over i of the entropy of q[t, i], which drives it to one expert; and as codes of experts that are
// no power of two in number may lead to none, there also the sum over i of 1 / sum(q[t, i]), as in
// the official code. Until each of these sums is 1, a gate's weights add up to less than that.
//
// LibMTL's gates read the input, and only the last task's selectors are penalised there.
#include "base/error.h"
#include "mtl/architecture.h"
#include "nn/init.h"

#include <stdio.h>

struct dselect_k_options {
    int32_t experts, k;
    float gamma, entropy;
};

static const struct bough__option dselect_k_options[] = {
    {"experts", BOUGH__OPTION_INT, offsetof(struct dselect_k_options, experts),
     .range = &bough__range_size, .number = {8}, .help = "copies of the trunk"},
    {"k", BOUGH__OPTION_INT, offsetof(struct dselect_k_options, k), .range = &bough__range_size,
     .number = {2}, .help = "experts that a task chooses, at most"},
    {"gamma", BOUGH__OPTION_NUMBER, offsetof(struct dselect_k_options, gamma),
     .range = &bough__range_positive, .number = {1},
     .help = "width of the step: a narrow one has chosen sooner"},
    {"entropy", BOUGH__OPTION_NUMBER, offsetof(struct dselect_k_options, entropy),
     .range = &bough__range_not_negative, .number = {1e-6},
     .help = "weight of the entropy of what is chosen"},
};

static const char *dselect_k_wrong(const void *options, const char **key)
{
    *key = "experts";
    return ((const struct dselect_k_options *)options)->experts < 2
               ? "one expert leaves nothing to choose"
               : NULL;
}

// A parameter of a gate, drawn within `bound` of 0.
static enum bough_status build_param(struct bough__builder *builder, int32_t *node,
                                     const char *name, int64_t rows, int64_t columns, float bound)
{
    struct bough__uniform_options *uniform =
        BOUGH_NEW(&builder->params->arena, struct bough__uniform_options, 1);
    if (!uniform)
        return bough__no_memory();
    uniform->bound = bound;
    const struct bough__param param = {
        .name = name, .shape = {2, {rows, columns}}, .init = {&bough__init_uniform.row, uniform}};
    return bough__builder_param(builder, node, &param);
}

static int64_t bits_of(int32_t experts)
{
    int64_t bits = 0;
    while ((int64_t)1 << bits < experts)
        bits++;
    return bits;
}

// gate [1, E], and the selectors [1, k, E] that it is a sum of.
static enum bough_status build_gate(struct bough__builder *builder, int32_t *gate, int32_t *chosen,
                                    const struct dselect_k_options *o, const char *prefix)
{
    enum bough_status status;
    const struct bough__attr attr = {.value = o->gamma, .shape = {1, {o->experts}}};
    int32_t z, sum[2];
    char name[120];
    snprintf(name, sizeof name, "%s.select", prefix);
    BOUGH_TRY(bough__builder_begin(builder, name));
    BOUGH_TRY(build_param(builder, &z, "z", o->k, bits_of(o->experts), o->gamma / 100));
    BOUGH_TRY(build_param(builder, &sum[1], "w", 1, o->k, 0.05f));
    BOUGH_TRY(bough__graph_op(builder->graph, chosen, &bough__op_dselect, &attr, &z, 1));
    BOUGH_TRY(bough__graph_op(builder->graph, &sum[1], &bough__op_softmax, NULL, &sum[1], 1));
    sum[0] = *chosen;
    BOUGH_TRY(bough__graph_op(builder->graph, gate, &bough__op_gated_sum, NULL, sum, 2));
    bough__builder_end(builder, "dselect", *gate);
done:
    return status;
}

static enum bough_status penalize(struct bough__builder *builder, struct bough__wiring *wiring,
                                  int32_t chosen, const struct dselect_k_options *o, size_t t)
{
    const struct bough__attr attr = {.value = o->entropy};
    int32_t penalty;
    if (!builder->training)
        return BOUGH_OK;
    const enum bough_status status =
        bough__graph_op(builder->graph, &penalty, &bough__op_dselect_penalty, &attr, &chosen, 1);
    return status == BOUGH_OK ? bough__penalize(builder, wiring, penalty, t) : status;
}

static enum bough_status build(struct bough__builder *builder, struct bough__wiring *wiring,
                               int32_t x, const struct bough__net *net)
{
    enum bough_status status;
    const struct dselect_k_options *o = net->options;
    int32_t stacked;
    BOUGH_TRY(bough__experts_build(builder, &stacked, x, net, o->experts));
    for (size_t t = 0; t < net->tasks_count; t++) {
        char name[100];
        int32_t gate, chosen, mixed;
        snprintf(name, sizeof name, "gates.%s", net->tasks[t].name);
        BOUGH_TRY(build_gate(builder, &gate, &chosen, o, name));
        BOUGH_TRY(penalize(builder, wiring, chosen, o, t));
        BOUGH_TRY(bough__mix(builder, &mixed, stacked, gate, name));
        BOUGH_TRY(bough__head_build(builder, wiring, net, t, mixed));
    }
done:
    return status;
}

const struct bough__architecture bough__architecture_dselect_k = {
    {.name = "dselect_k",
     .help = "experts, each a trunk of its own, of which each task learns to choose a few",
     .paper = "Hazimeh et al., DSelect-k: Differentiable Selection in the Mixture of Experts with "
              "Applications to Multi-Task Learning, NeurIPS 2021",
     .options = BOUGH_OPTIONS(dselect_k_options, struct dselect_k_options),
     .wrong = dselect_k_wrong},
    .needs_trunk = 1,
    .build = build,
};
