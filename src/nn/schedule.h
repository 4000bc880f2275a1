// Learning rate schedules, each as a factor of the optimizer's rate.
#ifndef BOUGH_NN_SCHEDULE_H
#define BOUGH_NN_SCHEDULE_H

#include "base/option.h"

#include <stdint.h>

// What `plateau` remembers; part of a checkpoint. Zero-initialised but for best = -INFINITY and
// scale = 1.
struct bough__plateau {
    double best;
    double scale;
    int32_t stale; // epochs since the best
};

struct bough__schedule {
    struct bough__row row;
    // As bough__schedule_lr, without the warm-up.
    double (*rate)(const void *options, double lr, double progress, int32_t epochs,
                   const struct bough__plateau *plateau);
    int by_validation; // needs one
};

#define BOUGH_SCHEDULE(name) extern const struct bough__schedule bough__schedule_##name;
#include "nn/schedule_list.h"
#undef BOUGH_SCHEDULE
extern const struct bough__family bough__schedules;

// What a config chooses.
struct bough__scheduling {
    struct bough__choice choice; // of bough__schedules
    float warmup;                // epochs of linear rise from 0
};

static inline const struct bough__schedule *
bough__schedule_of(const struct bough__scheduling *config)
{
    return (const struct bough__schedule *)(const void *)config->choice.row;
}

// The rate of a step.
//   lr        of the optimizer
//   progress  epochs done before this step, a fraction within an epoch
//   after     epochs done after it: warm-up counts the step itself, so that no step has rate 0
//   epochs    of the whole training
// Step and exponential change between epochs, cosine and warm-up at every step.
double bough__schedule_lr(const struct bough__scheduling *config, double lr, double progress,
                          double after, int32_t epochs, const struct bough__plateau *plateau);

// After an epoch: `value` is the monitored metric, higher is better. Nothing for other schedules.
// As PyTorch's ReduceLROnPlateau in mode max with threshold 0.
void bough__plateau_update(struct bough__plateau *plateau, const struct bough__scheduling *config,
                           double value);

#endif
