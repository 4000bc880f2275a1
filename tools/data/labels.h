// From the texts of a label column to classes or numbers.
#ifndef BOUGH_DATA_LABELS_H
#define BOUGH_DATA_LABELS_H

#include "png_list.h"

enum label_kind {
    LABEL_CLASS,  // whole numbers from 0, -1 or empty for none: I64 as they are
    LABEL_NUMBER, // F32, NaN or empty for none
    LABEL_NAME,   // any text, empty for none: I64, the place among the names
};

struct label_column {
    enum label_kind kind;
    const char **name; // sorted, by value where all are whole numbers; owned
    int64_t names;
    int (*order)(const void *, const void *); // of the names
    char *lines; // the names, one a line; owned, NULL unless kind is NAME
};

// Tells the kind from all cells of column `column`.
enum label_kind label_kind_of(const struct png_list *list, int column);

// Gathers the names where the kind is NAME. Errors: DATA for a name with a line break.
enum bough_status label_column_init(struct label_column *labels, enum label_kind kind,
                                    const struct png_list *list, int column);
void label_column_fini(struct label_column *labels);

// Values of the items from..to-1, I64 or F32 by kind.
enum bough_status label_column_write(struct bough_tensor_writer *writer,
                                     const struct label_column *labels, const struct png_list *list,
                                     int column, int64_t from, int64_t to);

#endif
