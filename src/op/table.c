// table: x [N, C], weight[0] [V0, D0], ... -> y [N, ...], the columns of attr.table in order: a
// number, 0 where it is missing (NaN), with 1 or 0 behind it that says so where it is masked; of a
// class the row of the next weight that its id names. A missing id is 0.
#include "base/error.h"
#include "op/embedding.h"

#include <math.h>
#include <string.h>

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

BOUGH_TWIN static void table_fwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct table_params *p = params;
    for (int64_t row = begin; row < end; row++)
        for (int k = 0; k < TABLE_WEIGHTS && arg[2 + k]; k++) {
            const float number = ((const float *)arg[0])[row * p->x_step + p->x_at[k]];
            const int64_t id = embedding_id_of(number, p->vocabulary[k]), width = p->width[k];
            const float *restrict from = (const float *)arg[2 + k] + id * width;
            float *restrict y = (float *)arg[1] + row * p->y_step + p->y_at[k];
            for (int64_t c = 0; c < width; c++)
                y[c] = from[c];
        }
}

// A row of the launch is a column: it looks at all its ids, in order.
BOUGH_TWIN static void table_bwd(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct table_params *p = params;
    for (int64_t k = begin; k < end; k++) {
        const int64_t width = p->width[k], floats = width * p->vocabulary[k];
        float *dweight = arg[2 + k];
        if (!(p->add >> k & 1))
            memset(dweight, 0, (size_t)floats * sizeof *dweight);
        for (int64_t n = 0; n < p->rows; n++) {
            const float number = ((const float *)arg[0])[n * p->x_step + p->x_at[k]];
            const float *restrict dy = (const float *)arg[1] + n * p->y_step + p->y_at[k];
            float *restrict to = dweight + embedding_id_of(number, p->vocabulary[k]) * width;
            for (int64_t c = 0; c < width; c++)
                to[c] += dy[c];
        }
    }
}

static const struct bough__kernel kernel_fwd = {"table_fwd",
                                                "embedding",
                                                table_fwd,
                                                BOUGH_GRID_SHORT_ROWS,
                                                .args = 2 + TABLE_WEIGHTS,
                                                .params_size = sizeof(struct table_params)};
static const struct bough__kernel kernel_bwd = {"table_bwd",
                                                "embedding",
                                                table_bwd,
                                                BOUGH_GRID_ROWS,
                                                .args = 2 + TABLE_WEIGHTS,
                                                .params_size = sizeof(struct table_params)};
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

// ---- Passes ----

// How many columns of numbers from `column` on are alike.
static int32_t run_of(const struct bough__table_attr *table, int32_t column)
{
    int32_t end = column;
    while (end < table->end && !table->classes[end] &&
           (table->masked[end] != 0) == (table->masked[column] != 0))
        end++;
    return end - column;
}

static enum bough_status put_numbers(struct bough__sequence *out, const struct bough__op_call *call,
                                     int32_t first, int32_t count, int64_t at)
{
    const int64_t elements = call->x[0].shape.dim[0] * count;
    const struct table_numbers_params params = {.columns = (int)call->x[0].shape.dim[1],
                                                .first = first,
                                                .count = count,
                                                .masks = call->attr->table.masked[first] != 0,
                                                .width = (int)call->y.shape.dim[1],
                                                .at = (int)at};
    return BOUGH_KERNEL(out, &kernel_numbers, elements, elements, &params, call->x[0].span,
                        call->y.span);
}

// Columns of classes that a launch takes together.
struct together {
    struct table_params params;
    struct bough__span weight[TABLE_WEIGHTS];
    int count;
    int64_t work;
};

static void take(struct together *to, const struct bough__op_call *call, struct bough__span weight,
                 int input, int32_t column, int64_t at)
{
    struct table_params *p = &to->params;
    const int k = to->count++;
    p->rows = (int)call->x[0].shape.dim[0];
    p->x_step = (int)call->x[0].shape.dim[1];
    p->y_step = (int)call->y.shape.dim[1];
    p->vocabulary[k] = (int)call->x[input].shape.dim[0];
    p->width[k] = (int)call->x[input].shape.dim[1];
    p->x_at[k] = column;
    p->y_at[k] = (int)at;
    p->add |= call->add_dx[input] << k;
    to->weight[k] = weight;
    to->work += (int64_t)p->rows * p->width[k];
}

// Launches what was taken, and begins anew.
static enum bough_status launch(struct bough__sequence *out, const struct bough__kernel *kernel,
                                int64_t count, struct together *of, struct bough__span x,
                                struct bough__span y)
{
    const struct bough__span *w = of->weight;
    const struct together all = *of;
    if (!all.count)
        return BOUGH_OK;
    const enum bough_status status = BOUGH_KERNEL(out, kernel, count, all.work, &all.params, x, y,
                                                  w[0], w[1], w[2], w[3], w[4], w[5], w[6]);
    *of = (struct together){0};
    return status;
}

static enum bough_status table_forward(struct bough__sequence *out,
                                       const struct bough__op_call *call)
{
    enum bough_status status = BOUGH_OK;
    const struct bough__table_attr *table = &call->attr->table;
    const int64_t rows = call->x[0].shape.dim[0];
    const struct bough__span x = call->x[0].span, y = call->y.span;
    struct together columns = {0};
    int64_t at = 0;
    int weight = 1;
    for (int32_t c = table->first, count; c < table->end; c += count) {
        count = table->classes[c] ? 1 : run_of(table, c);
        if (table->classes[c]) {
            take(&columns, call, call->x[weight].span, weight, c, at);
            at += call->x[weight++].shape.dim[1];
        } else {
            BOUGH_TRY(put_numbers(out, call, c, count, at));
            at += count + (table->masked[c] ? count : 0);
        }
        if (columns.count == TABLE_WEIGHTS)
            BOUGH_TRY(launch(out, &kernel_fwd, rows, &columns, x, y));
    }
    BOUGH_TRY(launch(out, &kernel_fwd, rows, &columns, x, y));
done:
    return status;
}

// A large weight by a launch of its own, of many rows.
static enum bough_status add_large(struct bough__sequence *out, const struct bough__op_call *call,
                                   int input, int32_t column, int64_t at)
{
    return bough__embedding_sum(
        out, call->x[0].span, call->dy.span, call->dx[input].span,
        (struct embedding_params){.rows = (int)call->x[0].shape.dim[0],
                                  .width = (int)call->x[input].shape.dim[1],
                                  .vocabulary = (int)call->x[input].shape.dim[0],
                                  .x_step = (int)call->x[0].shape.dim[1],
                                  .x_at = column,
                                  .y_step = (int)call->y.shape.dim[1],
                                  .y_at = (int)at,
                                  .numbers = 1,
                                  .add = call->add_dx[input]});
}

static enum bough_status table_backward(struct bough__sequence *out,
                                        const struct bough__op_call *call)
{
    enum { LARGE = 8192 }; // floats
    enum bough_status status = BOUGH_OK;
    const struct bough__table_attr *table = &call->attr->table;
    const struct bough__span x = call->x[0].span, dy = call->dy.span;
    struct together columns = {0};
    int64_t at = 0;
    int weight = 1;
    for (int32_t c = table->first; c < table->end; c++) {
        if (!table->classes[c]) {
            at += 1 + (table->masked[c] != 0);
            continue;
        }
        const struct bough__tensor *dx = &call->dx[weight];
        if (dx->span.buffer && bough_shape_elements(&call->x[weight].shape) > LARGE)
            BOUGH_TRY(add_large(out, call, weight, c, at));
        else if (dx->span.buffer)
            take(&columns, call, dx->span, weight, c, at);
        at += call->x[weight++].shape.dim[1];
        if (columns.count == TABLE_WEIGHTS)
            BOUGH_TRY(launch(out, &kernel_bwd, columns.count, &columns, x, dy));
    }
    BOUGH_TRY(launch(out, &kernel_bwd, columns.count, &columns, x, dy));
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
