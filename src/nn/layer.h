// Layers: recipes of ops, with their parameters.
#ifndef BOUGH_NN_LAYER_H
#define BOUGH_NN_LAYER_H

#include "graph/graph.h"
#include "nn/params.h"

// What layers are built into. The same layers are built first to declare their parameters and then,
// once per batch size, to bind them to a graph that a plan can run.
struct bough__builder {
    struct bough__graph *graph;
    struct bough__params *params;
    int declaring;      // parameters are added to `params`; else they stand there in the same order
    int training;       // dropout drops, batch_norm uses the batch
    int32_t next;       // the next parameter to bind
    const char *prefix; // of their names: "trunk.0"
    uint32_t stream;    // the next stream of random numbers
    int64_t flops;      // so far, of the forward pass
};

// A parameter of the layer being built: "weight" becomes "trunk.0.weight".
enum bough_status bough__builder_param(struct bough__builder *builder, int32_t *node,
                                       const struct bough__param *param);

// A kind of layer: reads `*node` and replaces it by its output.
struct bough__layer_kind {
    struct bough__row row;
    enum bough_status (*build)(struct bough__builder *builder, int32_t *node, const void *options);
    enum bough_dtype reads; // F32, or I32: ids
};

#define BOUGH_LAYER(name) extern const struct bough__layer_kind bough__layer_##name;
#include "nn/layer_list.h"
#undef BOUGH_LAYER
extern const struct bough__family bough__layers;

// The options of `linear`, for those who build one of their own.
struct bough__weights {
    int bias;
    struct bough__choice init; // of bough__inits
};
struct bough__linear_options {
    int32_t units;
    struct bough__weights weights;
};

// Builds the layers one on the other; their parameters are named `<prefix>.<index>.<name>`.
// `built` (may be NULL) is told of every layer as soon as it stands.
// Errors: INVALID, naming the layer, its input's shape or type, and what it needs.
enum bough_status
bough__layers_build(struct bough__builder *builder, int32_t *node,
                    const struct bough__choice *layers, size_t count, const char *prefix,
                    void (*built)(void *user, const struct bough__choice *layer,
                                  const struct bough__builder *builder, int32_t node),
                    void *user);

#endif
