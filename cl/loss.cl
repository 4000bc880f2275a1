#include "floats.h"
#include "loss.h"

// ---- The mean of parts: the values first, then their weights ----

ROW_KERNEL void loss_mean(ARG(part), ARG(y), const ulong count, const struct loss_mean_params p)
{
    local float scratch[BOUGH_GROUP];
    VIEW(const float, part);
    VIEW(float, y);
    float sum = 0.0f, weight = 0.0f;
    for (int i = get_local_id(0); i < p.parts; i += BOUGH_GROUP) {
        ANY_ORDER
        sum += part[i];
        weight += part[p.parts + i];
    }
    sum = GROUP_SUM(sum, scratch);
    weight = GROUP_SUM(weight, scratch);
    if (get_local_id(0) == 0) {
        y[0] = weight > 0.0f ? sum / weight : 0.0f;
        y[1] = weight;
    }
}

// ---- Of classes: a row is a sample ----

ROW_KERNEL void class_loss_fwd(ARG(x), ARG(label), ARG(class_weight), ARG(lse), ARG(part),
                               const ulong count, const struct class_loss_params p)
{
    local float scratch[BOUGH_GROUP];
    VIEW(const float, x);
    VIEW(const int, label);
    VIEW(const float, class_weight);
    VIEW(float, lse);
    VIEW(float, part);
    const size_t row = get_group_id(0);
    const long readable = (long)(p.rows - row) * p.classes;
    const int mine = label[row];
    x += row * p.classes;
    floats top = -INFINITY, sum = 0.0f;
    for (int c = 0; c < p.classes; c += LANES)
        top = larger_floats(top, load_floats(x + c, p.classes - c, readable - c, -INFINITY));
    const float most = GROUP_MAX(most_of_floats(top), scratch);
    for (int c = 0; c < p.classes; c += LANES)
        sum += exp(load_floats(x + c, p.classes - c, readable - c, -INFINITY) - most);
    const float log_sum = most + log(GROUP_SUM(sum_floats(sum), scratch));
    float smooth = 0.0f;
    if (p.smoothing > 0.0f) {
        for (int c = get_local_id(0); c < p.classes; c += BOUGH_GROUP)
            smooth += (class_weight ? class_weight[c] : 1.0f) * (log_sum - x[c]);
        smooth = p.smoothing / p.classes * GROUP_SUM(smooth, scratch);
    }
    if (get_local_id(0) == 0) {
        const int labelled = mine >= 0 && mine < p.classes;
        const float weight = !labelled ? 0.0f : class_weight ? class_weight[mine] : 1.0f;
        lse[row] = log_sum;
        part[row] = 0.0f;
        if (labelled)
            part[row] =
                (1.0f - p.smoothing) * weight * class_value(p.kind, log_sum - x[mine], p.number) +
                smooth;
        part[p.rows + row] = weight;
    }
}

ROW_KERNEL void class_loss_bwd(ARG(x), ARG(label), ARG(class_weight), ARG(lse), ARG(y), ARG(dy),
                               ARG(dx), const ulong count, const struct class_loss_params p)
{
    local float scratch[BOUGH_GROUP];
    VIEW(const float, x);
    VIEW(const int, label);
    VIEW(const float, class_weight);
    VIEW(const float, lse);
    VIEW(const float, y);
    VIEW(const float, dy);
    VIEW(float, dx);
    const size_t row = get_group_id(0);
    const long readable = (long)(p.rows - row) * p.classes;
    const int mine = label[row];
    const int labelled = mine >= 0 && mine < p.classes && y[1] > 0.0f;
    x += row * p.classes;
    dx += row * p.classes;
    float all = 0.0f;
    if (p.smoothing > 0.0f) {
        for (int c = get_local_id(0); c < p.classes; c += BOUGH_GROUP)
            all += class_weight ? class_weight[c] : 1.0f;
        all = GROUP_SUM(all, scratch);
    }
    const float weight = !labelled ? 0.0f : class_weight ? class_weight[mine] : 1.0f;
    const float factor = labelled ? dy[0] / y[1] : 0.0f, lse_row = lse[row];
    const float slope_of_mine = labelled ? class_slope(p.kind, lse_row - x[mine], p.number) : 0.0f;
    const float hard = factor * (1.0f - p.smoothing) * weight * slope_of_mine;
    const float soft = factor * p.smoothing / p.classes;
    for (int c = 0; c < p.classes; c += LANES) {
        const int left = p.classes - c;
        const floats chance = exp(load_floats(x + c, left, readable - c, 0.0f) - lse_row);
        floats slope = hard * (chance - floats_at(mine - c, 1.0f, 0.0f));
        if (soft != 0.0f) {
            const floats w = class_weight ? load_floats(class_weight + c, left, left, 0.0f) : 1.0f;
            slope += soft * (chance * all - w);
        }
        store_floats(labelled ? slope : (floats)0.0f, dx + c, left);
    }
}

// ---- Of classes, where a sample has positions: an item is a position ----

ITEM_KERNEL void class_map_fwd(ARG(x), ARG(label), ARG(class_weight), ARG(lse), ARG(part),
                               const ulong count, const struct class_loss_params p)
{
    VIEW(const float, x);
    VIEW(const int, label);
    VIEW(const float, class_weight);
    VIEW(float, lse);
    VIEW(float, part);
    EACH_ITEM (i) {
        global const float *at = x + i / p.positions * p.positions * p.classes + i % p.positions;
        const int mine = label[i];
        float most = -INFINITY, sum = 0.0f, smooth = 0.0f;
        for (int c = 0; c < p.classes; c++)
            most = fmax(most, at[(size_t)c * p.positions]);
        for (int c = 0; c < p.classes; c++)
            sum += exp(at[(size_t)c * p.positions] - most);
        lse[i] = most + log(sum);
        part[i] = part[p.rows + i] = 0.0f;
        if (mine >= 0 && mine < p.classes) {
            const float weight = class_weight ? class_weight[mine] : 1.0f;
            const float d = lse[i] - at[(size_t)mine * p.positions];
            for (int c = 0; c < p.classes && p.smoothing > 0.0f; c++)
                smooth += (class_weight ? class_weight[c] : 1.0f) *
                          (lse[i] - at[(size_t)c * p.positions]);
            part[i] = (1.0f - p.smoothing) * weight * class_value(p.kind, d, p.number) +
                      p.smoothing / p.classes * smooth;
            part[p.rows + i] = weight;
        }
    }
}

ITEM_KERNEL void class_map_bwd(ARG(x), ARG(label), ARG(class_weight), ARG(lse), ARG(y), ARG(dy),
                               ARG(dx), const ulong count, const struct class_loss_params p)
{
    VIEW(const float, x);
    VIEW(const int, label);
    VIEW(const float, class_weight);
    VIEW(const float, lse);
    VIEW(const float, y);
    VIEW(const float, dy);
    VIEW(float, dx);
    float all = 0.0f;
    for (int c = 0; c < p.classes && p.smoothing > 0.0f; c++)
        all += class_weight ? class_weight[c] : 1.0f;
    const float factor = y[1] > 0.0f ? dy[0] / y[1] : 0.0f;
    const float soft = factor * p.smoothing / p.classes;
    EACH_ITEM (i) {
        const size_t first = i / p.positions * p.positions * p.classes + i % p.positions;
        const int mine = label[i];
        const bool labelled = mine >= 0 && mine < p.classes && y[1] > 0.0f;
        float hard = 0.0f;
        if (labelled)
            hard = factor * (1.0f - p.smoothing) * (class_weight ? class_weight[mine] : 1.0f) *
                   class_slope(p.kind, lse[i] - x[first + (size_t)mine * p.positions], p.number);
        for (int c = 0; c < p.classes; c++) {
            const size_t at = first + (size_t)c * p.positions;
            const float chance = exp(x[at] - lse[i]);
            const float slope = hard * (chance - (c == mine)) +
                                soft * (chance * all - (class_weight ? class_weight[c] : 1.0f));
            dx[at] = labelled ? slope : 0.0f;
        }
    }
}

// ---- Element-wise losses: a row is a chunk; a target NaN is none ----

#define VALUE_LOSS(name, target, metric, help, options)                                            \
    ROW_KERNEL void name##_fwd(ARG(x), ARG(t), ARG(part), const ulong count,                       \
                               const struct value_loss_params p)                                   \
    {                                                                                              \
        local float scratch[BOUGH_GROUP];                                                          \
        VIEW(const float, x);                                                                      \
        VIEW(const float, t);                                                                      \
        VIEW(float, part);                                                                         \
        const int begin = (int)get_group_id(0) * LOSS_CHUNK;                                       \
        const int end = min(begin + LOSS_CHUNK, p.elements);                                       \
        float sum = 0.0f, weight = 0.0f;                                                           \
        for (int i = begin + (int)get_local_id(0); i < end; i += BOUGH_GROUP) {                    \
            ANY_ORDER                                                                              \
            const float value = name##_value(x[i], t[i], p.number);                                \
            sum += isnan(t[i]) ? 0.0f : value;                                                     \
            weight += isnan(t[i]) ? 0.0f : 1.0f;                                                   \
        }                                                                                          \
        sum = GROUP_SUM(sum, scratch);                                                             \
        weight = GROUP_SUM(weight, scratch);                                                       \
        if (get_local_id(0) == 0) {                                                                \
            part[get_group_id(0)] = sum;                                                           \
            part[p.chunks + get_group_id(0)] = weight;                                             \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    ITEM_KERNEL void name##_bwd(ARG(x), ARG(t), ARG(y), ARG(dy), ARG(dx), const ulong count,       \
                                const struct value_loss_params p)                                  \
    {                                                                                              \
        VIEW(const float, x);                                                                      \
        VIEW(const float, t);                                                                      \
        VIEW(const float, y);                                                                      \
        VIEW(const float, dy);                                                                     \
        VIEW(float, dx);                                                                           \
        const float factor = dy[0] / y[1];                                                         \
        EACH_ITEM (i) {                                                                            \
            const float slope = factor * name##_slope(x[i], t[i], p.number);                       \
            dx[i] = isnan(t[i]) ? 0.0f : slope;                                                    \
        }                                                                                          \
    }

BOUGH_VALUE_LOSSES(VALUE_LOSS)
