// GEMM on OpenCL: an ordered list of implementations; the last takes everything.
#ifndef BOUGH_DEVICE_OPENCL_CL_GEMM_H
#define BOUGH_DEVICE_OPENCL_CL_GEMM_H

#include "device/opencl/opencl.h"

#include "cl/gemm/gemm.h"

// What BOUGH_GEMM or a tuning asks of an implementation; 0 leaves it to that.
struct bough__cl_gemm_choice {
    int parts; // groups of work for each compute unit, about
    int rows;  // of C that a group does, at most
    int set;   // of CLBlast's parameters
};

// One GEMM being prepared.
struct bough__cl_gemm {
    struct bough__cl_device *device;
    struct bough__gemm gemm;
    struct gemm_params params; // of `gemm`, with one split and nothing in scratch
    struct bough__cl_launch *launch;
    gemm_long scratch; // floats wanted so far
    struct bough__cl_gemm_choice choice;
};

struct bough__cl_gemm_implementation {
    const char *name; // what BOUGH_GEMM says
    // Would it be the best here?
    int (*suits)(const struct bough__cl_gemm *g);
    // Could it do it at all?
    int (*can)(const struct bough__cl_gemm *g);
    // Adds steps, sets the parameters, reserves scratch. A failure leaves the GEMM to the next one.
    enum bough_status (*prepare)(struct bough__cl_gemm *g);
};

extern const struct bough__cl_gemm_implementation bough__cl_gemm_windows;
extern const struct bough__cl_gemm_implementation bough__cl_gemm_direct;
extern const struct bough__cl_gemm_implementation bough__cl_gemm_cpu;
extern const struct bough__cl_gemm_implementation bough__cl_gemm_blast;
extern const struct bough__cl_gemm_implementation bough__cl_gemm_tile;

// `gemm`, its views simplified, with nothing of a launch yet.
struct bough__cl_gemm bough__cl_gemm_describe(struct bough__cl_device *device,
                                              const struct bough__gemm *gemm);
// A launch by that implementation. A failure is told, once for each implementation.
enum bough_status bough__cl_gemm_try(struct bough__cl_launch **launch, struct bough__cl_gemm *g,
                                     const struct bough__cl_gemm_implementation *implementation);

// ---- Dividing ----

// How many parts of `size` make `count`, the last perhaps a smaller one.
static inline gemm_long bough__cl_parts(gemm_long count, gemm_long size)
{
    return (count + size - 1) / size;
}

// Up to a multiple of `to`.
static inline gemm_long bough__cl_up(gemm_long value, gemm_long to)
{
    return bough__cl_parts(value, to) * to;
}

static inline gemm_long bough__cl_least(gemm_long a, gemm_long b)
{
    return a < b ? a : b;
}

// ---- Preparing ----

// C^T = B^T * A^T: what was a row is a column.
void bough__cl_gemm_turn(struct bough__cl_gemm *g);

// Room for `count` floats in scratch, aligned for every vector: where it begins.
gemm_long bough__cl_gemm_reserve(struct bough__cl_gemm *g, gemm_long count);

// Adds a step that runs `groups` groups of `local` items. Its arguments are bound when all steps
// are there.
enum bough_status bough__cl_gemm_step(struct bough__cl_gemm *g, const char *family,
                                      const char *name, const size_t groups[3], size_t local);
// One item per element, `count` of them.
enum bough_status bough__cl_gemm_items(struct bough__cl_gemm *g, const char *name, gemm_long count);

// Divides k so that `groups` groups become about `wanted`, none with less than `least` of k.
void bough__cl_gemm_split(struct bough__cl_gemm *g, gemm_long groups, gemm_long wanted,
                          gemm_long least);
// The step that adds the splits up, if there are any.
enum bough_status bough__cl_gemm_reduce(struct bough__cl_gemm *g);

#endif
