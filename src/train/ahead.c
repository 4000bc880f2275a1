#include "train/ahead.h"

#include "base/error.h"
#include "graph/gram.h"

#include <stdlib.h>

static const struct bough__params *params_of(const struct bough__ahead *ahead)
{
    return &ahead->weigh->model->params;
}

static size_t tasks_of(const struct bough__ahead *ahead)
{
    return ahead->weigh->model->config->tasks_count;
}

// ---- What is a single task's: the blocks behind the shared one ----

static const struct bough__param_block *head_of(const struct bough__ahead *ahead, size_t t)
{
    return &params_of(ahead)->block[t + 1];
}

static int64_t heads_elements(const struct bough__ahead *ahead)
{
    return params_of(ahead)->trained -
           (int64_t)(head_of(ahead, 0)->gradient.offset / sizeof(float));
}

static struct bough__span kept_head(const struct bough__ahead *ahead, size_t batch, size_t t)
{
    return bough__span_at(bough__whole(ahead->heads),
                          batch * (size_t)heads_elements(ahead) * sizeof(float) +
                              head_of(ahead, t)->gradient.offset -
                              head_of(ahead, 0)->gradient.offset);
}

// ---- Setting up ----

enum bough_status bough__ahead_init(struct bough__ahead *ahead, struct bough__arena *arena,
                                    struct bough__weigh_data *weigh)
{
    enum bough_status status = BOUGH_OK;
    struct bough_device *device = weigh->model->device;
    const size_t tasks = weigh->model->config->tasks_count, bytes = tasks * sizeof(float);
    if (!bough__weigh_looks_ahead(weigh))
        return BOUGH_OK;
    ahead->weigh = weigh;
    BOUGH_TRY_MEMORY(ahead->host = BOUGH_NEW(arena, float, tasks));
    BOUGH_TRY(bough__buffer_create(&ahead->values, device,
                                   (size_t)params_of(ahead)->elements * sizeof(float)));
    BOUGH_TRY(bough__buffer_create(&ahead->heads, device,
                                   2 * (size_t)heads_elements(ahead) * sizeof(float) + 1));
    BOUGH_TRY(bough__buffer_create(&ahead->losses, device, 2 * bytes));
    BOUGH_TRY(bough__buffer_create(&ahead->weights, device, bytes));
    BOUGH_TRY(bough__buffer_create(&ahead->parts, device,
                                   bough__gram_scratch(1, heads_elements(ahead)) + 1));
done:
    return status;
}

void bough__ahead_fini(struct bough__ahead *ahead)
{
    bough__buffer_destroy(&ahead->values);
    bough__buffer_destroy(&ahead->heads);
    bough__buffer_destroy(&ahead->losses);
    bough__buffer_destroy(&ahead->weights);
    bough__buffer_destroy(&ahead->parts);
}

enum bough_status bough__ahead_weights(const struct bough__ahead *ahead)
{
    enum bough_status status;
    BOUGH_TRY(bough__weigh_ahead(ahead->weigh, ahead->host));
    BOUGH_TRY(
        bough__write(bough__whole(ahead->weights), ahead->host, tasks_of(ahead) * sizeof(float)));
done:
    return status;
}

// ---- Copies ----

static enum bough_status copy(struct bough__sequence *out, struct bough__span to,
                              struct bough__span from, int64_t elements)
{
    return elements ? bough__stack_copy_write(out, to, from, elements, 1) : BOUGH_OK;
}

enum bough_status bough__ahead_keep_heads(const struct bough__ahead *ahead,
                                          struct bough__sequence *out, size_t batch)
{
    return copy(out, kept_head(ahead, batch, 0), head_of(ahead, 0)->gradient,
                heads_elements(ahead));
}

enum bough_status bough__ahead_there(const struct bough__ahead *ahead, struct bough__sequence *out)
{
    const struct bough__weigh_data *weigh = ahead->weigh;
    return copy(out, bough__weigh_at(weigh, weigh->at.there),
                bough__weigh_at(weigh, weigh->at.losses), 2 * (int64_t)tasks_of(ahead));
}

// `there` = 1: aside; 0: back.
static enum bough_status swap(const struct bough__ahead *ahead, struct bough__sequence *out,
                              int there)
{
    enum bough_status status;
    const struct bough__span losses = bough__weigh_at(ahead->weigh, ahead->weigh->at.losses),
                             kept = bough__whole(ahead->losses),
                             values = bough__whole(params_of(ahead)->value),
                             kept_values = bough__whole(ahead->values);
    const int64_t numbers = 2 * (int64_t)tasks_of(ahead);
    BOUGH_TRY(copy(out, there ? kept : losses, there ? losses : kept, numbers));
    BOUGH_TRY(copy(out, there ? kept_values : values, there ? values : kept_values,
                   params_of(ahead)->elements));
done:
    return status;
}

// ---- The heads' gradients times weights [T] ----

static enum bough_status weigh_heads(const struct bough__ahead *ahead, struct bough__sequence *out,
                                     size_t batch, struct bough__span weights, int add)
{
    enum bough_status status = BOUGH_OK;
    for (size_t t = 0; t < tasks_of(ahead); t++)
        if (head_of(ahead, t)->size)
            BOUGH_TRY(bough__stack_sum_write(
                out, &(struct bough__stack_sum){
                         .tasks = 1,
                         .elements = head_of(ahead, t)->size,
                         .stack = kept_head(ahead, batch, t),
                         .weights = bough__span_at(weights, t * sizeof(float)),
                         .y = head_of(ahead, t)->gradient,
                         .add = add,
                     }));
done:
    return status;
}

enum bough_status bough__ahead_heads(const struct bough__ahead *ahead, struct bough__sequence *out)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__weigh_data *weigh = ahead->weigh;
    for (size_t batch = 0; batch < bough__weigh_batches(weigh); batch++)
        BOUGH_TRY(weigh_heads(ahead, out, batch, bough__weigh_weights(weigh, batch, 0), batch > 0));
done:
    return status;
}

// ---- There and back ----

static enum bough_status weigh_all(const struct bough__ahead *ahead, struct bough__sequence *out,
                                   size_t batch)
{
    enum bough_status status;
    const struct bough__span weights = bough__whole(ahead->weights);
    BOUGH_TRY(weigh_heads(ahead, out, batch, weights, 0));
    BOUGH_TRY(bough__stack_sum_write(out, &(struct bough__stack_sum){
                                              .tasks = (int64_t)tasks_of(ahead),
                                              .elements = ahead->weigh->columns,
                                              .stack = bough__weigh_jacobian(ahead->weigh, batch),
                                              .weights = weights,
                                              .y = ahead->weigh->shared,
                                          }));
done:
    return status;
}

enum bough_status bough__ahead_go(const struct bough__ahead *ahead, struct bough__sequence *out)
{
    return swap(ahead, out, 1);
}

enum bough_status bough__ahead_descend(const struct bough__ahead *ahead,
                                       struct bough__sequence *out, struct bough__span state,
                                       size_t batch)
{
    enum bough_status status;
    const struct bough__params *params = params_of(ahead);
    struct bough__param_range *range = calloc((size_t)params->count + 1, sizeof *range);
    BOUGH_TRY_MEMORY(range);
    BOUGH_TRY(weigh_all(ahead, out, batch));
    const size_t ranges = bough__params_ranges(params, 0, params->blocks, -1, range);
    for (size_t i = 0; i < ranges; i++) {
        const size_t offset = (size_t)range[i].first * sizeof(float);
        const struct bough__block block = {
            .count = range[i].count,
            .params = bough__span_at(bough__whole(params->value), offset),
            .grads = bough__span_at(bough__whole(params->gradient), offset),
            .step = state,
        };
        BOUGH_TRY(bough__descend_write(out, &block));
    }
done:
    free(range);
    return status;
}

enum bough_status bough__ahead_back(const struct bough__ahead *ahead, struct bough__sequence *out)
{
    return swap(ahead, out, 0);
}

// A head has one task, so its part is on the diagonal.
static enum bough_status meet(const struct bough__ahead *ahead, struct bough__sequence *out,
                              size_t batch, size_t other, struct bough__span gram)
{
    enum bough_status status = BOUGH_OK;
    const size_t tasks = tasks_of(ahead);
    for (size_t t = 0; t < tasks; t++) {
        const struct bough__gram product = {
            .tasks = 1,
            .columns = head_of(ahead, t)->size,
            .jacobian = kept_head(ahead, batch, t),
            .others = 1,
            .other = kept_head(ahead, other, t),
            .gram = bough__span_at(gram, t * (tasks + 1) * sizeof(float)),
            .scratch = bough__whole(ahead->parts),
            .add = 1,
        };
        if (product.columns)
            BOUGH_TRY(bough__gram_write(out, &product));
    }
done:
    return status;
}

enum bough_status bough__ahead_meet(const struct bough__ahead *ahead, struct bough__sequence *out)
{
    enum bough_status status;
    const struct bough__weigh_data *weigh = ahead->weigh;
    BOUGH_TRY(meet(ahead, out, 1, 0, bough__weigh_at(weigh, weigh->at.cross)));
    for (size_t batch = 0; bough__weigh_steps(weigh) && batch < 2; batch++)
        BOUGH_TRY(
            meet(ahead, out, batch, batch, bough__weigh_matrix(weigh, weigh->at.squares, batch)));
done:
    return status;
}
