#include "device/device.h"

#include "base/error.h"
#include "device/check.h"

#include <stdlib.h>

const struct bough_device_info *bough_device_info(const struct bough_device *device)
{
    return &device->info;
}

void bough_device_close(struct bough_device **device)
{
    if (device && *device) {
        (*device)->backend->close(*device);
        *device = NULL;
    }
}

// ---- Buffers ----

enum bough_status bough__buffer_create(struct bough__buffer **buffer, struct bough_device *device,
                                       size_t size)
{
    *buffer = NULL;
    if (!device)
        return bough__fail(BOUGH_INVALID, "buffer: no device");
    if (size > device->info.max_buffer)
        return bough__fail(BOUGH_DEVICE,
                           "device %s: a buffer of %zu bytes is wanted, the largest is %llu",
                           device->info.id, size, (unsigned long long)device->info.max_buffer);
    return device->backend->buffer_create(buffer, device, size ? size : 1);
}

void bough__buffer_destroy(struct bough__buffer **buffer)
{
    if (buffer && *buffer) {
        (*buffer)->device->backend->buffer_destroy(*buffer);
        *buffer = NULL;
    }
}

enum bough_status bough__write(struct bough__span to, const void *data, size_t size)
{
    enum bough_status status = bough__check_span("write", to, size);
    if (status != BOUGH_OK || size == 0)
        return status;
    return to.buffer->device->backend->write(to, data, size);
}

enum bough_status bough__read(struct bough__span from, void *data, size_t size)
{
    enum bough_status status = bough__check_span("read", from, size);
    if (status != BOUGH_OK || size == 0)
        return status;
    return from.buffer->device->backend->read(from, data, size);
}

static int overlap(struct bough__span a, struct bough__span b, size_t size)
{
    return a.buffer == b.buffer && a.offset < b.offset + size && b.offset < a.offset + size;
}

enum bough_status bough__copy(struct bough__span to, struct bough__span from, size_t size)
{
    enum bough_status status = BOUGH_OK;
    BOUGH_TRY(bough__check_span("copy, target", to, size));
    BOUGH_TRY(bough__check_span("copy, source", from, size));
    if (to.buffer->device != from.buffer->device)
        return bough__fail(BOUGH_INVALID, "copy: from a buffer of device %s to one of device %s",
                           from.buffer->device->info.id, to.buffer->device->info.id);
    if (size == 0)
        return BOUGH_OK;
    if (overlap(to, from, size))
        return bough__fail(BOUGH_INVALID, "copy: %zu bytes from %zu to %zu overlap", size,
                           from.offset, to.offset);
    status = to.buffer->device->backend->copy(to, from, size);
done:
    return status;
}

enum bough_status bough__fill_zero(struct bough__span to, size_t size)
{
    enum bough_status status = bough__check_span("fill", to, size);
    if (status != BOUGH_OK || size == 0)
        return status;
    return to.buffer->device->backend->fill_zero(to, size);
}

// ---- Launches ----

enum bough_status bough__launch_kernel(struct bough__launch **launch, struct bough_device *device,
                                       const struct bough__kernel_call *call)
{
    *launch = NULL;
    enum bough_status status = bough__check_kernel(device, call);
    return status == BOUGH_OK ? device->backend->prepare_kernel(launch, device, call) : status;
}

enum bough_status bough__launch_gemm(struct bough__launch **launch, struct bough_device *device,
                                     const struct bough__gemm *gemm)
{
    *launch = NULL;
    enum bough_status status = bough__check_gemm(device, gemm);
    if (status != BOUGH_OK)
        return status;
    struct bough__gemm full = *gemm;
    full.batch = gemm->batch ? gemm->batch : 1;
    full.alpha = gemm->alpha != 0 ? gemm->alpha : 1;
    return device->backend->prepare_gemm(launch, device, &full);
}

void bough__launch_destroy(struct bough__launch **launch)
{
    if (launch && *launch) {
        (*launch)->device->backend->launch_destroy(*launch);
        *launch = NULL;
    }
}

enum bough_status bough__run(struct bough_device *device, struct bough__launch *const *launch,
                             size_t count)
{
    if (!device)
        return bough__fail(BOUGH_INVALID, "run: no device");
    for (size_t i = 0; i < count; i++)
        if (!launch[i] || launch[i]->device != device)
            return bough__fail(BOUGH_INVALID, "device %s: launch %zu of %zu is %s", device->info.id,
                               i, count, launch[i] ? "another device's" : "missing");
    return count ? device->backend->run(device, launch, count) : BOUGH_OK;
}

enum bough_status bough__finish(struct bough_device *device)
{
    if (!device)
        return bough__fail(BOUGH_INVALID, "finish: no device");
    return device->backend->finish(device);
}
