// Every op that computes, at the size of a layer of a small net, forwards and backwards.
#include "base/error.h"
#include "bench/op_call.h"
#include "bench/timer.h"

#include "cl/loss_list.h"

#include <bough/bench.h>

#include <stdio.h>

static const double row_seconds = 0.05;

// ---- The cases ----

// Insides of initialisers.
#define IMAGES     .rank = 4, .dim = {64, 32, 28, 28}
#define CHANNELS   .rank = 1, .dim = {32}
#define ROWS       .rank = 2, .dim = {1024, 128}
#define SEQUENCES  .rank = 3, .dim = {64, 64, 128}
#define OF(op_, n) .op = &bough__op_##op_, .inputs = n
#define WINDOWS    .stride = {1, 1}, .padding = {1, 1}, .dilation = {1, 1}, .groups = 1
#define HALVING    .kernel = {2, 2}, .stride = {2, 2}, .dilation = {1, 1}

#define TABLE                                                                                      \
    .table = {.classes = (const int32_t[]){0, 0, 1000, 20},                                        \
              .masked = (const int32_t[]){0, 1, 0, 0},                                             \
              0,                                                                                   \
              4}

static const struct bough__call_setup cases[] = {
    {OF(relu, 1), .x = {{IMAGES}}},
    {OF(leaky_relu, 1), .x = {{IMAGES}}, .attr = {.value = 0.1f}},
    {OF(gelu, 1), .x = {{IMAGES}}},
    {OF(sigmoid, 1), .x = {{IMAGES}}},
    {OF(tanh, 1), .x = {{IMAGES}}},
    {OF(add, 2), .x = {{IMAGES}, {IMAGES}}},
    {OF(multiply, 2), .x = {{IMAGES}, {IMAGES}}},
    {OF(scale, 1), .x = {{IMAGES}}, .attr = {.value = 0.5f}},
    {OF(logit_and, 2), .x = {{ROWS}, {ROWS}}},
    {OF(order_penalty, 2), .x = {{ROWS}, {ROWS}}, .attr = {.value = 1}},
    {OF(mean_distance, 2), .x = {{2, {128, 128}}, {2, {128, 128}}}},
    {OF(mmd, 3), .x = {{2, {128, 128}}, {2, {128, 128}}, {1, {1}}},
     .attr = {.value = 1, .width = {1}, .widths = 1}},
    {OF(gauss_kl, 2), .x = {{ROWS}, {ROWS}}, .attr = {.value = 1, .eps = 1e-3f}},
    {OF(softmax_kl, 2), .x = {{ROWS}, {ROWS}}, .attr = {.value = 1, .temperature = 1}},
    {OF(concat, 2), .x = {{IMAGES}, {IMAGES}}, .attr = {.axis = 1}},
    {OF(gated_sum, 2), .x = {{3, {1024, 8, 128}}, {2, {1024, 8}}}},
    {OF(gumbel_choice, 1), .x = {{2, {1, 32}}}, .attr = {.training = 1}},
    {OF(dselect, 1), .x = {{2, {2, 3}}}, .attr = {.value = 1, .shape = {1, {8}}}},
    {OF(dselect_penalty, 1), .x = {{3, {1, 2, 8}}}, .attr = {.value = 1}},
    {OF(embedding, 2), .x = {{2, {128, 32}}, {2, {10000, 128}}}, .integers = 1},
    {OF(one_hot, 1), .x = {{2, {128, 32}}}, .integers = 1, .attr = {.vocabulary = 100}},
    {OF(table, 3), .x = {{2, {4096, 4}}, {2, {1000, 32}}, {2, {20, 8}}}, .attr = {TABLE}},
    {OF(softmax, 1), .x = {{ROWS}}},
    {OF(linear, 3), .x = {{2, {256, 512}}, {2, {512, 512}}, {1, {512}}}},
    {OF(lstm, 2), .x = {{3, {128, 16, 512}}, {3, {2, 256, 64}}}},
    {OF(gru, 3), .x = {{3, {128, 16, 384}}, {3, {2, 192, 64}}, {2, {2, 64}}}},
    {OF(conv2d, 3), .x = {{IMAGES}, {4, {32, 32, 3, 3}}, {CHANNELS}}, .attr = {WINDOWS}},
    {OF(max_pool2d, 1), .x = {{IMAGES}}, .attr = {HALVING}},
    {OF(conv2d_max_pool2d, 3), .x = {{IMAGES}, {4, {32, 32, 3, 3}}, {CHANNELS}},
     .attr = {WINDOWS, .pool = {{2, 2}, {2, 2}, {0, 0}, BOUGH_RELU}, .images = 16}},
    {OF(avg_pool2d, 1), .x = {{IMAGES}}, .attr = {HALVING}},
    {OF(global_avg_pool2d, 1), .x = {{IMAGES}}},
    {OF(batch_norm, 5), .x = {{IMAGES}, {CHANNELS}, {CHANNELS}, {CHANNELS}, {CHANNELS}},
     .attr = {.eps = 1e-5f, .momentum = 0.1f, .training = 1}},
    {OF(layer_norm, 3), .x = {{ROWS}, {1, {128}}, {1, {128}}}, .attr = {.eps = 1e-5f}},
    {OF(dropout, 1), .x = {{IMAGES}}, .attr = {.value = 0.5f}},
    {OF(activation_dropout, 1), .x = {{IMAGES}}, .attr = {.value = 0.5f, .activation = BOUGH_GELU}},
    {OF(dropout2d, 1), .x = {{IMAGES}}, .attr = {.value = 0.5f}},
    {OF(conv1d, 3), .x = {{SEQUENCES}, {3, {128, 128, 3}}, {1, {128}}}, .attr = {.dilation = {1}}},
    {OF(attention, 1), .x = {{3, {64, 64, 3 * 128}}}, .attr = {.groups = 4}},
    {OF(add_positions, 2), .x = {{SEQUENCES}, {2, {64, 128}}}},
    {OF(pool_over_time, 1), .x = {{SEQUENCES}}},
#define CLASS_LOSS(name, target, metric, help, options)                                            \
    {OF(name, 2), .x = {{2, {4096, 10}}, {1, {4096}}}, .integers = 1 << 1, .attr = {.value = 1}},
#define VALUE_LOSS(name, target, metric, help, options)                                            \
    {OF(name, 2), .x = {{ROWS}, {ROWS}}, .attr = {.value = 1}},
#define CHAIN_LOSS(name, target, metric, help, options)                                            \
    {OF(name, 5), .x = {{3, {128, 20, 72}}, {2, {128, 20}}, {2, {72, 72}}, {1, {72}}, {1, {72}}},  \
     .integers = 1 << 1},
    BOUGH_CLASS_LOSSES(CLASS_LOSS) BOUGH_VALUE_LOSSES(VALUE_LOSS) BOUGH_CHAIN_LOSSES(CHAIN_LOSS)};

// ---- Timing ----

static double bytes_of(const struct bough__tensor *x)
{
    if (!x->span.buffer)
        return 0;
    return (double)bough_shape_elements(&x->shape) * (double)bough_dtype_size(x->dtype);
}

// What a pass must read and write, however it is done.
static double pass_bytes(const struct bough__op *op, const struct bough__op_call *call,
                         int backward)
{
    const int reads_x = !backward || (op->flags & BOUGH__OP_BACKWARD_READS_X);
    const int reads_y = !backward || bough__op_reads_y(op, call->attr);
    double bytes = (reads_y ? bytes_of(&call->y) : 0) + (backward ? bytes_of(&call->dy) : 0);
    for (int i = 0; i < call->inputs; i++) {
        bytes += reads_x ? bytes_of(&call->x[i]) : 0;
        bytes += backward ? bytes_of(&call->dx[i]) : 0;
    }
    return bytes;
}

static enum bough_status time_pass(const struct bough_bench_options *options,
                                   const struct bough__op *op, const struct bough__call *call,
                                   int backward)
{
    const struct bough__sequence *sequence = backward ? &call->backward : &call->forward;
    struct bough__times times;
    char name[64];
    enum bough_status status =
        bough__time_launches(&times, sequence->device, sequence->launch, sequence->count,
                             options->seconds > 0 ? options->seconds : row_seconds);
    if (status != BOUGH_OK)
        return status;
    snprintf(name, sizeof name, "%s %s", op->name, backward ? "backward" : "forward");
    struct bough_bench_row row = {.name = name,
                                  .implementation = "",
                                  .bytes = pass_bytes(op, &call->call, backward),
                                  .seconds = times.median};
    for (size_t i = 0; i < sequence->count; i++)
        row.flops += sequence->launch[i]->flops;
    if (options->row)
        options->row(options->user, &row);
    return BOUGH_OK;
}

static enum bough_status time_case(const struct bough_bench_options *options,
                                   struct bough_device *device,
                                   const struct bough__call_setup *setup)
{
    enum bough_status status;
    struct bough__call call;
    BOUGH_TRY(bough__call_init(&call, device, setup));
    BOUGH_TRY(time_pass(options, setup->op, &call, 0));
    if (call.backward.count)
        BOUGH_TRY(time_pass(options, setup->op, &call, 1));
done:
    bough__call_fini(&call);
    return status;
}

enum bough_status bough_bench_ops(const struct bough_bench_options *options)
{
    enum bough_status status = BOUGH_OK;
    struct bough_device *own = NULL, *device = options->device;
    if (!device)
        BOUGH_TRY(bough_device_open(&own, "c"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        BOUGH_TRY(time_case(options, device ? device : own, &cases[i]));
done:
    bough_device_close(&own);
    return status;
}
