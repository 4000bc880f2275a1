// Where a training stands, and the files that let it go on from there.
#ifndef BOUGH_TRAIN_PROGRESS_H
#define BOUGH_TRAIN_PROGRESS_H

#include "nn/schedule.h"
#include "train/runner.h"

struct bough__progress {
    int32_t epoch;        // epochs done
    int32_t phase;        // phases done, of a regime with several; what follows is of this one:
    int32_t first_epoch;  // epochs done before it
    int64_t first_step;   // and steps
    int64_t epoch_step;   // steps done of the epoch in progress
    int64_t step;         // steps done in all
    double seconds;       // spent in training steps
    double solve_seconds; // and in solves of the weighting, as a checkpoint has it
    double best;          // monitored value; -INFINITY before the first epoch that has one
    int32_t best_epoch;   // 1-based; 0 = none
    int32_t stale;        // epochs since
    struct bough__plateau plateau;
    int64_t *task_steps; // [T] steps that trained the task, of a regime that draws
    double *first; // [T] what `mean` compares with (monitor.h); all NaN before the first epoch
    size_t tasks;  // T
    char criterion[160]; // what `best` is a value of; "" = unknown
    char data[17];       // a digest of the data set; "" = unknown
};

// Before the first step. `arena` owns what it points to. Errors: INTERNAL.
enum bough_status bough__progress_init(struct bough__progress *progress, struct bough__arena *arena,
                                       const struct bough_config *config);

// The hexadecimal digest of a data set's header: names, types, shapes and metadata, and so its
// size; and of each tensor's first bytes.
//   more  1: it goes on from the digest of those before
// Errors: DATA.
enum bough_status bough__data_digest(char digest[17], const struct bough_tensor_file *data,
                                     int more);

// Writes model.safetensors: the parameters alone.
enum bough_status bough__save_model(const char *run_dir, const struct bough__model *model);

// Writes last.safetensors: parameters, optimizer, progress, and within an epoch the account so far.
enum bough_status bough__save_last(const char *run_dir, const struct bough__model *model,
                                   const struct bough__progress *progress,
                                   struct bough__runner *training);

// Reads them back. bough__load_last also loads the best model, from model.safetensors, where an
// epoch has ended; it takes a progress that is initialised. bough__load_progress reads nothing
// else. Errors: DATA, naming file and tensor.
enum bough_status bough__load_progress(struct bough__progress *progress, const char *run_dir);
enum bough_status bough__load_model(const char *run_dir, struct bough__model *model);
enum bough_status bough__load_last(const char *run_dir, struct bough__model *model,
                                   struct bough__progress *progress,
                                   struct bough__runner *training);

#endif
