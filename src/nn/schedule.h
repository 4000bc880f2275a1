// Learning rate schedules, each as a factor of the optimizer's rate.
#ifndef BOUGH_NN_SCHEDULE_H
#define BOUGH_NN_SCHEDULE_H

#include <bough/config.h>

// What `plateau` remembers; part of a checkpoint. Zero-initialised but for best = -INFINITY and
// scale = 1.
struct bough__plateau {
    double best;
    double scale;
    int32_t stale; // epochs since the best
};

// The rate of a step.
//   lr        of the optimizer
//   progress  epochs done before this step, a fraction within an epoch
//   ahead     epochs done after it: warm-up counts the step itself, so that no step has rate 0
//   epochs    of the whole training
// Step and exponential change between epochs, cosine and warm-up at every step.
double bough__schedule_lr(const struct bough_schedule *schedule, double lr, double progress,
                          double ahead, int32_t epochs, const struct bough__plateau *plateau);

// After an epoch: `value` is the monitored metric, higher is better.
// As PyTorch's ReduceLROnPlateau in mode max with threshold 0.
void bough__plateau_update(struct bough__plateau *plateau, const struct bough_schedule *schedule,
                           double value);

#endif
