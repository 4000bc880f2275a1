// A model's file, complete in itself: beside the parameters its metadata hold the resolved config
// (`config`, YAML), the shape of one input sample (`input`, "[1, 28, 28]"; of several inputs
// `inputs`, a line each of a name and a shape, "table [4]") and the names of the classes
// (`classes/<field>`, as in a data set), of an input's ids (`vocabulary/<field>`), and of a table's
// (`classes/<field>/<column>`), and the rules of the programs that made them: the `schema` of a
// CSV, the `tokenizer/<field>` of a text.
#ifndef BOUGH_TRAIN_MODEL_FILE_H
#define BOUGH_TRAIN_MODEL_FILE_H

#include "train/model.h"

// Writes those metadata. Errors: DATA, INTERNAL.
enum bough_status bough__model_describe(const struct bough__model *model,
                                        struct bough_tensor_writer *writer);

// Of a tensor of it. Errors: DATA for a number that is NaN.
enum bough_status bough__model_file_check(const struct bough_tensor_file *file, const char *name,
                                          const float *number, size_t count);

// Opens the model.safetensors of a run folder. Errors: DATA, with `missing` where there is none.
enum bough_status bough__model_file_in(struct bough_tensor_file **file, const char *folder,
                                       const char *missing);

// Opens a model's file, or the model.safetensors of a run folder. Errors: DATA.
enum bough_status bough__model_file_open(struct bough_tensor_file **file, const char *path);

// The config in its metadata; NULL on error. Errors: DATA.
enum bough_status bough__model_file_config(struct bough_config **config,
                                           const struct bough_tensor_file *file);

// A model as its file has it, on a device. Zero-initialised is closed.
struct bough__loaded {
    struct bough_tensor_file *file;
    struct bough_config *config;
    struct bough__arena arena;
    struct bough_device *device, *own_device;
    struct bough__model *model;
};

// `path` as for bough__model_file_open. `device` NULL = plain C,
// opened here. Errors: DATA, with the file and what it lacks; DEVICE; then there is nothing to
// close.
enum bough_status bough__loaded_open(struct bough__loaded *loaded, const char *path,
                                     struct bough_device *device);
void bough__loaded_close(struct bough__loaded *loaded);

#endif
