// The launches of the forward pass and of the heads' backward passes; and what those of the sweep
// (sweep.c) are made of.
#include "base/error.h"
#include "graph/gram.h"
#include "graph/plan_parts.h"

static const struct bough__pass_run heads = {.pass = HEADS, .count = 1};

// ---- Spans ----

struct bough__span bough__area_span(const struct bough__plan *plan, int32_t area)
{
    if (area == NONE)
        return (struct bough__span){0};
    return bough__span_at(bough__whole(plan->buffer), plan->area[area].offset);
}

// One for each of a run, `bytes` apart.
static struct bough__span stack_span(const struct bough__plan *plan, int32_t area,
                                     struct bough__pass_run run, size_t bytes)
{
    struct bough__span span = bough__area_span(plan, area);
    span.stride = run.pass == SWEEP ? bytes : 0;
    return span;
}

struct bough__tensor bough__plan_value(const struct bough__plan *plan, int32_t node)
{
    int32_t root = plan->entry[node].root;
    const struct bough__node *owner = &plan->graph->node[root];
    const struct bough__op_need *need = &plan->graph->node[node].need;
    return (struct bough__tensor){.span = bough__has_memory(owner->value.span)
                                              ? owner->value.span
                                              : bough__area_span(plan, plan->entry[root].value),
                                  .shape = need->y,
                                  .dtype = need->y_dtype};
}

// A row of the Jacobian for each task.
static struct bough__span jacobian_span(const struct bough__plan *plan, int32_t leaf)
{
    return bough__span_at(plan->options.jacobian,
                          plan->graph->node[leaf].gradient.offset - plan->options.shared.offset);
}

struct bough__span bough__stacked_span(const struct bough__plan *plan, int32_t root,
                                       enum bough__pass pass)
{
    const struct bough__node *node = &plan->graph->node[root];
    if (!node->op && plan->options.mode == BOUGH_PLAN_JACOBIAN)
        return jacobian_span(plan, root);
    struct bough__span span = bough__area_span(plan, plan->entry[root].gradient[pass]);
    span.stride = bough__value_bytes(node);
    return span;
}

struct bough__span bough__crossing_span(const struct bough__plan *plan, int32_t leaf,
                                        struct bough__pass_run run)
{
    struct bough__span span = bough__stacked_span(plan, leaf, SWEEP);
    if (bough__is_held(run))
        return bough__span_of_stack(span, (int64_t)(run.first - run.held));
    const size_t stride = span.stride;
    span = bough__area_span(plan, plan->entry[leaf].crossing);
    span.stride = stride;
    return span;
}

// Whether there is a place for every task, not only for those of the run.
static int has_all_tasks(const struct bough__plan *plan, int32_t root)
{
    return plan->options.mode == BOUGH_PLAN_JACOBIAN &&
           (plan->entry[root].met || !plan->graph->node[root].op);
}

struct bough__tensor bough__gradient_of(const struct bough__plan *plan, int32_t node,
                                        struct bough__pass_run run, int32_t by)
{
    struct bough__tensor gradient = bough__plan_value(plan, node);
    int32_t root = plan->entry[node].root;
    const struct bough__span own = plan->graph->node[root].gradient;
    gradient.span = bough__stacked_span(plan, root, run.pass);
    if (!plan->entry[root].stacked || run.pass == WEIGHTED) {
        if (bough__has_memory(own))
            gradient.span = own;
        gradient.span.stride = 0;
    } else if (run.pass == HEADS) {
        gradient.span = bough__span_of_stack(gradient.span, plan->entry[by].owner);
        gradient.span.stride = 0;
    } else if (has_all_tasks(plan, root)) {
        gradient.span = bough__span_of_stack(gradient.span, (int64_t)run.first);
    } else if (bough__crosses(plan) && bough__is_gram_leaf(plan, root)) {
        gradient.span = bough__crossing_span(plan, root, run);
    }
    return gradient;
}

// ---- Ops ----

static struct bough__op_call forward_call(const struct bough__plan *plan, int32_t n)
{
    const struct bough__node *node = &plan->graph->node[n];
    const struct bough__entry *entry = &plan->entry[n];
    struct bough__op_call call = {
        .attr = &node->attr,
        .inputs = node->inputs,
        .y = bough__plan_value(plan, n),
        .saved = bough__area_span(plan, entry->saved),
        .scratch = bough__area_span(plan, entry->forward_scratch),
        .step = plan->options.step,
    };
    for (int i = 0; i < node->inputs; i++)
        call.x[i] = bough__plan_value(plan, node->input[i]);
    return call;
}

static struct bough__op_call backward_call(const struct bough__plan *plan, int32_t n,
                                           struct bough__pass_run run)
{
    const struct bough__node *node = &plan->graph->node[n];
    const struct bough__entry *entry = &plan->entry[n];
    struct bough__op_call call = forward_call(plan, n);
    call.stack = (int64_t)run.count;
    call.scratch = stack_span(plan, entry->scratch[run.pass], run, bough__scratch_stride(node));
    call.dy = bough__gradient_of(plan, n, run, n);
    for (int i = 0; i < node->inputs; i++) {
        if (entry->contribution[i] == NOT_WANTED)
            continue;
        call.dx[i] = bough__gradient_of(plan, node->input[i], run, n);
        call.add_dx[i] = entry->contribution[i] == ADDS;
        if (entry->contribution[i] == ADDED_AFTERWARDS)
            call.dx[i].span = stack_span(plan, entry->extra[run.pass][i], run,
                                         bough__value_bytes(&plan->graph->node[node->input[i]]));
    }
    return call;
}

struct bough__op_call bough__plan_call(const struct bough__plan *plan, int32_t node)
{
    return backward_call(plan, node, heads);
}

enum bough_status bough__plan_forward(struct bough__plan *plan, struct bough__sequence *out)
{
    for (int32_t n = 0; n < plan->graph->count; n++) {
        const struct bough__node *node = &plan->graph->node[n];
        if (!bough__has_work(node) || node->external)
            continue;
        struct bough__op_call call = forward_call(plan, n);
        out->label.layer = node->layer;
        enum bough_status status =
            bough__op_write(out, node->op, BOUGH_FORWARD, &call, &node->need);
        if (status != BOUGH_OK)
            return status;
    }
    return BOUGH_OK;
}

static enum bough_status add_gradient(struct bough__sequence *out, struct bough__tensor sum,
                                      struct bough__tensor extra, struct bough__pass_run run)
{
    static const struct bough__attr plain;
    struct bough__op_call call = {.attr = &plain, .inputs = 2, .x = {sum, extra}, .y = sum};
    out->label.op = bough__op_add.name;
    out->stack = (int64_t)run.count;
    enum bough_status status = bough__op_add.forward(out, &call);
    out->stack = 0;
    return status;
}

enum bough_status bough__write_backward(struct bough__plan *plan, struct bough__sequence *out,
                                        int32_t n, struct bough__pass_run run)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__node *node = &plan->graph->node[n];
    struct bough__op_call call = backward_call(plan, n, run);
    out->label.layer = node->layer;
    if (!node->external)
        BOUGH_TRY(bough__op_write(out, node->op, BOUGH_BACKWARD, &call, &node->need));
    for (int i = 0; i < node->inputs; i++)
        if (plan->entry[n].contribution[i] == ADDED_AFTERWARDS)
            BOUGH_TRY(add_gradient(out, bough__gradient_of(plan, node->input[i], run, n),
                                   call.dx[i], run));
done:
    return status;
}

// ---- The heads' pass ----

// Of tasks that do not reach a root where others meet.
static enum bough_status zero_missing(struct bough__plan *plan, struct bough__sequence *out,
                                      int32_t root)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__node *node = &plan->graph->node[root];
    const uint8_t *contributes = bough__contributes(plan, root);
    const struct bough__span stack = bough__stacked_span(plan, root, HEADS);
    const size_t tasks = plan->options.tasks;
    out->label.layer = node->layer;
    for (size_t t = 0, end; t < tasks; t = end) {
        end = t + 1;
        while (end < tasks && !contributes[t] && !contributes[end])
            end++;
        if (!contributes[t])
            BOUGH_TRY(bough__stack_zero_write(out, bough__span_of_stack(stack, (int64_t)t),
                                              bough_shape_elements(&node->need.y),
                                              (int64_t)(end - t)));
    }
done:
    return status;
}

static enum bough_status heads_pass(struct bough__plan *plan, struct bough__sequence *out)
{
    enum bough_status status = BOUGH_OK;
    for (int32_t n = plan->graph->count - 1; n >= 0; n--)
        if (bough__runs_in(plan, n, HEADS))
            BOUGH_TRY(bough__write_backward(plan, out, n, heads));
done:
    return status;
}

enum bough_status bough__plan_backward(struct bough__plan *plan, struct bough__sequence *out)
{
    return heads_pass(plan, out);
}

enum bough_status bough__plan_heads(struct bough__plan *plan, struct bough__sequence *out)
{
    enum bough_status status = BOUGH_OK;
    BOUGH_TRY(heads_pass(plan, out));
    out->label.op = "zero";
    for (int32_t n = plan->graph->count - 1; n >= 0; n--)
        if (plan->entry[n].met)
            BOUGH_TRY(zero_missing(plan, out, n));
done:
    return status;
}
