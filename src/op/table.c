// table: x [N, C], weight[0] [V0, D0], ... -> y [N, ...], the columns of attr.table in order: a
// number, 0 where it is missing (NaN), with 1 or 0 behind it that says so where it is masked; of a
// class the row of the next weight that its id names. A missing id is 0.
#include "base/error.h"
#include "op/embedding.h"

#include <math.h>

BOUGH_TWIN static void table_numbers_fwd(void *const *arg, const void *params, int64_t begin,
                                         int64_t end)
{
    const struct table_numbers_params *p = params;
    int64_t row = begin / p->count, column = begin % p->count;
    for (int64_t i = begin, end_column; i < end; i += end_column - column, column = 0, row++) {
        const float *restrict x = (const float *)arg[0] + row * p->columns + p->first;
        float *restrict y = (float *)arg[1] + row * p->width + p->at;
        end_column = p->count - column < end - i ? p->count : column + end - i;
        for (int64_t c = column; p->masks && c < end_column; c++) {
            y[2 * c] = isnan(x[c]) ? 0.0f : x[c];
            y[2 * c + 1] = isnan(x[c]) ? 1.0f : 0.0f;
        }
        for (int64_t c = column; !p->masks && c < end_column; c++)
            y[c] = isnan(x[c]) ? 0.0f : x[c];
    }
}

static const struct bough__kernel kernel_numbers = {
    "table_numbers_fwd", "embedding", table_numbers_fwd,
    BOUGH_GRID_ITEMS,    .args = 2,   .params_size = sizeof(struct table_numbers_params)};

static enum bough_status table_shape(struct bough__op_need *need, const struct bough__op_call *call)
{
    const struct bough__table_attr *table = &call->attr->table;
    const struct bough_shape *x = &call->x[0].shape;
    int weight = 1;
    int64_t width = 0;
    char text[128];
    if (x->rank != 2 || call->x[0].dtype != BOUGH_F32 || table->first < 0 || table->end > x->dim[1])
        return bough__fail(BOUGH_INVALID, "input %s, wanted [N, C] of columns up to %d",
                           bough_shape_format(x, text, sizeof text), table->end);
    for (int32_t c = table->first; c < table->end; c++) {
        if (!table->classes[c]) {
            width += 1 + (table->masked[c] != 0);
            continue;
        }
        const struct bough_shape *shape = &call->x[weight].shape;
        if (weight >= call->inputs || shape->rank != 2 || shape->dim[0] != table->classes[c])
            return bough__fail(BOUGH_INVALID, "weight %s of column %d, wanted [%d, D]",
                               bough_shape_format(shape, text, sizeof text), c, table->classes[c]);
        width += call->x[weight++].shape.dim[1];
    }
    if (weight != call->inputs)
        return bough__fail(BOUGH_INVALID, "%d weights, and %d columns are classes",
                           call->inputs - 1, weight - 1);
    need->y = (struct bough_shape){2, {x->dim[0], width}};
    return BOUGH_OK;
}

static struct embedding_params column_params(const struct bough__op_call *call, int32_t column,
                                             int weight, int64_t at)
{
    return (struct embedding_params){.rows = (int)call->x[0].shape.dim[0],
                                     .width = (int)call->x[weight].shape.dim[1],
                                     .vocabulary = (int)call->x[weight].shape.dim[0],
                                     .x_step = (int)call->x[0].shape.dim[1],
                                     .x_at = column,
                                     .y_step = (int)call->y.shape.dim[1],
                                     .y_at = (int)at,
                                     .numbers = 1};
}

// How many columns of numbers from `column` on are alike.
static int32_t run_of(const struct bough__table_attr *table, int32_t column)
{
    int32_t end = column;
    while (end < table->end && !table->classes[end] &&
           (table->masked[end] != 0) == (table->masked[column] != 0))
        end++;
    return end - column;
}

static enum bough_status table_forward(struct bough__sequence *out,
                                       const struct bough__op_call *call)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__table_attr *table = &call->attr->table;
    const int64_t rows = call->x[0].shape.dim[0];
    int64_t at = 0;
    int weight = 1;
    for (int32_t c = table->first, count; c < table->end; c += count) {
        count = 1;
        if (table->classes[c]) {
            const struct embedding_params params = column_params(call, c, weight, at);
            BOUGH_TRY(bough__embedding_put(out, call->x[0].span, call->x[weight++].span,
                                           call->y.span, params));
            at += params.width;
            continue;
        }
        count = run_of(table, c);
        const struct table_numbers_params params = {.columns = (int)call->x[0].shape.dim[1],
                                                    .first = c,
                                                    .count = count,
                                                    .masks = table->masked[c] != 0,
                                                    .width = (int)call->y.shape.dim[1],
                                                    .at = (int)at};
        BOUGH_TRY(BOUGH_KERNEL(out, &kernel_numbers, rows * count, rows * count, &params,
                               call->x[0].span, call->y.span));
        at += count + params.masks * count;
    }
done:
    return status;
}

static enum bough_status table_backward(struct bough__sequence *out,
                                        const struct bough__op_call *call)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__table_attr *table = &call->attr->table;
    int64_t at = 0;
    int weight = 1;
    for (int32_t c = table->first; c < table->end; c++) {
        if (!table->classes[c]) {
            at += 1 + (table->masked[c] != 0);
            continue;
        }
        struct embedding_params params = column_params(call, c, weight, at);
        params.add = call->add_dx[weight];
        if (call->dx[weight].span.buffer)
            BOUGH_TRY(bough__embedding_sum(out, call->x[0].span, call->dy.span,
                                           call->dx[weight].span, params));
        at += params.width;
        weight++;
    }
done:
    return status;
}

const struct bough__op bough__op_table = {
    .name = "table",
    .inputs_min = 1,
    .inputs_max = BOUGH_MAX_INPUTS,
    .flags = BOUGH__OP_BACKWARD_READS_X | BOUGH__OP_ACCUMULATES,
    .no_gradient = 1,
    .shape = table_shape,
    .forward = table_forward,
    .backward = table_backward,
};
