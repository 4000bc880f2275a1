// From the scores of an epoch to metrics.
#ifndef BOUGH_TRAIN_MEASURE_H
#define BOUGH_TRAIN_MEASURE_H

#include "train/runner.h"

#include <bough/train.h>

// The metrics of every task, which `arena` owns.
//   of            runners that have run an epoch; a task of none is left out
//   loss, weight  [T], sums as bough__runner_losses gives them
// Errors: DEVICE, INTERNAL.
enum bough_status bough__measure(struct bough_metrics *metrics, struct bough__arena *arena,
                                 const struct bough__evaluation *of, const double *loss,
                                 const double *weight);

// Runs an evaluation, of at least one runner, and measures it.
// Errors: DIVERGED where a loss is not finite; DEVICE, INTERNAL.
enum bough_status bough__evaluate(struct bough_metrics *metrics, struct bough__arena *arena,
                                  const struct bough__evaluation *of);

// What the config's own check cannot know: how many classes the heads have.
// Errors: INVALID if a metric does not go with them.
enum bough_status bough__metrics_check(const struct bough__model *model);

#endif
