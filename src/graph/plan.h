// A plan: every buffer of a recorded graph placed, its launches prepared for a device.
//
// Time runs through the forward passes of all ops, then through their backward passes the other way
// round. Each output, gradient, saved and scratch area is alive from the first moment that writes
// it to the last that reads it; areas that are not alive together share memory of one buffer.
#ifndef BOUGH_GRAPH_PLAN_H
#define BOUGH_GRAPH_PLAN_H

#include "graph/graph.h"

struct bough__plan;

// Plans `graph`, which must stay until the plan is destroyed; what can be fused is
// (fold.h). The backward pass covers what lies between the seeds and the leaves that
// want a gradient. A leaf that no seed reaches keeps its gradient memory as it is.
//   step    struct step_state (cl/step.h), for ops that read it; may be absent
//   memory  NULL, or a buffer that the plan works in if it is large enough, beside other plans that
//           do not run meanwhile; it must outlive the plan
// Errors: DEVICE if the memory cannot be had.
enum bough_status bough__plan_create(struct bough__plan **plan, struct bough__graph *graph,
                                     struct bough_device *device, struct bough__span step,
                                     struct bough__buffer *memory);
void bough__plan_destroy(struct bough__plan **plan);

// Prepares the launches of a pass at the end of `out`.
enum bough_status bough__plan_forward(struct bough__plan *plan, struct bough__sequence *out);
enum bough_status bough__plan_backward(struct bough__plan *plan, struct bough__sequence *out);

// What a node that was left to the caller (bough__graph_leave) is to be run on: its inputs, output,
// and the gradients that are wanted.
struct bough__op_call bough__plan_call(const struct bough__plan *plan, int32_t node);

// The output of an op; to be relied on after a pass only if it is kept (bough__graph_keep) or its
// memory is the caller's (bough__graph_place).
struct bough__tensor bough__plan_value(const struct bough__plan *plan, int32_t node);

// Bytes of the plan's buffer; and in `unshared` those of the outputs of all ops that were recorded,
// fused or not, and of their gradients, if none shared memory.
size_t bough__plan_bytes(const struct bough__plan *plan, size_t *unshared);

// The buffer, given up to the caller if it is the plan's own; else NULL.
struct bough__buffer *bough__plan_give_memory(struct bough__plan *plan);

#endif
