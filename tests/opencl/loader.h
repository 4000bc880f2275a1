// What a library that is loaded before a program, and stands for OpenCL there, starts from.
#ifndef BOUGH_TEST_OPENCL_LOADER_H
#define BOUGH_TEST_OPENCL_LOADER_H

#include <dlfcn.h>
#include <stdlib.h>

// The loader's own function, past ours.
static inline void *loaders(const char *name)
{
    void *loader = dlopen("libOpenCL.so.1", RTLD_NOW);
    void *found = loader ? dlsym(loader, name) : NULL;
    if (!found)
        abort();
    return found;
}

#endif
