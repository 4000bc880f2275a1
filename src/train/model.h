// A config's model on a device: its parameters, and how to record it for a batch.
#ifndef BOUGH_TRAIN_MODEL_H
#define BOUGH_TRAIN_MODEL_H

#include "mtl/architecture.h"
#include "nn/loss.h"
#include "train/classes.h"
#include "train/input_names.h"

#include <bough/dataset.h>

// Whether the tasks' gradients of what is shared are kept side by side for a weighting that only
// wants their products.
enum bough__jacobian { BOUGH_JACOBIAN_IF_IT_FITS, BOUGH_JACOBIAN_KEPT, BOUGH_JACOBIAN_NOT_KEPT };

// What a model is run for.
enum bough__purpose {
    BOUGH_TRAINING,
    BOUGH_EVALUATION,     // as far as the losses, and their account
    BOUGH_GRADIENTS,      // likewise, and the tasks' gradients of what is shared, added up
    BOUGH_PREDICTION,     // there are no labels
    BOUGH_REPRESENTATION, // likewise, and what the heads read is kept
};

static inline int bough__is_labelled(enum bough__purpose purpose)
{
    return purpose < BOUGH_PREDICTION;
}

struct bough__model {
    const struct bough_config *config; // resolved, borrowed
    struct bough_device *device;
    struct bough_shape *sample;       // [inputs], each without the batch
    const char **input_key;           // [inputs], for messages and labels
    struct bough__stem *stem;         // [inputs]
    struct bough__input_kind *kind;   // [inputs]
    struct bough__input_names *names; // [inputs], of ids; without names until they are read
    struct bough__params params;
    int slots;       // of the optimizer, per parameter
    int32_t learned; // the block of what the weighting learns; 0 = it learns nothing
    enum bough__jacobian jacobian;
    int64_t *width;     // [T] K of each task's scores [N, K, ...]
    int64_t *positions; // [T] of a row: the dimensions behind K; 1 = none
    // [T] of scores [N, L, K]: the input whose rows' lengths are theirs, in positions that differ
    // from split to split, or BOUGH__FULL_LENGTH; else BOUGH__NO_SEQUENCE.
    int32_t *sequence;
    const struct bough__loss_kind **loss; // [T]
    struct bough__classes *classes;       // [T]; without names until they are read
    struct bough__buffer **class_weights; // [T], NULL = none
    struct bough__buffer *best;           // the values of the best epoch
    struct bough__buffer *memory; // what its plans work in, one at a time; made by the first
    struct bough__arena arena;
};

// Declares the parameters. With a device they are allocated, and drawn from the config's seed.
//   sample  [inputs], each without the batch
// `observer` (may be NULL) is told of the layers.
// Errors: INVALID, naming the layer; DEVICE.
enum bough_status bough__model_create(struct bough__model **model,
                                      const struct bough_config *config,
                                      const struct bough_shape *sample, struct bough_device *device,
                                      const struct bough__layer_observer *observer);

// Parameters that the config's patterns are for, the first ones: not what the weighting learns.
static inline int32_t bough__model_named(const struct bough__model *model)
{
    return model->params.count - (model->learned != 0);
}

// Gives each parameter the config's group that fits it, and freezes what these do.
// Errors: INVALID, naming a group that fits none, or none that is trained.
enum bough_status bough__model_group(struct bough__model *model);

// Marks what is frozen of the parameters after so many epochs, and with `shared` all that tasks
// share. Returns whether anything changed: steps that were made before are to be made again.
int bough__model_freeze(struct bough__model *model, int32_t epochs, int shared);

// Whether the heads go with what their tasks say of classes and outputs. To be asked once before
// the model is run. Errors: INVALID, naming the task.
enum bough_status bough__model_check_tasks(const struct bough__model *model);

void bough__model_destroy(struct bough__model **model);

// Takes the names of the classes of a data set's tasks, and of the ids of its inputs, from its
// file, or from one of this model.
// Errors: DATA, where they do not go with the heads.
enum bough_status bough__model_read_classes(struct bough__model *model,
                                            const struct bough_tensor_file *file, int32_t set);

// What stands before the keys of an input's names in the model's file: nothing, unless there are
// several data sets. In `arena`; NULL: no memory.
const char *bough__model_names_prefix(const struct bough__model *model, size_t input,
                                      struct bough__arena *arena);

// Of an input in memory.
struct bough__input_values {
    struct bough__span x;    // [rows, sample]
    struct bough__span side; // of one that is optional F32 [rows], of lengths I32 [rows]
    int64_t rows;
    int64_t length; // of one with lengths: in the place of that of the model's sample
};

// The leaves of the inputs, `leaf` [inputs] of `value` [inputs], the first of the graph: an input's
// part is its key, it is of I32 if it is of ids, and knows its rows' lengths.
enum bough_status bough__model_leaves(const struct bough__model *model, struct bough__graph *graph,
                                      struct bough__leaf *leaf,
                                      const struct bough__input_values *value);

// Records the architecture on the leaves `input` [inputs]; wiring->scores[t] is
// [N, width[t], ...].
enum bough_status bough__model_record(struct bough__model *model, struct bough__graph *graph,
                                      enum bough__purpose purpose, const struct bough__leaf *input,
                                      struct bough__wiring *wiring);

// Adds to the parameters' gradients what the architecture minimises of them beside the losses.
enum bough_status bough__model_regularize(const struct bough__model *model,
                                          struct bough__sequence *out);

// Whether a split has a column beside an input, F32 or I32 [N]: whether rows have it, of one that
// is optional, or how long they are.
static inline int bough__has_side(const struct bough__input *input)
{
    return input->optional || input->lengths;
}

// Where among a split's columns (split.h) that is; and where the targets begin.
static inline size_t bough__side_column(const struct bough_config *config, size_t input)
{
    size_t column = config->inputs_count;
    for (size_t i = 0; i < input; i++)
        column += bough__has_side(&config->inputs[i]) != 0;
    return column;
}

static inline size_t bough__target_column(const struct bough_config *config)
{
    return bough__side_column(config, config->inputs_count);
}

// Whether a task's scores are [N, L, K], and not [N, K, ...].
static inline int bough__model_is_sequence(const struct bough__model *model, size_t t)
{
    return model->sequence[t] != BOUGH__NO_SEQUENCE;
}

// Errors: INVALID if a task has positions, but those of a sequence, which `what` has no place for.
enum bough_status bough__model_without_positions(const struct bough__model *model,
                                                 const char *what);

// NULL: the weighting learns nothing.
const struct bough__param_block *bough__model_learned(const struct bough__model *model);

// Copies the values to or from `best`, on the device.
enum bough_status bough__model_keep_best(struct bough__model *model);
enum bough_status bough__model_use_best(struct bough__model *model);

// Declares the parameters' tensors and, with `optimizer`, its slots; then, in a second call each,
// writes them in the same order.
enum bough_status bough__model_declare(const struct bough__model *model,
                                       struct bough_tensor_writer *writer, int optimizer);
enum bough_status bough__model_write(const struct bough__model *model,
                                     struct bough_tensor_writer *writer, int optimizer);

// Reads them back. Errors: DATA, naming the tensor that is missing or has another shape.
enum bough_status bough__model_read(struct bough__model *model,
                                    const struct bough_tensor_file *file, int optimizer);

#endif
