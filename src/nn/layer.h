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
    const char *name;
    enum bough_status (*build)(struct bough__builder *builder, int32_t *node,
                               const struct bough_layer *layer);
};

// NULL if there is none of that name.
const struct bough__layer_kind *bough__layer_kind_find(const char *name);

// The names of all, in order; NULL behind the last.
const char *bough__layer_kind_name(size_t index);

// Builds the layers one on the other; their parameters are named `<prefix>.<index>.<name>`.
// `built` (may be NULL) is told of every layer as soon as it stands.
// Errors: INVALID, naming the layer, its input's shape and what it needs.
enum bough_status
bough__layers_build(struct bough__builder *builder, int32_t *node, const struct bough_layer *layers,
                    size_t count, const char *prefix,
                    void (*built)(void *user, const struct bough_layer *layer,
                                  const struct bough__builder *builder, int32_t node),
                    void *user);

#endif
