// Fusing ops of a recorded graph.
#ifndef BOUGH_GRAPH_FOLD_H
#define BOUGH_GRAPH_FOLD_H

#include "graph/graph.h"

// relu(op(x)) where nothing else reads op(x) becomes op with its activation applied at once, and
// op(relu(x)) too where that is the same. The relu is a view then.
enum bough_status bough__graph_fold(struct bough__graph *graph);

#endif
