// ESMM: each task is an event that happens only where the one before it did, as a click and then a
// conversion. p[t] = sigmoid(head_1(trunk(x))) ... sigmoid(head_t(trunk(x))), x the input,
// and scores[t] is the logit of p[t]. A target tells of all events up to its own: clicked; clicked
// and converted. Parameters are named as those of hard sharing; the tasks from t on share head t.
#include "base/error.h"
#include "mtl/architecture.h"

static enum bough_status follow(struct bough__builder *builder, struct bough__wiring *wiring,
                                const struct bough__net *net, size_t t)
{
    enum bough_status status;
    int32_t *scores = wiring->scores;
    BOUGH_TRY(bough__check_sequence(builder, wiring, net, t));
    BOUGH_TRY(bough__combine(builder, &scores[t], &bough__op_logit_and, scores[t - 1], scores[t],
                             net->tasks[t].name));
done:
    return status;
}

static enum bough_status build(struct bough__builder *builder, struct bough__wiring *wiring,
                               int32_t x, const struct bough__net *net)
{
    enum bough_status status;
    int32_t trunk = x;
    BOUGH_TRY(bough__layers_build(builder, &trunk, net->trunk, 0, net->trunk_count, "trunk"));
    for (size_t t = 0; t < net->tasks_count; t++) {
        BOUGH_TRY(bough__head_build(builder, wiring, net, t, trunk));
        if (t > 0)
            BOUGH_TRY(follow(builder, wiring, net, t));
    }
done:
    return status;
}

const struct bough__architecture bough__architecture_esmm = {
    {.name = "esmm",
     .help =
         "tasks are events in a sequence: a score is of the product of the probabilities so far",
     .paper = "Ma et al., Entire Space Multi-Task Model, SIGIR 2018"},
    .is_sequence = 1,
    .meets = 1,
    .build = build,
};
