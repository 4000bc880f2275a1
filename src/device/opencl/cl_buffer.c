#define _GNU_SOURCE // RTLD_DEFAULT

#include "device/opencl/opencl.h"

#include "base/error.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    STAGED_BYTES = 1 << 20, // a write up to this size goes through a slot and does not wait
    TOUCHED_BYTES = 1 << 20 // a buffer below this size will find memory at its first use
};

static struct bough__cl_device *device_of(struct bough__span span)
{
    return bough__cl_device(span.buffer->device);
}

// ---- Shared memory ----

// A loader of OpenCL 1.2 lacks them, and a module that is linked to them does not load with it.
static struct {
    void *(*alloc)(cl_context context, cl_bitfield flags, size_t size, cl_uint alignment);
    void (*free)(cl_context context, void *memory);
    cl_int (*set_arg)(cl_kernel kernel, cl_uint index, const void *pointer);
    cl_int (*set_info)(cl_kernel kernel, cl_kernel_exec_info what, size_t size, const void *value);
} shared;

static void find_shared(void)
{
    *(void **)&shared.alloc = dlsym(RTLD_DEFAULT, "clSVMAlloc");
    *(void **)&shared.free = dlsym(RTLD_DEFAULT, "clSVMFree");
    *(void **)&shared.set_arg = dlsym(RTLD_DEFAULT, "clSetKernelArgSVMPointer");
    *(void **)&shared.set_info = dlsym(RTLD_DEFAULT, "clSetKernelExecInfo");
}

int bough__cl_shares_memory(void)
{
    static pthread_once_t found = PTHREAD_ONCE_INIT;
    pthread_once(&found, find_shared);
    return shared.alloc && shared.free && shared.set_arg && shared.set_info;
}

// ---- Allocating ----

static enum bough_status touch(struct bough__cl_device *device, cl_mem memory, size_t size)
{
    const cl_uchar zero = 0;
    cl_int error = clEnqueueFillBuffer(device->queue, memory, &zero, 1, size - 1, 1, 0, NULL, NULL);
    if (error == CL_SUCCESS)
        error = clFinish(device->queue);
    if (error == CL_SUCCESS)
        return BOUGH_OK;
    return bough__cl_fail(device, error, "the first use of a buffer of %zu bytes (memory %llu)",
                          size, (unsigned long long)device->base.info.memory);
}

// A buffer, in shared memory where kernels take pointers.
static cl_int create(struct bough__cl_memory *memory, const struct bough__cl_device *device,
                     size_t size)
{
    cl_int error;
    *memory = (struct bough__cl_memory){NULL, NULL};
    if (device->pointers) {
        memory->shared = shared.alloc(device->context, CL_MEM_READ_WRITE, size, 0);
        if (!memory->shared)
            return CL_MEM_OBJECT_ALLOCATION_FAILURE;
    }
    memory->buffer = clCreateBuffer(device->context,
                                    CL_MEM_READ_WRITE | (memory->shared ? CL_MEM_USE_HOST_PTR : 0),
                                    size, memory->shared, &error);
    return error;
}

int bough__cl_is_idle(struct bough__cl_device *device)
{
    const cl_command_queue queue[] = {device->queue, device->other.queue};
    // The first may tell the error of a launch before it; the second tells whether the queue rests.
    for (size_t i = 0; i < sizeof queue / sizeof *queue; i++)
        if (queue[i] && clFinish(queue[i]) != CL_SUCCESS && clFinish(queue[i]) != CL_SUCCESS)
            return 0;
    return 1;
}

void bough__cl_free(struct bough__cl_memory memory, struct bough__cl_device *device)
{
    const int idle = !memory.shared || bough__cl_is_idle(device);
    if (memory.buffer)
        clReleaseMemObject(memory.buffer);
    if (memory.shared && idle)
        shared.free(device->context, memory.shared);
}

cl_int bough__cl_set_place(cl_kernel kernel, cl_uint *index, const struct bough__cl_device *device,
                           struct bough__cl_memory memory, size_t offset)
{
    const cl_ulong at = offset;
    if (memory.shared)
        return shared.set_arg(kernel, (*index)++, memory.shared + offset);
    cl_int error = clSetKernelArg(kernel, (*index)++, sizeof memory.buffer,
                                  memory.buffer ? &memory.buffer : NULL);
    if (error == CL_SUCCESS && !device->pointers)
        error = clSetKernelArg(kernel, (*index)++, sizeof at, &at);
    return error;
}

// An ARG() of a kernel of stacks.
static cl_int set_stack(cl_kernel kernel, cl_uint *index, const struct bough__cl_device *device,
                        struct bough__span span)
{
    const struct bough__cl_memory memory = bough__cl_memory(span);
    const cl_ulong2 at = {.s = {span.offset + (uintptr_t)memory.shared, span.stride}};
    cl_int error = CL_SUCCESS;
    if (!device->pointers)
        error = clSetKernelArg(kernel, (*index)++, sizeof memory.buffer,
                               memory.buffer ? &memory.buffer : NULL);
    return error == CL_SUCCESS ? clSetKernelArg(kernel, (*index)++, sizeof at, &at) : error;
}

cl_int bough__cl_set_stacks(cl_kernel kernel, cl_uint *index, const struct bough__cl_device *device,
                            const struct bough__span *span, int count)
{
    const void *pointer[BOUGH_MAX_ARGS];
    size_t pointers = 0;
    cl_int error = CL_SUCCESS;
    for (int i = 0; i < count && error == CL_SUCCESS; i++) {
        error = set_stack(kernel, index, device, span[i]);
        pointer[pointers] = bough__cl_memory(span[i]).shared;
        pointers += pointer[pointers] != NULL;
    }
    // They were handed over as numbers: the driver is told which memory is meant.
    if (error == CL_SUCCESS && pointers)
        error = shared.set_info(kernel, CL_KERNEL_EXEC_INFO_SVM_PTRS, pointers * sizeof *pointer,
                                pointer);
    return error;
}

enum bough_status bough__cl_allocate(struct bough__cl_memory *memory,
                                     struct bough__cl_device *device, size_t size)
{
    const struct bough_device_info *info = &device->base.info;
    if (size > info->max_buffer)
        return bough__fail(BOUGH_DEVICE,
                           "device %s (%s): a buffer of %zu bytes is wanted, the largest is %llu",
                           info->id, info->name, size, (unsigned long long)info->max_buffer);
    enum bough_status status = BOUGH_OK;
    cl_int error = create(memory, device, size);
    if (error != CL_SUCCESS)
        status = bough__cl_fail(device, error, "a buffer of %zu bytes (memory %llu)", size,
                                (unsigned long long)info->memory);
    else if (size >= TOUCHED_BYTES)
        status = touch(device, memory->buffer, size);
    if (status != BOUGH_OK) {
        bough__cl_free(*memory, device);
        *memory = (struct bough__cl_memory){NULL, NULL};
    }
    return status;
}

enum bough_status bough__cl_buffer_create(struct bough__buffer **buffer,
                                          struct bough_device *device, size_t size)
{
    struct bough__cl_buffer *created = calloc(1, sizeof *created);
    if (!created)
        return bough__no_memory();
    created->base = (struct bough__buffer){device, size};
    enum bough_status status = bough__cl_allocate(&created->memory, bough__cl_device(device), size);
    if (status == BOUGH_OK)
        *buffer = &created->base;
    else
        free(created);
    return status;
}

void bough__cl_buffer_destroy(struct bough__buffer *buffer)
{
    bough__cl_free(((struct bough__cl_buffer *)buffer)->memory, bough__cl_device(buffer->device));
    free(buffer);
}

// ---- Scratch ----

enum bough_status bough__cl_scratch_reserve(struct bough__cl_device *device, size_t size)
{
    struct bough__cl_scratch *scratch = &device->scratch;
    struct bough__cl_memory memory;
    if (size <= device->base.scratch_bytes)
        return BOUGH_OK;
    enum bough_status status = bough__cl_allocate(&memory, device, size);
    if (status != BOUGH_OK)
        return status;
    if (scratch->memory.buffer) {
        status = bough__cl_finish(&device->base); // of what works in it
        bough__cl_free(scratch->memory, device);
    }
    *scratch = (struct bough__cl_scratch){memory, scratch->version + 1};
    device->base.scratch_bytes = size;
    return status;
}

// ---- Moving ----

// The next slot of the ring, free and large enough; NULL when out of memory.
static enum bough_status slot_take(struct bough__cl_slot **taken, struct bough__cl_device *device,
                                   size_t size)
{
    struct bough__cl_slot *slot = &device->slot[device->next_slot++ % BOUGH_CL_SLOTS];
    if (slot->written) {
        cl_int error = clWaitForEvents(1, &slot->written);
        if (error != CL_SUCCESS) // what lies in the slot may still be wanted
            return bough__cl_fail(device, error, "clWaitForEvents of an earlier write");
        clReleaseEvent(slot->written);
        slot->written = NULL;
    }
    if (slot->size < size) {
        free(slot->memory);
        slot->memory = malloc(size);
        slot->size = slot->memory ? size : 0;
    }
    *taken = slot->memory ? slot : NULL;
    return BOUGH_OK;
}

enum bough_status bough__cl_write(struct bough__span to, const void *data, size_t size)
{
    struct bough__cl_device *device = device_of(to);
    struct bough__cl_slot *slot = NULL;
    enum bough_status status = size <= STAGED_BYTES ? slot_take(&slot, device, size) : BOUGH_OK;
    if (status != BOUGH_OK)
        return status;
    if (slot)
        memcpy(slot->memory, data, size);
    cl_int error = clEnqueueWriteBuffer(device->queue, bough__cl_memory(to).buffer, slot == NULL,
                                        to.offset, size, slot ? slot->memory : data, 0, NULL,
                                        slot ? &slot->written : NULL);
    if (error != CL_SUCCESS)
        return bough__cl_fail(device, error, "clEnqueueWriteBuffer of %zu bytes", size);
    return BOUGH_OK;
}

enum bough_status bough__cl_read(struct bough__span from, void *data, size_t size)
{
    struct bough__cl_device *device = device_of(from);
    cl_int error = clEnqueueReadBuffer(device->queue, bough__cl_memory(from).buffer, CL_TRUE,
                                       from.offset, size, data, 0, NULL, NULL);
    if (error != CL_SUCCESS)
        return bough__cl_fail(device, error, "clEnqueueReadBuffer of %zu bytes", size);
    return BOUGH_OK;
}

enum bough_status bough__cl_copy(struct bough__span to, struct bough__span from, size_t size)
{
    struct bough__cl_device *device = device_of(to);
    cl_int error = clEnqueueCopyBuffer(device->queue, bough__cl_memory(from).buffer,
                                       bough__cl_memory(to).buffer, from.offset, to.offset, size, 0,
                                       NULL, NULL);
    if (error != CL_SUCCESS)
        return bough__cl_fail(device, error, "clEnqueueCopyBuffer of %zu bytes", size);
    return BOUGH_OK;
}

enum bough_status bough__cl_fill_zero(struct bough__span to, size_t size)
{
    struct bough__cl_device *device = device_of(to);
    const cl_float zero = 0;
    size_t pattern = (to.offset | size) % sizeof zero ? 1 : sizeof zero;
    cl_int error = clEnqueueFillBuffer(device->queue, bough__cl_memory(to).buffer, &zero, pattern,
                                       to.offset, size, 0, NULL, NULL);
    if (error != CL_SUCCESS)
        return bough__cl_fail(device, error, "clEnqueueFillBuffer of %zu bytes", size);
    return BOUGH_OK;
}
