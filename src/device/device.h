// The contract between bough and what computes.
//
// A device owns buffers and runs launches: kernels and GEMMs that were prepared once, with their
// arguments bound, and are then run any number of times, in order. It knows no op.
// All checking of arguments is done here, in the front (device.c); a backend may assume it.
#ifndef BOUGH_DEVICE_DEVICE_H
#define BOUGH_DEVICE_DEVICE_H

#include "cl/activation_params.h"

#include <bough/device.h>
#include <stddef.h>
#include <stdint.h>

// ---- Memory ----

// A backend puts this first in its own struct.
struct bough__buffer {
    struct bough_device *device;
    size_t size; // bytes
};

// A place in a buffer. `buffer` NULL stands for an argument that is absent: kernels see NULL.
// In a stack, of the gradients of several tasks, the next one lies `stride` bytes further on; with
// 0 all share one.
struct bough__span {
    struct bough__buffer *buffer;
    size_t offset; // bytes, a multiple of the element size
    size_t stride;
    size_t bytes; // of the tensor that lies there, for tables of GB/s; 0 = not told
};

// ---- Kernels ----

// The C twin: does items (or rows) begin..end-1, and may be called from several threads at once
// with ranges that do not overlap. `arg` holds one pointer per argument, in the order of the OpenCL
// twin.
typedef void bough__kernel_fn(void *const *arg, const void *params, int64_t begin, int64_t end);

// Likewise for some members of a stack, whose arguments lie `stride[argument]` bytes apart: reads
// once what they share.
typedef void bough__stack_fn(void *const *arg, const size_t *stride, int64_t members,
                             const void *params, int64_t begin, int64_t end);

// Stands before a C twin: it is compiled for AVX-512, for AVX2 and for what every machine has, and
// the loader takes the best that this one runs. What it calls is compiled with it where it is
// BOUGH_IN_TWIN. The sanitizers are not ready when the loader asks. tests/isa/ defines it with
// fewer of them, and BOUGH_WITHOUT_AVX512.
#ifdef BOUGH_TWIN
#elif defined __x86_64__ && defined __GLIBC__ && defined __OPTIMIZE__ && !defined BOUGH_SANITIZED
#define BOUGH_TWIN __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define BOUGH_TWIN
#endif
#define BOUGH_IN_TWIN static inline __attribute__((always_inline))

enum bough__grid {
    BOUGH_GRID_ITEMS,      // one work-item per output element
    BOUGH_GRID_ROWS,       // one work-group per row; BOUGH_GROUP work-items share it
    BOUGH_GRID_SHORT_ROWS, // likewise, but on CPU devices a work-group takes many of them: EACH_ROW
};

// A leaf of computation with twins: `run` here, and in cl/<source>.cl a kernel named `name` with
//   kernel void name(ARG(a), ARG(b), ..., const ulong count, const struct <params> p)
// (the last one absent where params_size is 0; see cl/bough.h).
struct bough__kernel {
    const char *name;
    const char *source;
    bough__kernel_fn *run;
    enum bough__grid grid;
    int args;
    size_t params_size;         // at most BOUGH_MAX_PARAMS
    bough__stack_fn *run_stack; // for 2 to together() members; NULL = `run` for each of a stack
    int64_t (*together)(void);  // 1 = `run` for each; not NULL where there is a run_stack
};

enum { BOUGH_MAX_ARGS = 20, BOUGH_MAX_PARAMS = 128 };

struct bough__kernel_call {
    const struct bough__kernel *kernel;
    struct bough__span arg[BOUGH_MAX_ARGS];
    const void *params; // copied
    int64_t count;      // items or rows; 0 does nothing
    int64_t work;       // about how many elements are touched in all; 0 = count
    int64_t bytes;      // read and written, for tables of GB/s; 0 = those of the arguments, or 4
                        // for each element of `work` in each where none tells
    int64_t stack;      // how many times it is done, each with every span moved by its stride, in
                        // any order; the numbers above are those of one; 0 stands for 1
};

// ---- GEMM ----

// How an index becomes an offset, in elements: (i / inner) * outer + (i % inner) * stride.
// inner = 0 stands for a plain axis: i * stride.
struct bough__axis {
    int64_t inner, stride, outer;
};

// Windows over images [N, channels, height, width], as a matrix:
//   rows     (c, kh, kw): channels * kernel_h * kernel_w of them, kw fastest
//   columns  (n, oh, ow): N * out_h * out_w of them, ow fastest
//   value    x[n, c, ih, iw], 0 where ih or iw has a remainder or lies outside, with
//            ih = (oh * stride_h + kh * dilation_h - padding_h) / input_dilation_h, iw alike
// flip = 1 takes kernel_h - 1 - kh and kernel_w - 1 - kw instead of kh and kw.
// A convolution's forward pass has input_dilation 1; the gradient of its input is a window over dy
// with stride 1, input_dilation = the convolution's stride, padding = dilation * (kernel - 1) -
// padding, flipped.
struct bough__windows {
    int32_t channels, height, width;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t padding_h, padding_w;
    int32_t dilation_h, dilation_w;
    int32_t input_dilation_h, input_dilation_w;
    int32_t out_h, out_w;
    int32_t flip;
    int64_t image_stride; // elements from one n to the next (a group of channels is a part of it)
};

// A matrix as GEMM sees it, of float.
// Plain: element (r, c) of batch b at data[b * batch_stride + offset(row, r) + offset(col, c)].
// With windows: the matrix of windows, or its transpose, over the image at data[b * batch_stride].
enum bough__matrix_kind { BOUGH_PLAIN, BOUGH_WINDOWS, BOUGH_WINDOWS_TRANSPOSED };

struct bough__matrix {
    struct bough__span data;
    enum bough__matrix_kind kind;
    struct bough__axis row, col; // plain
    struct bough__windows windows;
    int64_t batch_stride; // elements
};

// C[b] = activation(alpha * A[b] * B[b] + beta * C[b] + bias), for b in 0..batch-1.
//   a [m, k]   b [k, n]   c [m, n], plain and not overlapping a or b
// beta is 0 or 1; with 0, c is not read. k = 0 gives activation(beta * C + bias).
struct bough__gemm {
    int64_t m, n, k;
    int64_t batch; // 0 stands for 1
    struct bough__matrix a, b, c;
    float alpha; // 0 stands for 1
    float beta;
    struct bough__span bias; // absent, or float
    enum bough__bias_axis {
        BOUGH_BIAS_PER_ROW, // bias[b * m + r]
        BOUGH_BIAS_PER_COL, // bias[b * n + c]
    } bias_axis;
    enum bough__activation activation;
    float slope; // of a leaky_relu
};

// ---- Backends ----

// What the front has handed to a device so far.
struct bough__counts {
    uint64_t launches;
    uint64_t writes, reads; // between host and device
    uint64_t bytes_written, bytes_read;
};

// Nets without a convolution do not wait until the kernels of windows are built.
enum bough__selftest_part {
    BOUGH_SELFTEST_ALL_BUT_WINDOWS = 1,
    BOUGH_SELFTEST_WINDOWS = 2,
    BOUGH_SELFTEST_ALL = 3,
};

// A backend puts this first in its own struct.
struct bough_device {
    const struct bough__backend *backend;
    struct bough_device_info info;
    struct bough__counts counts;        // the front's
    struct bough__profile *profile;     // the front's; NULL = launches are not timed (profile.h)
    enum bough__selftest_part untested; // the front's: the parts that have yet to be passed
    struct bough__tuning *tuning;       // the front's; NULL = there is none (tuning.h)
    size_t scratch_bytes; // the backend's: bytes that launches share, beside all buffers
    // The front's: told of every product before it is prepared; NULL = nobody is.
    void (*on_gemm)(void *user, const struct bough__gemm *gemm);
    void *on_gemm_user;
};

// What a launch is a part of, for tables and traces. Strings are borrowed; NULL where there is
// nothing to say.
struct bough__label {
    const char *op;    // "conv2d", "gather", "adam"
    const char *layer; // "trunk.0", a task's name
    const char *stage; // of a training step: "feed", "forward", "backward", "update"
};

// What was prepared. A backend puts this first in its own struct and sets `device`, and
// `implementation` where it had a choice; the front does the rest.
struct bough__launch {
    struct bough_device *device;
    const char *implementation; // of a GEMM: its name, a constant; else NULL
    const char *name;           // the kernel's, or "gemm"
    int64_t size[4];            // of a GEMM: m, n, k, batch; else count
    double flops;               // of a GEMM; 0 for kernels
    double bytes;               // of its operands, each read or written once
    struct bough__label label;
};

// In seconds of bough__clock (base/clock.h).
struct bough__timing {
    double start, end;
};

// Every entry is needed but expect, run_timed and save_kernels. Statuses: INTERNAL when out of host
// memory, DEVICE for anything of the device; the message names the device.
struct bough__backend {
    const char *name;

    // Appends its devices, usable or not, to a list with room for `capacity`; sets `*count` to how
    // many it has. `note` receives why there is none, or "".
    enum bough_status (*list)(struct bough_device_info *list, size_t capacity, size_t *count,
                              char *note, size_t note_size);
    // The device of that id.
    enum bough_status (*open)(struct bough_device **device, const char *id);
    void (*close)(struct bough_device *device);

    // Not cleared. size > 0.
    enum bough_status (*buffer_create)(struct bough__buffer **buffer, struct bough_device *device,
                                       size_t size);
    void (*buffer_destroy)(struct bough__buffer *buffer);
    // In order with the launches. `data` may be reused when it returns; the device need not be
    // done.
    enum bough_status (*write)(struct bough__span to, const void *data, size_t size);
    // Waits for everything before it.
    enum bough_status (*read)(struct bough__span from, void *data, size_t size);
    // In order, need not be done when they return. The spans of a copy do not overlap.
    enum bough_status (*copy)(struct bough__span to, struct bough__span from, size_t size);
    enum bough_status (*fill_zero)(struct bough__span to, size_t size);

    // The launches prepared from now on take about `flops` each on average: a device may run lists
    // of short ones another way. NULL: it has one way.
    enum bough_status (*expect)(struct bough_device *device, double flops);
    // Binds the arguments, builds or picks the code. Not in a step loop.
    enum bough_status (*prepare_kernel)(struct bough__launch **launch, struct bough_device *device,
                                        const struct bough__kernel_call *call);
    enum bough_status (*prepare_gemm)(struct bough__launch **launch, struct bough_device *device,
                                      const struct bough__gemm *gemm);
    // The ways to do a product that `bough tune` tries, as BOUGH_GEMM takes them; NULL behind the
    // last. A backend with one way has none.
    const char *(*gemm_candidate)(const struct bough_device *device, size_t index);
    void (*launch_destroy)(struct bough__launch *launch);

    // Runs them one after the other; need not be done when it returns. Allocates nothing.
    enum bough_status (*run)(struct bough_device *device, struct bough__launch *const *launch,
                             size_t count);
    // Runs them likewise and waits; tells when each began and ended on the device. NULL: they are
    // run and waited for one by one, by the host's clock.
    enum bough_status (*run_timed)(struct bough_device *device, struct bough__launch *const *launch,
                                   size_t count, struct bough__timing *timing);
    // As bough_device_save_kernels says. NULL where nothing is built.
    enum bough_status (*save_kernels)(struct bough_device *device, const char *path, char *report,
                                      size_t report_size);

    // Waits until all is done. Errors of the launches before it may show here.
    enum bough_status (*finish)(struct bough_device *device);
};

extern const struct bough__backend bough__backend_c;

// The rows of device_list.c: plain C first, then those of the modules that load.
const struct bough__backend *const *bough__backends(size_t *count, char *note, size_t note_size);

// ---- The front: the same calls, checked ----

// Whether buffers of so many bytes can stand together: each, and their sum.
// Errors: DEVICE, with what was found and the limit.
enum bough_status bough__buffers_check(const struct bough_device *device, const size_t *size,
                                       size_t count);
enum bough_status bough__buffer_create(struct bough__buffer **buffer, struct bough_device *device,
                                       size_t size);       // size 0 stands for 1
void bough__buffer_destroy(struct bough__buffer **buffer); // takes NULL, sets NULL
enum bough_status bough__write(struct bough__span to, const void *data, size_t size);
enum bough_status bough__read(struct bough__span from, void *data, size_t size);
enum bough_status bough__copy(struct bough__span to, struct bough__span from, size_t size);
enum bough_status bough__fill_zero(struct bough__span to, size_t size);
enum bough_status bough__expect(struct bough_device *device, double flops);
enum bough_status bough__launch_kernel(struct bough__launch **launch, struct bough_device *device,
                                       const struct bough__kernel_call *call);
enum bough_status bough__launch_gemm(struct bough__launch **launch, struct bough_device *device,
                                     const struct bough__gemm *gemm);
void bough__launch_destroy(struct bough__launch **launch); // takes NULL, sets NULL
enum bough_status bough__run(struct bough_device *device, struct bough__launch *const *launch,
                             size_t count);
// Waits until they are done; timing[i] is that of launch[i]. Slower than bough__run.
enum bough_status bough__run_timed(struct bough_device *device, struct bough__launch *const *launch,
                                   size_t count, struct bough__timing *timing);
enum bough_status bough__finish(struct bough_device *device);

// ---- The self-test ----

// Those parts of bough_device_selftest.
enum bough_status bough__selftest(struct bough_device *device, enum bough__selftest_part part);

// Runs those of the parts that no device of that name passed in this process: all but the windows
// as it is opened, the windows before a net that has convolutions is prepared. Counts, profiles and
// on_gemm see nothing of it. Errors: DEVICE where it answers wrongly, and no BOUGH_FORCE_DEVICE is
// set.
enum bough_status bough__selftest_once(struct bough_device *device, enum bough__selftest_part part);

// All of a buffer; an absent one stays absent.
static inline struct bough__span bough__whole(struct bough__buffer *buffer)
{
    return (struct bough__span){.buffer = buffer};
}

// Span arithmetic: `bytes` further on, where it does not tell how much lies there; an absent span
// stays absent.
static inline struct bough__span bough__span_at(struct bough__span span, size_t bytes)
{
    if (span.buffer)
        span.offset += bytes;
    if (bytes)
        span.bytes = 0;
    return span;
}

// Number `index` of a stack.
static inline struct bough__span bough__span_of_stack(struct bough__span span, int64_t index)
{
    return bough__span_at(span, (size_t)index * span.stride);
}

#endif
