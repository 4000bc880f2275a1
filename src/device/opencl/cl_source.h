// The text of the kernels, embedded at build time.
#ifndef BOUGH_DEVICE_OPENCL_CL_SOURCE_H
#define BOUGH_DEVICE_OPENCL_CL_SOURCE_H

struct bough__cl_file {
    const char *name; // "bough.h"
    const char *text;
};

extern const struct bough__cl_file bough__cl_files[]; // ends with a NULL name

// The text of cl/<family>.cl with every header put in the place of its first #include, so that no
// driver needs an include path. A file of the folder BOUGH_CL_DIR goes before the embedded one.
// The caller frees it; NULL if there is no such family or header, with the reason as the last
// error.
char *bough__cl_source_create(const char *family);

#endif
