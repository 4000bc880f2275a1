#include "nn/loss.h"

struct label_options {
    const float *class_weights;
    size_t class_weights_count;
    float label_smoothing;
};

static const struct bough__option label_options[] = {
    {"class_weights", BOUGH__OPTION_FLOATS, offsetof(struct label_options, class_weights),
     offsetof(struct label_options, class_weights_count), .range = &bough__range_not_negative,
     .help = "one per class; without it all 1"},
    {"label_smoothing", BOUGH__OPTION_NUMBER, offsetof(struct label_options, label_smoothing),
     .range = &bough__range_zero_to_one, .help = "share of the label spread over all classes"},
};

static void set_labels(struct bough__attr *attr, const void *options)
{
    attr->smoothing = ((const struct label_options *)options)->label_smoothing;
}

struct delta_options {
    float delta;
};

static const struct bough__option delta_options[] = {
    {"delta", BOUGH__OPTION_NUMBER, offsetof(struct delta_options, delta),
     .range = &bough__range_positive, .number = {1}, .help = "where it turns linear"},
};

static void set_delta(struct bough__attr *attr, const void *options)
{
    attr->value = ((const struct delta_options *)options)->delta;
}

struct chain_options {
    int bio;
};

static const struct bough__option chain_options[] = {
    {"bio", BOUGH__OPTION_SWITCH, offsetof(struct chain_options, bio),
     .help = "predict only what BIO allows: I-x behind B-x or I-x"},
};

// By their names in the list of losses.
#define OPTIONS_none                                                                               \
    {                                                                                              \
        0                                                                                          \
    }
#define OPTIONS_labels BOUGH_OPTIONS(label_options, struct label_options)
#define OPTIONS_delta  BOUGH_OPTIONS(delta_options, struct delta_options)
#define OPTIONS_chain  BOUGH_OPTIONS(chain_options, struct chain_options)
#define set_none       NULL
#define set_chain      NULL

#define KIND(loss, compared, measure, help_, options_)                                             \
    const struct bough__loss_kind bough__loss_##loss = {                                           \
        {.name = #loss, .help = (help_), .options = OPTIONS_##options_},                           \
        .op = &bough__op_##loss,                                                                   \
        .target = BOUGH_TARGET_##compared,                                                         \
        .metric = (measure),                                                                       \
        .set = set_##options_};
BOUGH_LOSSES(KIND)

#define ROW(loss, target, metric, help, options) &bough__loss_##loss.row,
static const struct bough__row *const all[] = {BOUGH_LOSSES(ROW)};
const struct bough__family bough__losses = {"loss", all, sizeof all / sizeof *all};

const float *bough__loss_class_weights(const struct bough__choice *loss, size_t *count)
{
    const struct label_options *o = loss->options;
    const int weighted = bough__loss_of(loss)->set == set_labels;
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
