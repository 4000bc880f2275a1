// Programs: one per kernel family, built from the embedded source at first use.
#include "device/opencl/opencl.h"

#include "base/error.h"
#include "device/opencl/cl_source.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bough__cl_program {
    struct bough__cl_program *next;
    char family[64];
    cl_program program; // NULL if it could not be built
    char reason[256];   // why
};

// ---- Building ----

static void log_failure(const struct bough__cl_device *device,
                        const struct bough__cl_program *built)
{
    char *log = NULL;
    size_t size = 0;
    clGetProgramBuildInfo(built->program, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &size);
    if (size)
        log = calloc(1, size + 1);
    if (log)
        clGetProgramBuildInfo(built->program, device->id, CL_PROGRAM_BUILD_LOG, size, log, NULL);
    bough__log(BOUGH_LOG_WARNING, "%s; options: %s; log:\n%s", built->reason, device->options,
               log ? log : "");
    free(log);
}

// Some drivers parse numbers as the locale writes them.
static cl_int build_in_c_locale(struct bough__cl_device *device, cl_program program)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    locale_t before = plain ? uselocale(plain) : (locale_t)0;
    cl_int error = clBuildProgram(program, 1, &device->id, device->options, NULL, NULL);
    if (plain) {
        uselocale(before);
        freelocale(plain);
    }
    return error;
}

static void build(struct bough__cl_device *device, struct bough__cl_program *built)
{
    const struct bough_device_info *info = &device->base.info;
    char *source = bough__cl_source_create(built->family);
    if (!source) {
        snprintf(built->reason, sizeof built->reason, "%.200s", bough_last_error());
        return;
    }
    cl_int error;
    const char *text = source;
    built->program = clCreateProgramWithSource(device->context, 1, &text, NULL, &error);
    if (built->program)
        error = build_in_c_locale(device, built->program);
    if (error != CL_SUCCESS) {
        snprintf(built->reason, sizeof built->reason,
                 "cl/%s.cl does not build for device %s (%.100s): %s (%d)", built->family, info->id,
                 info->name, bough__cl_error_name(error), error);
        if (built->program) {
            log_failure(device, built);
            clReleaseProgram(built->program);
            built->program = NULL;
        }
    } else {
        bough__log(BOUGH_LOG_VERBOSE, "device %s: built cl/%s.cl", info->id, built->family);
    }
    free(source);
}

// Built or failed, the outcome is kept. NULL when out of memory.
static struct bough__cl_program *program_get(struct bough__cl_device *device, const char *family)
{
    for (struct bough__cl_program *p = device->programs; p; p = p->next)
        if (strcmp(p->family, family) == 0)
            return p;
    struct bough__cl_program *built = calloc(1, sizeof *built);
    if (!built)
        return NULL;
    snprintf(built->family, sizeof built->family, "%s", family);
    build(device, built);
    built->next = device->programs;
    device->programs = built;
    return built;
}

// ---- Using ----

cl_kernel bough__cl_kernel_create(struct bough__cl_device *device, const char *family,
                                  const char *name)
{
    struct bough__cl_program *built = program_get(device, family);
    if (!built) {
        bough__no_memory();
        return NULL;
    }
    if (!built->program) {
        bough__fail(BOUGH_DEVICE, "%s", built->reason);
        return NULL;
    }
    cl_int error;
    cl_kernel kernel = clCreateKernel(built->program, name, &error);
    if (!kernel)
        bough__cl_fail(device, error, "clCreateKernel of %s in cl/%s.cl", name, family);
    return kernel;
}

void bough__cl_programs_destroy(struct bough__cl_device *device)
{
    while (device->programs) {
        struct bough__cl_program *next = device->programs->next;
        if (device->programs->program)
            clReleaseProgram(device->programs->program);
        free(device->programs);
        device->programs = next;
    }
}
