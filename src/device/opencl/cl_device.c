// Opening and closing, and the row of entries.
#include "device/opencl/cl_program.h"

#include "base/error.h"
#include "base/strings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t group_size(const struct bough__cl_device *device)
{
    size_t group = device->cpu ? 1 : 64;
    while (group > 1 && group > device->max_group)
        group /= 2;
    return group;
}

// How much of k a panel of 32 columns holds in local memory, and so in the nearest cache.
static unsigned panel_depth(const struct bough__cl_device *device)
{
    size_t most = device->local_memory / (32 * sizeof(float)) / 16 * 16;
    return most < 16 ? 16 : most > BOUGH_CL_DEPTH ? BOUGH_CL_DEPTH : (unsigned)most;
}

static enum bough_status init(struct bough__cl_device *device, const char *id)
{
    enum bough_status status;
    cl_int error;
    BOUGH_TRY(bough__cl_find(device, id));
    const struct bough_device_info *info = &device->base.info;
    if (info->refused[0])
        return bough__fail(BOUGH_DEVICE, "device %s (%s): %s", id, info->name, info->refused);
    device->group = group_size(device);
    snprintf(device->options, sizeof device->options,
             "-cl-std=CL1.2 -cl-mad-enable -DBOUGH_GROUP=%zu -DBOUGH_VECTOR=%zu -DBOUGH_DEPTH=%u%s",
             device->group, device->vector, panel_depth(device),
             device->pointers ? " -DBOUGH_POINTERS" : "");
    BOUGH_TRY(bough__cl_kernels_open(device));
    BOUGH_TRY(bough__variable_says(&device->compilerless, "BOUGH_COMPILER", "off"));
    device->compilerless |= device->kernels != NULL;
    if (device->compilerless) // the kernels are those of one driver
        device->other.id = NULL;
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM,
                                                (cl_context_properties)device->platform, 0};
    const cl_device_id ids[] = {device->id, device->other.id};
    device->context =
        clCreateContext(properties, device->other.id ? 2 : 1, ids, NULL, NULL, &error);
    if (!device->context)
        return bough__cl_fail(device, error, "clCreateContext");
    device->queue = clCreateCommandQueue(device->context, device->id, 0, &error);
    if (!device->queue)
        return bough__cl_fail(device, error, "clCreateCommandQueue");
    BOUGH_TRY(bough__cl_drivers_open(device));
done:
    return status;
}

enum bough_status bough__cl_open(struct bough_device **device, const char *id)
{
    struct bough__cl_device *opened = calloc(1, sizeof *opened);
    if (!opened)
        return bough__no_memory();
    opened->base.backend = &bough__backend_opencl;
    enum bough_status status = init(opened, id);
    if (status == BOUGH_OK)
        *device = &opened->base;
    else
        bough__cl_close(&opened->base);
    return status;
}

void bough__cl_close(struct bough_device *base)
{
    struct bough__cl_device *device = bough__cl_device(base);
    const int idle = bough__cl_is_idle(device);
    for (int i = 0; i < BOUGH_CL_SLOTS; i++) {
        if (device->slot[i].written)
            clReleaseEvent(device->slot[i].written);
        if (idle)
            free(device->slot[i].memory);
    }
    bough__cl_told_destroy(device);
    bough__cl_free(device->scratch.memory, device);
    bough__cl_programs_destroy(device);
    bough__cl_cache_close(device->cache);
    bough__cl_kernels_close(device->kernels);
    bough__cl_drivers_close(device);
    if (device->context)
        clReleaseContext(device->context);
    free(device);
}

const struct bough__backend bough__backend_opencl = {
    .name = "opencl",
    .list = bough__cl_list,
    .open = bough__cl_open,
    .close = bough__cl_close,
    .buffer_create = bough__cl_buffer_create,
    .buffer_destroy = bough__cl_buffer_destroy,
    .write = bough__cl_write,
    .read = bough__cl_read,
    .copy = bough__cl_copy,
    .fill_zero = bough__cl_fill_zero,
    .expect = bough__cl_expect,
    .prepare_kernel = bough__cl_prepare_kernel,
    .prepare_gemm = bough__cl_prepare_gemm,
    .gemm_candidate = bough__cl_gemm_candidate,
    .launch_destroy = bough__cl_launch_destroy,
    .save_kernels = bough__cl_save_kernels,
    .run = bough__cl_run,
    .run_timed = bough__cl_run_timed,
    .finish = bough__cl_finish,
};
