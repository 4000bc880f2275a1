// Programs, for those that look into them.
#ifndef BOUGH_DEVICE_OPENCL_CL_PROGRAM_H
#define BOUGH_DEVICE_OPENCL_CL_PROGRAM_H

#include "device/opencl/cl_cache.h"

struct bough__cl_program {
    struct bough__cl_program *next;
    char family[64];
    cl_device_id id; // that it is built for
    struct bough__cl_key key;
    int kept;           // its binary is in the cache
    cl_program program; // NULL if it could not be built
    char reason[384];   // why
};

// Built or failed. NULL when out of memory. Borrowed from the device.
struct bough__cl_program *bough__cl_program_get(struct bough__cl_device *device,
                                                const char *family);

// The caller frees it; NULL if the driver gives none.
unsigned char *bough__cl_binary_create(size_t *size, const struct bough__cl_program *built);

// ---- A file of kernels ----

// Opens the file that BOUGH_KERNELS names, if it names one, for a device that is to run from it
// alone. Errors: DATA if it cannot be read or is damaged; DEVICE if it is for another device.
enum bough_status bough__cl_kernels_open(struct bough__cl_device *device);
void bough__cl_kernels_close(struct bough__cl_kernels *kernels); // takes NULL

// A part of the file. Errors: DEVICE if it has no such program.
enum bough_status bough__cl_kernels_find(const unsigned char **binary, size_t *size,
                                         const struct bough__cl_kernels *kernels,
                                         const struct bough__cl_program *wanted);

// Builds every family into such a file.
enum bough_status bough__cl_save_kernels(struct bough_device *device, const char *path,
                                         char *report, size_t report_size);

#endif
