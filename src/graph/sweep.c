// The launches of the passes through what several tasks share: the sweep, and the weighted pass.
#include "base/error.h"
#include "graph/gram.h"
#include "graph/plan_parts.h"

static const struct bough__pass_run weighted = {.pass = WEIGHTED, .count = 1};

// ---- What the heads left ----

// Takes what the heads left at a root into the sweep for the Gram matrix, which may overwrite it,
// or sums it up for the weighted pass.
static enum bough_status take_over(struct bough__plan *plan, struct bough__sequence *out,
                                   int32_t root, struct bough__pass_run run)
{
    const struct bough__node *node = &plan->graph->node[root];
    const int64_t elements = bough_shape_elements(&node->need.y);
    const struct bough__span met = bough__stacked_span(plan, root, HEADS);
    out->label.layer = node->layer;
    if (run.pass == WEIGHTED) {
        out->label.op = "weighted_sum";
        return bough__stack_sum_write(
            out, &(struct bough__stack_sum){.tasks = (int64_t)plan->options.tasks,
                                            .elements = elements,
                                            .stack = met,
                                            .weights = plan->options.weights,
                                            .y = bough__gradient_of(plan, root, run, root).span});
    }
    out->label.op = "copy";
    return bough__stack_copy_write(out, bough__gradient_of(plan, root, run, root).span,
                                   bough__span_of_stack(met, (int64_t)run.first), elements,
                                   (int64_t)run.count);
}

// The node whose gradient an op's input contributes to; NONE where an input before it does so too.
static int32_t root_of_input(const struct bough__plan *plan, const struct bough__node *node,
                             int input)
{
    const int32_t root = plan->entry[node->input[input]].root;
    for (int i = 0; i < input; i++)
        if (plan->entry[node->input[i]].root == root)
            return NONE;
    return root;
}

// Before the first op that contributes to a root, or reads it.
static enum bough_status take_over_for(struct bough__plan *plan, struct bough__sequence *out,
                                       int32_t n, struct bough__pass_run run)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__node *node = &plan->graph->node[n];
    if (plan->entry[n].met && plan->entry[n].first_of_sweep == NONE)
        BOUGH_TRY(take_over(plan, out, n, run));
    for (int i = 0; i < node->inputs; i++) {
        const int32_t root = root_of_input(plan, node, i);
        if (root != NONE && plan->entry[root].met && plan->entry[root].first_of_sweep == n)
            BOUGH_TRY(take_over(plan, out, root, run));
    }
done:
    return status;
}

// ---- The Gram matrix ----

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
    gram.scratch = bough__area_span(plan, plan->entry[leaf].scratch[SWEEP]);
    out->label.layer = node->layer;
    out->label.op = "gram";
    return bough__gram_write(out, &gram);
}

// Those that are held by each other, as soon as they are complete.
static enum bough_status write_held(const struct bough__plan *plan, struct bough__sequence *out,
                                    int32_t leaf, struct bough__pass_run run)
{
    const struct bough__gram held = {.tasks = (int64_t)(run.held_end - run.held),
                                     .jacobian = bough__stacked_span(plan, leaf, SWEEP),
                                     .gram = block_at(plan, run.held, run.held),
                                     .add = 1};
    return run.first + run.count == run.held_end ? write_block(plan, out, leaf, held) : BOUGH_OK;
}

// A group by those that are held, and the other way round.
static enum bough_status write_crossing(const struct bough__plan *plan, struct bough__sequence *out,
                                        int32_t leaf, struct bough__pass_run run)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__gram below = {.tasks = (int64_t)run.count,
                                      .jacobian = bough__crossing_span(plan, leaf, run),
                                      .others = (int64_t)(run.held_end - run.held),
                                      .other = bough__stacked_span(plan, leaf, SWEEP),
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
                                    int32_t leaf, struct bough__pass_run run, int *any)
{
    const int swept = plan->entry[leaf].last_of_sweep != NONE;
    const struct bough__gram all = {.tasks = (int64_t)plan->options.tasks,
                                    .jacobian =
                                        bough__stacked_span(plan, leaf, swept ? SWEEP : HEADS),
                                    .gram = plan->options.gram,
                                    .add = *any};
    if (swept && bough__crosses(plan))
        return bough__is_held(run) ? write_held(plan, out, leaf, run)
                                   : write_crossing(plan, out, leaf, run);
    if (run.first) // it stands since the heads, and is in already
        return BOUGH_OK;
    *any = 1;
    return write_block(plan, out, leaf, all);
}

// Of the leaves whose last contribution is op n's, or that are n and have none in the sweep.
static enum bough_status write_grams(struct bough__plan *plan, struct bough__sequence *out,
                                     int32_t n, struct bough__pass_run run, int *any)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__node *node = &plan->graph->node[n];
    if (bough__is_gram_leaf(plan, n) && plan->entry[n].last_of_sweep == NONE)
        BOUGH_TRY(write_gram(plan, out, n, run, any));
    for (int i = 0; i < node->inputs; i++) {
        const int32_t root = root_of_input(plan, node, i);
        if (root != NONE && bough__is_gram_leaf(plan, root) && plan->entry[root].last_of_sweep == n)
            BOUGH_TRY(write_gram(plan, out, root, run, any));
    }
done:
    return status;
}

// ---- The passes ----

// `any`: a layer is in the Gram matrix already.
static enum bough_status stacked_pass(struct bough__plan *plan, struct bough__sequence *out,
                                      struct bough__pass_run run, int *any)
{
    enum bough_status status = BOUGH_OK;
    const int weighs = bough__plan_weighs(plan);
    for (int32_t n = plan->graph->count - 1; n >= 0; n--) {
        const int leaf = bough__is_gram_leaf(plan, n);
        if (!leaf && !bough__runs_in(plan, n, run.pass))
            continue;
        if (weighs && (!leaf || run.pass == WEIGHTED))
            BOUGH_TRY(take_over_for(plan, out, n, run));
        if (!leaf)
            BOUGH_TRY(bough__write_backward(plan, out, n, run));
        if (weighs && run.pass == SWEEP)
            BOUGH_TRY(write_grams(plan, out, n, run, any));
    }
done:
    return status;
}

// A group at a time, up to `end`.
static enum bough_status sweep_groups(struct bough__plan *plan, struct bough__sequence *out,
                                      struct bough__pass_run run, size_t end, int *any)
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
    BOUGH_TRY(sweep_groups(plan, out, (struct bough__pass_run){SWEEP, 0, 0, 0, half}, half, &any));
    BOUGH_TRY(
        sweep_groups(plan, out, (struct bough__pass_run){SWEEP, half, 0, 0, half}, tasks, &any));
    BOUGH_TRY(sweep_groups(plan, out, (struct bough__pass_run){SWEEP, half, 0, half, tasks}, tasks,
                           &any));
done:
    return status;
}

// The products of what the heads left where they meet.
static enum bough_status write_met(struct bough__plan *plan, struct bough__sequence *out, int *any)
{
    enum bough_status status = BOUGH_OK;
    for (int32_t n = plan->graph->count - 1; n >= 0; n--) {
        const struct bough__gram met = {.tasks = (int64_t)plan->options.tasks,
                                        .jacobian = bough__stacked_span(plan, n, HEADS),
                                        .gram = plan->options.gram,
                                        .add = *any};
        if (!plan->entry[n].met || plan->entry[n].root != n)
            continue;
        BOUGH_TRY(write_block(plan, out, n, met));
        *any = 1;
    }
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
    if (plan->options.mode == BOUGH_PLAN_REPRESENTATION)
        BOUGH_TRY(write_met(plan, out, &any));
    else
        BOUGH_TRY(sweep_groups(plan, out, (struct bough__pass_run){.pass = SWEEP}, tasks, &any));
    if (bough__plan_weighs(plan) && !any)
        BOUGH_TRY(bough__stack_zero_write(out, plan->options.gram, (int64_t)(tasks * tasks), 1));
done:
    return status;
}

enum bough_status bough__plan_weighted(struct bough__plan *plan, struct bough__sequence *out)
{
    int any = 0;
    return stacked_pass(plan, out, weighted, &any);
}
