// What the files of a plan share. A plan is made in three steps: what the graph implies (flow.c),
// the areas of memory (areas.c), the launches (passes.c, sweep.c).
#ifndef BOUGH_GRAPH_PLAN_PARTS_H
#define BOUGH_GRAPH_PLAN_PARTS_H

#include "graph/place.h"
#include "graph/plan.h"

enum { NONE = -1 };

// Of the backward kind. An op runs in the heads' pass, or, where several tasks meet (it is
// `stacked`), in the sweep and perhaps once more in the weighted pass. A single pass is one of
// heads that never meet.
enum bough__pass { HEADS, SWEEP, WEIGHTED, PASSES };

// How a backward pass contributes to the gradient of one input.
enum bough__contribution { NOT_WANTED, WRITES, ADDS, ADDED_AFTERWARDS };

// What the plan knows of a node. Areas are indices into `area`.
struct bough__entry {
    int32_t root;  // the node whose memory it shares, itself if its own
    int needs;     // depends on a leaf that wants a gradient
    int active;    // its backward pass runs
    int32_t owner; // a task, or BOUGH__OWNER_*

    // Of a root.
    int stacked;                           // its gradient has a place for each task
    int met;                               // stacked, and heads contribute
    int readers;                           // contributions to it
    int32_t first_of_sweep, last_of_sweep; // stacked ops that contribute; NONE if there are none

    int32_t value, saved;
    // Of the heads' pass one, or one for each task where they meet; of the sweep one for each task
    // of a group; of the weighted pass one.
    int32_t gradient[PASSES];
    int32_t crossing;                         // of a leaf: see bough__crosses
    int32_t forward_scratch, scratch[PASSES]; // a leaf's: of the Gram matrix
    enum bough__contribution contribution[BOUGH_MAX_INPUTS];
    int32_t extra[PASSES][BOUGH_MAX_INPUTS]; // for ADDED_AFTERWARDS
};

struct bough__plan {
    struct bough__graph *graph;
    struct bough_device *device;
    struct bough__plan_options options;
    size_t group;                       // tasks that the sweep takes at a time
    size_t held;                        // tasks that are held where groups cross
    struct bough__buffer *buffer, *own; // the one that is worked in, and the one to destroy
    struct bough__entry *entry;
    // For each root, whether the heads of each task, and then the sweep, contribute to it.
    uint8_t *contributes;
    struct bough__area *area;
    int32_t areas;
    size_t bytes, unshared;
};

static inline int bough__has_memory(struct bough__span span)
{
    return span.buffer != NULL;
}

static inline int bough__is_view(const struct bough__node *node)
{
    return node->view_of >= 0;
}

static inline int bough__has_work(const struct bough__node *node)
{
    return node->op && !bough__is_view(node) && !node->fused && !node->unused;
}

static inline size_t bough__value_bytes(const struct bough__node *node)
{
    return (size_t)bough_shape_elements(&node->need.y) * bough_dtype_size(node->need.y_dtype);
}

// Whether there is a weighted pass, behind the products.
static inline int bough__plan_weighs(const struct bough__plan *plan)
{
    return plan->options.mode == BOUGH_PLAN_GRAM || plan->options.mode == BOUGH_PLAN_REPRESENTATION;
}

// Whether the backward pass of an op is a part of `pass`.
static inline int bough__runs_in(const struct bough__plan *plan, int32_t n, enum bough__pass pass)
{
    const struct bough__entry *entry = &plan->entry[n];
    if (!entry->active || !bough__has_work(&plan->graph->node[n]))
        return 0;
    if (!entry->stacked)
        return pass == HEADS;
    return (pass == SWEEP && plan->options.mode != BOUGH_PLAN_REPRESENTATION) ||
           (pass == WEIGHTED && bough__plan_weighs(plan));
}

static inline uint8_t *bough__contributes(const struct bough__plan *plan, int32_t root)
{
    return plan->contributes + (size_t)root * (plan->options.tasks + 1);
}

// Scratch of one of a stack, so that the next one is aligned.
static inline size_t bough__scratch_stride(const struct bough__node *node)
{
    return (node->need.scratch + 63) / 64 * 64;
}

// A stacked leaf whose gradients stand in the plan, [tasks, ...], for the Gram matrix: of the
// representations only where heads read it themselves.
static inline int bough__is_gram_leaf(const struct bough__plan *plan, int32_t n)
{
    const struct bough__entry *entry = &plan->entry[n];
    return !plan->graph->node[n].op && entry->active && entry->stacked &&
           (plan->options.mode == BOUGH_PLAN_GRAM ||
            (plan->options.mode == BOUGH_PLAN_REPRESENTATION && entry->met));
}

// Whether the Gram matrix is found by groups of tasks: the gradients of the first `held` tasks
// stand, of all leaves, while the others cross them, a group at a time and leaf by leaf in an area
// of their own. Then those of the others stand.
static inline int bough__crosses(const struct bough__plan *plan)
{
    return plan->options.mode == BOUGH_PLAN_GRAM && plan->group < plan->options.tasks;
}

// Errors: INTERNAL if a leaf of several tasks is not among what is shared.
enum bough_status bough__plan_flow(struct bough__plan *plan);

// Gives every area its place, for the group of the plan. Errors: INTERNAL out of memory.
enum bough_status bough__plan_areas(struct bough__plan *plan);

// ---- Launches ----

// A backward pass for tasks first..first + count - 1.
struct bough__pass_run {
    enum bough__pass pass;
    size_t first, count;
    size_t held, held_end; // where groups cross: the tasks whose gradients stand
};

// Whether the tasks of a run are among those that are held.
static inline int bough__is_held(struct bough__pass_run run)
{
    return run.first >= run.held && run.first < run.held_end;
}

// Absent for NONE.
struct bough__span bough__area_span(const struct bough__plan *plan, int32_t area);

// The gradients of a stacked root in a pass, the first task's first.
struct bough__span bough__stacked_span(const struct bough__plan *plan, int32_t root,
                                       enum bough__pass pass);

// Where a leaf's gradients of a group of tasks are left, to be held or to cross.
struct bough__span bough__crossing_span(const struct bough__plan *plan, int32_t leaf,
                                        struct bough__pass_run run);

// Where op `by` finds or leaves the gradient of `node`.
struct bough__tensor bough__gradient_of(const struct bough__plan *plan, int32_t node,
                                        struct bough__pass_run run, int32_t by);

// The launches of an op's backward pass.
enum bough_status bough__write_backward(struct bough__plan *plan, struct bough__sequence *out,
                                        int32_t n, struct bough__pass_run run);

#endif
