// The launches of a plan's passes.
#include "base/error.h"
#include "graph/gram.h"
#include "graph/plan_parts.h"

// A backward pass for tasks first..first + count - 1.
struct run {
    enum bough__pass pass;
    size_t first, count;
    size_t held, held_end; // where groups cross: the tasks whose gradients stand
};

static const struct run heads = {.pass = HEADS, .count = 1};
static const struct run weighted = {.pass = WEIGHTED, .count = 1};

// ---- Spans ----

static struct bough__span area_span(const struct bough__plan *plan, int32_t area)
{
    if (area == NONE)
        return (struct bough__span){0};
    return bough__span_at(bough__whole(plan->buffer), plan->area[area].offset);
}

// One for each of a run, `bytes` apart.
static struct bough__span stack_span(const struct bough__plan *plan, int32_t area, struct run run,
                                     size_t bytes)
{
    struct bough__span span = area_span(plan, area);
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
                                              : area_span(plan, plan->entry[root].value),
                                  .shape = need->y,
                                  .dtype = need->y_dtype};
}

// A row of the Jacobian for each task.
static struct bough__span jacobian_span(const struct bough__plan *plan, int32_t leaf)
{
    return bough__span_at(plan->options.jacobian,
                          plan->graph->node[leaf].gradient.offset - plan->options.shared.offset);
}

// The gradients of a stacked root in a pass, the first task's first.
static struct bough__span stacked_span(const struct bough__plan *plan, int32_t root,
                                       enum bough__pass pass)
{
    const struct bough__node *node = &plan->graph->node[root];
    if (!node->op && plan->options.mode == BOUGH_PLAN_JACOBIAN)
        return jacobian_span(plan, root);
    struct bough__span span = area_span(plan, plan->entry[root].gradient[pass]);
    span.stride = bough__value_bytes(node);
    return span;
}

// Whether the tasks of a run are among those that are held.
static int is_held(struct run run)
{
    return run.first >= run.held && run.first < run.held_end;
}

// Where a leaf's gradients of a group of tasks are left, to be held or to cross.
static struct bough__span crossing_span(const struct bough__plan *plan, int32_t leaf,
                                        struct run run)
{
    struct bough__span span = stacked_span(plan, leaf, SWEEP);
    if (is_held(run))
        return bough__span_of_stack(span, (int64_t)(run.first - run.held));
    const size_t stride = span.stride;
    span = area_span(plan, plan->entry[leaf].crossing);
    span.stride = stride;
    return span;
}

// Whether there is a place for every task, not only for those of the run.
static int has_all_tasks(const struct bough__plan *plan, int32_t root)
{
    return plan->options.mode == BOUGH_PLAN_JACOBIAN &&
           (plan->entry[root].met || !plan->graph->node[root].op);
}

// Where op `by` finds or leaves the gradient of `node`.
static struct bough__tensor gradient_of(const struct bough__plan *plan, int32_t node,
                                        struct run run, int32_t by)
{
    struct bough__tensor gradient = bough__plan_value(plan, node);
    int32_t root = plan->entry[node].root;
    const struct bough__span own = plan->graph->node[root].gradient;
    gradient.span = stacked_span(plan, root, run.pass);
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
        gradient.span = crossing_span(plan, root, run);
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
        .saved = area_span(plan, entry->saved),
        .scratch = area_span(plan, entry->forward_scratch),
        .step = plan->options.step,
    };
    for (int i = 0; i < node->inputs; i++)
        call.x[i] = bough__plan_value(plan, node->input[i]);
    return call;
}

static struct bough__op_call backward_call(const struct bough__plan *plan, int32_t n,
                                           struct run run)
{
    const struct bough__node *node = &plan->graph->node[n];
    const struct bough__entry *entry = &plan->entry[n];
    struct bough__op_call call = forward_call(plan, n);
    call.stack = (int64_t)run.count;
    call.scratch = stack_span(plan, entry->scratch[run.pass], run, bough__scratch_stride(node));
    call.dy = gradient_of(plan, n, run, n);
    for (int i = 0; i < node->inputs; i++) {
        if (entry->contribution[i] == NOT_WANTED)
            continue;
        call.dx[i] = gradient_of(plan, node->input[i], run, n);
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
                                      struct bough__tensor extra, struct run run)
{
    static const struct bough__attr plain;
    struct bough__op_call call = {.attr = &plain, .inputs = 2, .x = {sum, extra}, .y = sum};
    out->label.op = bough__op_add.name;
    out->stack = (int64_t)run.count;
    enum bough_status status = bough__op_add.forward(out, &call);
    out->stack = 0;
    return status;
}

static enum bough_status write_backward(struct bough__plan *plan, struct bough__sequence *out,
                                        int32_t n, struct run run)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__node *node = &plan->graph->node[n];
    struct bough__op_call call = backward_call(plan, n, run);
    out->label.layer = node->layer;
    if (!node->external)
        BOUGH_TRY(bough__op_write(out, node->op, BOUGH_BACKWARD, &call, &node->need));
    for (int i = 0; i < node->inputs; i++)
        if (plan->entry[n].contribution[i] == ADDED_AFTERWARDS)
            BOUGH_TRY(
                add_gradient(out, gradient_of(plan, node->input[i], run, n), call.dx[i], run));
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
    const struct bough__span stack = stacked_span(plan, root, HEADS);
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
            BOUGH_TRY(write_backward(plan, out, n, heads));
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

// ---- The sweep, and the weighted pass ----

// Takes what the heads left at a root into the sweep for the Gram matrix, which may overwrite it,
// or sums it up for the weighted pass.
static enum bough_status take_over(struct bough__plan *plan, struct bough__sequence *out,
                                   int32_t root, struct run run)
{
    const struct bough__node *node = &plan->graph->node[root];
    const int64_t elements = bough_shape_elements(&node->need.y);
    const struct bough__span met = stacked_span(plan, root, HEADS);
    out->label.layer = node->layer;
    if (run.pass == WEIGHTED) {
        out->label.op = "weighted_sum";
        return bough__stack_sum_write(
            out, &(struct bough__stack_sum){.tasks = (int64_t)plan->options.tasks,
                                            .elements = elements,
                                            .stack = met,
                                            .weights = plan->options.weights,
                                            .y = gradient_of(plan, root, run, root).span});
    }
    out->label.op = "copy";
    return bough__stack_copy_write(out, gradient_of(plan, root, run, root).span,
                                   bough__span_of_stack(met, (int64_t)run.first), elements,
                                   (int64_t)run.count);
}

// Before the first op that contributes to a root, or reads it.
static enum bough_status take_over_for(struct bough__plan *plan, struct bough__sequence *out,
                                       int32_t n, struct run run)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__node *node = &plan->graph->node[n];
    if (plan->entry[n].met && plan->entry[n].first_of_sweep == NONE)
        BOUGH_TRY(take_over(plan, out, n, run));
    for (int i = 0; i < node->inputs; i++) {
        const int32_t root = plan->entry[node->input[i]].root;
        int again = 0;
        for (int j = 0; j < i; j++)
            again |= plan->entry[node->input[j]].root == root;
        if (plan->entry[root].met && plan->entry[root].first_of_sweep == n && !again)
            BOUGH_TRY(take_over(plan, out, root, run));
    }
done:
    return status;
}

// The products of the tasks from `row` on and those from `column` on.
static struct bough__span block_at(const struct bough__plan *plan, size_t row, size_t column)
{
    const size_t tasks = plan->options.tasks;
    struct bough__span block =
        bough__span_at(plan->options.gram, (row * tasks + column) * sizeof(float));
    block.stride = tasks * sizeof(float);
    return block;
}

static enum bough_status write_block(const struct bough__plan *plan, struct bough__sequence *out,
                                     int32_t leaf, struct bough__gram gram)
{
    const struct bough__node *node = &plan->graph->node[leaf];
    gram.columns = bough_shape_elements(&node->need.y);
    gram.scratch = area_span(plan, plan->entry[leaf].scratch[SWEEP]);
    out->label.layer = node->layer;
    out->label.op = "gram";
    return bough__gram_write(out, &gram);
}

// Those that are held by each other, as soon as they are complete.
static enum bough_status write_held(const struct bough__plan *plan, struct bough__sequence *out,
                                    int32_t leaf, struct run run)
{
    const struct bough__gram held = {.tasks = (int64_t)(run.held_end - run.held),
                                     .jacobian = stacked_span(plan, leaf, SWEEP),
                                     .gram = block_at(plan, run.held, run.held),
                                     .add = 1};
    return run.first + run.count == run.held_end ? write_block(plan, out, leaf, held) : BOUGH_OK;
}

// A group by those that are held, and the other way round.
static enum bough_status write_crossing(const struct bough__plan *plan, struct bough__sequence *out,
                                        int32_t leaf, struct run run)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__gram below = {.tasks = (int64_t)run.count,
                                      .jacobian = crossing_span(plan, leaf, run),
                                      .others = (int64_t)(run.held_end - run.held),
                                      .other = stacked_span(plan, leaf, SWEEP),
                                      .gram = block_at(plan, run.first, run.held),
                                      .add = 1};
    const struct bough__gram right = {.tasks = below.others,
                                      .jacobian = below.other,
                                      .others = below.tasks,
                                      .other = below.jacobian,
                                      .gram = block_at(plan, run.held, run.first),
                                      .add = 1};
    BOUGH_TRY(write_block(plan, out, leaf, below));
    BOUGH_TRY(write_block(plan, out, leaf, right));
done:
    return status;
}

static enum bough_status write_gram(struct bough__plan *plan, struct bough__sequence *out,
                                    int32_t leaf, struct run run, int *any)
{
    const int swept = plan->entry[leaf].last_of_sweep != NONE;
    const struct bough__gram all = {.tasks = (int64_t)plan->options.tasks,
                                    .jacobian = stacked_span(plan, leaf, swept ? SWEEP : HEADS),
                                    .gram = plan->options.gram,
                                    .add = *any};
    if (swept && bough__crosses(plan))
        return is_held(run) ? write_held(plan, out, leaf, run)
                            : write_crossing(plan, out, leaf, run);
    if (run.first) // it stands since the heads, and is in already
        return BOUGH_OK;
    *any = 1;
    return write_block(plan, out, leaf, all);
}

// Of the leaves whose last contribution is op n's, or that are n and have none in the sweep.
static enum bough_status write_grams(struct bough__plan *plan, struct bough__sequence *out,
                                     int32_t n, struct run run, int *any)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__node *node = &plan->graph->node[n];
    if (bough__is_gram_leaf(plan, n) && plan->entry[n].last_of_sweep == NONE)
        BOUGH_TRY(write_gram(plan, out, n, run, any));
    for (int i = 0; i < node->inputs; i++) {
        int again = 0;
        for (int j = 0; j < i; j++)
            again |= node->input[j] == node->input[i];
        if (bough__is_gram_leaf(plan, node->input[i]) &&
            plan->entry[node->input[i]].last_of_sweep == n && !again)
            BOUGH_TRY(write_gram(plan, out, node->input[i], run, any));
    }
done:
    return status;
}

// `any`: a layer is in the Gram matrix already.
static enum bough_status stacked_pass(struct bough__plan *plan, struct bough__sequence *out,
                                      struct run run, int *any)
{
    enum bough_status status = BOUGH_OK;
    const int gram = plan->options.mode == BOUGH_PLAN_GRAM;
    for (int32_t n = plan->graph->count - 1; n >= 0; n--) {
        const int leaf = bough__is_gram_leaf(plan, n);
        if (!leaf && !bough__runs_in(plan, n, run.pass))
            continue;
        if (gram && (!leaf || run.pass == WEIGHTED))
            BOUGH_TRY(take_over_for(plan, out, n, run));
        if (!leaf)
            BOUGH_TRY(write_backward(plan, out, n, run));
        if (gram && run.pass == SWEEP)
            BOUGH_TRY(write_grams(plan, out, n, run, any));
    }
done:
    return status;
}

// A group at a time, up to `end`.
static enum bough_status sweep_groups(struct bough__plan *plan, struct bough__sequence *out,
                                      struct run run, size_t end, int *any)
{
    enum bough_status status = BOUGH_OK;
    for (; run.first < end; run.first += plan->group) {
        const size_t left = end - run.first;
        run.count = left < plan->group ? left : plan->group;
        BOUGH_TRY(stacked_pass(plan, out, run, any));
    }
done:
    return status;
}

// One half of the tasks after the other is held; behind the first one the second crosses it.
static enum bough_status sweep_crossing(struct bough__plan *plan, struct bough__sequence *out)
{
    enum bough_status status = BOUGH_OK;
    const size_t tasks = plan->options.tasks, half = plan->held;
    int any = 1;
    BOUGH_TRY(bough__stack_zero_write(out, plan->options.gram, (int64_t)(tasks * tasks), 1));
    BOUGH_TRY(sweep_groups(plan, out, (struct run){SWEEP, 0, 0, 0, half}, half, &any));
    BOUGH_TRY(sweep_groups(plan, out, (struct run){SWEEP, half, 0, 0, half}, tasks, &any));
    BOUGH_TRY(sweep_groups(plan, out, (struct run){SWEEP, half, 0, half, tasks}, tasks, &any));
done:
    return status;
}

enum bough_status bough__plan_sweep(struct bough__plan *plan, struct bough__sequence *out)
{
    enum bough_status status = BOUGH_OK;
    const size_t tasks = plan->options.tasks;
    int any = 0;
    if (bough__crosses(plan))
        return sweep_crossing(plan, out);
    BOUGH_TRY(sweep_groups(plan, out, (struct run){.pass = SWEEP}, tasks, &any));
    if (plan->options.mode == BOUGH_PLAN_GRAM && !any)
        BOUGH_TRY(bough__stack_zero_write(out, plan->options.gram, (int64_t)(tasks * tasks), 1));
done:
    return status;
}

enum bough_status bough__plan_weighted(struct bough__plan *plan, struct bough__sequence *out)
{
    int any = 0;
    return stacked_pass(plan, out, weighted, &any);
}
