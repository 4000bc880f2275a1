#include "nn/loss_step.h"

#include "cl/account.h"
#include "cl/loss_step_params.h"
#include "cl/step.h"
#include "op/lanes.h"
#include "op/loss_mean.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { MOST = 16384 }; // scores of a task

// ---- The kernel ----

// One task of the launch.
struct task {
    const struct loss_task *told;
    const float *x, *class_weight;
    const int32_t *label;
    const float *number;
    float *dx, *all;
    float factor, class_weights; // of the gradient; the classes' weights in sum
};

BOUGH_IN_TWIN float weight_of(const struct task *task, int c)
{
    return task->class_weight ? task->class_weight[c] : 1.0f;
}

BOUGH_IN_TWIN int is_labelled(const struct task *task, int64_t row)
{
    return task->label[row] >= 0 && task->label[row] < task->told->width;
}

BOUGH_IN_TWIN void cross_entropy_slopes(const struct task *task, float *dx, const float *x,
                                        int label, float log_sum)
{
    const int classes = task->told->width;
    const float hard = (1.0f - task->told->value) * weight_of(task, label);
    const float soft = task->factor * task->told->value / (float)classes;
    row_exp(dx, x, log_sum, task->factor * hard, classes);
    dx[label] = task->factor * hard * (quick_exp(x[label] - log_sum) - 1.0f);
    for (int c = 0; c < classes && soft > 0.0f; c++)
        dx[c] += soft * (task->class_weights * quick_exp(x[c] - log_sum) - weight_of(task, c));
}

BOUGH_IN_TWIN float cross_entropy_row(const struct task *task, int64_t row, float log_sum)
{
    const int classes = task->told->width, label = task->label[row];
    const float *x = task->x + row * classes, value = task->told->value;
    float *dx = task->dx ? task->dx + row * classes : NULL, smooth = 0.0f;
    if (!is_labelled(task, row)) {
        for (int c = 0; dx && c < classes; c++)
            dx[c] = 0.0f;
        return 0.0f;
    }
    for (int c = 0; c < classes && value > 0.0f; c++)
        smooth += weight_of(task, c) * (log_sum - x[c]);
    if (dx)
        cross_entropy_slopes(task, dx, x, label, log_sum);
    return (1.0f - value) * weight_of(task, label) * (log_sum - x[label]) +
           value / (float)classes * smooth;
}

typedef float formula(float x, float t, float delta);

// Inlined, so that each loss gets a loop of its own.
BOUGH_IN_TWIN double value_sum(const struct task *task, formula *value, formula *slope)
{
    const int count = task->told->rows * task->told->width;
    const float *x = task->x, *t = task->number, delta = task->told->value, factor = task->factor;
    float *dx = task->dx;
    double sum = 0;
    for (int first = 0; first < count; first += LOSS_CHUNK) {
        const int end = first + LOSS_CHUNK < count ? first + LOSS_CHUNK : count;
        float part = 0.0f;
#pragma omp simd reduction(+ : part)
        for (int i = first; i < end; i++) {
            const float of_x = value(x[i], t[i], delta); // in any case: a branch would be slower
            part += isnan(t[i]) ? 0.0f : of_x;
        }
        sum += (double)part;
    }
#pragma omp simd
    for (int i = 0; i < (dx ? count : 0); i++) {
        const float of_x = factor * slope(x[i], t[i], delta);
        dx[i] = isnan(t[i]) ? 0.0f : of_x;
    }
    return sum;
}

BOUGH_TWIN static double cross_entropy_sum(const struct task *task)
{
    enum { BLOCK = 64 };
    float log_sum[BLOCK];
    double sum = 0;
    for (int64_t first = 0; first < task->told->rows; first += BLOCK) {
        const int64_t left = task->told->rows - first, rows = left < BLOCK ? left : BLOCK;
        rows_log_sum_exp(log_sum, task->x + first * task->told->width, rows, task->told->width);
        for (int64_t i = 0; i < rows; i++)
            sum += (double)cross_entropy_row(task, first + i, log_sum[i]);
    }
    return sum;
}

#define VALUE_SUM(name)                                                                            \
    BOUGH_TWIN static double name##_sum(const struct task *task)                                   \
    {                                                                                              \
        return value_sum(task, name##_value, name##_slope);                                        \
    }
VALUE_SUM(binary_cross_entropy)
VALUE_SUM(mse)
VALUE_SUM(l1)
VALUE_SUM(huber)

// In the order of LOSS_CROSS_ENTROPY and so on.
static const struct {
    const char *name;
    double (*sum)(const struct task *task);
} kinds[] = {
    {"cross_entropy", cross_entropy_sum},
    {"binary_cross_entropy", binary_cross_entropy_sum},
    {"mse", mse_sum},
    {"l1", l1_sum},
    {"huber", huber_sum},
};

static double sum_of_weights(const struct task *task)
{
    const struct loss_task *told = task->told;
    double sum = 0;
    if (told->kind == LOSS_CROSS_ENTROPY) {
        for (int64_t row = 0; row < told->rows; row++)
            sum += is_labelled(task, row) ? (double)weight_of(task, task->label[row]) : 0;
        return sum;
    }
    int64_t count = 0;
    for (int64_t i = 0; i < (int64_t)told->rows * told->width; i++)
        count += !isnan(task->number[i]);
    return (double)count;
}

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
    const int64_t left = task->told->room - first;
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
                            .class_weight = own[2],
                            .dx = own[3],
                            .all = own[4]};
        for (int c = 0; c < task.told->width; c++)
            task.class_weights += weight_of(&task, c);
        const double weight = sum_of_weights(&task);
        if (task.dx && weight > 0)
            task.factor = ((const float *)arg[2])[t] / (float)weight;
        const double sum = kinds[task.told->kind].sum(&task);
        const float mean = weight > 0 ? (float)(sum / weight) : 0.0f;
        float *loss = (float *)arg[1] + 2 * t;
        loss[0] = mean;
        loss[1] = (float)weight;
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
    return bough_shape_elements(scores) <= MOST;
}

static int kind_of(const char *name)
{
    int kind = 0;
    while (strcmp(kinds[kind].name, name) != 0) {
        kind++;
        assert(kind < (int)(sizeof kinds / sizeof *kinds));
    }
    return kind;
}

static void add_task(struct bough__kernel_call *call, struct loss_task *told,
                     const struct bough__loss_task *task)
{
    struct bough__span *arg = call->arg + 4 + 5 * call->count;
    *told = (struct loss_task){.kind = kind_of(task->loss->name),
                               .rows = (int)task->x.shape.dim[0],
                               .width = (int)task->x.shape.dim[1],
                               .room = (int)task->room};
    told->value = told->kind == LOSS_HUBER ? task->loss->delta : task->loss->label_smoothing;
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
