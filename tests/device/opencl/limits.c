// Loaded before a test program (LD_PRELOAD), it makes every OpenCL device a poorer one: no more
// items in a group than LIMIT_GROUP says, which is held; LIMIT_NAME behind its name; LIMIT_UNITS
// compute units; and no ways of multiplying to try but as many as LIMIT_WAYS says, all the same.
#include "loader.h"

#include <CL/cl.h>
#include <bough/tune.h>
#include <stdlib.h>
#include <string.h>

static size_t most_items(void)
{
    return number("LIMIT_GROUP", (size_t)-1);
}

static void lower(void *items)
{
    if (items && *(size_t *)items > most_items())
        *(size_t *)items = most_items();
}

cl_int clGetDeviceInfo(cl_device_id id, cl_device_info what, size_t room, void *value, size_t *used)
{
    cl_int (*real)(cl_device_id, cl_device_info, size_t, void *, size_t *);
    const char *more = getenv("LIMIT_NAME"), *units = getenv("LIMIT_UNITS");
    *(void **)&real = loaders("clGetDeviceInfo");
    cl_int error = real(id, what, room, value, used);
    if (error == CL_SUCCESS && what == CL_DEVICE_MAX_WORK_GROUP_SIZE)
        lower(value);
    if (error == CL_SUCCESS && what == CL_DEVICE_NAME && more && value &&
        strlen(value) + strlen(more) < room) {
        strcat(value, more);
        if (used)
            *used += strlen(more);
    }
    if (error == CL_SUCCESS && what == CL_DEVICE_MAX_COMPUTE_UNITS && units && value)
        *(cl_uint *)value = (cl_uint)strtoul(units, NULL, 10);
    return error;
}

cl_int clGetKernelWorkGroupInfo(cl_kernel kernel, cl_device_id id, cl_kernel_work_group_info what,
                                size_t room, void *value, size_t *used)
{
    cl_int (*real)(cl_kernel, cl_device_id, cl_kernel_work_group_info, size_t, void *, size_t *);
    *(void **)&real = loaders("clGetKernelWorkGroupInfo");
    cl_int error = real(kernel, id, what, room, value, used);
    if (error == CL_SUCCESS && what == CL_KERNEL_WORK_GROUP_SIZE)
        lower(value);
    return error;
}

cl_int clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dims,
                              const size_t *offset, const size_t *global, const size_t *local,
                              cl_uint waits, const cl_event *wait, cl_event *event)
{
    cl_int (*real)(cl_command_queue, cl_kernel, cl_uint, const size_t *, const size_t *,
                   const size_t *, cl_uint, const cl_event *, cl_event *);
    size_t items = 1;
    for (cl_uint i = 0; local && i < dims; i++)
        items *= local[i];
    if (items > most_items())
        return CL_INVALID_WORK_GROUP_SIZE;
    *(void **)&real = loaders("clEnqueueNDRangeKernel");
    return real(queue, kernel, dims, offset, global, local, waits, wait, event);
}

const char *bough_tune_candidate(const struct bough_device *device, size_t index)
{
    (void)device;
    return index < number("LIMIT_WAYS", 0) ? "generic" : NULL;
}
