// What the files of the plain C backend share.
#ifndef BOUGH_DEVICE_C_C_DEVICE_H
#define BOUGH_DEVICE_C_C_DEVICE_H

#include "device/c/c_pool.h"
#include "device/device.h"

struct bough__c_device {
    struct bough_device base;
    struct bough__c_pool *pool;
    float *scratch; // of the launch that runs, aligned to 64 bytes; base.scratch_bytes bytes
};

struct bough__c_buffer {
    struct bough__buffer base;
    // Aligned to 64 bytes. C_SLACK bytes behind its end may be read, and masked lanes may reach as
    // far to either side: those pages have been written.
    unsigned char *data;
};

struct bough__c_launch {
    struct bough__launch base;
    void (*run)(const struct bough__c_launch *launch);
    void (*destroy)(struct bough__c_launch *launch);
};

// Vectors are loaded whole where an operand ends.
enum { C_SLACK = 64 };

// In touched elements: below the first, other threads cost more than they save; a kernel is cut
// into ranges of at least the second.
enum { C_PARALLEL_WORK = 1 << 13, C_RANGE_WORK = 1 << 12 };

static inline struct bough__c_pool *bough__c_pool_of(const struct bough__c_launch *launch)
{
    return ((struct bough__c_device *)launch->base.device)->pool;
}

// The address; NULL for an absent span.
static inline void *bough__c_pointer(struct bough__span span)
{
    return span.buffer ? ((struct bough__c_buffer *)span.buffer)->data + span.offset : NULL;
}

// Makes the device's scratch at least that large. Errors: INTERNAL.
enum bough_status bough__c_scratch(struct bough_device *device, size_t size);

enum bough_status bough__c_prepare_kernel(struct bough__launch **launch,
                                          struct bough_device *device,
                                          const struct bough__kernel_call *call);
enum bough_status bough__c_prepare_gemm(struct bough__launch **launch, struct bough_device *device,
                                        const struct bough__gemm *gemm);

#endif
