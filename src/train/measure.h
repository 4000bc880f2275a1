// From the scores of an epoch to metrics.
#ifndef BOUGH_TRAIN_MEASURE_H
#define BOUGH_TRAIN_MEASURE_H

#include "train/runner.h"

#include <bough/train.h>

// The metrics of every task, which `arena` owns.
//   loss, weight  [T], sums as bough__runner_losses gives them
// Reads the first `rows` rows of the epoch. Errors: DEVICE, INTERNAL.
enum bough_status bough__measure(struct bough_metrics *metrics, struct bough__arena *arena,
                                 struct bough__runner *runner, const double *loss,
                                 const double *weight, int64_t rows);

// Runs an EVALUATION and measures it.
// Errors: DIVERGED where a loss is not finite; DEVICE, INTERNAL.
enum bough_status bough__evaluate(struct bough_metrics *metrics, struct bough__arena *arena,
                                  struct bough__runner *runner);

// What the config's own check cannot know: how many classes the heads have.
// Errors: INVALID if a metric does not go with them.
enum bough_status bough__metrics_check(const struct bough__model *model);

#endif
