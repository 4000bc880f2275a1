// Hard sharing: scores[t] = head_t(trunk(x)), of x the inputs joined.
#include "base/error.h"
#include "mtl/architecture.h"

static enum bough_status build(struct bough__builder *builder, struct bough__wiring *wiring,
                               const int32_t *input, size_t inputs, const struct bough__net *net)
{
    enum bough_status status;
    int32_t trunk;
    BOUGH_TRY(bough__join(builder, &trunk, input, inputs, "inputs"));
    BOUGH_TRY(bough__layers_build(builder, &trunk, net->trunk, 0, net->trunk_count, "trunk"));
    for (size_t t = 0; t < net->tasks_count; t++)
        BOUGH_TRY(bough__head_build(builder, wiring, net, t, trunk));
done:
    return status;
}

const struct bough__architecture bough__architecture_hard_sharing = {
    {.name = "hard_sharing",
     .help = "one trunk for all tasks, a head for each",
     .paper = "Caruana, Multitask Learning, 1997"},
    .build = build,
};
