// Fusing ops of a recorded graph.
#ifndef BOUGH_GRAPH_FOLD_H
#define BOUGH_GRAPH_FOLD_H

#include "graph/graph.h"

// An activation of op(x), where nothing else reads op(x), is applied by an op that can do so, and
// the relu of op(relu(x)) too where that is the same. The activation is a view then. One that is
// left (a gelu) is done by the dropout behind it.
//
// A convolution and the max pooling behind it become one op. With `images_bytes` it takes as many
// images at a time as have outputs of that size between the two, else all. Errors: INTERNAL, and
// those of the ops' shapes.
enum bough_status bough__graph_fold(struct bough__graph *graph, size_t images_bytes);

#endif
