// How the blocks of a model are wired: seen while it is declared, layer by layer.
#ifndef BOUGH_TRAIN_DRAWING_H
#define BOUGH_TRAIN_DRAWING_H

#include "train/model.h"

#include <bough/train.h>

struct bough__drawing {
    struct bough__arena *arena; // of the names and lists that it ends in
    struct bough__drawn_block *block;
    size_t blocks, block_capacity, inputs;
    int32_t *block_of; // [nodes] the block that a node is a part of; -1 = of none
    int32_t nodes, node_capacity;
    struct bough__drawn_edge *edge;
    size_t edges, edge_capacity;
    struct bough__drawn_layer *layer;
    size_t layers, layer_capacity;
    unsigned char *feeds;          // [blocks, tasks] whether a block goes into a task's scores
    struct bough_owner_row *owner; // [1 + tasks]
    int lost;                      // memory ended
};

// Zero-initialised but for `arena`. The inputs come first, in their order.
void bough__drawing_input(struct bough__drawing *drawing, const char *name);

// What was recorded since the last call: nodes of the builder's layer are a part of block `name`,
// the others join what they read.
//   node  the layer's output
void bough__drawing_see(struct bough__drawing *drawing, const char *name,
                        const struct bough__builder *builder, int32_t node, int64_t parameters,
                        int64_t flops);

// The whole, with the scores of each task.
void bough__drawing_reach(struct bough__drawing *drawing, const struct bough__graph *graph,
                          const int32_t *scores, size_t tasks);

// Writes info->block, and info->owner but for its parameters.
// Errors: INTERNAL out of memory, here or before.
enum bough_status bough__drawing_end(struct bough__drawing *drawing, struct bough_model_info *info);

// Frees all but what is the arena's.
void bough__drawing_fini(struct bough__drawing *drawing);

#endif
