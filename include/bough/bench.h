// Measuring: how fast a device is, against what its machine can do.
#ifndef BOUGH_BENCH_H
#define BOUGH_BENCH_H

#include <bough/config.h>
#include <bough/device.h>

#ifdef __cplusplus
extern "C" {
#endif

// The most that the machine was seen to do, with all threads that the device uses.
struct bough_ceiling {
    double gflops; // float multiply-adds on registers; a multiply and an add are two
    double gbs;    // copying 128 MiB; read and written bytes both count
};

// Measures it, in half a second. A CPU device of OpenCL has that of plain C, for it is the same
// machine. Errors: DEVICE.
enum bough_status bough_bench_ceiling(struct bough_ceiling *ceiling, struct bough_device *device);

// One thing that was timed.
struct bough_bench_row {
    const char *name;           // "mnist-cnn 64 trunk.0 forward", "softmax backward"
    const char *implementation; // of a GEMM; else ""
    int64_t m, n, k, batch;     // of a GEMM; else 0
    double flops, bytes;        // of one call; bytes are those of the operands, each taken once
    double seconds;             // of one call: the median of many, after a warm-up
};

struct bough_bench_options {
    struct bough_device *device;                                // NULL = plain C
    double seconds;                                             // to spend on a row; 0 = 0.1
    void (*row)(void *user, const struct bough_bench_row *row); // told of each as it is done
    void *user;
};

struct bough_gemm_shape {
    int64_t m, n, k;
};

// Times products of plain matrices [m, k] x [k, n]; without shapes, a standard list: every product
// that the layers of three nets take, with their gradients, and squares of 64 to 2048.
// Errors: INVALID, DEVICE.
enum bough_status bough_bench_gemm(const struct bough_bench_options *options,
                                   const struct bough_gemm_shape *shape, size_t shapes);

// Times every op that computes, forwards and backwards, at the size of a layer of a small net.
// Errors: DEVICE.
enum bough_status bough_bench_ops(const struct bough_bench_options *options);

// A training step of a config, on its own data.
struct bough_step_bench {
    int64_t batch;
    double seconds;       // of one step: the median of many
    double flops;         // of one step
    double launches;      // per step
    double writes, reads; // per step, between host and device
    double feeding;       // share of the step that is spent on getting its batches
    uint64_t planned;     // bytes of the plan's buffer, and of what launches share
    uint64_t values;      // bytes of all activations and gradients that it holds
};

// Errors: INVALID, DATA, DEVICE.
enum bough_status bough_bench_step(struct bough_step_bench *step, const struct bough_config *config,
                                   const struct bough_bench_options *options);

// Does what bough_train does up to the end of the first step. `run_dir` must not exist.
enum bough_status bough_bench_first_step(const struct bough_config *config,
                                         struct bough_device *device, const char *run_dir);

#ifdef __cplusplus
}
#endif

#endif
