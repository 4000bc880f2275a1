// From the texts of a label column to classes or numbers.
#ifndef BOUGH_DATA_LABELS_H
#define BOUGH_DATA_LABELS_H

#include "png_list.h"

enum label_kind {
    LABEL_NONE,   // not one cell has a value: the column is left out
    LABEL_NUMBER, // most cells are numbers, or all must be: F32, NaN for none
    LABEL_NAME,   // any text: I64, the place among the names, -1 for none
};

struct label_column {
    enum label_kind kind;
    int is_asked; // to be classes; the caller's to set
    int64_t missing;
    double min, max;   // of numbers
    int whole;         // all numbers are
    int rounded;       // a whole number is beyond what F32 holds exactly
    const char **name; // sorted, by value where all are numbers; owned
    int64_t names;
    int (*order)(const void *, const void *); // of the names
    char *lines; // the names, one a line; owned, NULL unless kind is NAME
};

// Tells the kind from all cells of column `column`.
enum label_kind label_kind_of(const struct png_list *list, int column);

// Checks the cells, and gathers the names where the kind is NAME. Errors: DATA, with the CSV, line
// and column, for a cell that is no number in a column of numbers, or beyond F32; for a name with a
// line break.
enum bough_status label_column_init(struct label_column *labels, enum label_kind kind,
                                    const struct png_list *list, int column);
void label_column_fini(struct label_column *labels);

// Prints what was made of the column, on a line; and a hint where classes that nobody asked for
// look like numbers.
void label_column_report(const struct label_column *labels, const struct png_list *list,
                         int column);

// Values of the items from..to-1, I64 or F32 by kind.
enum bough_status label_column_write(struct bough_tensor_writer *writer,
                                     const struct label_column *labels, const struct png_list *list,
                                     int column, int64_t from, int64_t to);

#endif
