// A small bitmap font.
#ifndef BOUGH_DATA_FONT_H
#define BOUGH_DATA_FONT_H

#include <stdint.h>

enum { FONT_WIDTH = 6, FONT_HEIGHT = 9 }; // from one character or line to the next

// Draws up to `limit` characters in white, from the upper left pixel `rgb` on, in an image whose
// rows are `stride` bytes apart. What is no printable ASCII is drawn as a question mark.
void font_draw(uint8_t *rgb, int stride, const char *text, int limit);

#endif
