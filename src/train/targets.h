// A task's labels as its loss wants them.
#ifndef BOUGH_TRAIN_TARGETS_H
#define BOUGH_TRAIN_TARGETS_H

#include "nn/loss.h"

#include <bough/dataset.h>

struct bough__targets {
    enum bough__target_kind kind;
    int64_t rows, width; // numbers a row; 1 for classes
    int32_t *label;      // [rows], of classes; owned
    float *number;       // [rows, width], of the others; owned
};

// Reads and checks the task's field of a split.
//   width  numbers per row of the task's scores: its classes, or its outputs
// Errors: DATA with file, field, row, found and wanted; INVALID if field and loss do not go
// together.
enum bough_status bough__targets_init(struct bough__targets *targets,
                                      const struct bough_tensor_file *file, const char *split,
                                      const struct bough_task *task, enum bough__target_kind kind,
                                      int64_t width);
void bough__targets_fini(struct bough__targets *targets);

#endif
