// One PNG file as planes of bytes.
#ifndef BOUGH_DATA_PNG_IMAGE_H
#define BOUGH_DATA_PNG_IMAGE_H

#include "data_tool.h"

struct png_size {
    int64_t channels, height, width; // 1 or 3 channels
};

// Reads the header. A palette of greys counts as one channel. Errors: DATA.
enum bough_status png_probe(struct png_size *size, const char *path);

// Reads an image of `size` into [channels, height, width]; grey becomes colour where 3 channels are
// wanted. 16 bits are scaled to 8; transparency is laid on black. Errors: DATA, and if the file
// changed since it was probed.
enum bough_status png_load(uint8_t *pixels, const struct png_size *size, const char *path);

#endif
