// Hard sharing: scores[t] = head_t(trunk(x)), of x the inputs joined.
#include "base/error.h"
#include "mtl/architecture.h"

static enum bough_status build(struct bough__builder *builder, struct bough__wiring *wiring,
                               const int32_t *input, size_t inputs, const struct bough__net *net,
                               const struct bough__layer_observer *observer)
{
    enum bough_status status;
    int32_t trunk;
    BOUGH_TRY(bough__join(builder, &trunk, input, inputs, "inputs"));
    BOUGH_TRY(bough__layers_build(builder, &trunk, net->trunk, net->trunk_count, "trunk",
                                  observer->built, observer->user));
    BOUGH_TRY(bough__wiring_share(builder, wiring, trunk));
    for (size_t t = 0; t < net->tasks_count; t++) {
        wiring->scores[t] = trunk;
        BOUGH_TRY(bough__head_build(builder, wiring, net, t, observer));
    }
done:
    return status;
}

const struct bough__architecture bough__architecture_hard_sharing = {
    {.name = "hard_sharing",
     .help = "one trunk for all tasks, a head for each",
     .paper = "Caruana, Multitask Learning, 1997"},
    .build = build,
};
