// Placing areas of memory by the time they are alive.
#ifndef BOUGH_GRAPH_PLACE_H
#define BOUGH_GRAPH_PLACE_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

// Alive from moment `first` to `last`, both included.
struct bough__area {
    size_t bytes;
    int32_t first, last;
    size_t offset; // the result, a multiple of BOUGH_AREA_ALIGNMENT
};

enum { BOUGH_AREA_ALIGNMENT = 256 };

// Gives every area an offset such that areas alive together do not overlap: largest first, each at
// the lowest place that is free for all its time. `*bytes` is what all of them need.
// Errors: INTERNAL out of memory.
enum bough_status bough__place_areas(struct bough__area *area, size_t count, size_t *bytes);

#endif
