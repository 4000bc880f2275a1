// Every device of every backend.
#ifndef BOUGH_DEVICE_DEVICE_LIST_H
#define BOUGH_DEVICE_DEVICE_LIST_H

#include "device/device.h"

struct bough__listing {
    struct bough_device_info *info;
    const struct bough__backend **backend; // of each info
    size_t count;
    char note[512]; // why there is no OpenCL device, or ""
};

// Errors: INTERNAL.
enum bough_status bough__listing_init(struct bough__listing *listing);
void bough__listing_fini(struct bough__listing *listing);

#endif
