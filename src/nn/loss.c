#include "nn/loss.h"

struct cross_entropy_options {
    const float *class_weights;
    size_t class_weights_count;
    float label_smoothing;
};

static const struct bough__option cross_entropy_options[] = {
    {"class_weights", BOUGH__OPTION_FLOATS, offsetof(struct cross_entropy_options, class_weights),
     offsetof(struct cross_entropy_options, class_weights_count),
     .range = &bough__range_not_negative, .help = "one per class; without it all 1"},
    {"label_smoothing", BOUGH__OPTION_NUMBER,
     offsetof(struct cross_entropy_options, label_smoothing), .range = &bough__range_zero_to_one,
     .help = "share of the label spread over all classes"},
};

static void set_smoothing(struct bough__attr *attr, const void *options)
{
    attr->smoothing = ((const struct cross_entropy_options *)options)->label_smoothing;
}

struct huber_options {
    float delta;
};

static const struct bough__option huber_options[] = {
    {"delta", BOUGH__OPTION_NUMBER, offsetof(struct huber_options, delta),
     .range = &bough__range_positive, .number = {1}, .help = "where it turns linear"},
};

static void set_delta(struct bough__attr *attr, const void *options)
{
    attr->value = ((const struct huber_options *)options)->delta;
}

// What is not in the list of losses: help, options, and what they set of the op.
#define HELP_cross_entropy        "of classes, by the softmax of the scores"
#define HELP_binary_cross_entropy "of 0 and 1, by the sigmoid of the scores"
#define HELP_mse                  "squared difference"
#define HELP_l1                   "absolute difference"
#define HELP_huber                "squared where small, absolute where large"
#define OPTIONS_cross_entropy     BOUGH_OPTIONS(cross_entropy_options, struct cross_entropy_options)
#define OPTIONS_binary_cross_entropy                                                               \
    {                                                                                              \
        0                                                                                          \
    }
#define OPTIONS_mse                                                                                \
    {                                                                                              \
        0                                                                                          \
    }
#define OPTIONS_l1                                                                                 \
    {                                                                                              \
        0                                                                                          \
    }
#define OPTIONS_huber            BOUGH_OPTIONS(huber_options, struct huber_options)
#define SET_cross_entropy        set_smoothing
#define SET_binary_cross_entropy NULL
#define SET_mse                  NULL
#define SET_l1                   NULL
#define SET_huber                set_delta

#define KIND(loss, compared, measure)                                                              \
    const struct bough__loss_kind bough__loss_##loss = {                                           \
        {.name = #loss, .help = HELP_##loss, .options = OPTIONS_##loss},                           \
        .op = &bough__op_##loss,                                                                   \
        .target = BOUGH_TARGET_##compared,                                                         \
        .metric = (measure),                                                                       \
        .set = SET_##loss};
BOUGH_LOSSES(KIND)

#define ROW(loss, compared, measure) &bough__loss_##loss.row,
static const struct bough__row *const all[] = {BOUGH_LOSSES(ROW)};
const struct bough__family bough__losses = {"loss", all, sizeof all / sizeof *all};

const float *bough__loss_class_weights(const struct bough__choice *loss, size_t *count)
{
    const struct cross_entropy_options *o = loss->options;
    const int weighted = loss->row == &bough__loss_cross_entropy.row;
    *count = weighted ? o->class_weights_count : 0;
    return weighted ? o->class_weights : NULL;
}

enum bough_status bough__loss_build(struct bough__graph *graph, int32_t *node,
                                    const struct bough__choice *loss, int32_t scores,
                                    int32_t target, int32_t class_weights)
{
    const struct bough__loss_kind *kind = bough__loss_of(loss);
    struct bough__attr attr = {0};
    if (kind->set)
        kind->set(&attr, loss->options);
    int32_t input[3] = {scores, target, class_weights};
    return bough__graph_op(graph, node, kind->op, &attr, input, class_weights < 0 ? 2 : 3);
}
