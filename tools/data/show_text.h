// Sentences on the standard output.
#ifndef BOUGH_DATA_SHOW_TEXT_H
#define BOUGH_DATA_SHOW_TEXT_H

#include "data_tool.h"

// Prints `count` sentences spread evenly over a split, or all. Errors: DATA where it has none.
enum bough_status show_text(const struct bough_tensor_file *file, const char *split, int64_t count);

#endif
