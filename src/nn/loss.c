#include "nn/loss.h"

#include "base/error.h"
#include "nn/init.h"
#include "nn/layer_parts.h"

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

// All start at 0: the scores of a head tell the tags apart.
static enum bough_status declare_chain(struct bough__builder *builder,
                                       struct bough__loss_params *params, int32_t scores)
{
    enum bough_status status = BOUGH_OK;
    const struct bough_shape *x = bough__shape_of(builder, scores);
    const struct bough_shape sample = bough_shape_sample(x);
    char text[128];
    if (!bough__is_sequence(builder, scores))
        return bough__fail(BOUGH_INVALID,
                           "crf wants scores of a sequence, [N, L, K], and the head gives %s",
                           bough_shape_format(&sample, text, sizeof text));
    const int64_t tags = x->dim[2];
    const struct bough_shape shape[] = {{2, {tags, tags}}, {1, {tags}}, {1, {tags}}};
    static const char *const name[] = {"transitions", "start", "end"};
    for (params->count = 0; params->count < 3; params->count++) {
        const struct bough__param param = {.name = name[params->count],
                                           .shape = shape[params->count],
                                           .init = {.row = &bough__init_zeros.row}};
        BOUGH_TRY(bough__builder_param(builder, &params->node[params->count], &param));
    }
done:
    return status;
}

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
#define declare_none   NULL
#define declare_labels NULL
#define declare_delta  NULL
// Whether it reads scores [N, L, K].
#define sequence_none   0
#define sequence_labels 0
#define sequence_delta  0
#define sequence_chain  1

#define KIND(loss, compared, measure, help_, options_)                                             \
    const struct bough__loss_kind bough__loss_##loss = {                                           \
        {.name = #loss, .help = (help_), .options = OPTIONS_##options_},                           \
        .op = &bough__op_##loss,                                                                   \
        .target = BOUGH_TARGET_##compared,                                                         \
        .metric = (measure),                                                                       \
        .of_sequences = sequence_##options_,                                                       \
        .set = set_##options_,                                                                     \
        .declare = declare_##options_};
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

int bough__loss_is_chain(const struct bough__choice *loss, int *bio)
{
    const int chain = bough__loss_of(loss)->declare == declare_chain;
    if (bio)
        *bio = chain && ((const struct chain_options *)loss->options)->bio;
    return chain;
}

enum bough_status bough__loss_declare(struct bough__builder *builder,
                                      struct bough__loss_params *params,
                                      const struct bough__choice *loss, int32_t scores,
                                      const char *task)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__loss_kind *kind = bough__loss_of(loss);
    *params = (struct bough__loss_params){.count = 0};
    if (!kind->declare)
        return BOUGH_OK;
    BOUGH_TRY(bough__builder_begin(builder, task));
    status = kind->declare(builder, params, scores);
    bough__builder_end(builder, kind->row.name, scores);
done:
    return status == BOUGH_OK ? status : bough__fail_in(status, "tasks.%s.loss", task);
}

enum bough_status bough__loss_build(struct bough__graph *graph, int32_t *node,
                                    const struct bough__choice *loss,
                                    const struct bough__loss_inputs *inputs)
{
    const struct bough__loss_kind *kind = bough__loss_of(loss);
    const int32_t lengths = graph->node[inputs->scores].lengths;
    struct bough__attr attr = {0};
    if (kind->set)
        kind->set(&attr, loss->options);
    int32_t input[BOUGH_MAX_INPUTS] = {inputs->scores, inputs->target};
    int count = 2;
    for (int i = 0; i < inputs->params.count; i++)
        input[count++] = inputs->params.node[i];
    if (inputs->class_weights >= 0)
        input[count++] = inputs->class_weights;
    if (kind->of_sequences && lengths >= 0)
        input[count++] = lengths;
    return bough__graph_op(graph, node, kind->op, &attr, input, count);
}
