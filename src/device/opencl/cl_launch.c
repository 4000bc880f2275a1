// Kernel launches: arguments bound once, then enqueued any number of times.
#include "device/opencl/opencl.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

enum {
    ITEMS = 64,     // of a group in BOUGH_GRID_ITEMS
    STRETCH = 4096, // elements that are worth a group of their own on a CPU device
    SHARES = 8,     // groups for each of its cores: whoever wakes late takes fewer
};

// ---- The C twin, for a kernel that the device lacks ----

struct twin {
    struct bough__kernel_call call;
    unsigned char params[BOUGH_MAX_PARAMS];
};

struct bough__cl_told {
    struct bough__cl_told *next;
    const void *what;
};

int bough__cl_is_news(struct bough__cl_device *device, const void *what)
{
    for (struct bough__cl_told *told = device->told; told; told = told->next)
        if (told->what == what)
            return 0;
    struct bough__cl_told *told = malloc(sizeof *told);
    if (told) {
        *told = (struct bough__cl_told){device->told, what};
        device->told = told;
    }
    return 1;
}

void bough__cl_told_destroy(struct bough__cl_device *device)
{
    while (device->told) {
        struct bough__cl_told *next = device->told->next;
        free(device->told);
        device->told = next;
    }
}

struct mapping {
    cl_mem memory[BOUGH_MAX_ARGS];
    char *base[BOUGH_MAX_ARGS];
    int count;
};

// Every buffer is mapped once, however many arguments lie in it.
static cl_int map(struct mapping *mapping, struct bough__cl_device *device, char **pointer,
                  struct bough__span span)
{
    cl_mem memory = bough__cl_memory(span).buffer;
    cl_int error = CL_SUCCESS;
    int i = 0;
    *pointer = NULL;
    if (!memory)
        return CL_SUCCESS;
    while (i < mapping->count && mapping->memory[i] != memory)
        i++;
    if (i == mapping->count) {
        mapping->base[i] =
            clEnqueueMapBuffer(device->queue, memory, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0,
                               span.buffer->size, 0, NULL, NULL, &error);
        if (error != CL_SUCCESS)
            return error;
        mapping->memory[i] = memory;
        mapping->count++;
    }
    *pointer = mapping->base[i] + span.offset;
    return CL_SUCCESS;
}

static enum bough_status run_twin(struct bough__cl_launch *launch)
{
    struct bough__cl_device *device = bough__cl_device(launch->base.device);
    const struct twin *twin = launch->own;
    const struct bough__kernel *kernel = twin->call.kernel;
    struct mapping mapping = {.count = 0};
    char *arg[BOUGH_MAX_ARGS] = {NULL};
    cl_int error = CL_SUCCESS;
    for (int i = 0; i < kernel->args && error == CL_SUCCESS; i++)
        error = map(&mapping, device, &arg[i], twin->call.arg[i]);
    for (int64_t s = 0; error == CL_SUCCESS && s < twin->call.stack; s++) {
        kernel->run((void *const *)arg, twin->params, 0, twin->call.count);
        for (int i = 0; i < kernel->args; i++)
            arg[i] += arg[i] ? twin->call.arg[i].stride : 0;
    }
    for (int i = 0; i < mapping.count; i++) {
        cl_int unmapped = clEnqueueUnmapMemObject(device->queue, mapping.memory[i], mapping.base[i],
                                                  0, NULL, NULL);
        error = error == CL_SUCCESS ? unmapped : error;
    }
    if (error != CL_SUCCESS)
        return bough__cl_fail(device, error, "mapping the buffers of %s", kernel->name);
    return BOUGH_OK;
}

static enum bough_status use_twin(struct bough__cl_launch *launch,
                                  const struct bough__kernel_call *call)
{
    if (bough__cl_is_news(bough__cl_device(launch->base.device), call->kernel))
        bough__log(BOUGH_LOG_WARNING, "device %s: %s runs in plain C: %s",
                   launch->base.device->info.id, call->kernel->name, bough_last_error());
    struct twin *twin = calloc(1, sizeof *twin);
    if (!twin)
        return bough__no_memory();
    twin->call = *call;
    twin->call.params = NULL; // copied, not kept
    if (call->kernel->params_size)
        memcpy(twin->params, call->params, call->kernel->params_size);
    launch->own = twin;
    launch->step[launch->steps++] =
        (struct bough__cl_step){.name = call->kernel->name, .call = run_twin};
    return BOUGH_OK;
}

// ---- Binding ----

// In cl/bough.h's order: ARG() of each argument, the count, the parameters.
static enum bough_status bind(struct bough__cl_device *device, cl_kernel kernel,
                              const struct bough__kernel_call *call)
{
    cl_uint index = 0;
    cl_int error = bough__cl_set_stacks(kernel, &index, device, call->arg, call->kernel->args);
    cl_ulong count = (cl_ulong)call->count;
    if (error == CL_SUCCESS)
        error = clSetKernelArg(kernel, index++, sizeof count, &count);
    if (error == CL_SUCCESS && call->kernel->params_size)
        error = clSetKernelArg(kernel, index++, call->kernel->params_size, call->params);
    if (error != CL_SUCCESS)
        return bough__cl_fail(device, error, "clSetKernelArg %u of %s", index - 1,
                              call->kernel->name);
    return BOUGH_OK;
}

// An ITEM_KERNEL of a CPU device: its groups are one work-item, which takes a stretch of items.
static int takes_stretches(const struct bough__cl_device *device, cl_kernel kernel)
{
    size_t size[3] = {0};
    clGetKernelWorkGroupInfo(kernel, device->id, CL_KERNEL_COMPILE_WORK_GROUP_SIZE, sizeof size,
                             size, NULL);
    return size[0] == 1;
}

static size_t stretches(const struct bough__cl_device *device,
                        const struct bough__kernel_call *call)
{
    const size_t stack = (size_t)call->stack;
    const size_t most = (SHARES * (size_t)device->base.info.compute_units + stack - 1) / stack;
    const size_t wanted = (size_t)(call->work ? call->work : call->count) / STRETCH;
    const size_t groups = wanted < 1 ? 1 : wanted < most ? wanted : most;
    return groups < (size_t)call->count ? groups : (size_t)call->count;
}

static size_t items_of_group(const struct bough__cl_device *device, cl_kernel kernel)
{
    size_t most = device->max_group, items = ITEMS;
    clGetKernelWorkGroupInfo(kernel, device->id, CL_KERNEL_WORK_GROUP_SIZE, sizeof most, &most,
                             NULL);
    while (items > 1 && items > most)
        items /= 2;
    return items;
}

static enum bough_status use_kernel(struct bough__cl_launch *launch, cl_kernel kernel,
                                    const struct bough__kernel_call *call)
{
    struct bough__cl_device *device = bough__cl_device(launch->base.device);
    struct bough__cl_step *step = &launch->step[launch->steps++];
    *step = (struct bough__cl_step){.name = call->kernel->name,
                                    .kernel = kernel,
                                    .dims = call->stack > 1 ? 2 : 1,
                                    .local = {1, 1},
                                    .global = {1, (size_t)call->stack}};
    size_t count = (size_t)call->count;
    const enum bough__grid grid = call->kernel->grid;
    if (grid != BOUGH_GRID_ITEMS && (grid == BOUGH_GRID_ROWS || device->group > 1)) {
        step->local[0] = device->group;
        step->global[0] = count * device->group;
    } else if (takes_stretches(device, kernel)) {
        step->local[0] = 1;
        step->global[0] = stretches(device, call);
    } else {
        step->local[0] = items_of_group(device, kernel);
        step->global[0] = (count + step->local[0] - 1) / step->local[0] * step->local[0];
    }
    return bind(device, kernel, call);
}

enum bough_status bough__cl_prepare_kernel(struct bough__launch **launch,
                                           struct bough_device *device,
                                           const struct bough__kernel_call *call)
{
    enum bough_status status = BOUGH_OK;
    struct bough__cl_launch *created = calloc(1, sizeof *created);
    BOUGH_TRY_MEMORY(created);
    created->base.device = device;
    created->basic = bough__cl_device(device)->basic;
    if (call->count > 0) {
        cl_kernel kernel = bough__cl_kernel_create(bough__cl_device(device), call->kernel->source,
                                                   call->kernel->name);
        if (!kernel && bough__cl_device(device)->kernels) // it was promised that all are there
            BOUGH_TRY(BOUGH_DEVICE);
        BOUGH_TRY(kernel ? use_kernel(created, kernel, call) : use_twin(created, call));
    }
    *launch = &created->base;
    created = NULL;
done:
    if (created)
        bough__cl_launch_destroy(&created->base);
    return status;
}

void bough__cl_launch_destroy(struct bough__launch *base)
{
    struct bough__cl_launch *launch = (struct bough__cl_launch *)base;
    for (size_t i = 0; i < launch->steps; i++)
        if (launch->step[i].kernel)
            clReleaseKernel(launch->step[i].kernel);
    free(launch->own);
    free(launch);
}

// ---- Running ----

static enum bough_status run_step(struct bough__cl_device *device, struct bough__cl_launch *launch,
                                  const struct bough__cl_step *step)
{
    if (step->call)
        return step->call(launch);
    cl_int error = clEnqueueNDRangeKernel(device->queue, step->kernel, step->dims, NULL,
                                          step->global, step->local, 0, NULL, NULL);
    if (error == CL_SUCCESS)
        return BOUGH_OK;
    return bough__cl_fail(device, error, "running %s over %zu x %zu x %zu items", step->name,
                          step->global[0], step->dims > 1 ? step->global[1] : 1,
                          step->dims > 2 ? step->global[2] : 1);
}

enum bough_status bough__cl_launch_begin(struct bough__cl_device *device,
                                         struct bough__cl_launch *launch)
{
    const struct bough__cl_scratch *scratch = &device->scratch;
    if (!launch->wants_scratch || launch->scratch_version == scratch->version)
        return BOUGH_OK;
    for (size_t s = 0; s < launch->steps; s++) {
        const struct bough__cl_step *step = &launch->step[s];
        cl_int error = CL_SUCCESS;
        cl_uint index = BOUGH_CL_SCRATCH_ARG * (device->pointers ? 1 : 2);
        if (step->kernel)
            error = bough__cl_set_place(step->kernel, &index, device, scratch->memory, 0);
        if (error != CL_SUCCESS)
            return bough__cl_fail(device, error, "clSetKernelArg of the scratch of %s", step->name);
    }
    launch->scratch_version = scratch->version;
    return BOUGH_OK;
}

enum bough_status bough__cl_run(struct bough_device *base, struct bough__launch *const *launch,
                                size_t count)
{
    struct bough__cl_device *device = bough__cl_device(base);
    enum bough_status status = BOUGH_OK;
    for (size_t i = 0; i < count; i++) {
        struct bough__cl_launch *one = (struct bough__cl_launch *)launch[i];
        BOUGH_TRY(bough__cl_driver_take(device, one->basic));
        BOUGH_TRY(bough__cl_launch_begin(device, one));
        for (size_t s = 0; s < one->steps; s++)
            BOUGH_TRY(run_step(device, one, &one->step[s]));
    }
    if (!device->cpu)
        clFlush(device->queue);
done:
    return status;
}

enum bough_status bough__cl_finish(struct bough_device *base)
{
    struct bough__cl_device *device = bough__cl_device(base);
    cl_int error = clFlush(device->queue);
    if (error == CL_SUCCESS)
        error = clFinish(device->queue);
    if (error != CL_SUCCESS)
        return bough__cl_fail(device, error, "clFinish");
    return BOUGH_OK;
}
