// Keeping account of losses and scores on the device, to be read at log points.
#ifndef BOUGH_NN_ACCOUNT_H
#define BOUGH_NN_ACCOUNT_H

#include "device/sequence.h"

// account[t] += loss[t], for struct loss_account (cl/account.h) and losses [T, 2].
enum bough_status bough__account_losses(struct bough__sequence *out, struct bough__span account,
                                        struct bough__span losses, struct bough__span step,
                                        int64_t tasks);

// all[first + n, :width] = x[n, :] for the rows of a batch [rows, width], where first + n <
// stored_rows; a row of `all` has `stride` numbers.
enum bough_status bough__account_rows(struct bough__sequence *out, struct bough__span all,
                                      struct bough__span x, struct bough__span step, int64_t rows,
                                      int64_t width, int64_t stride, int64_t stored_rows);

#endif
