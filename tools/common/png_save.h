// A picture as a PNG file.
#ifndef BOUGH_PNG_SAVE_H
#define BOUGH_PNG_SAVE_H

#include "tool.h"

// Writes an RGB image [height, width, 3], aside and renamed. Errors: DATA.
enum bough_status png_save(const char *path, const uint8_t *pixels, int width, int height);

#endif
