// Training, evaluation and prediction.
#ifndef BOUGH_TRAIN_H
#define BOUGH_TRAIN_H

#include <bough/config.h>
#include <bough/device.h>
#include <bough/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

enum bough_switch { BOUGH_OFF, BOUGH_ON };

// One number of one task: {"left", "accuracy", 0.84}. The loss comes first, named "loss".
struct bough_metric_value {
    const char *task;
    const char *metric;
    double value; // NaN if no row was labelled
};

// The counts [K, K], rows the labels and columns the predictions.
struct bough_confusion {
    const char *task;
    int64_t classes;
    const char *const *names; // [K] of the classes; NULL if they have none
    const int64_t *count;
};

struct bough_metrics {
    struct bough_metric_value *value;
    size_t count;
    struct bough_confusion *confusion;
    size_t confusion_count;
    double exact_match; // of the tasks that have this metric together: the share of rows that are
                        // right in all of them. NaN if fewer than two of a data set have it
};

// The number, or NaN if there is none of that name.
double bough_metrics_find(const struct bough_metrics *metrics, const char *task,
                          const char *metric);

// What early stopping goes by, of a model's metrics, for comparing models: higher is better. It is
// minus a loss, minus a sum of them, or minus the error of a metric; and of `mean` the share of
// each task's error in `reference` that is gone, as README.md has it, meaned over the tasks. NaN if
// it is unknown. Errors: INTERNAL out of memory.
enum bough_status bough_metrics_score(double *score, const struct bough_metrics *metrics,
                                      const struct bough_config *config,
                                      const struct bough_metrics *reference);

enum bough_event_kind {
    BOUGH_EVENT_START, // once, after plans are made
    BOUGH_EVENT_STEP,  // at log points
    BOUGH_EVENT_EPOCH, // after validation, before the checkpoint
    BOUGH_EVENT_END,   // after the test evaluation
};

// Told to the observer; everything in it dies with the call.
struct bough_event {
    enum bough_event_kind kind;
    int32_t epoch, epochs; // 1-based
    int64_t step, steps;   // within the epoch, 1-based
    double samples_per_second;
    double seconds_left; // of the whole training
    double lr;
    const char *only; // the task that is trained, of a regime that trains one after the other; NULL
                      // = all
    size_t tasks;
    const char *const *task; // names
    const double *loss;      // mean per task since the last log point (STEP) or the epoch's start
    const struct bough_metrics *train;      // EPOCH
    const struct bough_metrics *validation; // EPOCH and END; NULL if nothing is held out
    const struct bough_metrics *test;       // END; NULL if the file has no split `test`
    int best;                               // EPOCH: 1 if this is the best epoch so far
    double conflicting; // EPOCH, with diagnostics: the share of pairs of tasks whose gradients
                        // point apart, over its steps; else NaN
    int64_t unsolved;   // EPOCH: its steps whose weighting was not solved; else 0
};

struct bough_train_options {
    struct bough_device *device; // NULL = plain C
    const char *run_dir;         // created if absent; NULL = keep nothing on disk
    const char *resume;          // a run folder to go on from; then run_dir is not used
    int force;                   // 1: goes on from it with a data set that is another one
    void (*observe)(void *user, const struct bough_event *event);
    void *user;
    int needs_validation;     // 1: where nothing is held out it is INVALID
    int profile;              // 1: every launch is timed, which slows the training; the result
                              // holds the sums and run_dir/trace.json the first of them
    const volatile int *stop; // becomes non-zero (a signal handler sets it): the step is finished,
                              // a checkpoint written, and INTERRUPTED returned
};

// Launches of one kernel for one op, summed over a training. Names may be "".
struct bough_profile_row {
    const char *kernel, *implementation; // "gemm" and which one, or the kernel
    const char *op, *layer, *stage;      // "conv2d", "trunk.0", "backward"
    int64_t launches;
    double seconds;      // on the device
    double flops, bytes; // flops of products only
};

struct bough_result {
    char device[160];
    int32_t epochs; // trained in all
    int32_t best_epoch;
    double samples_per_second;
    const struct bough_metrics *validation; // of the best epoch; NULL if nothing is held out
    const struct bough_metrics *test;       // of the best model; NULL without a split `test`
    const char *split;                      // which `test` is of; bough_evaluate may have chosen it
    const struct bough_profile_row *profile; // NULL if none was wanted
    size_t profile_rows;
};

// The outcome of one training or evaluation; owned by the caller.
struct bough_run;

// Trains. The run folder receives config.yaml (resolved), model.safetensors (the best by
// validation, from the end of the first epoch on), last.safetensors (all that resuming needs),
// log.jsonl, result.json, and lock, which one training holds. A folder where no epoch has ended may
// be begun anew.
// With `resume`, `config` may be NULL (the folder's own is used) or differ only in data,
// train.epochs and train.early_stopping; training goes on bit for bit.
// Errors: INVALID, DATA (also where another process trains in the folder, which the message names,
// or a resumed run's data are others), DEVICE, DIVERGED with step, task and loss, INTERRUPTED.
enum bough_status bough_train(struct bough_run **run, const struct bough_config *config,
                              const struct bough_train_options *options);

// Evaluates a model on a split of the data set that it was trained on, or of `data` if that is not
// NULL. Classes go by their names where both know them, whatever their numbers.
//   model  model.safetensors, which needs nothing beside it, or the run folder that holds it
//   split  NULL = `test`, or the only one that there is
// Errors: INVALID, DEVICE; DATA also for labels that the model does not know, with their counts.
enum bough_status bough_evaluate(struct bough_run **run, const char *model, const char *data,
                                 const char *split, struct bough_device *device);

// What a training is known by, in hexadecimal: trainings of one digest have the same config, and
// data sets that a run could be resumed with. Errors: DATA, INTERNAL.
enum bough_status bough_train_digest(char digest[17], const struct bough_config *config);

// Reads what a training left in its run folder: its result, without confusions. `*run` is NULL
// where it has not ended yet. Errors: DATA.
enum bough_status bough_run_load(struct bough_run **run, const char *run_dir);

// Borrowed from the run.
const struct bough_result *bough_run_result(const struct bough_run *run);
void bough_run_destroy(struct bough_run **run);

// What to predict, and where to.
struct bough_predict_options {
    const char *data;            // a data set; NULL = what the model was trained on
    const char *split;           // NULL = `test`, or the only one that there is
    struct bough_device *device; // NULL = plain C
    const char *out;             // the CSV, written aside and renamed; NULL = it goes to `write`
    enum bough_status (*write)(void *user, const char *text, size_t size); // pieces of the CSV
    void *user;
    enum bough_switch probabilities; // of all classes, each in a column that names it
    enum bough_switch allow_missing; // a row whose input is not finite gets empty cells; else it
                                     // is an error
};

// Predicts every row of a split, and writes a CSV (RFC 4180): row, the data set's fields of text,
// and per task the predicted class, by its name, and its probability; or its outputs, in the
// target's unit. `model` as for bough_evaluate. Errors: INVALID, DATA, DEVICE, what `write`
// returns.
enum bough_status bough_predict(const char *model, const struct bough_predict_options *options);

// A model's layers, for `info`. Owned by the caller.
struct bough_layer_row {
    const char *block; // "trunk", "experts.0", "gates.<task>", or the task's name
    const char *kind;
    struct bough_shape shape; // of the output for one sample, without the batch
    int64_t parameters;
    int64_t flops; // of one sample's forward pass; a multiply and an add are two
};

// The layers of one name: what they read, and which tasks' scores they go into.
struct bough_block_row {
    const char *name;    // "input", "inputs.table"; else as of a layer
    const size_t *reads; // [reads_count] rows of other blocks
    size_t reads_count;
    const size_t *tasks; // [tasks_count] numbers of tasks
    size_t tasks_count;
    int64_t parameters, flops;
};

// What several tasks share (and what none needs), or what is one task's own.
struct bough_owner_row {
    int64_t parameters, flops;
};

struct bough_model_info {
    struct bough_layer_row *row;
    size_t count;
    struct bough_block_row *block; // those of the inputs first
    size_t blocks;
    const char **task; // [tasks] names
    size_t tasks;
    struct bough_owner_row *owner; // [1 + tasks]: of what is shared, and of each task's own
    int64_t parameters;
    int64_t flops;
};

// `sample`: the shape of a sample of each input, [C, H, W]. Errors: INVALID, naming the layer.
enum bough_status bough_model_info_create(struct bough_model_info **info,
                                          const struct bough_config *config,
                                          const struct bough_shape *sample);
void bough_model_info_destroy(struct bough_model_info **info);

#ifdef __cplusplus
}
#endif

#endif
