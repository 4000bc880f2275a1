// A split of a data set, ready for a model: its input and labels checked, and on the device.
#ifndef BOUGH_TRAIN_SPLIT_H
#define BOUGH_TRAIN_SPLIT_H

#include "data/feed.h"
#include "train/model.h"
#include "train/targets.h"

struct bough__split {
    struct bough__targets *targets; // [T]; NULL without labels
    size_t tasks;
    struct bough__table table; // columns: the input, then each task's target
    float *converted;          // the input, where the file's type is neither U8 nor F32
};

enum bough__labels { BOUGH_WITHOUT_LABELS, BOUGH_WITH_LABELS };

// Whether the file has the input field of that split.
int bough__split_exists(const struct bough_tensor_file *file, const char *name,
                        const struct bough_config *config);

// The shape of one input sample. Errors: DATA if the split has no such field or no rows.
enum bough_status bough__sample_shape(struct bough_shape *sample,
                                      const struct bough_tensor_file *file, const char *split,
                                      const struct bough_config *config);

// Loads a split; `file` stays open as long as it is used.
// Errors: DATA with file, field, row, found and wanted.
enum bough_status bough__split_init(struct bough__split *split,
                                    const struct bough_tensor_file *file, const char *name,
                                    const struct bough__model *model, enum bough__labels labels);
void bough__split_fini(struct bough__split *split);

#endif
