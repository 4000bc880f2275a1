// What the machine can do at most: a loop of multiply-adds on registers, and a copy.
#include "base/error.h"
#include "bench/timer.h"
#include "cl/bench_params.h"
#include "device/device_list.h"

#include <bough/bench.h>

#include <math.h>
#include <string.h>
#include <time.h>

// ---- Kernels ----

// Chains of x = x * factor + term, ACCUMULATORS vectors side by side. Compiled for several
// instruction sets; the attribute's vectors are not lowered to those of another.
#define FMA_LOOP(name, attribute, lanes, accumulators)                                             \
    attribute static void name(float *y, int count, const float *x, int rounds)                    \
    {                                                                                              \
        typedef float vector __attribute__((vector_size(4 * (lanes))));                            \
        const vector factor = x[0] - (vector){0}, term = x[1] - (vector){0};                       \
        for (int at = 0; at < count; at += (lanes) * (accumulators)) {                             \
            vector v[accumulators];                                                                \
            for (int i = 0; i < (accumulators); i++)                                               \
                v[i] = term * (float)(i + at);                                                     \
            for (int round = 0; round < rounds; round++)                                           \
                _Pragma("GCC unroll 16") for (int i = 0; i < (accumulators); i++) v[i] =           \
                    v[i] * factor + term;                                                          \
            for (int i = 0; i < (accumulators); i++)                                               \
                memcpy(y + at + i * (lanes), &v[i], sizeof v[i]);                                  \
        }                                                                                          \
    }

#ifdef __x86_64__
FMA_LOOP(fma_avx512, __attribute__((target("avx512f"))), 16, 16)
FMA_LOOP(fma_avx2, __attribute__((target("avx2,fma"))), 8, 8)
#endif
FMA_LOOP(fma_base, , 4, 8)

static void bench_fma(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    const struct bench_params *p = params;
    enum { BLOCK = 16 * BENCH_LANES }; // a multiple of what each loop takes at once
    void (*loop)(float *, int, const float *, int) = fma_base;
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f"))
        loop = fma_avx512;
    else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        loop = fma_avx2;
#endif
    for (int64_t i = begin; i < end; i += BLOCK / BENCH_LANES)
        loop((float *)arg[1] + i * BENCH_LANES, BLOCK, arg[0], p->rounds);
}

static void bench_copy(void *const *arg, const void *params, int64_t begin, int64_t end)
{
    (void)params;
    const size_t item = BENCH_LANES * sizeof(float);
    memcpy((char *)arg[1] + (size_t)begin * item, (const char *)arg[0] + (size_t)begin * item,
           (size_t)(end - begin) * item);
}

static const struct bough__kernel kernel_fma = {
    "bench_fma",      "bench",   bench_fma,
    BOUGH_GRID_ITEMS, .args = 2, .params_size = sizeof(struct bench_params)};
static const struct bough__kernel kernel_copy = {"bench_copy", "bench", bench_copy,
                                                 BOUGH_GRID_ITEMS, .args = 2};

// ---- Measuring ----

struct problem {
    const struct bough__kernel *kernel;
    int64_t items;
    int rounds;
    size_t bytes; // of each buffer
};

// In several goes: the system may keep two threads on one core for a fifth of a second, and parts
// them when they have slept.
static enum bough_status best_time(double *best, struct bough_device *device,
                                   const struct problem *problem)
{
    enum bough_status status;
    struct bough__buffer *x = NULL, *y = NULL;
    struct bough__launch *launch = NULL;
    struct bough__times times;
    const float start[2] = {0.999f, 0.001f};
    const struct bench_params params = {problem->rounds};
    BOUGH_TRY(bough__buffer_create(&x, device, problem->bytes));
    BOUGH_TRY(bough__buffer_create(&y, device, problem->bytes));
    BOUGH_TRY(bough__fill_zero(bough__whole(x), problem->bytes));
    BOUGH_TRY(bough__fill_zero(bough__whole(y), problem->bytes));
    BOUGH_TRY(bough__write(bough__whole(x), start, sizeof start));
    const struct bough__kernel_call call = {
        .kernel = problem->kernel,
        .arg = {bough__whole(x), bough__whole(y)},
        .params = problem->kernel->params_size ? &params : NULL,
        .count = problem->items,
        .work = problem->items * BENCH_LANES * (problem->rounds + 1),
    };
    BOUGH_TRY(bough__launch_kernel(&launch, device, &call));
    *best = INFINITY;
    for (int i = 0; i < 5; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
        BOUGH_TRY(bough__time_launches(&times, device, &launch, 1, 0.05));
        *best = fmin(*best, times.best);
    }
done:
    bough__launch_destroy(&launch);
    bough__buffer_destroy(&x);
    bough__buffer_destroy(&y);
    return status;
}

static enum bough_status measure(struct bough_ceiling *ceiling, struct bough_device *device)
{
    enum bough_status status;
    const size_t item = BENCH_LANES * sizeof(float);
    const int gpu = device->info.type == BOUGH_DEVICE_GPU;
    const struct problem fma = {.kernel = &kernel_fma,
                                .items = gpu ? 1 << 20 : 1 << 12,
                                .rounds = 1 << 11,
                                .bytes = (gpu ? 1 << 20 : 1 << 12) * item};
    const struct problem copy = {
        .kernel = &kernel_copy, .items = 1 << 21, .bytes = ((size_t)1 << 21) * item};
    double seconds;
    BOUGH_TRY(best_time(&seconds, device, &fma));
    ceiling->gflops = 2e-9 * (double)fma.items * BENCH_LANES * fma.rounds / seconds;
    BOUGH_TRY(best_time(&seconds, device, &copy));
    ceiling->gbs = 2e-9 * (double)copy.bytes / seconds;
done:
    return status;
}

enum bough_status bough_bench_ceiling(struct bough_ceiling *ceiling, struct bough_device *device)
{
    enum bough_status status = BOUGH_OK;
    struct bough_device *own = NULL;
    if (!device || device->info.type == BOUGH_DEVICE_CPU)
        BOUGH_TRY(bough__backend_c.open(&own, "c")); // nobody asked for it: nothing is logged
    BOUGH_TRY(measure(ceiling, own ? own : device));
done:
    bough_device_close(&own);
    return status;
}
