// Layers: recipes of ops, with their parameters.
#ifndef BOUGH_NN_LAYER_H
#define BOUGH_NN_LAYER_H

#include "graph/graph.h"
#include "nn/params.h"

struct bough__builder;

// Is told of every layer, and of every part of an architecture, as it stands; its prefix is the
// builder's. At the end of the whole, with the scores of each task.
struct bough__layer_observer {
    void (*built)(void *user, const char *kind, const struct bough__builder *builder, int32_t node);
    void (*ended)(void *user, const struct bough__graph *graph, const int32_t *scores);
    void *user;
};

// Gives a layer a node of the shape of `param` in the place of a leaf of its own. Called without a
// source in the builder.
typedef enum bough_status bough__param_give(void *user, struct bough__builder *builder,
                                            int32_t *node, const struct bough__param *param);

// What gives the parameters of layers.
struct bough__param_source {
    bough__param_give *give;
    void *user;
};

// What stands in the leaf of an input.
struct bough__input_kind {
    int32_t vocabulary;        // of ids: how many there are; 0 = not known, or it is of numbers
    int32_t columns;           // of a table; 0 = it is none
    const char *const *column; // [columns] names; NULL = they have none
    const int32_t *classes;    // [columns] ids of each; 0 = it is of numbers
    const int32_t *masks;      // [columns] 1 = of numbers, of which some are missing
};

// What layers are built into. The same layers are built first to declare their parameters and then,
// once per batch size, to bind them to a graph that a plan can run.
struct bough__builder {
    struct bough__graph *graph;
    struct bough__params *params;
    const struct bough__input_kind *input; // [inputs], of the first nodes of the graph: the inputs'
    int32_t inputs;
    int declaring;      // parameters are added to `params`; else they stand there in the same order
    int training;       // dropout drops, batch_norm uses the batch
    int gradients;      // parameters have theirs outside of a training too
    int32_t next;       // the next parameter to bind
    const char *prefix; // of their names: "trunk.0"
    int frozen;         // whether the parameter that was bound last is
    // Of what is built on a second input: how many parameters were built before, of which those of
    // the same name are the same; but not a norm's, which has this prefix too.
    int32_t known;
    const char *own;
    int norm;                              // the layer that is built is one
    int ahead;                             // as of a param
    uint32_t stream;                       // the next stream of random numbers
    int64_t flops;                         // so far, of the forward pass
    struct bough__layer_observer observer; // may be nobody: both are NULL
    struct bough__param_source source;     // may be none: give is NULL
};

// A parameter of the layer being built: "weight" becomes "trunk.0.weight". A leaf of its own, or
// what the builder's source gives.
enum bough_status bough__builder_param(struct bough__builder *builder, int32_t *node,
                                       const struct bough__param *param);

// The weight of a layer that was built before under `name`: "trunk.0".
//   rows, columns  its shape; columns may be 0: any
// Errors: INVALID if there is none, or of another shape.
enum bough_status bough__builder_tied(struct bough__builder *builder, int32_t *node,
                                      const char *name, int64_t rows, int64_t columns);

// What is built next reads another input than what was built so far: see `known`. `own` is copied.
enum bough_status bough__builder_reuse(struct bough__builder *builder, const char *own);

// A kind of layer: reads `*node` and replaces it by its output.
struct bough__layer_kind {
    struct bough__row row;
    enum bough_status (*build)(struct bough__builder *builder, int32_t *node, const void *options);
    enum bough_dtype reads; // F32, or I32: ids
    int begins_stage;       // of a trunk whose config does not say where stages begin
    int reshapes;           // its output is its input in another shape
    int norm;               // its parameters are of what it reads: see `known` of the builder
};

#define BOUGH_LAYER(name) extern const struct bough__layer_kind bough__layer_##name;
#include "nn/layer_list.h"
#undef BOUGH_LAYER
extern const struct bough__family bough__layers;

// The options of `linear` and `conv2d`, for those who build one of their own.
struct bough__weights {
    int bias;
    struct bough__choice init; // of bough__inits
};
struct bough__linear_options {
    int32_t units;
    struct bough__weights weights;
    const char *tied; // the layer whose weight it takes; NULL = its own
};
struct bough__conv2d_options {
    int32_t channels;
    int32_t kernel[2], stride[2], padding[2], dilation[2];
    int32_t groups;
    struct bough__weights weights;
};

// Begins a layer, or a part of an architecture, whose parameters are named `<name>.<parameter>`;
// and ends it with its output. The name is copied.
enum bough_status bough__builder_begin(struct bough__builder *builder, const char *name);
void bough__builder_end(struct bough__builder *builder, const char *kind, int32_t node);

// Builds layers [first, end) one on the other; their parameters are named
// `<prefix>.<index>.<name>`.
// Errors: INVALID, naming the layer, its input's shape or type, and what it needs.
enum bough_status bough__layers_build(struct bough__builder *builder, int32_t *node,
                                      const struct bough__choice *layers, size_t first, size_t end,
                                      const char *prefix);

#endif
