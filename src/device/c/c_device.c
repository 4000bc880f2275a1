// Plain C: the device that is always there, and the one that the others are compared with.
#include "device/c/gemm/c_gemm.h"

#include "base/error.h"
#include "base/strings.h"
#include "device/device_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// ---- The device ----

// The value of the first "model name" of /proc/cpuinfo, which may be cut.
static void cpu_name(char *name, size_t size)
{
    snprintf(name, size, "plain C");
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (!file)
        return;
    char line[256];
    while (fgets(line, sizeof line, file)) {
        char *value = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !value)
            continue;
        value += 1 + strspn(value + 1, " \t");
        value[strcspn(value, "\n")] = '\0';
        if (value[0])
            snprintf(name, size, "%s", value);
        bough__make_utf8(name);
        break;
    }
    fclose(file);
}

static void describe(struct bough_device_info *info)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    *info = (struct bough_device_info){
        .id = "c", .type = BOUGH_DEVICE_C, .compute_units = (uint32_t)bough__c_threads_wanted()};
    info->memory = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0;
    info->max_buffer = info->memory ? info->memory : SIZE_MAX / 2;
    cpu_name(info->name, sizeof info->name);
    snprintf(info->driver, sizeof info->driver, "bough %s", BOUGH_VERSION);
#ifdef __clang__
    snprintf(info->version, sizeof info->version, "clang %s", __clang_version__);
#else
    snprintf(info->version, sizeof info->version, "gcc %s", __VERSION__);
#endif
}

static enum bough_status list(struct bough_device_info *list, size_t capacity, size_t *count,
                              char *note, size_t note_size)
{
    if (capacity)
        describe(list);
    *count = 1;
    if (note_size)
        note[0] = '\0';
    return BOUGH_OK;
}

static enum bough_status device_open(struct bough_device **device, const char *id)
{
    (void)id;
    enum bough_status status = bough__c_isa_check();
    if (status != BOUGH_OK)
        return status;
    struct bough__c_device *d = calloc(1, sizeof *d);
    if (!d)
        return bough__no_memory();
    d->base.backend = &bough__backend_c;
    describe(&d->base.info);
    status = bough__c_pool_create(&d->pool);
    if (status != BOUGH_OK) {
        free(d);
        return status;
    }
    *device = &d->base;
    return BOUGH_OK;
}

static void device_close(struct bough_device *device)
{
    struct bough__c_device *d = (struct bough__c_device *)device;
    bough__c_pool_destroy(&d->pool);
    free(d->scratch);
    free(d);
}

// ---- Memory ----

// Large ones on large pages, where the system has them: else every few rows of an image are a page
// that the processor must look up. Where a page was never written, a masked load or store that
// reaches into it by lanes that are switched off is taken apart by the processor, each time, which
// costs as much as a hundred others: so the slack is written. In front, the heap's own note lies.
static void *allocate(size_t size)
{
    const size_t page = (size_t)2 << 20, grain = size < page ? 64 : page;
    if (size > SIZE_MAX - 2 * page)
        return NULL;
    const size_t capacity = (size + C_SLACK + grain - 1) / grain * grain;
    void *data = aligned_alloc(grain, capacity);
#ifdef MADV_HUGEPAGE
    if (data && grain == page)
        madvise(data, capacity, MADV_HUGEPAGE); // a wish
#endif
    if (data)
        memset((char *)data + size, 0, C_SLACK);
    return data;
}

enum bough_status bough__c_scratch(struct bough_device *device, size_t size)
{
    struct bough__c_device *d = (struct bough__c_device *)device;
    if (size <= device->scratch_bytes)
        return BOUGH_OK;
    float *scratch = allocate(size);
    if (!scratch)
        return bough__fail(BOUGH_INTERNAL, "device c: no memory for %zu bytes of scratch", size);
    memset(scratch, 0, size); // a part of it may lie beside one that its launch never writes
    free(d->scratch);
    d->scratch = scratch;
    device->scratch_bytes = size;
    return BOUGH_OK;
}

static enum bough_status buffer_create(struct bough__buffer **buffer, struct bough_device *device,
                                       size_t size)
{
    struct bough__c_buffer *b = calloc(1, sizeof *b);
    if (!b)
        return bough__no_memory();
    b->data = allocate(size);
    if (!b->data) {
        free(b);
        return bough__fail(BOUGH_INTERNAL, "device c: no memory for a buffer of %zu bytes", size);
    }
    b->base = (struct bough__buffer){device, size};
    *buffer = &b->base;
    return BOUGH_OK;
}

static void buffer_destroy(struct bough__buffer *buffer)
{
    free(((struct bough__c_buffer *)buffer)->data);
    free(buffer);
}

// What is large is copied by all threads: most of a start is the first touch of a data set's
// memory.
struct copying {
    char *to;
    const char *from;
    size_t size;
};

enum { COPY_BYTES = 2 << 20 }; // a large page of what `allocate` gives

static void copy_part(const void *context, int64_t item, int thread)
{
    const struct copying *copying = context;
    const size_t begin = (size_t)item * COPY_BYTES, left = copying->size - begin;
    (void)thread;
    memcpy(copying->to + begin, copying->from + begin, left < COPY_BYTES ? left : COPY_BYTES);
}

static enum bough_status write_bytes(struct bough__span to, const void *data, size_t size)
{
    const struct copying copying = {bough__c_pointer(to), data, size};
    struct bough__c_device *d = (struct bough__c_device *)to.buffer->device;
    bough__c_pool_run(d->pool, copy_part, &copying,
                      (int64_t)((size + COPY_BYTES - 1) / COPY_BYTES));
    return BOUGH_OK;
}

static enum bough_status read_bytes(struct bough__span from, void *data, size_t size)
{
    memcpy(data, bough__c_pointer(from), size);
    return BOUGH_OK;
}

static enum bough_status copy(struct bough__span to, struct bough__span from, size_t size)
{
    memcpy(bough__c_pointer(to), bough__c_pointer(from), size);
    return BOUGH_OK;
}

static enum bough_status fill_zero(struct bough__span to, size_t size)
{
    memset(bough__c_pointer(to), 0, size);
    return BOUGH_OK;
}

// ---- Launches ----

static void launch_destroy(struct bough__launch *launch)
{
    struct bough__c_launch *l = (struct bough__c_launch *)launch;
    l->destroy(l);
}

static enum bough_status run(struct bough_device *device, struct bough__launch *const *launch,
                             size_t count)
{
    (void)device;
    for (size_t i = 0; i < count; i++) {
        const struct bough__c_launch *l = (const struct bough__c_launch *)launch[i];
        l->run(l);
    }
    return BOUGH_OK;
}

static enum bough_status finish(struct bough_device *device)
{
    (void)device;
    return BOUGH_OK;
}

static const char *gemm_candidate(const struct bough_device *device, size_t index)
{
    (void)device;
    (void)index;
    return NULL;
}

const struct bough__backend bough__backend_c = {
    .name = "c",
    .list = list,
    .open = device_open,
    .close = device_close,
    .buffer_create = buffer_create,
    .buffer_destroy = buffer_destroy,
    .write = write_bytes,
    .read = read_bytes,
    .copy = copy,
    .fill_zero = fill_zero,
    .prepare_kernel = bough__c_prepare_kernel,
    .prepare_gemm = bough__c_prepare_gemm,
    .gemm_candidate = gemm_candidate,
    .launch_destroy = launch_destroy,
    .run = run,
    .finish = finish,
};
