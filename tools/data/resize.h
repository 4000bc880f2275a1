// Resizing planes of bytes.
#ifndef BOUGH_DATA_RESIZE_H
#define BOUGH_DATA_RESIZE_H

#include "data_tool.h"

// Turns planes [planes, from_height, from_width] into [planes, height, width]: linear between
// neighbours where it grows, a weighted mean of all that a pixel covers where it shrinks.
enum bough_status resize_planes(uint8_t *to, int64_t height, int64_t width, const uint8_t *from,
                                int64_t from_height, int64_t from_width, int64_t planes);

// Takes the nearest pixel's value instead.
void resize_nearest(uint8_t *to, int64_t height, int64_t width, const uint8_t *from,
                    int64_t from_height, int64_t from_width);

#endif
