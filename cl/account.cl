#include "account.h"
#include "bough.h"
#include "step.h"

// One item a task: adds the step's loss [2] (mean, weight) to the account.
ITEM_KERNEL void loss_account(ARG(loss), ARG(account), ARG(step), const ulong count)
{
    VIEW(const float, loss);
    VIEW(struct loss_account, account);
    VIEW(const struct step_state, step);
    EACH_ITEM (t) {
        account[t].loss += loss[2 * t] * loss[2 * t + 1];
        account[t].weight += loss[2 * t + 1];
        if (!isfinite(loss[2 * t]) && account[t].bad_step == 0) {
            account[t].bad_loss = loss[2 * t];
            account[t].bad_step = step->step;
        }
    }
}

// Rows of a batch [N, K] to their place in the epoch.
ITEM_KERNEL void store_rows(ARG(x), ARG(all), ARG(step), const ulong count,
                            const struct store_params p)
{
    VIEW(const float, x);
    VIEW(float, all);
    VIEW(const struct step_state, step);
    EACH_ITEM (i) {
        const size_t row = step->first + i / p.width;
        if (row < p.stored_rows)
            all[row * p.stride + i % p.width] = x[i];
    }
}
