// What a library that is loaded before a program, and stands for OpenCL there, starts from.
#ifndef BOUGH_TEST_OPENCL_LOADER_H
#define BOUGH_TEST_OPENCL_LOADER_H

#include <dlfcn.h>
#include <stdlib.h>

// What a variable says; `otherwise` where there is none.
static inline unsigned long number(const char *variable, unsigned long otherwise)
{
    const char *given = getenv(variable);
    return given ? strtoul(given, NULL, 10) : otherwise;
}

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
