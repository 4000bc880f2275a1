// What the commands of bough-data share.
#ifndef BOUGH_DATA_TOOL_H
#define BOUGH_DATA_TOOL_H

#include "tool.h"

#include <bough/dataset.h>

#include <stddef.h>
#include <stdint.h>

// ---- Commands ----

extern const struct tool_command tool_idx, tool_csv, tool_png, tool_corpus, tool_compose,
    tool_generate, tool_merge, tool_split, tool_info, tool_show;

// The whole program. Returns its exit code.
int tool_main(int argc, char **argv);

// ---- Telling ----

// Prints a text, and spaces up to a width in characters, not bytes, of UTF-8.
void tool_print_padded(const char *text, size_t length, int width);
// Prints a name of a list that commas divide: in quotes if it holds one.
void tool_print_name(const char *name, size_t length);

// ---- Long work ----

// Tells how far the work is, on a terminal only. Errors: INTERRUPTED after Ctrl-C.
enum bough_status tool_step(const char *what, int64_t done, int64_t total);

// ---- Options ----

enum { TOOL_VALUES_MAX = 16 };

// tool_options, and refuses an output `-`.
enum bough_status data_options(int argc, char **argv, const struct tool_option *options,
                               size_t count);

#define DATA_OPTIONS(argc, argv, options)                                                          \
    data_options((argc), (argv), (options), sizeof(options) / sizeof *(options))

// As tool_whole.
enum bough_status tool_real(double *number, const char *text, const char *option, double min,
                            double max);

// Errors: INVALID where the output is the same file as the input, which it would replace. An input
// of NULL is none.
enum bough_status tool_check_output(const char *output, const char *input);

// What the fields of one item are called.
struct tool_fields {
    const char *image, *label;
};

// Starts from "image" and "label"; `values` are of the form image=NAME or label=NAME.
enum bough_status tool_fields(struct tool_fields *fields, const char *const *values);

// ---- Data sets ----

enum { TOOL_NAME_MAX = 256 };

// The name `split/field`. Errors: INVALID if it is too long or the split holds a slash.
enum bough_status tool_name(char name[TOOL_NAME_MAX], const char *split, const char *field);

// Names the classes of a field, one a line.
enum bough_status tool_classes(struct bough_tensor_writer *writer, const char *field,
                               const char *names);
// Says that a field U8 [N, L] holds UTF-8 text, padded with zero bytes.
enum bough_status tool_text(struct bough_tensor_writer *writer, const char *field);
// Whether it does.
int tool_is_text(const struct bough_tensor_file *file, const struct bough_file_tensor *tensor);
// Row `i` of such a field, not ended by a zero byte. Returns its length.
size_t tool_text_at(const char **text, const struct bough_file_tensor *tensor, int64_t i);
// The metadata `kind/field`, as `classes/label`; NULL if the file has none.
const char *tool_find(const struct bough_tensor_file *file, const char *kind, const char *field);
// NULL if the file has none.
const char *tool_find_classes(const struct bough_tensor_file *file, const char *field);

// Declares `split/field` of `count` samples, each of the shape that `row` describes.
enum bough_status tool_declare(struct bough_tensor_writer *writer, const char *split,
                               const char *field, enum bough_dtype dtype, int64_t count,
                               const struct bough_shape *row);

// Whether the tensor is a field of a data set, `split/field`; the split goes to `split`.
int tool_is_field(const struct bough_file_tensor *tensor, char split[TOOL_NAME_MAX],
                  const char **field);

// The n-th distinct split of the file, counted from 0; 0 if there is none.
int tool_split_at(const struct bough_tensor_file *file, size_t n, char split[TOOL_NAME_MAX]);

// The name of class `index` in a list of names, one a line; 0 if it has none.
int tool_class_name(const char *names, int64_t index, const char **name, size_t *length);
int64_t tool_class_count(const char *names); // 0 for NULL

// A class's name, a number, or the text of row `i`; "-" for a missing one.
void tool_label_text(char *text, size_t room, const struct bough_tensor_file *file,
                     const struct bough_file_tensor *tensor, int64_t i);

// Writes a tensor's bytes on, with progress.
enum bough_status tool_copy(struct bough_tensor_writer *writer, const char *what,
                            const struct bough_file_tensor *tensor);

// Prints what a new file holds, a line a tensor.
enum bough_status tool_report(const char *path);

#endif
