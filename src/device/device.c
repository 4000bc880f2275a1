#include "device/device.h"

#include "base/clock.h"
#include "base/error.h"
#include "device/check.h"
#include "device/guard.h"
#include "device/profile.h"
#include "device/tuning.h"

#include <stdio.h>
#include <stdlib.h>

// For a call that has no status to give.
#define QUIETLY(backend, call)                                                                     \
    do {                                                                                           \
        enum bough_status status_;                                                                 \
        BOUGH_GUARD(status_, backend, (call, BOUGH_OK));                                           \
        (void)status_;                                                                             \
    } while (0)

const struct bough_device_info *bough_device_info(const struct bough_device *device)
{
    return &device->info;
}

void bough_device_close(struct bough_device **device)
{
    char message[2048];
    if (device && *device) {
        snprintf(message, sizeof message, "%s", bough_last_error());
        bough__profile_end(*device);
        bough__tuning_destroy(&(*device)->tuning);
        QUIETLY((*device)->backend, (*device)->backend->close(*device));
        *device = NULL;
        bough__fail(BOUGH_OK, "%s", message);
    }
}

static enum bough_status save_kernels(struct bough_device *device, const char *path, char *report,
                                      size_t capacity)
{
    enum bough_status status;
    BOUGH_GUARD(status, device->backend,
                device->backend->save_kernels(device, path, report, capacity));
    return status;
}

enum bough_status bough_device_save_kernels(struct bough_device *device, const char *path,
                                            char *report, size_t report_size)
{
    char none[1] = "";
    if (!device || !path)
        return bough__fail(BOUGH_INVALID, "kernels: no %s", device ? "path" : "device");
    if (!device->backend->save_kernels)
        return bough__fail(BOUGH_INVALID, "device %s builds no kernels", device->info.id);
    if (report && report_size)
        report[0] = '\0';
    else
        report = none;
    return save_kernels(device, path, report, report == none ? 1 : report_size);
}

// ---- Buffers ----

enum bough_status bough__buffers_check(const struct bough_device *device, const size_t *size,
                                       size_t count)
{
    const struct bough_device_info *info = &device->info;
    const uint64_t memory = info->memory ? info->memory : UINT64_MAX;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (size[i] > info->max_buffer)
            return bough__fail(BOUGH_DEVICE,
                               "device %s: a buffer of %zu bytes is wanted, the largest is %llu",
                               info->id, size[i], (unsigned long long)info->max_buffer);
        if (size[i] > memory - sum)
            return bough__fail(BOUGH_DEVICE,
                               "device %s: buffers of more than %llu bytes are wanted, and that is "
                               "all of its memory",
                               info->id, (unsigned long long)memory);
        sum += size[i];
    }
    return BOUGH_OK;
}

enum bough_status bough__buffer_create(struct bough__buffer **buffer, struct bough_device *device,
                                       size_t size)
{
    *buffer = NULL;
    if (!device)
        return bough__fail(BOUGH_INVALID, "buffer: no device");
    enum bough_status status = bough__buffers_check(device, &size, 1);
    if (status != BOUGH_OK)
        return status;
    BOUGH_GUARD(status, device->backend,
                device->backend->buffer_create(buffer, device, size ? size : 1));
    return status;
}

void bough__buffer_destroy(struct bough__buffer **buffer)
{
    if (buffer && *buffer) {
        const struct bough__backend *backend = (*buffer)->device->backend;
        QUIETLY(backend, backend->buffer_destroy(*buffer));
        *buffer = NULL;
    }
}

enum bough_status bough__write(struct bough__span to, const void *data, size_t size)
{
    enum bough_status status = bough__check_span("write", to, size);
    if (status != BOUGH_OK || size == 0)
        return status;
    to.buffer->device->counts.writes++;
    to.buffer->device->counts.bytes_written += size;
    const struct bough__backend *backend = to.buffer->device->backend;
    BOUGH_GUARD(status, backend, backend->write(to, data, size));
    return status;
}

enum bough_status bough__read(struct bough__span from, void *data, size_t size)
{
    enum bough_status status = bough__check_span("read", from, size);
    if (status != BOUGH_OK || size == 0)
        return status;
    from.buffer->device->counts.reads++;
    from.buffer->device->counts.bytes_read += size;
    const struct bough__backend *backend = from.buffer->device->backend;
    BOUGH_GUARD(status, backend, backend->read(from, data, size));
    return status;
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
    const struct bough__backend *backend = to.buffer->device->backend;
    BOUGH_GUARD(status, backend, backend->copy(to, from, size));
done:
    return status;
}

enum bough_status bough__fill_zero(struct bough__span to, size_t size)
{
    enum bough_status status = bough__check_span("fill", to, size);
    if (status != BOUGH_OK || size == 0)
        return status;
    const struct bough__backend *backend = to.buffer->device->backend;
    BOUGH_GUARD(status, backend, backend->fill_zero(to, size));
    return status;
}

// ---- Launches ----

// What is there once for all of a stack is counted once.
static double kernel_bytes(const struct bough__kernel_call *call)
{
    const int64_t elements = call->work ? call->work : call->count;
    int64_t told = 0, about = 0;
    if (call->bytes)
        return (double)(call->bytes * call->stack);
    for (int i = 0; i < call->kernel->args; i++) {
        const struct bough__span *arg = &call->arg[i];
        const int64_t times = arg->stride ? call->stack : 1;
        if (arg->buffer) {
            told += (int64_t)arg->bytes * times;
            about += 4 * elements * times;
        }
    }
    return (double)(told ? told : about);
}

static void describe_kernel(struct bough__launch *launch, const struct bough__kernel_call *call)
{
    launch->name = call->kernel->name;
    launch->size[0] = call->count;
    launch->bytes = kernel_bytes(call);
}

// Of what holds the elements: windows overlap, and the image is read once.
static double matrix_bytes(const struct bough__matrix *x, int64_t rows, int64_t cols)
{
    const struct bough__windows *w = &x->windows;
    double elements = (double)rows * (double)cols;
    if (x->kind != BOUGH_PLAIN) {
        int64_t positions = x->kind == BOUGH_WINDOWS ? cols : rows;
        int64_t images = positions / ((int64_t)w->out_h * w->out_w);
        elements = (double)images * w->channels * w->height * w->width;
    }
    return elements * (double)sizeof(float);
}

static void describe_gemm(struct bough__launch *launch, const struct bough__gemm *g)
{
    const double m = (double)g->m, n = (double)g->n, k = (double)g->k, batch = (double)g->batch;
    double bytes = m * n * (g->beta != 0 ? 2 : 1) * (double)sizeof(float);
    if (g->m && g->n && g->k)
        bytes += matrix_bytes(&g->a, g->m, g->k) + matrix_bytes(&g->b, g->k, g->n);
    launch->name = "gemm";
    launch->size[0] = g->m;
    launch->size[1] = g->n;
    launch->size[2] = g->k;
    launch->size[3] = g->batch;
    launch->flops = 2 * m * n * k * batch;
    launch->bytes = bytes * batch;
}

enum bough_status bough__expect(struct bough_device *device, double flops)
{
    enum bough_status status = BOUGH_OK;
    if (device->backend->expect)
        BOUGH_GUARD(status, device->backend, device->backend->expect(device, flops));
    return status;
}

enum bough_status bough__launch_kernel(struct bough__launch **launch, struct bough_device *device,
                                       const struct bough__kernel_call *call)
{
    *launch = NULL;
    enum bough_status status = bough__check_kernel(device, call);
    if (status != BOUGH_OK)
        return status;
    struct bough__kernel_call full = *call;
    full.stack = call->stack ? call->stack : 1;
    BOUGH_GUARD(status, device->backend, device->backend->prepare_kernel(launch, device, &full));
    if (status == BOUGH_OK)
        describe_kernel(*launch, &full);
    return status;
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
    if (device->on_gemm)
        device->on_gemm(device->on_gemm_user, &full);
    BOUGH_GUARD(status, device->backend, device->backend->prepare_gemm(launch, device, &full));
    if (status == BOUGH_OK)
        describe_gemm(*launch, &full);
    return status;
}

void bough__launch_destroy(struct bough__launch **launch)
{
    if (launch && *launch) {
        const struct bough__backend *backend = (*launch)->device->backend;
        QUIETLY(backend, backend->launch_destroy(*launch));
        *launch = NULL;
    }
}

static enum bough_status check_run(const struct bough_device *device,
                                   struct bough__launch *const *launch, size_t count)
{
    if (!device)
        return bough__fail(BOUGH_INVALID, "run: no device");
    for (size_t i = 0; i < count; i++)
        if (!launch[i] || launch[i]->device != device)
            return bough__fail(BOUGH_INVALID, "device %s: launch %zu of %zu is %s", device->info.id,
                               i, count, launch[i] ? "another device's" : "missing");
    return BOUGH_OK;
}

enum bough_status bough__run(struct bough_device *device, struct bough__launch *const *launch,
                             size_t count)
{
    enum bough_status status = check_run(device, launch, count);
    if (status != BOUGH_OK || count == 0)
        return status;
    device->counts.launches += count;
    if (device->profile)
        return bough__profile_run(device, launch, count);
    BOUGH_GUARD(status, device->backend, device->backend->run(device, launch, count));
    return status;
}

static enum bough_status run_by_clock(struct bough_device *device,
                                      struct bough__launch *const *launch, size_t count,
                                      struct bough__timing *timing)
{
    enum bough_status status;
    BOUGH_TRY(bough__finish(device));
    for (size_t i = 0; i < count; i++) {
        timing[i].start = bough__clock();
        BOUGH_GUARD(status, device->backend, device->backend->run(device, launch + i, 1));
        BOUGH_TRY(status);
        BOUGH_TRY(bough__finish(device));
        timing[i].end = bough__clock();
    }
done:
    return status;
}

enum bough_status bough__run_timed(struct bough_device *device, struct bough__launch *const *launch,
                                   size_t count, struct bough__timing *timing)
{
    enum bough_status status = check_run(device, launch, count);
    if (status != BOUGH_OK || count == 0)
        return status;
    if (!device->backend->run_timed)
        return run_by_clock(device, launch, count, timing);
    BOUGH_GUARD(status, device->backend, device->backend->run_timed(device, launch, count, timing));
    return status;
}

enum bough_status bough__finish(struct bough_device *device)
{
    if (!device)
        return bough__fail(BOUGH_INVALID, "finish: no device");
    enum bough_status status;
    BOUGH_GUARD(status, device->backend, device->backend->finish(device));
    return status;
}
