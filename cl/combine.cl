// Weighing whole gradients by sums over their columns, which are cut in parts: a group sums a part,
// another the parts of a task.
#include "account.h"
#include "bough.h"
#include "combine_params.h"
#include "step.h"

// The columns of part `part` that are this work-item's.
#define EACH_COLUMN(i, part)                                                                       \
    for (uint i = part % p.parts * p.width + get_local_id(0),                                      \
              end_##i = min((uint)(part % p.parts + 1) * p.width, p.columns);                      \
         i < end_##i; i += BOUGH_GROUP)

// Behind the loop over them.
#define WRITE_PART(part, sum)                                                                      \
    do {                                                                                           \
        const float all = GROUP_SUM(sum, scratch);                                                 \
        if (get_local_id(0) == 0)                                                                  \
            parts[part] = all;                                                                     \
    } while (0)

ROW_KERNEL void part_sums(ARG(parts), ARG(sums), ARG(account), ARG(step), const ulong count,
                          const struct part_params p)
{
    VIEW(const float, parts);
    VIEW(float, sums);
    VIEW(struct loss_account, account);
    VIEW(const struct step_state, step);
    local float scratch[BOUGH_GROUP];
    const size_t t = get_group_id(0);
    float sum = 0.0f;
    for (int k = get_local_id(0); k < p.parts; k += BOUGH_GROUP)
        sum += parts[t * p.parts + k];
    sum = GROUP_SUM(sum, scratch);
    if (get_local_id(0) != 0)
        return;
    sums[t] = sum;
    if (HAS(account) && !isfinite(sum) && account[t].bad_gradient == 0)
        account[t].bad_gradient = step->step;
}

// ---- dbmtl ----

// b <- g' + beta (b - g'), g' of the logarithm of the loss; the squares of b.
ROW_KERNEL void dbmtl_parts(ARG(jacobian), ARG(kept), ARG(losses), ARG(factor), ARG(parts),
                            const ulong count, const struct part_params p)
{
    VIEW(const float, jacobian);
    VIEW(float, kept);
    VIEW(const float, losses);
    VIEW(const float, factor);
    VIEW(float, parts);
    local float scratch[BOUGH_GROUP];
    const size_t part = get_group_id(0), t = part / p.parts;
    factor = HAS(factor) ? factor : 0;
    const float slope = log_slope(loss_of(losses, factor, t));
    const float beta = task_is_here(losses, factor, t) ? p.beta : 1.0f;
    float sum = 0.0f;
    jacobian += t * p.row;
    kept += t * p.kept_row;
    EACH_COLUMN (i, part) {
        ANY_ORDER
        const float b = beta * kept[i] + (1.0f - beta) * (slope * jacobian[i]);
        kept[i] = b;
        sum += b * b;
    }
    WRITE_PART(part, sum);
}

ITEM_KERNEL void dbmtl_weigh(ARG(losses), ARG(factor), ARG(numbers), ARG(sums), ARG(weights),
                             const ulong count, const struct combine_params p)
{
    VIEW(const float, losses);
    VIEW(const float, factor);
    VIEW(const float, sums);
    VIEW(float, weights);
    if (get_global_id(0) == 0)
        dbmtl_weights(weights, sums, losses, HAS(factor) ? factor : 0, p);
}

// ---- excess ----

// S += g^2; of g^2 / sqrt(S).
ROW_KERNEL void excess_parts(ARG(jacobian), ARG(kept), ARG(losses), ARG(factor), ARG(parts),
                             const ulong count, const struct part_params p)
{
    VIEW(const float, jacobian);
    VIEW(float, kept);
    VIEW(float, parts);
    local float scratch[BOUGH_GROUP];
    const size_t part = get_group_id(0), t = part / p.parts;
    float sum = 0.0f;
    jacobian += t * p.row;
    kept += t * p.kept_row;
    EACH_COLUMN (i, part) {
        ANY_ORDER
        const float square = jacobian[i] * jacobian[i];
        const float all = kept[i] + square;
        kept[i] = all;
        sum += square / sqrt(all + 1e-7f);
    }
    WRITE_PART(part, sum);
}

ITEM_KERNEL void excess_weigh(ARG(losses), ARG(factor), ARG(numbers), ARG(sums), ARG(weights),
                              const ulong count, const struct combine_params p)
{
    VIEW(const float, losses);
    VIEW(const float, factor);
    VIEW(float, numbers);
    VIEW(const float, sums);
    VIEW(float, weights);
    if (get_global_id(0) == 0)
        excess_weights(weights, numbers, sums, losses, HAS(factor) ? factor : 0, p);
}

// ---- metabalance, and moco ----

ROW_KERNEL void square_parts(ARG(jacobian), ARG(kept), ARG(losses), ARG(factor), ARG(parts),
                             const ulong count, const struct part_params p)
{
    VIEW(const float, jacobian);
    VIEW(float, parts);
    local float scratch[BOUGH_GROUP];
    const size_t part = get_group_id(0);
    float sum = 0.0f;
    jacobian += part / p.parts * p.row;
    EACH_COLUMN (i, part) {
        ANY_ORDER
        sum += jacobian[i] * jacobian[i];
    }
    WRITE_PART(part, sum);
}

ITEM_KERNEL void metabalance_weigh(ARG(losses), ARG(factor), ARG(numbers), ARG(sums), ARG(weights),
                                   const ulong count, const struct combine_params p)
{
    VIEW(const float, losses);
    VIEW(const float, factor);
    VIEW(float, numbers);
    VIEW(const float, sums);
    VIEW(float, weights);
    if (get_global_id(0) == 0)
        metabalance_weights(weights, numbers, sums, losses, HAS(factor) ? factor : 0, p);
}
