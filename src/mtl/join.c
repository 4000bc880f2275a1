// Joining a task's inputs. Of `gate`: x = the sum over inputs e of g[e] x[e] with
// g = softmax(W [x[1], ..., x[E]]), of the inputs that the row has. Gated multimodal units have a
// sigmoid for each of an input's units, in the place of one weight for the input; for two inputs
// that is the same softmax.
#include "mtl/join.h"

#include "base/error.h"

#include <stdlib.h>

// ---- What a row lacks ----

// Zeros in its rows, of which no gradient comes back.
static enum bough_status blank(struct bough__builder *builder, struct bough__leaf *leaf)
{
    enum bough_status status = BOUGH_OK;
    const char *layer = builder->graph->node[leaf->x].layer;
    int32_t input[] = {0, leaf->present};
    if (leaf->present < 0 || builder->graph->node[leaf->x].need.y_dtype != BOUGH_F32)
        return BOUGH_OK;
    builder->graph->layer = layer;
    BOUGH_TRY(bough__stack(builder, &input[0], &leaf->x, 1, layer));
    BOUGH_TRY(bough__graph_op(builder->graph, &leaf->x, &bough__op_gated_sum, NULL, input, 2));
    builder->graph->layer = NULL;
done:
    return status;
}

static enum bough_status scale(struct bough__builder *builder, int32_t *y, int32_t x, float factor)
{
    const struct bough__attr attr = {.value = factor};
    return bough__graph_op(builder->graph, y, &bough__op_scale, &attr, &x, 1);
}

enum { FAR = 1000000 }; // beyond any logit

// [N, 1], 0 where a row has the input, else -FAR.
//   floor  [N, 1] of -FAR
static enum bough_status find_lack(struct bough__builder *builder, int32_t *lack,
                                   const struct bough__leaf *leaf, int32_t floor)
{
    enum bough_status status;
    int32_t term[] = {0, floor};
    if (leaf->present < 0)
        return scale(builder, lack, floor, 0);
    BOUGH_TRY(scale(builder, &term[0], leaf->present, FAR));
    BOUGH_TRY(bough__graph_op(builder->graph, lack, &bough__op_add, NULL, term, 2));
done:
    return status;
}

// Adds to the logits [N, E] what leaves nothing of inputs that a row lacks, where any can be.
static enum bough_status add_lacks(struct bough__builder *builder, int32_t *logits,
                                   const struct bough__inputs *inputs, const char *prefix)
{
    enum bough_status status = BOUGH_OK;
    size_t any = 0;
    int32_t floor, lacks, *lack = NULL;
    while (any < inputs->count && inputs->leaf[any].present < 0)
        any++;
    if (any == inputs->count)
        return BOUGH_OK;
    BOUGH_TRY_MEMORY(lack = malloc(inputs->count * sizeof *lack));
    builder->graph->layer = prefix;
    // The softmax of one number is 1.
    BOUGH_TRY(bough__graph_op(builder->graph, &floor, &bough__op_softmax, NULL,
                              &inputs->leaf[any].present, 1));
    BOUGH_TRY(scale(builder, &floor, floor, -FAR));
    for (size_t i = 0; i < inputs->count; i++)
        BOUGH_TRY(find_lack(builder, &lack[i], &inputs->leaf[i], floor));
    BOUGH_TRY(bough__join(builder, &lacks, lack, inputs->count, prefix));
    BOUGH_TRY(bough__combine(builder, logits, &bough__op_add, *logits, lacks, prefix));
done:
    free(lack);
    return status;
}

// ---- The rows ----

// What the stems give, for the caller to free; NULL: no memory.
static int32_t *nodes_of(const struct bough__inputs *inputs)
{
    int32_t *node = malloc(inputs->count * sizeof *node);
    for (size_t i = 0; node && i < inputs->count; i++)
        node[i] = inputs->leaf[i].x;
    return node;
}

static enum bough_status concat(struct bough__builder *builder, int32_t *x,
                                const struct bough__inputs *inputs, const char *prefix)
{
    enum bough_status status;
    int32_t *node = nodes_of(inputs);
    (void)prefix;
    BOUGH_TRY_MEMORY(node);
    BOUGH_TRY(bough__join(builder, x, node, inputs->count, "inputs"));
done:
    free(node);
    return status;
}

static enum bough_status sum(struct bough__builder *builder, int32_t *x,
                             const struct bough__inputs *inputs, const char *prefix)
{
    enum bough_status status = BOUGH_OK;
    *x = inputs->leaf[0].x;
    for (size_t i = 1; i < inputs->count; i++)
        BOUGH_TRY(bough__combine(builder, x, &bough__op_add, *x, inputs->leaf[i].x, prefix));
done:
    return status;
}

static enum bough_status gate(struct bough__builder *builder, int32_t *x,
                              const struct bough__inputs *inputs, const char *prefix)
{
    enum bough_status status;
    struct bough__linear_options linear = {.units = (int32_t)inputs->count};
    const struct bough__choice layers[] = {{&bough__layer_flatten.row, NULL},
                                           {&bough__layer_linear.row, &linear},
                                           {&bough__layer_softmax.row, NULL}};
    int32_t stacked, gate, *node = nodes_of(inputs);
    BOUGH_TRY_MEMORY(node);
    BOUGH_TRY(bough__stack(builder, &stacked, node, inputs->count, "inputs"));
    gate = stacked;
    BOUGH_TRY(bough__layers_build(builder, &gate, layers, 0, 2, prefix));
    BOUGH_TRY(add_lacks(builder, &gate, inputs, prefix));
    BOUGH_TRY(bough__layers_build(builder, &gate, layers, 2, 3, prefix));
    BOUGH_TRY(bough__mix(builder, x, stacked, gate, prefix));
done:
    free(node);
    return status;
}

static const struct bough__joining joining_concat = {
    {.name = "concat", .help = "beside each other along dimension 1, as torch.cat(dim=1)"},
    .build = concat};
static const struct bough__joining joining_sum = {
    {.name = "sum", .help = "added up, where they are of one shape"}, .alike = 1, .build = sum};
static const struct bough__joining joining_gate = {
    {.name = "gate",
     .help = "mixed, likewise, by weights: the softmax of a linear layer on all of them",
     .paper = "Arevalo, Solorio, Montes-y-Gómez, González, Gated Multimodal Units for Information "
              "Fusion, ICLR 2017 workshop"},
    .alike = 1,
    .build = gate};
static const struct bough__row *const all[] = {&joining_concat.row, &joining_sum.row,
                                               &joining_gate.row};
const struct bough__family bough__joins = {"join", all, sizeof all / sizeof *all};

// ---- Joining ----

static enum bough_status check_alike(const struct bough__graph *graph, const char *how,
                                     const struct bough__inputs *inputs, size_t i)
{
    const struct bough__node *one = &graph->node[inputs->leaf[0].x],
                             *other = &graph->node[inputs->leaf[i].x];
    const struct bough_shape a = bough_shape_sample(&one->need.y),
                             b = bough_shape_sample(&other->need.y);
    char text[2][128];
    if (one->need.y_dtype != BOUGH_F32 || other->need.y_dtype != BOUGH_F32)
        return bough__fail(BOUGH_INVALID, "join: %s is of numbers, and %s and %s are of ids", how,
                           inputs->key[0], inputs->key[i]);
    if (bough_shape_equal(&a, &b))
        return BOUGH_OK;
    return bough__fail(BOUGH_INVALID,
                       "join: %s wants inputs of one shape, and %s gives %s, %s %s; stems can make "
                       "them alike",
                       how, inputs->key[0], bough_shape_format(&a, text[0], sizeof text[0]),
                       inputs->key[i], bough_shape_format(&b, text[1], sizeof text[1]));
}

enum bough_status bough__join_inputs(struct bough__builder *builder, int32_t *x,
                                     const struct bough__choice *join,
                                     const struct bough__inputs *inputs, const char *prefix)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__joining *row = (const void *)join->row;
    *x = inputs->leaf[0].x;
    if (inputs->count == 1)
        return BOUGH_OK;
    for (size_t i = 1; row->alike && i < inputs->count; i++)
        BOUGH_TRY(check_alike(builder->graph, row->row.name, inputs, i));
    for (size_t i = 0; i < inputs->count; i++)
        BOUGH_TRY(blank(builder, &inputs->leaf[i]));
    BOUGH_TRY(row->build(builder, x, inputs, prefix));
done:
    return status;
}
