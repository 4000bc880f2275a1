// Programs: one per kernel family and options, found in the cache or built from the embedded source
// at first use.
#include "device/opencl/cl_program.h"

#include "base/clock.h"
#include "base/error.h"
#include "device/opencl/cl_source.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- Building ----

// The compiler's; the caller frees it. NULL when out of memory.
static char *log_create(const struct bough__cl_device *device, cl_program program)
{
    size_t size = 0;
    clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &size);
    char *log = calloc(1, size + 1);
    if (log && size)
        clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, size, log, NULL);
    return log;
}

// PoCL builds through files: without an error of the source, it is those that could not be written.
static const char *hint(const struct bough__cl_device *device, const char *log)
{
    if (!device->pocl || (log && strstr(log, "error:")))
        return "";
    return "; is there room in PoCL's cache folder (POCL_CACHE_DIR), and may it be written?";
}

static void note_failure(const struct bough__cl_device *device, struct bough__cl_program *built,
                         cl_int error)
{
    char *log = built->program ? log_create(device, built->program) : NULL;
    snprintf(built->reason, sizeof built->reason,
             "cl/%s.cl does not build for device %s (%.100s): %s (%d)%s", built->family,
             device->base.info.id, device->base.info.name, bough__cl_error_name(error), error,
             hint(device, log));
    if (built->program)
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

static void build_source(struct bough__cl_device *device, struct bough__cl_program *built,
                         const char *source)
{
    const struct bough_device_info *info = &device->base.info;
    if (device->compilerless) {
        snprintf(built->reason, sizeof built->reason,
                 "cl/%s.cl is to be built for device %s, but BOUGH_COMPILER is off", built->family,
                 info->id);
        return;
    }
    const double before = bough__clock();
    cl_int error;
    built->program = clCreateProgramWithSource(device->context, 1, &source, NULL, &error);
    if (built->program)
        error = build_in_c_locale(device, built->program);
    if (error == CL_SUCCESS) {
        device->programs_built++;
        bough__log(BOUGH_LOG_VERBOSE, "device %s: built cl/%s.cl in %.2f s", info->id,
                   built->family, bough__clock() - before);
        return;
    }
    note_failure(device, built, error);
    if (built->program) {
        clReleaseProgram(built->program);
        built->program = NULL;
    }
}

// ---- Binaries ----

unsigned char *bough__cl_binary_create(size_t *size, const struct bough__cl_program *built)
{
    *size = 0;
    if (clGetProgramInfo(built->program, CL_PROGRAM_BINARY_SIZES, sizeof *size, size, NULL) !=
            CL_SUCCESS ||
        *size == 0)
        return NULL;
    unsigned char *binary = malloc(*size);
    if (binary && clGetProgramInfo(built->program, CL_PROGRAM_BINARIES, sizeof(unsigned char *),
                                   &binary, NULL) != CL_SUCCESS) {
        free(binary);
        binary = NULL;
    }
    return binary;
}

static cl_int build_binary(struct bough__cl_device *device, struct bough__cl_program *built,
                           const unsigned char *binary, size_t size)
{
    cl_int error, usable = CL_SUCCESS;
    built->program =
        clCreateProgramWithBinary(device->context, 1, &device->id, &size, &binary, &usable, &error);
    if (error == CL_SUCCESS)
        error = usable;
    if (error == CL_SUCCESS)
        error = build_in_c_locale(device, built->program);
    if (error != CL_SUCCESS && built->program) {
        clReleaseProgram(built->program);
        built->program = NULL;
    }
    return error;
}

static void find(struct bough__cl_device *device, struct bough__cl_program *built)
{
    const char *id = device->base.info.id;
    struct bough__cl_block binary;
    if (!bough__cl_cache_find(&binary, device, &built->key))
        return;
    cl_int error = build_binary(device, built, binary.data, binary.size);
    bough__cl_block_close(&binary);
    if (error == CL_SUCCESS) {
        built->kept = 1;
        device->programs_found++;
        bough__log(BOUGH_LOG_VERBOSE, "device %s: found cl/%s.cl in the cache", id, built->family);
    } else {
        bough__log(BOUGH_LOG_VERBOSE, "device %s: the driver refuses what was kept of cl/%s.cl: %s",
                   id, built->family, bough__cl_error_name(error));
    }
}

// From the file of kernels, and from nowhere else.
static void take(struct bough__cl_device *device, struct bough__cl_program *built)
{
    const unsigned char *binary;
    size_t size;
    if (bough__cl_kernels_find(&binary, &size, device->kernels, built) != BOUGH_OK) {
        snprintf(built->reason, sizeof built->reason, "%.200s", bough_last_error());
        return;
    }
    built->kept = 1;
    cl_int error = build_binary(device, built, binary, size);
    if (error == CL_SUCCESS)
        device->programs_found++;
    else
        snprintf(built->reason, sizeof built->reason,
                 "device %s refuses the cl/%s.cl of the file of kernels: %s (%d)",
                 device->base.info.id, built->family, bough__cl_error_name(error), error);
}

static void keep(struct bough__cl_device *device, struct bough__cl_program *built)
{
    size_t size;
    if (!built->program || built->kept || !bough__cl_cache_is_there(device))
        return;
    unsigned char *binary = bough__cl_binary_create(&size, built);
    if (binary)
        bough__cl_cache_keep(device, &built->key, binary, size);
    built->kept = 1;
    free(binary);
}

// ---- Using ----

static void make(struct bough__cl_device *device, struct bough__cl_program *built)
{
    char *source = bough__cl_source_create(built->family);
    if (!source) {
        snprintf(built->reason, sizeof built->reason, "%.200s", bough_last_error());
        return;
    }
    built->key = bough__cl_key_of(device, source);
    if (device->kernels)
        take(device, built);
    else
        find(device, built);
    if (!built->program && !device->kernels) {
        build_source(device, built, source);
        if (!device->pocl)
            keep(device, built);
    }
    free(source);
}

struct bough__cl_program *bough__cl_program_get(struct bough__cl_device *device, const char *family)
{
    for (struct bough__cl_program *p = device->programs; p; p = p->next)
        if (p->id == device->id && strcmp(p->family, family) == 0)
            return p;
    struct bough__cl_program *built = calloc(1, sizeof *built);
    if (!built)
        return NULL;
    snprintf(built->family, sizeof built->family, "%s", family);
    built->id = device->id;
    make(device, built);
    built->next = device->programs;
    device->programs = built;
    return built;
}

cl_kernel bough__cl_kernel_create(struct bough__cl_device *device, const char *family,
                                  const char *name)
{
    struct bough__cl_program *built = bough__cl_program_get(device, family);
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

// It takes PoCL seconds, once.
static void say_what_is_kept(struct bough__cl_device *device)
{
    unsigned count = 0;
    for (struct bough__cl_program *p = device->programs; p; p = p->next)
        count += p->program && !p->kept;
    if (count && bough__cl_cache_is_there(device))
        bough__log(BOUGH_LOG_INFO, "device %s: keeping %u built programs for the next start",
                   device->base.info.id, count);
}

void bough__cl_programs_destroy(struct bough__cl_device *device)
{
    say_what_is_kept(device);
    if (device->programs)
        bough__log(BOUGH_LOG_VERBOSE, "device %s: programs: %u found, %u built",
                   device->base.info.id, device->programs_found, device->programs_built);
    while (device->programs) {
        struct bough__cl_program *next = device->programs->next;
        keep(device, device->programs);
        if (device->programs->program)
            clReleaseProgram(device->programs->program);
        free(device->programs);
        device->programs = next;
    }
}
