// The one number by which the best epoch is chosen.
#ifndef BOUGH_TRAIN_MONITOR_H
#define BOUGH_TRAIN_MONITOR_H

#include "config/config.h"

#include <bough/train.h>

// The errors [T] of the tasks' monitors: a loss, mse or mae as it is, 1 - value of what is 1 where
// all is right (accuracy, f1, auc, r2). NaN where nothing is labelled.
void bough__monitor_errors(double *error, const struct bough_metrics *metrics,
                           const struct bough_config *config);

// What early stopping, `plateau` and the best model go by, higher is better; NaN if it is unknown.
//   criterion  mean | loss | exact_match | <task>.<metric> | <task>.loss, of
//              struct bough__early_stopping
//   first      [T], the errors of the first epoch, for `mean`: (first - now) / max(first, now),
//              meaned over the tasks. It is the share of the first error that is gone, or less the
//              share of today's that has come: in -1..1 for every scale, 0 where both are 0. A task
//              whose first error is NaN has no say.
double bough__monitored(const struct bough_metrics *metrics, const struct bough_config *config,
                        const char *criterion, const double *first);

#endif
