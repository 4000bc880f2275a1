// A plan: every buffer of a recorded graph placed, its launches prepared for a device.
//
// Time runs through the forward passes of all ops, then through their backward passes the other way
// round. Each output, gradient, saved and scratch area is alive from the first moment that writes
// it to the last that reads it; areas that are not alive together share memory of one buffer.
#ifndef BOUGH_GRAPH_PLAN_H
#define BOUGH_GRAPH_PLAN_H

#include "graph/graph.h"

struct bough__plan;

enum bough__plan_mode {
    BOUGH_PLAN_SINGLE,   // one backward pass, of the sum of all losses
    BOUGH_PLAN_JACOBIAN, // the tasks' gradients of the shared leaves, apart
    BOUGH_PLAN_GRAM,     // their inner products, and the weighted sum of the gradients
    // Likewise, but the products are of the gradients where the tasks meet, of the shared
    // representations: there is no sweep.
    BOUGH_PLAN_REPRESENTATION,
};

struct bough__plan_options {
    struct bough__span step; // struct step_state (cl/step.h), for ops that read it; may be absent
    // NULL, or a buffer that the plan works in if it is large enough, beside other plans that do
    // not run meanwhile; it must outlive the plan.
    struct bough__buffer *memory;
    enum bough__plan_mode mode;

    // Not for SINGLE.
    size_t tasks;
    // Where the gradients of the shared leaves begin, and how many bytes of them. Every leaf that
    // several tasks reach has its gradient there.
    struct bough__span shared;
    size_t shared_bytes;
    // For JACOBIAN [tasks, ...]: row t is task t's gradient of what is shared, laid out as
    // `shared`; the rows are `stride` apart. What no leaf covers is left as it is.
    struct bough__span jacobian;
    // For GRAM and REPRESENTATION [tasks, tasks], and [tasks], of the weighted pass.
    struct bough__span gram, weights;
    // Bytes: where the plan would be larger, the shared part is swept for fewer tasks at a time.
    // Where the plan cannot be that small the second limit stands. 0 = none.
    // For GRAM half of the tasks' gradients of the shared leaves stand meanwhile, and the other
    // half is swept twice.
    size_t stack_limit[2];
};

// Plans `graph`, which must stay until the plan is destroyed; what can be fused is
// (fold.h). The backward pass covers what lies between the roots and the leaves that
// want a gradient. A leaf that no root reaches keeps its gradient memory as it is.
// Errors: DEVICE if the memory cannot be had, INTERNAL if a leaf of several tasks is not in
// `shared`.
enum bough_status bough__plan_create(struct bough__plan **plan, struct bough__graph *graph,
                                     struct bough_device *device,
                                     const struct bough__plan_options *options);
void bough__plan_destroy(struct bough__plan **plan);

// Turns a JACOBIAN plan to another batch: the passes that are prepared from here on read that
// step's state, and leave the gradients of what is shared in that Jacobian; all else they share
// with those prepared before, which may run before or behind them.
void bough__plan_turn(struct bough__plan *plan, struct bough__span step,
                      struct bough__span jacobian);

// Each prepares the launches of a pass at the end of `out`. They run in this order:
//   SINGLE                forward, backward
//   JACOBIAN              forward, heads, sweep
//   GRAM, REPRESENTATION  forward, heads, sweep, weighted
enum bough_status bough__plan_forward(struct bough__plan *plan, struct bough__sequence *out);
enum bough_status bough__plan_backward(struct bough__plan *plan, struct bough__sequence *out);
// From each root to where its task meets others: the gradients of the leaves of single tasks.
enum bough_status bough__plan_heads(struct bough__plan *plan, struct bough__sequence *out);
// The shared part, for all tasks: into the Jacobian, or into the Gram matrix.
enum bough_status bough__plan_sweep(struct bough__plan *plan, struct bough__sequence *out);
// The shared part once more, for the sum of the tasks' gradients by `weights`: the gradients of the
// shared leaves.
enum bough_status bough__plan_weighted(struct bough__plan *plan, struct bough__sequence *out);

// How many tasks the sweep takes at a time.
size_t bough__plan_group(const struct bough__plan *plan);

// What a node that was left to the caller (bough__graph_external) is to be run on: its inputs,
// output, and the gradients that are wanted.
struct bough__op_call bough__plan_call(const struct bough__plan *plan, int32_t node);

// The output of an op; to be relied on after a pass only if it is kept (bough__graph_keep) or its
// memory is the caller's (bough__graph_output_at).
struct bough__tensor bough__plan_value(const struct bough__plan *plan, int32_t node);

// Bytes of the plan's buffer; and in `unshared` those of the outputs of all ops that were recorded,
// fused or not, and of their gradients, if none shared memory.
size_t bough__plan_bytes(const struct bough__plan *plan, size_t *unshared);

// The buffer, given up to the caller if it is the plan's own; else NULL.
struct bough__buffer *bough__plan_give_memory(struct bough__plan *plan);

#endif
