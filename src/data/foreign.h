// Files that are no data sets: what they look like.
#ifndef BOUGH_DATA_FOREIGN_H
#define BOUGH_DATA_FOREIGN_H

#include <stddef.h>

// What a file that begins with these bytes is, and what makes a data set of it: "CSV text; ...".
// NULL if they tell nothing.
const char *bough__foreign_name(const void *bytes, size_t size);

#endif
