// What a training holds while it runs (train.c), and how it is set up (trainer.c).
#ifndef BOUGH_TRAIN_TRAINER_H
#define BOUGH_TRAIN_TRAINER_H

#include "base/lock.h"
#include "run/record.h"
#include "train/measure.h"
#include "train/progress.h"
#include "train/runner.h"
#include "train/split.h"

// One of its data sets.
struct bough__train_set {
    struct bough_tensor_file *file;
    struct bough__split train, validation, test; // without rows = there is none
    int32_t *row; // [rows], of the train split: those trained on, then those held out
    int64_t rows, trained;
    int64_t batch, count; // rows of a full batch, and of an epoch: `trained`, where it is the only
                          // data set
};

struct bough__trainer {
    const struct bough_train_options *options;
    const char *run_dir;          // NULL = nothing is kept on disk
    struct bough_config *resumed; // of the run folder, when resuming
    struct bough_config config;   // with what the data told; borrows from it or from the caller's
    struct bough__arena arena;
    struct bough_device *device;
    struct bough_device *own_device; // opened here because the options name none
    struct bough__train_set *set;    // [sets]
    struct bough__model *model;
    struct bough__runner *training;
    struct bough__evaluation validation, test; // without runners = there is none
    struct bough__progress progress;
    int64_t *labels; // [T] rows trained on that have one, of a regime that draws by them
    struct bough__record *record;
    struct bough__lock *lock; // of the run folder
};

// Reads the data, makes the model and everything that its runs need; resumes where the options say
// so. Errors: INVALID, DATA, DEVICE.
enum bough_status bough__trainer_create(struct bough__trainer **trainer,
                                        const struct bough_config *config,
                                        const struct bough_train_options *options);
void bough__trainer_destroy(struct bough__trainer **trainer);

// One of its data sets, whose file is open.
struct bough__data_set bough__trainer_data(const struct bough__trainer *trainer, size_t set);

// Phases of the training: 1, or one for each task; and epochs in all.
int32_t bough__trainer_phases(const struct bough__trainer *trainer);
int32_t bough__trainer_epochs(const struct bough__trainer *trainer);

// Freezes and thaws what the next epoch does not train, and does, and turns to the task of its
// phase.
enum bough_status bough__trainer_freeze(struct bough__trainer *trainer);

// What the best epoch goes by: in a phase a number of the task that it trains, whatever the config
// says of others. Borrowed, or `text`.
const char *bough__trainer_criterion(char *text, size_t size, const struct bough__trainer *trainer);

// A new order for the epoch that begins; then its steps, one a call (train.c).
//   lr  what the step trained with
enum bough_status bough__trainer_shuffle(struct bough__trainer *trainer);
enum bough_status bough__trainer_step(struct bough__trainer *trainer, float *lr);

// Whether the best epoch goes by what is held out: in a phase of its task.
int bough__trainer_validates(const struct bough__trainer *trainer);

// Whether the phase has epochs to come, and early stopping patience.
int bough__trainer_goes_on(const struct bough__trainer *trainer);

// Writes last.safetensors. Does nothing without a run folder.
enum bough_status bough__trainer_save(struct bough__trainer *trainer);

#endif
