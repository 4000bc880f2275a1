#include "nn/loss_step.h"

#include "cl/account.h"
#include "cl/loss_step_params.h"
#include "cl/step.h"
#include "op/loss_formula.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { MOST = 16384 }; // scores of a task

// ---- The kernel ----

// One task of the launch.
struct task {
    const struct loss_task *told;
    const float *x;
    const int32_t *label;
    const float *number;
    float *dx, *all;
    float factor;           // of the gradient
    struct class_loss loss; // of classes
};

BOUGH_IN_TWIN float class_row(const struct task *task, int64_t row, float lse, float all)
{
    const int classes = task->told->width, label = task->label[row];
    const float *x = task->x + row * classes;
    float *dx = task->dx ? task->dx + row * classes : NULL;
    if (!is_labelled(&task->loss, label)) {
        for (int c = 0; dx && c < classes; c++)
            dx[c] = 0.0f;
        return 0.0f;
    }
    if (dx)
        row_slopes(dx, &task->loss, x, lse, label, task->factor,
                   task->factor * task->told->smoothing / (float)classes, all);
    return row_value(&task->loss, x, lse, label);
}

BOUGH_TWIN static double class_sum(const struct task *task)
{
    enum { BLOCK = 64 };
    float lse[BLOCK];
    const float all = sum_of_class_weights(&task->loss);
    double sum = 0;
    for (int64_t first = 0; first < task->told->rows; first += BLOCK) {
        const int64_t left = task->told->rows - first, rows = left < BLOCK ? left : BLOCK;
        rows_log_sum_exp(lse, task->x + first * task->told->width, rows, task->told->width);
        for (int64_t i = 0; i < rows; i++)
            sum += (double)class_row(task, first + i, lse[i], all);
    }
    return sum;
}

BOUGH_IN_TWIN double value_sum(const struct task *task, value_formula *value, value_formula *slope)
{
    const int64_t count = (int64_t)task->told->rows * task->told->width;
    const float *x = task->x, *t = task->number, own = task->told->number;
    double sum = 0;
    for (int64_t first = 0; first < count; first += LOSS_CHUNK) {
        const int64_t end = first + LOSS_CHUNK < count ? first + LOSS_CHUNK : count;
        sum += (double)sum_values(x, t, first, end, own, value).sum;
    }
    if (task->dx)
        value_slopes(task->dx, x, t, 0, count, task->factor, own, slope);
    return sum;
}

static double class_weight_sum(const struct task *task)
{
    double sum = 0;
    for (int64_t row = 0; row < task->told->rows; row++)
        if (is_labelled(&task->loss, task->label[row]))
            sum += (double)weight_of(&task->loss, task->label[row]);
    return sum;
}

static double value_weight_sum(const struct task *task)
{
    int64_t count = 0;
    for (int64_t i = 0; i < (int64_t)task->told->rows * task->told->width; i++)
        count += !isnan(task->number[i]);
    return (double)count;
}

#define VALUE_SUM(name, target, metric, help, options)                                             \
    BOUGH_TWIN static double name##_sum(const struct task *task)                                   \
    {                                                                                              \
        return value_sum(task, name##_value, name##_slope);                                        \
    }
BOUGH_VALUE_LOSSES(VALUE_SUM)

// By enum loss_kind.
static const struct {
    const struct bough__op *op;
    int of_classes;
    double (*weight)(const struct task *task);
    double (*sum)(const struct task *task);
} kinds[] = {
#define CLASS_KIND(name, target, metric, help, options)                                            \
    {&bough__op_##name, 1, class_weight_sum, class_sum},
#define VALUE_KIND(name, target, metric, help, options)                                            \
    {&bough__op_##name, 0, value_weight_sum, name##_sum},
    BOUGH_CLASS_LOSSES(CLASS_KIND) BOUGH_VALUE_LOSSES(VALUE_KIND)};

static void keep_account(struct loss_account *account, float mean, float weight, unsigned int step)
{
    account->loss += mean * weight;
    account->weight += weight;
    if (!isfinite(mean) && account->bad_step == 0) {
        account->bad_loss = mean;
        account->bad_step = step;
    }
}

static void keep_scores(const struct task *task, int64_t first)
{
    const int64_t left = task->told->stored - first;
    const int64_t rows = task->told->rows < left ? task->told->rows : left;
    if (task->all && rows > 0)
        memcpy(task->all + first * task->told->width, task->x,
               (size_t)(rows * task->told->width) * sizeof *task->x);
}

static void loss_step(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct step_state *step = arg[0];
    for (int64_t t = begin; t < end; t++) {
        void *const *own = arg + 4 + 5 * t;
        struct task task = {.told = &((const struct loss_step_params *)params)->task[t],
                            .x = own[0],
                            .label = own[1],
                            .number = own[1],
                            .dx = own[3],
                            .all = own[4]};
        task.loss = (struct class_loss){task.told->kind,      own[2],           task.told->width, 1,
                                        task.told->smoothing, task.told->number};
        const double weight = kinds[task.told->kind].weight(&task);
        if (task.dx && weight > 0)
            task.factor = ((const float *)arg[2])[t] / (float)weight;
        const double sum = kinds[task.told->kind].sum(&task);
        const float mean = weight > 0 ? (float)(sum / weight) : 0.0f;
        float *loss = (float *)arg[1] + 2 * t;
        loss[0] = mean;
        loss[1] = (float)weight;
        if (arg[3])
            keep_account((struct loss_account *)arg[3] + t, mean, loss[1], step->step);
        keep_scores(&task, step->first);
    }
}

static const struct bough__kernel kernel_loss_step = {"loss_step",
                                                      "loss_step",
                                                      loss_step,
                                                      BOUGH_GRID_ROWS,
                                                      .args = 4 + 5 * LOSS_STEP_TASKS,
                                                      .params_size =
                                                          sizeof(struct loss_step_params)};

// ---- Writing it ----

int bough__loss_step_suits(const struct bough_shape *scores)
{
    return scores->rank == 2 && bough_shape_elements(scores) <= MOST;
}

static int kind_of(const struct bough__op *op)
{
    int kind = 0;
    while (kinds[kind].op != op) {
        kind++;
        assert(kind < (int)(sizeof kinds / sizeof *kinds));
    }
    return kind;
}

static void add_task(struct bough__kernel_call *call, struct loss_task *told,
                     const struct bough__loss_task *task)
{
    struct bough__span *arg = call->arg + 4 + 5 * call->count;
    *told = (struct loss_task){.kind = kind_of(task->op),
                               .of_classes = kinds[kind_of(task->op)].of_classes,
                               .rows = (int)task->x.shape.dim[0],
                               .width = (int)task->x.shape.dim[1],
                               .smoothing = task->attr->smoothing,
                               .number = task->attr->value,
                               .stored = (int)task->stored};
    arg[0] = task->x.span;
    arg[1] = task->target;
    arg[2] = task->class_weights;
    arg[3] = task->dx;
    arg[4] = task->all;
    call->count++;
    call->work += bough_shape_elements(&task->x.shape);
}

enum bough_status bough__loss_step_write(struct bough__sequence *out,
                                         const struct bough__loss_step *shared,
                                         const struct bough__loss_task *task, size_t tasks)
{
    for (size_t first = 0; first < tasks; first += LOSS_STEP_TASKS) {
        struct loss_step_params params = {0};
        struct bough__kernel_call call = {
            .kernel = &kernel_loss_step,
            .params = &params,
            .arg = {shared->step, bough__span_at(shared->loss, first * 2 * sizeof(float)),
                    bough__span_at(shared->factor, first * sizeof(float)),
                    bough__span_at(shared->account, first * sizeof(struct loss_account))}};
        for (size_t i = 0; i < LOSS_STEP_TASKS && first + i < tasks; i++)
            add_task(&call, &params.task[i], &task[first + i]);
        enum bough_status status = bough__sequence_kernel(out, &call);
        if (status != BOUGH_OK)
            return status;
    }
    return BOUGH_OK;
}
