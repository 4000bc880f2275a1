// What a training tells: its observer, and the record of the run.
#ifndef BOUGH_TRAIN_REPORT_H
#define BOUGH_TRAIN_REPORT_H

#include "train/trainer.h"

struct bough__report {
    struct bough__trainer *trainer;
    double time;             // of the last log point, in seconds
    float lr;                // of the last step
    double *loss, *weight;   // [T] the epoch's account at the last reading
    double *loss0, *weight0; // [T] the account at the log point before
    double *mean;            // [T]
    const char **task;       // [T]
};

// Zero-initialised `arena` owns what the report needs.
enum bough_status bough__report_init(struct bough__report *report, struct bough__arena *arena,
                                     struct bough__trainer *trainer);

// Reads the account into loss and weight, and the mean since the log point before into mean.
// Errors: DIVERGED with step and task.
enum bough_status bough__report_read(struct bough__report *report);

// The next means are of the whole epoch.
void bough__report_rewind(struct bough__report *report);

enum bough_status bough__report_start(struct bough__report *report);
// A log point within an epoch.
enum bough_status bough__report_step(struct bough__report *report);
// `validation` NULL = nothing is held out. `best`: it is the best epoch so far.
enum bough_status bough__report_epoch(struct bough__report *report,
                                      const struct bough_metrics *train,
                                      const struct bough_metrics *validation, int best);
enum bough_status bough__report_interrupted(struct bough__report *report);
// Keeps the last error's message; returns DIVERGED unless the log cannot be written.
enum bough_status bough__report_diverged(struct bough__report *report);
// Completes the result with what the report knows, writes result.json, tells the end.
enum bough_status bough__report_end(struct bough__report *report, struct bough_result *result);

#endif
