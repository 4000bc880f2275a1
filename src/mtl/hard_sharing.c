// Hard sharing: scores[t] = head_t(trunk(x)), where all tasks have one trunk or those of a group
// have one: trunk_g(x), called `trunks.<g>`.
#include "base/error.h"
#include "mtl/architecture.h"

#include <stdio.h>

struct hard_sharing_options {
    const int32_t *groups; // one per task, in the tasks' order; NULL = one trunk
    size_t count;
};

static const struct bough__option hard_sharing_options[] = {
    {"groups", BOUGH__OPTION_INTS, offsetof(struct hard_sharing_options, groups),
     offsetof(struct hard_sharing_options, count), .range = &bough__range_count,
     .help = "one per task, in order: tasks of one number share a trunk; without it all do"},
};

static int32_t group_of(const struct bough__net *net, size_t t)
{
    const struct hard_sharing_options *o = net->options;
    return o->groups ? o->groups[net->number[t]] : 0;
}

// On the stream of each task; the first of a group builds its trunk.
static enum bough_status trunks_build(struct bough__builder *builder, int32_t *stream,
                                      const struct bough__net *net)
{
    enum bough_status status = BOUGH_OK;
    for (size_t t = 0; t < net->tasks_count; t++) {
        char name[32] = "trunk";
        size_t first = 0;
        while (group_of(net, first) != group_of(net, t))
            first++;
        stream[t] = stream[first];
        if (first < t)
            continue;
        if (group_of(net, t))
            snprintf(name, sizeof name, "trunks.%d", group_of(net, t));
        BOUGH_TRY(bough__layers_build(builder, &stream[t], net->trunk, 0, net->trunk_count, name));
    }
done:
    return status;
}

static enum bough_status build(struct bough__builder *builder, struct bough__wiring *wiring,
                               int32_t x, const struct bough__net *net)
{
    enum bough_status status;
    int32_t *stream;
    BOUGH_TRY(bough__streams_begin(builder, &stream, x, net));
    BOUGH_TRY(trunks_build(builder, stream, net));
    BOUGH_TRY(bough__heads_build(builder, wiring, net, stream));
done:
    return status;
}

const struct bough__architecture bough__architecture_hard_sharing = {
    {.name = "hard_sharing",
     .help = "one trunk for all tasks, or for each group of them, and a head for each",
     .paper = "Caruana, Multitask Learning, 1997",
     .options = BOUGH_OPTIONS(hard_sharing_options, struct hard_sharing_options)},
    .by_task = hard_sharing_options,
    .build = build,
};
