#include "mtl/alignment.h"

#include "base/error.h"

#include <string.h>

static const struct bough__alignment *alignment_of(const struct bough__choice *choice)
{
    return (const struct bough__alignment *)(const void *)choice->row;
}

static int is_of_scores(const void *options)
{
    return strcmp(((const struct bough__alignment_options *)options)->on, "scores") == 0;
}

// ---- Options ----

static const struct bough__row on_representation = {.name = "representation",
                                                    .help = "what each task's head reads"},
                               on_scores = {.name = "scores", .help = "each task's scores"};
static const struct bough__row *const on_rows[] = {&on_representation, &on_scores};
static const struct bough__family places = {"place of alignment", on_rows, 2};

#define COMMON_OPTIONS                                                                             \
    {"on",                                                                                         \
     BOUGH__OPTION_TEXT,                                                                           \
     offsetof(struct bough__alignment_options, on),                                                \
     .family = &places,                                                                            \
     .text = "representation",                                                                     \
     .help = "what is aligned"},                                                                   \
    {                                                                                              \
        "weight", BOUGH__OPTION_NUMBER, offsetof(struct bough__alignment_options, weight),         \
            .range = &bough__range_not_negative, .number = {0.1},                                  \
            .help = "factor of the mean distance to other tasks"                                   \
    }

// ---- mmd ----

enum { MOST_WIDTHS = sizeof((struct bough__attr){0}.width) / sizeof(float) };

struct mmd_options {
    struct bough__alignment_options common;
    const float *widths;
    size_t widths_count;
};

static const struct bough__option mmd_options[] = {
    COMMON_OPTIONS,
    {"widths", BOUGH__OPTION_FLOATS, offsetof(struct mmd_options, widths),
     offsetof(struct mmd_options, widths_count), .range = &bough__range_positive,
     .help = "of the Gaussian kernels, up to 8, by the mean squared distance of a batch's rows; "
             "without it 0.25, 0.5, 1, 2 and 4"},
};

static const char *mmd_wrong(const void *options, const char **key)
{
    *key = "widths";
    return ((const struct mmd_options *)options)->widths_count > MOST_WIDTHS ? "more than 8" : NULL;
}

static enum bough_status mmd_build(struct bough__builder *builder, int32_t *node, int32_t own,
                                   int32_t other, float factor, const void *options)
{
    enum bough_status status;
    static const float widths[] = {0.25f, 0.5f, 1.0f, 2.0f, 4.0f};
    const struct mmd_options *o = options;
    struct bough__attr attr = {.value = factor, .widths = o->widths ? (int32_t)o->widths_count : 5};
    int32_t input[] = {own, other, 0};
    memcpy(attr.width, o->widths ? o->widths : widths, (size_t)attr.widths * sizeof *widths);
    for (int i = 0; i < 2; i++)
        BOUGH_TRY(
            bough__graph_op(builder->graph, &input[i], &bough__op_flatten, NULL, &input[i], 1));
    BOUGH_TRY(bough__graph_op(builder->graph, &input[2], &bough__op_mean_distance, NULL, input, 2));
    BOUGH_TRY(bough__graph_op(builder->graph, node, &bough__op_mmd, &attr, input, 3));
done:
    return status;
}

static const struct bough__alignment mmd = {
    {.name = "mmd",
     .help = "by the maximum mean discrepancy, with a mixture of Gaussian kernels",
     .paper = "Long et al., Learning Transferable Features with Deep Adaptation Networks, ICML "
              "2015",
     .options = BOUGH_OPTIONS(mmd_options, struct mmd_options),
     .wrong = mmd_wrong},
    .build = mmd_build,
};

// ---- kl ----

struct kl_options {
    struct bough__alignment_options common;
    float temperature;
};

static const struct bough__option kl_options[] = {
    COMMON_OPTIONS,
    {"temperature", BOUGH__OPTION_NUMBER, offsetof(struct kl_options, temperature),
     .range = &bough__range_positive, .number = {1}, .help = "of scores: they are divided by it"},
};

// Of scores that of the others' classes from its own; else that of its own normal distributions.
static enum bough_status kl_build(struct bough__builder *builder, int32_t *node, int32_t own,
                                  int32_t other, float factor, const void *options)
{
    enum bough_status status = BOUGH_OK;
    const struct kl_options *o = options;
    const struct bough__attr attr = {.value = factor, .eps = 1e-3f, .temperature = o->temperature};
    const struct bough__op *op = is_of_scores(o) ? &bough__op_softmax_kl : &bough__op_gauss_kl;
    int32_t input[] = {own, other};
    for (int i = 0; i < 2 && op == &bough__op_gauss_kl; i++)
        BOUGH_TRY(
            bough__graph_op(builder->graph, &input[i], &bough__op_flatten, NULL, &input[i], 1));
    BOUGH_TRY(bough__graph_op(builder->graph, node, op, &attr, input, 2));
done:
    return status;
}

static const struct bough__alignment kl = {
    {.name = "kl",
     .help = "by the Kullback-Leibler divergence: of classes' probabilities, or of normal "
             "distributions of each number of a representation over the batch",
     .options = BOUGH_OPTIONS(kl_options, struct kl_options)},
    .build = kl_build,
    .of_classes = 1,
};

// ---- All ----

static const struct bough__alignment none = {{.name = "none", .help = "nothing is aligned"},
                                             .build = NULL};

static const struct bough__row *const all[] = {&none.row, &mmd.row, &kl.row};
const struct bough__family bough__alignments = {"alignment", all, sizeof all / sizeof *all};

int bough__aligns(const struct bough__choice *alignment)
{
    return alignment_of(alignment)->build != NULL;
}

int bough__alignment_wants_classes(const struct bough__choice *alignment)
{
    return alignment_of(alignment)->of_classes && is_of_scores(alignment->options);
}

static enum bough_status check_pair(const struct bough__builder *builder, const int32_t *node,
                                    const struct bough__net *net, size_t t, size_t other,
                                    int of_scores)
{
    const struct bough_shape a = bough_shape_sample(bough__graph_shape(builder->graph, node[t])),
                             b = bough_shape_sample(
                                 bough__graph_shape(builder->graph, node[other]));
    const char *what = of_scores ? "scores" : "a representation", *name = net->tasks[t].name;
    char text[2][128];
    if (node[t] == node[other])
        return bough__fail(BOUGH_INVALID,
                           "alignment: the heads of '%s' and '%s' read the same, which leaves "
                           "nothing to align; wanted on: scores, or an architecture as mmoe",
                           name, net->tasks[other].name);
    if (bough_shape_equal(&a, &b))
        return BOUGH_OK;
    return bough__fail(BOUGH_INVALID,
                       "alignment: '%s' has %s of %s, '%s' of %s; wanted of one shape", name, what,
                       bough_shape_format(&a, text[0], sizeof text[0]), net->tasks[other].name,
                       bough_shape_format(&b, text[1], sizeof text[1]));
}

enum bough_status bough__align(struct bough__builder *builder, struct bough__wiring *wiring,
                               const struct bough__net *net, const struct bough__choice *alignment)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__alignment *row = alignment_of(alignment);
    const struct bough__alignment_options *o = alignment->options;
    if (!row->build || !builder->training || !(o->weight > 0))
        return BOUGH_OK;
    const int of_scores = is_of_scores(o);
    const int32_t *node = of_scores ? wiring->scores : wiring->representations;
    builder->graph->layer = "alignment";
    for (size_t t = 0; t < net->tasks_count; t++)
        for (size_t i = 0; i < net->tasks_count; i++) {
            int32_t penalty;
            if (i == t)
                continue;
            BOUGH_TRY(check_pair(builder, node, net, t, i, of_scores));
            BOUGH_TRY(row->build(builder, &penalty, node[t], node[i],
                                 o->weight / (float)(net->tasks_count - 1), o));
            BOUGH_TRY(bough__penalize(builder, wiring, penalty, t));
        }
    builder->graph->layer = NULL;
done:
    return status;
}
