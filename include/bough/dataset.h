// Data sets and other named tensors in safetensors files: mapped for reading, streamed for writing.
//
// A data set's tensors are named `split/field`: `train/image` U8 [N, C, H, W], `train/label` I64
// [N], `test/image` and so on; all fields of a split have the same N. A missing label is -1 for
// classes and NaN for numbers. Classes are integers, of any type or BOOL; numbers are
// floats. The metadata may hold `classes/<field>`: the class names, one a line, and
// `columns/<field>`, those of its columns. A table is F32 [N, C] with `types/<field>`, `number` or
// `class` a line: a missing number is NaN, a class is an id, 0 where it is missing, 1 if it is
// unknown, and from 2 on those named in `classes/<field>/<column>`. Of a field of ids
// `vocabulary/<field>` names them from id 0 on. A field with
// `text/<field>`, `utf-8`, is U8 [N, L]: texts, padded with zero bytes; `<split>/id` is what the
// samples are called.
#ifndef BOUGH_DATASET_H
#define BOUGH_DATASET_H

#include <bough/status.h>
#include <bough/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bough_file_tensor {
    const char *name;
    enum bough_dtype dtype;
    struct bough_shape shape;
    const void *data; // row-major, mapped read-only; aligned to its element size
    size_t bytes;
};

// A safetensors file, mapped. Everything it returns is borrowed from it.
struct bough_tensor_file;

// Errors: DATA with file, place, found and wanted: missing, truncated, header too long or no JSON,
// unknown dtype, offsets that overlap, leave holes, or disagree with the shape.
enum bough_status bough_tensor_file_open(struct bough_tensor_file **file, const char *path);
void bough_tensor_file_close(struct bough_tensor_file **file);

const char *bough_tensor_file_path(const struct bough_tensor_file *file);
size_t bough_tensor_file_count(const struct bough_tensor_file *file);
// In the order of their offsets.
const struct bough_file_tensor *bough_tensor_file_at(const struct bough_tensor_file *file,
                                                     size_t index);
// NULL if there is none of that name.
const struct bough_file_tensor *bough_tensor_file_find(const struct bough_tensor_file *file,
                                                       const char *name);
// The metadata's value; NULL if there is none.
const char *bough_tensor_file_metadata(const struct bough_tensor_file *file, const char *key);
size_t bough_tensor_file_metadata_count(const struct bough_tensor_file *file);
const char *bough_tensor_file_metadata_at(const struct bough_tensor_file *file, size_t index,
                                          const char **value);

// The tensor `split/field`. Errors: DATA, naming the fields that are there.
enum bough_status bough_dataset_field(const struct bough_file_tensor **tensor,
                                      const struct bough_tensor_file *file, const char *split,
                                      const char *field);

// Writes a safetensors file: declare every tensor, then write their bytes in any number of pieces,
// in the order declared. Nothing stands under `path` until commit: the bytes go to a file beside
// it, which commit syncs and renames, and destroy without commit removes.
struct bough_tensor_writer;

// Errors: DATA if the folder cannot be written.
enum bough_status bough_tensor_writer_create(struct bough_tensor_writer **writer, const char *path);
// Before the first write. Errors: INVALID if the key or the name stands already.
enum bough_status bough_tensor_writer_metadata(struct bough_tensor_writer *writer, const char *key,
                                               const char *value);
enum bough_status bough_tensor_writer_declare(struct bough_tensor_writer *writer, const char *name,
                                              enum bough_dtype dtype,
                                              const struct bough_shape *shape);
// Errors: DATA if the disk is full; INVALID beyond the bytes declared.
enum bough_status bough_tensor_writer_write(struct bough_tensor_writer *writer, const void *data,
                                            size_t bytes);
// Errors: DATA; INVALID if fewer bytes were written than declared.
enum bough_status bough_tensor_writer_commit(struct bough_tensor_writer *writer);
void bough_tensor_writer_destroy(struct bough_tensor_writer **writer);

#ifdef __cplusplus
}
#endif

#endif
