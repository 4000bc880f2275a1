#include "nn/account.h"

#include "cl/account.h"
#include "cl/step.h"

#include <math.h>
#include <string.h>

static void loss_account(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)params;
    const float *loss = arg[0];
    struct loss_account *account = arg[1];
    const struct step_state *step = arg[2];
    for (int64_t t = begin; t < end; t++) {
        account[t].loss += loss[2 * t] * loss[2 * t + 1];
        account[t].weight += loss[2 * t + 1];
        if (!isfinite(loss[2 * t]) && account[t].bad_step == 0) {
            account[t].bad_loss = loss[2 * t];
            account[t].bad_step = step->step;
        }
    }
}

static void store_rows(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct store_params *p = params;
    const float *x = arg[0];
    float *all = arg[1];
    const struct step_state *step = arg[2];
    for (int64_t i = begin, run; i < end; i += run) {
        const int64_t row = step->first + i / p->width, left = p->width - i % p->width;
        run = left < end - i ? left : end - i;
        if (row < p->stored_rows)
            memcpy(all + row * p->stride + i % p->width, x + i, (size_t)run * sizeof *x);
    }
}

static const struct bough__kernel kernel_loss_account = {"loss_account", "account", loss_account,
                                                         BOUGH_GRID_ITEMS, .args = 3};
static const struct bough__kernel kernel_store_rows = {
    "store_rows",     "account", store_rows,
    BOUGH_GRID_ITEMS, .args = 3, .params_size = sizeof(struct store_params)};

enum bough_status bough__account_losses(struct bough__sequence *out, struct bough__span account,
                                        struct bough__span losses, struct bough__span step,
                                        int64_t tasks)
{
    return bough__sequence_kernel(out, &(struct bough__kernel_call){
                                           .kernel = &kernel_loss_account,
                                           .arg = {losses, account, step},
                                           .count = tasks,
                                       });
}

enum bough_status bough__account_rows(struct bough__sequence *out, struct bough__span all,
                                      struct bough__span x, struct bough__span step, int64_t rows,
                                      int64_t width, int64_t stride, int64_t stored_rows)
{
    struct store_params params = {(int)width, (int)stride, (unsigned int)stored_rows};
    return bough__sequence_kernel(out, &(struct bough__kernel_call){
                                           .kernel = &kernel_store_rows,
                                           .arg = {x, all, step},
                                           .params = &params,
                                           .count = rows * width,
                                           .bytes = rows * width * 8,
                                       });
}
