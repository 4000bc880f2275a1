// Layers that read ids, and the columns of tables.
#include "base/error.h"
#include "nn/init.h"
#include "nn/layer_parts.h"

#include <math.h>
#include <stdio.h>

// What an input holds whose leaf the node is; NULL if it is none.
static const struct bough__input_kind *kind_of(const struct bough__builder *builder, int32_t node)
{
    return node < builder->inputs ? &builder->input[node] : NULL;
}

// How many ids the node's input has. Errors: INVALID, where that is not known.
static enum bough_status vocabulary_of(int32_t *ids, const struct bough__builder *builder,
                                       int32_t node)
{
    const struct bough__input_kind *kind = kind_of(builder, node);
    *ids = kind ? kind->vocabulary : 0;
    if (*ids)
        return BOUGH_OK;
    return bough__fail(BOUGH_INVALID,
                       "how many ids there are is not known: without the data, `vocabulary` of the "
                       "input says so");
}

// ---- embedding, one_hot ----

struct embedding_options {
    int32_t dimension;
    int padding;
    const char *tied, *from, *tensor;
    struct bough__weights weights;
};

#define DIMENSION(type)                                                                            \
    {                                                                                              \
        "dimension", BOUGH__OPTION_INT, offsetof(type, dimension),                                 \
            .range = &bough__range_count_or_none,                                                  \
            .help = "numbers of an id's vector; 0 takes 1.6 V^0.56 of V ids, at most 50"           \
    }
#define EMBEDDING_INIT(type)                                                                       \
    {                                                                                              \
        "init", BOUGH__OPTION_SECTION, offsetof(type, weights), .section = &bough__init_section    \
    }
#define PADDING_ID(type)                                                                           \
    {                                                                                              \
        "padding", BOUGH__OPTION_SWITCH, offsetof(type, padding),                                  \
            .number = {1}, .help = "id 0 is padding: zeros, which are not trained"                 \
    }

static const struct bough__option embedding_options[] = {
    DIMENSION(struct embedding_options),
    PADDING_ID(struct embedding_options),
    {"tied", BOUGH__OPTION_TEXT, offsetof(struct embedding_options, tied), .help = BOUGH_TIED_HELP},
    {"from", BOUGH__OPTION_TEXT, offsetof(struct embedding_options, from), .path = 1,
     .help = "a file where it starts, from the config's folder: safetensors, or word2vec's and "
             "GloVe's text, a word and its numbers a line"},
    {"tensor", BOUGH__OPTION_TEXT, offsetof(struct embedding_options, tensor),
     .help = "of `from`: which tensor, if there are several"},
    EMBEDDING_INIT(struct embedding_options),
};

static const char *embedding_wrong(const void *options, const char **key)
{
    const struct embedding_options *o = options;
    *key = o->tied ? "tied" : "from";
    if (o->tied && (o->from || o->dimension))
        return "it takes the other layer's weight; wanted without `from` and `dimension`";
    if (o->from && !o->dimension)
        return "wanted with `dimension`: how many numbers a word has there";
    return o->tensor && !o->from ? "`tensor` is of a file, and there is none" : NULL;
}

// The rule of fastai and AutoGluon, with a lower limit: an optimizer steps through all rows.
static int32_t dimension_of(int32_t told, int32_t ids)
{
    const double rule = fmin(50, round(1.6 * pow(ids, 0.56)));
    return told ? told : (int32_t)fmax(1, rule);
}

// [ids, dimension]: up to 1 / sqrt(dimension), unless `init` says another way.
static enum bough_status weight(struct bough__builder *builder, int32_t *node, const char *name,
                                int32_t ids, int32_t dimension, const struct bough__choice *init,
                                const struct bough__param_file *from)
{
    const struct bough__param param = {.name = name,
                                       .shape = {2, {ids, dimension}},
                                       .init = *init,
                                       .from = *from,
                                       .fan_in = dimension,
                                       .fan_out = ids};
    return bough__builder_param(builder, node, &param);
}

static enum bough_status embedding(struct bough__builder *builder, int32_t *node,
                                   const void *options)
{
    enum bough_status status;
    const struct embedding_options *o = options;
    const struct bough__attr attr = {.padding_id = o->padding};
    int32_t ids, more;
    BOUGH_TRY(vocabulary_of(&ids, builder, *node));
    const int32_t dimension = dimension_of(o->dimension, ids);
    if (o->tied)
        BOUGH_TRY(bough__builder_tied(builder, &more, o->tied, ids, 0));
    else
        BOUGH_TRY(weight(builder, &more, "weight", ids, dimension, &o->weights.init,
                         &(struct bough__param_file){o->from, o->tensor, *node}));
    BOUGH_TRY(bough__layer_op(builder, node, &bough__op_embedding, &attr, &more, 1, 0));
done:
    return status;
}

struct one_hot_options {
    int padding;
};

static const struct bough__option one_hot_options[] = {
    PADDING_ID(struct one_hot_options),
};

static enum bough_status one_hot(struct bough__builder *builder, int32_t *node, const void *options)
{
    enum bough_status status;
    struct bough__attr attr = {.padding_id = ((const struct one_hot_options *)options)->padding};
    BOUGH_TRY(vocabulary_of(&attr.vocabulary, builder, *node));
    BOUGH_TRY(bough__layer_op(builder, node, &bough__op_one_hot, &attr, NULL, 0, 0));
done:
    return status;
}

// ---- table ----

struct table_options {
    int32_t dimension;
    struct bough__weights weights;
};

static const struct bough__option table_options[] = {
    DIMENSION(struct table_options),
    EMBEDDING_INIT(struct table_options),
};

// As many columns from `first` on as one op takes, whose weights it declares.
static enum bough_status columns(struct bough__builder *builder, int32_t *node, int32_t x,
                                 const struct bough__input_kind *kind, int32_t *first,
                                 const struct table_options *o)
{
    enum bough_status status = BOUGH_OK;
    struct bough__arena *arena = &builder->params->arena;
    struct bough__attr attr = {.table = {kind->classes, kind->masks, *first, *first}};
    int32_t more[BOUGH_MAX_INPUTS], *end = &attr.table.end;
    int weights = 0;
    while (*end < kind->columns && (!kind->classes[*end] || weights + 1 < BOUGH_MAX_INPUTS)) {
        const int32_t ids = kind->classes[*end];
        const char *name = kind->column
                               ? bough__arena_format(arena, "%s.weight", kind->column[*end])
                               : bough__arena_format(arena, "%d.weight", *end);
        BOUGH_TRY_MEMORY(name);
        if (ids)
            BOUGH_TRY(weight(builder, &more[weights++], name, ids, dimension_of(o->dimension, ids),
                             &o->weights.init, &(struct bough__param_file){0}));
        ++*end;
    }
    *first = *end;
    *node = x;
    BOUGH_TRY(bough__layer_op(builder, node, &bough__op_table, &attr, more, weights, 0));
done:
    return status;
}

static enum bough_status table(struct bough__builder *builder, int32_t *node, const void *options)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__input_kind *kind = kind_of(builder, *node);
    const struct bough__attr beside = {.axis = 1};
    int32_t part[BOUGH_MAX_INPUTS], column = 0;
    int parts = 0;
    if (!kind || !kind->columns)
        return bough__fail(BOUGH_INVALID,
                           "reads an input whose columns have types: the data say them in `types/"
                           "<field>`, or the input's `classes` do");
    while (column < kind->columns) {
        if (parts == BOUGH_MAX_INPUTS)
            return bough__fail(BOUGH_INVALID, "more than %d columns of classes",
                               BOUGH_MAX_INPUTS * (BOUGH_MAX_INPUTS - 1));
        BOUGH_TRY(columns(builder, &part[parts++], *node, kind, &column, options));
    }
    *node = part[0];
    if (parts > 1)
        BOUGH_TRY(
            bough__layer_op(builder, node, &bough__op_concat, &beside, part + 1, parts - 1, 0));
done:
    return status;
}

const struct bough__layer_kind bough__layer_embedding = {
    {.name = "embedding",
     .help = "a vector of its own for each id; one that is not of the vocabulary is 1, unknown",
     .options = BOUGH_OPTIONS(embedding_options, struct embedding_options),
     .wrong = embedding_wrong},
    .build = embedding,
    .reads = BOUGH_I32,
    .begins_stage = 1};
const struct bough__layer_kind bough__layer_one_hot = {
    {.name = "one_hot",
     .help = "1 at the place of the id, else 0",
     .options = BOUGH_OPTIONS(one_hot_options, struct one_hot_options)},
    .build = one_hot,
    .reads = BOUGH_I32};
const struct bough__layer_kind bough__layer_table = {
    {.name = "table",
     .help = "the columns of a table beside each other: numbers, where some are missing with a "
             "mask behind them; classes by embeddings",
     .options = BOUGH_OPTIONS(table_options, struct table_options)},
    .build = table,
    .begins_stage = 1};
