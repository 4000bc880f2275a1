// A recorded graph: leaves that the caller owns, and ops on them. Shapes are known as it is
// recorded; memory is placed and launches are prepared by a plan (plan.h).
#ifndef BOUGH_GRAPH_GRAPH_H
#define BOUGH_GRAPH_GRAPH_H

#include "op/op.h"

// A leaf, or an op with its output.
struct bough__node {
    const struct bough__op *op; // NULL for a leaf
    struct bough__attr attr;
    int inputs;
    int32_t input[BOUGH_MAX_INPUTS];
    struct bough__op_need need;
    struct bough__tensor value;  // of a leaf, or where the caller wants the output; else absent
    struct bough__span gradient; // of a leaf that is to be trained, or of a loss: its factor
    int32_t task;                // of a loss
    int32_t view_of;             // shares that node's memory; -1 = its own
    int kept;                    // its value stands until the graph runs again
    int external;                // its launches are the caller's
    int fused;                   // another op does its work
    int unused;                  // nothing that is wanted depends on it
    const char *layer;           // of its launches' labels
    int32_t lengths;             // of a sequence: the node of its rows' lengths, or one of below
};

// A sequence is [N, L, ...], of ids [N, L]. What stands at and behind a row's length, I32 [N] of
// 0..L, is padding.
enum {
    BOUGH__NO_SEQUENCE = -2,
    BOUGH__FULL_LENGTH = -1, // all its rows are L long
};

struct bough__graph {
    struct bough__node *node;
    int32_t count, capacity;
    const char *layer; // what the next nodes are a part of, borrowed; NULL = nothing
};

// Zero-initialised is empty and ready. Takes an empty one.
void bough__graph_fini(struct bough__graph *graph);

// A tensor of the caller: an input, labels, a parameter. `gradient` (absent = none is wanted)
// receives dLoss/dvalue. The spans may be absent while only shapes are asked for.
enum bough_status bough__graph_leaf(struct bough__graph *graph, int32_t *node,
                                    const struct bough__tensor *value, struct bough__span gradient);

// Records an op on `inputs` nodes. `attr` is copied. It is a sequence of those lengths that the
// first of its inputs is of that is one, but for ops that end sequences.
// Errors: INVALID with the shapes, from the op's shape rule.
enum bough_status bough__graph_op(struct bough__graph *graph, int32_t *node,
                                  const struct bough__op *op, const struct bough__attr *attr,
                                  const int32_t *input, int inputs);

// Infers the shape again, after attributes changed.
enum bough_status bough__graph_infer(struct bough__graph *graph, int32_t node);

// The output of `node` is to be written to the caller's memory.
void bough__graph_output_at(struct bough__graph *graph, int32_t node, struct bough__span value);

// The output of `node` stands until the graph runs again.
void bough__graph_keep(struct bough__graph *graph, int32_t node);

// `node` is a loss of `task`: a root of the backward pass, multiplied by the float at `factor`.
void bough__graph_root(struct bough__graph *graph, int32_t node, int32_t task,
                       struct bough__span factor);

// The launches of `node`, a loss, are the caller's, and run behind the forward pass: the forward
// and the backward pass of its op at once (bough__plan_call).
void bough__graph_external(struct bough__graph *graph, int32_t node);

// Marks as unused the ops on which nothing depends that is kept, goes to the caller's memory, or is
// a root.
void bough__graph_prune(struct bough__graph *graph);

// Owners of nodes beside the tasks 0, 1, ...
enum { BOUGH__OWNER_NONE = -2, BOUGH__OWNER_SHARED = -1 };

// Who reaches each node, following the gradient from `task_node[t]`, the scores or the loss of task
// t, for `tasks` of them: no task, a single one, or several, which share it.
//   owner  one for each node
void bough__graph_owners(const struct bough__graph *graph, const int32_t *task_node, size_t tasks,
                         int32_t *owner);

// Whose it is what both reach.
int32_t bough__owner_of_both(int32_t a, int32_t b);

// About how many FLOP a recorded op takes, on average: two for each weight an element
// meets, else one.
double bough__graph_mean_flops(const struct bough__graph *graph);

// All flags of its ops (enum bough__op_flags).
unsigned bough__graph_flags(const struct bough__graph *graph);

const struct bough_shape *bough__graph_shape(const struct bough__graph *graph, int32_t node);

#endif
