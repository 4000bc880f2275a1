// A task's labels as its loss wants them.
#ifndef BOUGH_TRAIN_TARGETS_H
#define BOUGH_TRAIN_TARGETS_H

#include "nn/loss.h"
#include "train/classes.h"

#include <bough/dataset.h>

struct bough__targets {
    enum bough__target_kind kind;
    int64_t rows, width; // numbers a row; the positions, for classes
    int32_t *label;      // [rows, width], of classes; owned
    float *number;       // [rows, width], of the others, standardized; owned
};

// Reads and checks the task's field of a split.
//   width      K of the task's scores [N, K, ...]: its classes, or its outputs
//   positions  of a row of them
//   names      of the model's classes, by which a file that numbers them otherwise is understood
// Errors: DATA with file, field, row, found and wanted, or the classes that the model does not know
// and their counts; INVALID if field and loss do not go together.
enum bough_status bough__targets_init(struct bough__targets *targets,
                                      const struct bough_tensor_file *file, const char *split,
                                      const struct bough__task *task, enum bough__target_kind kind,
                                      int64_t width, int64_t positions,
                                      const struct bough__classes *names);
void bough__targets_fini(struct bough__targets *targets);

// Whether there is a label at a place of the [rows, width]; whether a row has one at any of its
// positions.
int bough__targets_has(const struct bough__targets *targets, int64_t at);
int bough__targets_any(const struct bough__targets *targets, int64_t row);

// A number that the model gave for an output, in the target's own unit.
double bough__target_restore(const struct bough__task *task, double number, int64_t output);

// Numbers [rows, width] that it gave, or is trained with, in the target's unit but less its mean:
// for errors, which are exact so, also where the mean is large.
void bough__targets_scale(float *number, const struct bough__task *task, int64_t rows,
                          int64_t width);

#endif
