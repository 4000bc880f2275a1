// A trained model in a program of its own: rows in memory to scores in memory, with no config and
// no data set. A model is used by one thread at a time; each thread may open its own.
#ifndef BOUGH_MODEL_H
#define BOUGH_MODEL_H

#include <bough/device.h>
#include <bough/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bough_model;

// What the scores of a task are.
enum bough_output_kind {
    BOUGH_OUTPUT_CLASS,  // [N, K], a score for each class; softmax gives their probabilities
    BOUGH_OUTPUT_BINARY, // [N, K], sigmoid gives the probability of class 1
    BOUGH_OUTPUT_NUMBER, // [N, K], numbers in the target's own unit
};

struct bough_output {
    const char *task;
    enum bough_output_kind kind;
    int64_t width;              // K
    const char *const *classes; // names, [K] of CLASS and [2] of BINARY; NULL if they have none
};

// Opens model.safetensors, or the run folder that holds it.
//   device  stays the caller's; NULL = plain C, of the model's own
// Errors: DATA, with the file and what it lacks; DEVICE.
enum bough_status bough_model_open(struct bough_model **model, const char *path,
                                   struct bough_device *device);
void bough_model_close(struct bough_model **model); // takes NULL, sets NULL

// The shape of one input row. What is returned here and below is borrowed from the model.
const struct bough_shape *bough_model_input(const struct bough_model *model);
size_t bough_model_outputs(const struct bough_model *model); // as many as tasks
const struct bough_output *bough_model_output(const struct bough_model *model, size_t index);

// Runs `rows` rows. Batches are as large as in training, and what a number of rows needs is
// prepared at its first call: calls of as many rows, or of whole batches, cost no more than that.
//   scores  [outputs], each [rows, width] of the caller
//   x       [rows, input], as in a data set: U8 becomes x / 255, and both are normalized as in
//           training
//   dtype   BOUGH_F32 or BOUGH_U8
// Errors: INVALID, also for a number that is not finite, with its row; DEVICE.
enum bough_status bough_model_run(struct bough_model *model, float *const *scores, const void *x,
                                  enum bough_dtype dtype, int64_t rows);

// Turns the scores [rows, width] of a task into probabilities, in place; numbers stay.
void bough_model_probabilities(const struct bough_model *model, size_t index, float *scores,
                               int64_t rows);

#ifdef __cplusplus
}
#endif

#endif
