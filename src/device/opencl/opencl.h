// The OpenCL backend: what its files share. Nothing here is seen outside this folder.
#ifndef BOUGH_DEVICE_OPENCL_OPENCL_H
#define BOUGH_DEVICE_OPENCL_OPENCL_H

#include "device/device.h"

#include <CL/cl.h>

extern const struct bough__backend bough__backend_opencl;

// ---- Devices ----

// Host memory that a small write leaves from; busy until `written` is done.
struct bough__cl_slot {
    void *memory;
    size_t size;
    cl_event written;
};

// Where a device takes pointers, `shared` is what the buffer is made of.
struct bough__cl_memory {
    cl_mem buffer;
    char *shared;
};

// Memory that launches share, for they run one after the other: base.scratch_bytes bytes, as the
// largest wants it.
struct bough__cl_scratch {
    struct bough__cl_memory memory; // NULL until it is wanted
    unsigned version;               // how often it grew: who bound it before has to bind it again
};

// Where launches go. Queues are in order; the profiling one, with times, is NULL until it is
// wanted.
struct bough__cl_driver {
    cl_device_id id;
    cl_command_queue queue, profiling;
};

enum {
    BOUGH_CL_SLOTS = 8,
    BOUGH_CL_MAX_OPTIONS = 128,
    BOUGH_CL_DEPTH = 256,     // of k in a panel of GEMM, at most
    BOUGH_CL_SCRATCH_ARG = 4, // which ARG() of the kernels of GEMM
};

struct bough__cl_device {
    struct bough_device base;
    cl_platform_id platform;
    cl_context context;
    cl_device_id id; // with its queues the driver that is used now
    cl_command_queue queue, profiling;
    struct bough__cl_driver other; // its id is NULL where there is one only
    int basic;                     // 1 = what is used now is `basic`, of small launches
    int cpu;
    int pointers;        // kernels take pointers to shared memory in place of buffers
    size_t group;        // BOUGH_GROUP
    size_t max_group;    // work-items
    size_t local_memory; // bytes
    size_t vector;       // floats of the native vector
    int blast_ready;     // CLBlast has the parameters that it is to have
    char options[BOUGH_CL_MAX_OPTIONS];
    struct bough__cl_program *programs;
    unsigned programs_built, programs_found; // from source; in the cache or the file of kernels
    struct bough__cl_kernels *kernels; // the file that all programs come from; NULL without one
    int compilerless;                  // nothing may be built from source
    struct bough__cl_cache *cache;     // NULL until it is wanted
    int cacheless;                     // there is none
    int pocl;                          // it adds to a binary when its kernels first run
    struct bough__cl_scratch scratch;
    struct bough__cl_told *told; // fallbacks that were logged
    struct bough__cl_slot slot[BOUGH_CL_SLOTS];
    unsigned next_slot;
};

enum bough_status bough__cl_list(struct bough_device_info *list, size_t capacity, size_t *count,
                                 char *note, size_t note_size);
// Finds "P:D" and describes it. Errors: DEVICE if there is none.
enum bough_status bough__cl_find(struct bough__cl_device *device, const char *id);

enum bough_status bough__cl_open(struct bough_device **device, const char *id);
void bough__cl_close(struct bough_device *device);

// ---- Drivers ----

// Makes the queue of the other driver, if there is one.
enum bough_status bough__cl_drivers_open(struct bough__cl_device *device);
// Waits for what runs on the one and takes the other, unless it is taken already.
enum bough_status bough__cl_driver_take(struct bough__cl_device *device, int basic);
enum bough_status bough__cl_expect(struct bough_device *device, double flops);
void bough__cl_drivers_close(struct bough__cl_device *device);

// ---- Errors ----

const char *bough__cl_error_name(cl_int error);

// DEVICE, with "device 0:0 (name): <what>: CL_... (-5)". `what` names the call and its sizes.
enum bough_status bough__cl_fail(const struct bough__cl_device *device, cl_int error,
                                 const char *what, ...) __attribute__((format(printf, 3, 4)));

// ---- Buffers ----

struct bough__cl_buffer {
    struct bough__buffer base;
    struct bough__cl_memory memory;
};

static inline struct bough__cl_memory bough__cl_memory(struct bough__span span)
{
    return span.buffer ? ((const struct bough__cl_buffer *)span.buffer)->memory
                       : (struct bough__cl_memory){NULL, NULL};
}

// A touched allocation: a driver that allocates lazily fails here, not at the first launch.
enum bough_status bough__cl_allocate(struct bough__cl_memory *memory,
                                     struct bough__cl_device *device, size_t size);
// Waits for the launches that may use it: where that fails, shared memory is left to them.
void bough__cl_free(struct bough__cl_memory memory, struct bough__cl_device *device);
// Whether nothing works in the device's memory any more. Waits.
int bough__cl_is_idle(struct bough__cl_device *device);
// Whether the loader has the functions of shared memory, which OpenCL 1.2 does not.
int bough__cl_shares_memory(void);
// Sets the ARG() of a kernel, whose first index is *index, and moves that on.
cl_int bough__cl_set_stacks(cl_kernel kernel, cl_uint *index, const struct bough__cl_device *device,
                            const struct bough__span *span, int count);
// Sets one ARG() of a kernel with BOUGH_NO_STACK.
cl_int bough__cl_set_place(cl_kernel kernel, cl_uint *index, const struct bough__cl_device *device,
                           struct bough__cl_memory memory, size_t offset);

enum bough_status bough__cl_buffer_create(struct bough__buffer **buffer,
                                          struct bough_device *device, size_t size);
void bough__cl_buffer_destroy(struct bough__buffer *buffer);
enum bough_status bough__cl_write(struct bough__span to, const void *data, size_t size);
enum bough_status bough__cl_read(struct bough__span from, void *data, size_t size);
enum bough_status bough__cl_copy(struct bough__span to, struct bough__span from, size_t size);
enum bough_status bough__cl_fill_zero(struct bough__span to, size_t size);

// Makes the device's scratch hold `size` bytes at least; what lay in it is lost.
enum bough_status bough__cl_scratch_reserve(struct bough__cl_device *device, size_t size);

// ---- Programs ----

// A new kernel of cl/<family>.cl. Families are built at first use, or found in the cache. NULL with
// the reason as the last error if it cannot be had.
cl_kernel bough__cl_kernel_create(struct bough__cl_device *device, const char *family,
                                  const char *name);
void bough__cl_programs_destroy(struct bough__cl_device *device);

// ---- Launches ----

struct bough__cl_launch;

// One thing to enqueue: a kernel, or whatever `call` does.
struct bough__cl_step {
    const char *name;
    cl_kernel kernel;
    cl_uint dims;
    size_t global[3], local[3];
    enum bough_status (*call)(struct bough__cl_launch *launch);
};

enum { BOUGH_CL_MAX_STEPS = 4 };

struct bough__cl_launch {
    struct bough__launch base;
    struct bough__cl_step step[BOUGH_CL_MAX_STEPS];
    size_t steps;
    int basic; // whether it was prepared for the driver `basic`
    int wants_scratch;
    unsigned scratch_version; // of the scratch that is bound to its kernels
    void *own;                // of `call`; freed with the launch
};

// Before each run: binds the scratch, if it grew since.
enum bough_status bough__cl_launch_begin(struct bough__cl_device *device,
                                         struct bough__cl_launch *launch);
enum bough_status bough__cl_prepare_kernel(struct bough__launch **launch,
                                           struct bough_device *device,
                                           const struct bough__kernel_call *call);
enum bough_status bough__cl_prepare_gemm(struct bough__launch **launch, struct bough_device *device,
                                         const struct bough__gemm *gemm);
const char *bough__cl_gemm_candidate(const struct bough_device *device, size_t index);
void bough__cl_launch_destroy(struct bough__launch *launch);
enum bough_status bough__cl_run(struct bough_device *device, struct bough__launch *const *launch,
                                size_t count);
enum bough_status bough__cl_run_timed(struct bough_device *device,
                                      struct bough__launch *const *launch, size_t count,
                                      struct bough__timing *timing);
enum bough_status bough__cl_finish(struct bough_device *device);
// Whether it is the first time that `what`, which outlives the device, is to be told of.
int bough__cl_is_news(struct bough__cl_device *device, const void *what);
void bough__cl_told_destroy(struct bough__cl_device *device);

static inline struct bough__cl_device *bough__cl_device(struct bough_device *device)
{
    return (struct bough__cl_device *)device;
}

#endif
