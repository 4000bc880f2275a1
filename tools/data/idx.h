// Reading IDX, the format of MNIST: 0 0 TYPE RANK, RANK sizes of 4 bytes, the elements, all
// big-endian; plain or gzipped.
#ifndef BOUGH_DATA_IDX_H
#define BOUGH_DATA_IDX_H

#include "data_tool.h"

#include <zlib.h>

struct idx {
    const char *path; // borrowed
    gzFile stream;
    enum bough_dtype dtype;
    struct bough_shape shape; // dim[0] counts the items
    int64_t bytes;            // of all elements
};

// Errors: DATA with path, place, found and wanted.
enum bough_status idx_open(struct idx *idx, const char *path);
// The next `count` elements, in this machine's byte order. Errors: DATA; INTERRUPTED.
enum bough_status idx_read(struct idx *idx, void *elements, int64_t count);
// Fails unless the file ends here.
enum bough_status idx_end(struct idx *idx);
void idx_close(struct idx *idx);

#endif
