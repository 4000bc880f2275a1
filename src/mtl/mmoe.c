// Mixtures of experts that are copies of the trunk, each with weights of its own, `experts.<e>`; x
// is what gates read flattened.
//   mmoe  scores[t] = head_t(sum over e of g[t, e] E_e(x)), g[t] = softmax(W_t x): `gates.<task>`
//   omoe  the same with one gate g for all tasks: `gate`
#include "base/error.h"
#include "mtl/architecture.h"

#include <stdio.h>

#define MMOE_PAPER                                                                                 \
    "Ma et al., Modeling Task Relationships in Multi-task Learning with Multi-gate "               \
    "Mixture-of-Experts, KDD 2018"

struct mmoe_options {
    int32_t experts;
};

static const struct bough__option mmoe_options[] = {
    {"experts", BOUGH__OPTION_INT, offsetof(struct mmoe_options, experts),
     .range = &bough__range_size, .number = {8},
     .help = "copies of the trunk, as many as in the paper"},
};

static int32_t experts_of(const struct bough__net *net)
{
    return ((const struct mmoe_options *)net->options)->experts;
}

static enum bough_status build_mmoe(struct bough__builder *builder, struct bough__wiring *wiring,
                                    int32_t x, const struct bough__net *net)
{
    enum bough_status status;
    int32_t stacked;
    BOUGH_TRY(bough__experts_build(builder, &stacked, x, net, experts_of(net)));
    for (size_t t = 0; t < net->tasks_count; t++) {
        char name[100];
        int32_t mixed;
        snprintf(name, sizeof name, "gates.%s", net->tasks[t].name);
        BOUGH_TRY(bough__gated_mix(builder, &mixed, x, stacked, name));
        BOUGH_TRY(bough__head_build(builder, wiring, net, t, mixed));
    }
done:
    return status;
}

static enum bough_status build_omoe(struct bough__builder *builder, struct bough__wiring *wiring,
                                    int32_t x, const struct bough__net *net)
{
    enum bough_status status;
    int32_t stacked, mixed;
    BOUGH_TRY(bough__experts_build(builder, &stacked, x, net, experts_of(net)));
    BOUGH_TRY(bough__gated_mix(builder, &mixed, x, stacked, "gate"));
    for (size_t t = 0; t < net->tasks_count; t++)
        BOUGH_TRY(bough__head_build(builder, wiring, net, t, mixed));
done:
    return status;
}

const struct bough__architecture bough__architecture_omoe = {
    {.name = "omoe",
     .help = "experts, each a trunk of its own, and one gate that mixes them for all tasks",
     .paper = MMOE_PAPER,
     .options = BOUGH_OPTIONS(mmoe_options, struct mmoe_options)},
    .needs_trunk = 1,
    .build = build_omoe,
};
const struct bough__architecture bough__architecture_mmoe = {
    {.name = "mmoe",
     .help = "experts, each a trunk of its own, and for each task a gate that mixes them",
     .paper = MMOE_PAPER,
     .options = BOUGH_OPTIONS(mmoe_options, struct mmoe_options)},
    .needs_trunk = 1,
    .build = build_mmoe,
};
