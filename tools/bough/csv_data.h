// A CSV in the place of a data set.
#ifndef BOUGH_CSV_DATA_H
#define BOUGH_CSV_DATA_H

#include "cli.h"

// Whether a file is called one: .csv or .tsv, plain or .gz.
int csv_data_is(const char *path);

// Makes a data set of one split by a model's schema, in a folder for passing files, and tells which
// cells are missing or unknown. It goes with csv_data_remove, or with a signal that ends the
// program; messages call it by the name of the CSV. One at a time.
// Errors: DATA with file, line, column, found and wanted; INVALID; INTERRUPTED.
enum bough_status csv_data_make(const char **path, const char *csv, const char *model);
void csv_data_remove(void);

#endif
