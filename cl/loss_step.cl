// Everything that a step does with scores, a group a task: the loss, its gradient, the account, and
// the scores' place in the epoch.
#include "account.h"
#include "bough.h"
#include "loss.h"
#include "loss_step_params.h"
#include "step.h"

// Of one row: `x` and `dx` (or NULL) [width].
struct row {
    global const float *x;
    global float *dx;
    float factor; // of the gradient
};

static bool is_labelled(int label, int classes)
{
    return label >= 0 && label < classes;
}

static float weight_of(global const float *class_weight, int c)
{
    return class_weight ? class_weight[c] : 1.0f;
}

// exp(x) of sixteen numbers of at most 0; NaN stays NaN.
static float16 powers_of(float16 x)
{
    const float16 clamped = select(x, (float16)(-87.0f), x < -87.0f);
    const float16 whole = clamped * 1.44269504f + 12582912.0f;
    const float16 n = whole - 12582912.0f;
    const float16 r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f;
    float16 sum = 1.9875691500e-4f * r + 1.3981999507e-3f;
    sum = sum * r + 8.3334519073e-3f;
    sum = sum * r + 4.1665795894e-2f;
    sum = sum * r + 1.6666665459e-1f;
    sum = sum * r + 5.0000001201e-1f;
    sum = as_float16(as_uint16(sum * r * r + r + 1.0f) + (as_uint16(whole) << 23));
    return select(select(sum, (float16)(0.0f), x < -87.0f), x, isnan(x));
}

// The powers of e of scores `from` to from + 15, less the largest; 0 behind the end of the row.
static float16 powers(global const float *x, int from, int classes, float most)
{
    float part[16];
    for (int i = 0; i < 16; i++)
        part[i] = from + i < classes ? x[from + i] - most : -INFINITY;
    return powers_of(vload16(0, part));
}

static float sum_of_powers(global const float *x, int classes, float most)
{
    float16 sum = 0.0f;
    for (int c = 0; c < classes; c += 16)
        sum += powers(x, c, classes, most);
    const float8 eight = sum.lo + sum.hi;
    const float4 four = eight.lo + eight.hi;
    return (four.x + four.y) + (four.z + four.w);
}

// dx = chance * share - weight of the class * soft, and the label's less `hard`.
static void slopes(const struct row *row, int classes, float most, float share, float soft,
                   global const float *class_weight)
{
    for (int c = 0; c < classes; c += 16) {
        float part[16];
        vstore16(powers(row->x, c, classes, most) * share, 0, part);
        for (int i = 0; i < 16 && c + i < classes; i++)
            row->dx[c + i] =
                soft > 0.0f ? part[i] - soft * weight_of(class_weight, c + i) : part[i];
    }
}

// `all` is the sum of the classes' weights.
static float class_row(const struct row *row, const struct loss_task *task, int label,
                       global const float *class_weight, float all)
{
    const int classes = task->width;
    global const float *x = row->x;
    if (!is_labelled(label, classes)) {
        for (int c = 0; row->dx && c < classes; c++)
            row->dx[c] = 0.0f;
        return 0.0f;
    }
    float most = -INFINITY, smooth = 0.0f;
    for (int c = 0; c < classes; c++)
        most = fmax(most, x[c]);
    const float sum = sum_of_powers(x, classes, most), log_sum = most + log(sum);
    const float d = log_sum - x[label];
    const float share = (1.0f - task->smoothing) * weight_of(class_weight, label);
    const float hard = share * class_slope(task->kind, d, task->number);
    const float soft = task->smoothing / classes;
    for (int c = 0; c < classes && soft > 0.0f; c++)
        smooth += weight_of(class_weight, c) * (log_sum - x[c]);
    if (row->dx) {
        slopes(row, classes, most, row->factor * (hard + soft * all) / sum, row->factor * soft,
               class_weight);
        row->dx[label] -= row->factor * hard;
    }
    return share * class_value(task->kind, d, task->number) + soft * smooth;
}

#define VALUE_ROW(name, target, metric, help, options)                                             \
    static float name##_row(const struct row *row, const struct loss_task *task,                   \
                            global const float *t)                                                 \
    {                                                                                              \
        float sum = 0.0f;                                                                          \
        for (int i = 0; i < task->width; i++)                                                      \
            sum += isnan(t[i]) ? 0.0f : name##_value(row->x[i], t[i], task->number);               \
        for (int i = 0; row->dx && i < task->width; i++)                                           \
            row->dx[i] =                                                                           \
                isnan(t[i]) ? 0.0f : row->factor * name##_slope(row->x[i], t[i], task->number);    \
        return sum;                                                                                \
    }

BOUGH_VALUE_LOSSES(VALUE_ROW)

static float value_row(const struct row *row, const struct loss_task *task, global const float *t)
{
    switch (task->kind) {
#define VALUE_CASE(name, target, metric, help, options)                                            \
    case LOSS_##name:                                                                              \
        return name##_row(row, task, t);
        BOUGH_VALUE_LOSSES(VALUE_CASE)
    default:
        return NAN;
    }
}

static float row_weight(const struct loss_task *task, global const int *target, int row,
                        global const float *class_weight)
{
    if (task->of_classes)
        return is_labelled(target[row], task->width) ? weight_of(class_weight, target[row]) : 0.0f;
    global const float *t = (global const float *)target + row * task->width;
    float weight = 0.0f;
    for (int i = 0; i < task->width; i++)
        weight += isnan(t[i]) ? 0.0f : 1.0f;
    return weight;
}

static void keep_account(global struct loss_account *account, float mean, float weight, uint step)
{
    account->loss += mean * weight;
    account->weight += weight;
    if (!isfinite(mean) && account->bad_step == 0) {
        account->bad_loss = mean;
        account->bad_step = step;
    }
}

static void keep_scores(const struct loss_task *task, global const float *x, global float *all,
                        uint first)
{
    const long rows = min((long)task->rows, (long)task->stored - (long)first);
    for (long i = get_local_id(0); i < rows * task->width; i += BOUGH_GROUP)
        all[(long)first * task->width + i] = x[i];
}

#define OF_TASK(type, name)                                                                        \
    (global type *)(t == 0 ? PLACE(name##0) : t == 1 ? PLACE(name##1) : PLACE(name##2))
#define IS_THERE(name) (t == 0 ? HAS(name##0) : t == 1 ? HAS(name##1) : HAS(name##2))

ROW_KERNEL void loss_step(ARG(step), ARG(loss), ARG(factor), ARG(account), ARG(x0), ARG(target0),
                          ARG(weight0), ARG(dx0), ARG(all0), ARG(x1), ARG(target1), ARG(weight1),
                          ARG(dx1), ARG(all1), ARG(x2), ARG(target2), ARG(weight2), ARG(dx2),
                          ARG(all2), const ulong count, const struct loss_step_params p)
{
    local float scratch[BOUGH_GROUP];
    VIEW(const struct step_state, step);
    VIEW(float, loss);
    VIEW(const float, factor);
    VIEW(struct loss_account, account);
    const int t = get_group_id(0);
    const struct loss_task task = p.task[t];
    global const float *x = OF_TASK(const float, x);
    global const int *target = OF_TASK(const int, target);
    global const float *class_weight = IS_THERE(weight) ? OF_TASK(const float, weight) : 0;
    global float *dx = IS_THERE(dx) ? OF_TASK(float, dx) : 0;
    float weight = 0.0f, sum = 0.0f, all = 0.0f;
    for (int r = get_local_id(0); r < task.rows; r += BOUGH_GROUP)
        weight += row_weight(&task, target, r, class_weight);
    weight = GROUP_SUM(weight, scratch);
    for (int c = 0; c < task.width && task.smoothing > 0.0f; c++)
        all += weight_of(class_weight, c);
    const float share = dx && weight > 0.0f ? factor[t] / weight : 0.0f;
    for (int r = get_local_id(0); r < task.rows; r += BOUGH_GROUP) {
        const struct row row = {x + r * task.width, dx ? dx + r * task.width : 0, share};
        if (task.of_classes)
            sum += class_row(&row, &task, target[r], class_weight, all);
        else
            sum += value_row(&row, &task, (global const float *)target + r * task.width);
    }
    sum = GROUP_SUM(sum, scratch);
    if (IS_THERE(all))
        keep_scores(&task, x, OF_TASK(float, all), step->first);
    if (get_local_id(0) != 0)
        return;
    const float mean = weight > 0.0f ? sum / weight : 0.0f;
    loss[2 * t] = mean;
    loss[2 * t + 1] = weight;
    if (HAS(account))
        keep_account(&account[t], mean, weight, step->step);
}
