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

enum bough_input_kind {
    BOUGH_INPUT_NUMBERS, // F32, or U8, which becomes x / 255; normalized as in training
    BOUGH_INPUT_IDS,     // I32, whole numbers from 0
};

struct bough_input {
    const char *name; // of the config's `inputs`, or the field of its `input`
    enum bough_input_kind kind;
    struct bough_shape shape; // of one row
    int optional;             // rows may lack it
    int has_lengths;          // it is a sequence: the first dimension of its shape may be another
};

// Rows of one input, [rows, shape]. A row lacks an optional one where a number is NaN; U8, which
// has none, can be given as F32 of x / 255.
struct bough_rows {
    const void *data; // NULL: of an optional one, which no row has
    enum bough_dtype dtype;
    // Of an input with lengths:
    const int32_t *lengths; // [rows], behind which is padding; NULL = there is none
    int64_t positions;      // of each row, padding and all; 0 = as the input's shape says
};

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
    int input;                  // of scores [N, L, K]: the one whose positions they have; else -1
    const char *const *classes; // names, [K] of CLASS and [2] of BINARY; NULL if they have none
};

// Opens model.safetensors, or the run folder that holds it.
//   device  stays the caller's; NULL = plain C, of the model's own
// Errors: DATA, with the file and what it lacks; DEVICE.
enum bough_status bough_model_open(struct bough_model **model, const char *path,
                                   struct bough_device *device);
void bough_model_close(struct bough_model **model); // takes NULL, sets NULL

// What is returned here and below is borrowed from the model.
size_t bough_model_inputs(const struct bough_model *model);
const struct bough_input *bough_model_input(const struct bough_model *model, size_t index);
size_t bough_model_outputs(const struct bough_model *model); // as many as tasks
const struct bough_output *bough_model_output(const struct bough_model *model, size_t index);

// Runs `rows` rows. Batches are as large as in training, and what a number of rows needs is
// prepared at its first call: calls of as many rows, or of whole batches, cost no more than that.
//   scores  [outputs], each [rows, width] of the caller, [rows, positions, width] of a sequence
//   x       [inputs], as in a data set; of one input &(struct bough_rows){x, BOUGH_F32}. Also of
//           inputs that were of several data sets: a task's scores go by those that it reads
// Errors: INVALID, also for a number that is not finite, or where a task has no input, with the
// row; DEVICE.
enum bough_status bough_model_run(struct bough_model *model, float *const *scores,
                                  const struct bough_rows *x, int64_t rows);

// Turns the scores [rows, width] of a task into probabilities, in place; numbers stay.
void bough_model_probabilities(const struct bough_model *model, size_t index, float *scores,
                               int64_t rows);

// What makes rows for a model of a CSV: the schema of the one that it was trained on.
struct bough_model_table;

// `path` as for bough_model_open. Errors: DATA; INVALID where the model has no schema, or several.
enum bough_status bough_model_table_open(struct bough_model_table **table, const char *path);
void bough_model_table_close(struct bough_model_table **table); // takes NULL, sets NULL

// The schema as YAML, which datasets/tables.md tells of; borrowed.
const char *bough_model_table_schema(const struct bough_model_table *table);
// Whether the model reads a column of the CSV, or, of one of dates, a part of it.
int bough_model_table_reads(const struct bough_model_table *table, const char *column);

#ifdef __cplusplus
}
#endif

#endif
