// For the files of layers.
#ifndef BOUGH_NN_LAYER_PARTS_H
#define BOUGH_NN_LAYER_PARTS_H

#include "nn/layer.h"

const struct bough_shape *bough__shape_of(const struct bough__builder *builder, int32_t node);

// Whether a node is a sequence [N, L, D], of which a layer reads each position by itself.
int bough__is_sequence(const struct bough__builder *builder, int32_t node);

// Errors: INVALID, naming the input's shape and `wanted`, if it is of another rank.
enum bough_status bough__want_rank(const struct bough__builder *builder, int32_t node, int32_t rank,
                                   const char *wanted);

// Records an op on the layer's input and `inputs` more, and counts `flops` per output element.
enum bough_status bough__layer_op(struct bough__builder *builder, int32_t *node,
                                  const struct bough__op *op, const struct bough__attr *attr,
                                  const int32_t *more, int inputs, int64_t flops);

// Likewise of an op that mixes positions of its input [N, L, D], whose last input are the lengths,
// unless all are L. What it gives is a sequence, if the op does not end it.
enum bough_status bough__sequence_op(struct bough__builder *builder, int32_t *node,
                                     const struct bough__op *op, const struct bough__attr *attr,
                                     const int32_t *more, int inputs, int64_t flops);

// Weight and, unless it is switched off, bias of a layer of `shape` [outputs, ...].
//   more, inputs  receive the nodes, and how many
//   receptive     how many places an output reads each of its inputs at
enum bough_status bough__weight_and_bias(struct bough__builder *builder, int32_t *more, int *inputs,
                                         const struct bough__weights *weights,
                                         struct bough_shape shape, int64_t receptive);

// The options of `weights` in a layer's struct.
#define BOUGH_WEIGHTS(type)                                                                        \
    {"bias", BOUGH__OPTION_SWITCH, offsetof(type, weights.bias), .number = {1},                    \
     .help = "a number added to each output"},                                                     \
    {                                                                                              \
        "init", BOUGH__OPTION_SECTION, offsetof(type, weights), .section = &bough__init_section    \
    }
extern const struct bough__options bough__init_section;

#define BOUGH_TIED_HELP                                                                            \
    "a layer before this one whose weight it takes, of an embedding or a linear layer: `trunk.0`"

#endif
