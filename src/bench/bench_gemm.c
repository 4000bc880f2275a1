// Products that training takes: those of the layers of three nets, and squares.
#include "bench/bench_gemm.h"

#include "base/error.h"
#include "bench/op_call.h"
#include "bench/timer.h"

#include <bough/bench.h>

#include <stdio.h>
#include <string.h>

static const double row_seconds = 0.1;

static enum bough_status time_one(const struct bough_bench_options *options,
                                  struct bough_device *device, const char *name,
                                  struct bough__launch *launch)
{
    struct bough__times times;
    enum bough_status status = bough__time_launches(
        &times, device, &launch, 1, options->seconds > 0 ? options->seconds : row_seconds);
    if (status != BOUGH_OK)
        return status;
    const struct bough_bench_row row = {
        .name = name,
        .implementation = launch->implementation ? launch->implementation : "",
        .m = launch->size[0],
        .n = launch->size[1],
        .k = launch->size[2],
        .batch = launch->size[3],
        .flops = launch->flops,
        .bytes = launch->bytes,
        .seconds = times.median,
    };
    if (options->row)
        options->row(options->user, &row);
    return BOUGH_OK;
}

// ---- Layers ----

// A convolution of square images and kernels where `kernel` is not 0, else a linear layer of
// `in` x `out`.
struct layer {
    const char *net, *name;
    int32_t batch;
    int32_t in, out, size, kernel, padding;
    enum bough__activation activation;
    int first; // the gradient of its input is not wanted
};

static const struct layer layers[] = {
    {"mnist-cnn 64", "conv1", 64, 1, 32, 28, 3, 1, BOUGH_RELU, 1},
    {"mnist-cnn 64", "conv2", 64, 32, 64, 14, 3, 1, BOUGH_RELU, 0},
    {"mnist-cnn 64", "linear", 64, 3136, 128, 0, 0, 0, BOUGH_RELU, 0},
    {"mnist-cnn 64", "head", 64, 128, 10, 0, 0, 0, BOUGH_LINEAR, 0},
    {"mnist-cnn 256", "conv1", 256, 1, 32, 28, 3, 1, BOUGH_RELU, 1},
    {"mnist-cnn 256", "conv2", 256, 32, 64, 14, 3, 1, BOUGH_RELU, 0},
    {"mnist-cnn 256", "linear", 256, 3136, 128, 0, 0, 0, BOUGH_RELU, 0},
    {"mnist-cnn 256", "head", 256, 128, 10, 0, 0, 0, BOUGH_LINEAR, 0},
    {"regression-and-classes 100", "linear1", 100, 100, 50, 0, 0, 0, BOUGH_RELU, 1},
    {"regression-and-classes 100", "linear2", 100, 50, 20, 0, 0, 0, BOUGH_RELU, 0},
    {"regression-and-classes 100", "class", 100, 20, 10, 0, 0, 0, BOUGH_LINEAR, 0},
    {"regression-and-classes 100", "values", 100, 20, 5, 0, 0, 0, BOUGH_LINEAR, 0},
    {"lenet 256", "conv1", 256, 1, 10, 28, 5, 0, BOUGH_LINEAR, 1},
    {"lenet 256", "conv2", 256, 10, 20, 12, 5, 0, BOUGH_LINEAR, 0},
    {"lenet 256", "linear", 256, 320, 50, 0, 0, 0, BOUGH_RELU, 0},
    {"lenet 256", "hidden", 256, 50, 50, 0, 0, 0, BOUGH_RELU, 0},
    {"lenet 256", "head", 256, 50, 10, 0, 0, 0, BOUGH_LINEAR, 0},
};

static struct bough__call_setup setup_of(const struct layer *layer)
{
    const int32_t k = layer->kernel;
    struct bough__call_setup setup = {
        .op = k ? &bough__op_conv2d : &bough__op_linear,
        .attr = {.stride = {1, 1},
                 .padding = {layer->padding, layer->padding},
                 .dilation = {1, 1},
                 .groups = 1,
                 .activation = layer->activation},
        .inputs = 3,
        .x = {{2, {layer->batch, layer->in}}, {2, {layer->out, layer->in}}, {1, {layer->out}}},
    };
    if (k) {
        setup.x[0] = (struct bough_shape){4, {layer->batch, layer->in, layer->size, layer->size}};
        setup.x[1] = (struct bough_shape){4, {layer->out, layer->in, k, k}};
    }
    return setup;
}

// What its forward pass takes, and each gradient.
static double flops_of(const struct layer *layer)
{
    const int32_t k = layer->kernel, size = layer->size + 2 * layer->padding - k + 1;
    const double each = 2.0 * layer->batch * layer->in * layer->out;
    return k ? each * k * k * size * size : each;
}

// Without options they were prepared, and that is all.
static enum bough_status time_products(const struct bough_bench_options *options,
                                       const struct bough__sequence *sequence, const char *name)
{
    enum bough_status status = BOUGH_OK;
    for (size_t i = 0; options && i < sequence->count; i++)
        if (sequence->launch[i]->flops > 0)
            BOUGH_TRY(time_one(options, sequence->device, name, sequence->launch[i]));
done:
    return status;
}

static enum bough_status time_layer(const struct bough_bench_options *options,
                                    struct bough_device *device, const struct layer *layer)
{
    static const char *const gradient[] = {"dx", "dweight"};
    enum bough_status status = BOUGH_OK;
    struct bough__call call = {0};
    char name[128];
    // Each product goes the way of a step that has this one only.
    BOUGH_TRY(bough__expect(device, flops_of(layer)));
    for (int of = 1; of >= layer->first; of--) { // the gradient of the weight, then that of x
        struct bough__call_setup setup = setup_of(layer);
        setup.no_dx = ~(1u << of);
        BOUGH_TRY(bough__call_init(&call, device, &setup));
        if (of == 1) {
            snprintf(name, sizeof name, "%s %s forward", layer->net, layer->name);
            BOUGH_TRY(time_products(options, &call.forward, name));
        }
        snprintf(name, sizeof name, "%s %s %s", layer->net, layer->name, gradient[of]);
        BOUGH_TRY(time_products(options, &call.backward, name));
        bough__call_fini(&call);
    }
done:
    bough__call_fini(&call);
    return status;
}

// ---- Plain products ----

static enum bough_status time_shape(const struct bough_bench_options *options,
                                    struct bough_device *device,
                                    const struct bough_gemm_shape *shape)
{
    enum bough_status status;
    struct bough__call call = {0};
    char name[80];
    // A linear layer's gradient of x is a product of plain matrices.
    const struct bough__call_setup setup = {
        .op = &bough__op_linear,
        .inputs = 2,
        .x = {{2, {shape->m, shape->n}}, {2, {shape->k, shape->n}}},
        .no_dx = 2};
    if (shape->m < 1 || shape->n < 1 || shape->k < 1)
        return bough__fail(BOUGH_INVALID, "gemm: %lld,%lld,%lld, wanted numbers above 0",
                           (long long)shape->m, (long long)shape->n, (long long)shape->k);
    BOUGH_TRY(bough__expect(device, 2.0 * (double)shape->m * (double)shape->n * (double)shape->k));
    status = bough__call_init(&call, device, &setup);
    if (status != BOUGH_OK)
        bough__fail_in(status, "gemm: %lld,%lld,%lld", (long long)shape->m, (long long)shape->n,
                       (long long)shape->k);
    BOUGH_TRY(status);
    snprintf(name, sizeof name, "%lld x %lld x %lld", (long long)shape->m, (long long)shape->n,
             (long long)shape->k);
    BOUGH_TRY(time_products(options, &call.backward, name));
done:
    bough__call_fini(&call);
    return status;
}

static enum bough_status time_list(const struct bough_bench_options *options,
                                   struct bough_device *device)
{
    enum bough_status status = BOUGH_OK;
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        BOUGH_TRY(time_layer(options, device, &layers[i]));
    for (int64_t size = 64; size <= 2048; size *= 2)
        BOUGH_TRY(time_shape(options, device, &(struct bough_gemm_shape){size, size, size}));
done:
    return status;
}

enum bough_status bough_bench_gemm(const struct bough_bench_options *options,
                                   const struct bough_gemm_shape *shape, size_t shapes)
{
    enum bough_status status = BOUGH_OK;
    struct bough_device *own = NULL, *device = options->device;
    if (!device)
        BOUGH_TRY(bough_device_open(&own, "c"));
    device = device ? device : own;
    for (size_t i = 0; i < shapes; i++)
        BOUGH_TRY(time_shape(options, device, &shape[i]));
    if (!shapes)
        BOUGH_TRY(time_list(options, device));
done:
    bough_device_close(&own);
    return status;
}

enum bough_status bough__bench_prepare_products(struct bough_device *device)
{
    return time_list(NULL, device);
}
