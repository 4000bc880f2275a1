// A split of a data set, ready for a model: its inputs and labels checked, and on the device.
#ifndef BOUGH_TRAIN_SPLIT_H
#define BOUGH_TRAIN_SPLIT_H

#include "data/feed.h"
#include "train/model.h"
#include "train/targets.h"

// One of a config's data sets.
struct bough__data_set {
    const struct bough_tensor_file *file;
    const struct bough_config *config;
    int32_t set; // its number: what follows is of its inputs and tasks alone
};

struct bough__split {
    int64_t batch;                  // rows of a full batch; 0 = the config's
    struct bough__targets *targets; // [T]; NULL without labels
    size_t tasks;
    // Columns: the inputs, of each optional one whether rows have it and of each with lengths how
    // long they are, then each task's target; those of other data sets are empty.
    struct bough__table table;
    void **converted; // [inputs], those that the device does not take as the file has them
    size_t inputs;
    float **present;   // [inputs], of each optional one [N]: 1 where a row has it, else 0; or NULL
    int32_t **lengths; // [inputs], of each with lengths [N]: how long a row is; or NULL
    int64_t *longest;  // [inputs], of each with lengths: L of its field; else 0
    char *missing;     // [inputs, N], rows of which it is not finite; of WITH_GAPS only
};

enum bough__labels {
    BOUGH_WITHOUT_LABELS,
    BOUGH_WITH_LABELS,
    BOUGH_WITH_GAPS, // without labels, and rows of the inputs may lack numbers
};

// Whether it has an input field of that split.
int bough__split_exists(const struct bough__data_set *data, const char *name);

// The split to take where none is named: `test`, or the only one that has an input field.
// Errors: DATA, naming the splits that there are.
enum bough_status bough__split_choose(const char **name, struct bough__arena *arena,
                                      const struct bough__data_set *data);

// The shapes of a sample of its inputs, in sample [inputs]. Errors: DATA if the split has no such
// field or no rows.
enum bough_status bough__sample_shapes(struct bough_shape *sample,
                                       const struct bough__data_set *data, const char *split);

// Whether its split `validation` is what is held out: not of a config with folds.
int bough__validates_by_split(const struct bough__data_set *data);

// The rows of `train`, in the file's order: those to train on, then those that the config holds out
// for validation, drawn from its seed. Each is held out by one fold.
//   row      [*rows], the caller's to free
//   trained  how many are to train on
// Errors: INVALID if none is left to train on, or there are fewer than folds.
enum bough_status bough__hold_out(int32_t **row, int64_t *rows, int64_t *trained,
                                  const struct bough__data_set *data);

// Loads a split, of a data set of the model's config; the file stays open as long as it is used.
// Errors: DATA with file, field, row, found and wanted.
enum bough_status bough__split_init(struct bough__split *split, const struct bough__data_set *data,
                                    const char *name, const struct bough__model *model,
                                    enum bough__labels labels, int64_t batch);
void bough__split_fini(struct bough__split *split);

// Whether a field [N, ...] has the samples that a model reads as an input: those of one with
// lengths may have more or fewer positions.
int bough__sample_fits(const struct bough__model *model, size_t input,
                       const struct bough_shape *field);

// Positions of a row of a task's scores; numbers of such a row, and of its targets.
int64_t bough__split_positions(const struct bough__split *split, const struct bough__model *model,
                               size_t t);
// Of these the positions that are no padding in a row.
int64_t bough__split_length(const struct bough__split *split, const struct bough__model *model,
                            size_t t, int64_t row);
int64_t bough__split_scores(const struct bough__split *split, const struct bough__model *model,
                            size_t t);
int64_t bough__split_targets(const struct bough__split *split, const struct bough__model *model,
                             size_t t);

// Whether a row lacks every input that a task reads.
//   present  [inputs], as a split has it
int bough__lacks_all(const struct bough__task *task, float *const *present, int64_t row);

#endif
