// Reading a tensor by read() and not through its mapping: where the file was cut meanwhile, that is
// an error and no SIGBUS.
#ifndef BOUGH_DATA_TENSOR_FILE_H
#define BOUGH_DATA_TENSOR_FILE_H

#include <bough/dataset.h>

// As bough_tensor_file_open; a file of another kind is told what is wanted in its place. NULL = a
// data set.
enum bough_status bough__tensor_file_open(struct bough_tensor_file **file, const char *path,
                                          const char *wanted);

// Bytes first..first+bytes-1 of a tensor of the file. Any thread may, at any time. Errors: DATA.
enum bough_status bough__tensor_read(const struct bough_tensor_file *file,
                                     const struct bough_file_tensor *tensor, size_t first, void *to,
                                     size_t bytes);

// All of it. The bytes are the caller's to free. Errors: DATA, INTERNAL.
enum bough_status bough__tensor_load(void **bytes, const struct bough_tensor_file *file,
                                     const struct bough_file_tensor *tensor);

// Whether anybody wrote to the file since it was opened. Errors: DATA.
enum bough_status bough__tensor_file_check(const struct bough_tensor_file *file);

#endif
