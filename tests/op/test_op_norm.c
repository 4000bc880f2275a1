#include "op/op_cases.h"

#define BATCH_NORM_AND(activation_, training_, ...)                                                \
    .op = "batch_norm",                                                                            \
    .attr = {.eps = 1e-5f,                                                                         \
             .momentum = 0.2f,                                                                     \
             .training = (training_),                                                              \
             .activation = (activation_),                                                          \
             .slope = 0.25f},                                                                      \
    .updates = (training_) ? 1 << 3 | 1 << 4 : 0, __VA_ARGS__
#define BATCH_NORM(...) BATCH_NORM_AND(BOUGH_LINEAR, __VA_ARGS__)
// gamma, beta and the running statistics.
#define OF_CHANNELS(c)                                                                             \
    INPUT(FILL_UNIFORM, c), INPUT(FILL_UNIFORM, c), INPUT(FILL_UNIFORM, c), INPUT(FILL_POSITIVE, c)
#define ZEROS_OF(c)                                                                                \
    INPUT(FILL_ZERO, c), INPUT(FILL_ZERO, c), INPUT(FILL_ZERO, c), INPUT(FILL_ZERO, c)

static const struct op_case cases[] = {
    // A single sample has no spread: its own mean is all, and slopes vanish.
    {BATCH_NORM(1, .x = {INPUT(FILL_UNIFORM, 1, 3), OF_CHANNELS(3)})},
    {BATCH_NORM(1, .x = {INPUT(FILL_UNIFORM, 0, 3), OF_CHANNELS(3)})},
    {BATCH_NORM(1, .x = {INPUT(FILL_UNIFORM, 17, SWEEP), OF_CHANNELS(SWEEP)})},
    {BATCH_NORM(1, .x = {INPUT(FILL_UNIFORM, 65, 33), OF_CHANNELS(33)})},
    {BATCH_NORM(1, .x = {INPUT(FILL_UNIFORM, SWEEP, 3, 4, 5), OF_CHANNELS(3)},
                .y = SHAPE(SWEEP, 3, 4, 5))},
    {BATCH_NORM(1, .x = {INPUT(FILL_UNIFORM, 3, 2, 1, SWEEP), OF_CHANNELS(2)}, .slope = 2e-2)},
    {BATCH_NORM(1, .x = {INPUT(FILL_UNIFORM, 32, 17, 28, 28), OF_CHANNELS(17)})},
    {BATCH_NORM(0, .x = {INPUT(FILL_UNIFORM, SWEEP, 3, 4, 5), OF_CHANNELS(3)})},
    {BATCH_NORM(0, .x = {INPUT(FILL_UNIFORM, 17, SWEEP), OF_CHANNELS(SWEEP)})},
    // Kinks lie anywhere: rough slopes.
    {BATCH_NORM_AND(BOUGH_RELU, 1, .x = {INPUT(FILL_UNIFORM, 33, 17, 6, 7), OF_CHANNELS(17)},
                    .slope = 0.2)},
    {BATCH_NORM_AND(BOUGH_LEAKY_RELU, 1, .x = {INPUT(FILL_UNIFORM, 17, 33), OF_CHANNELS(33)},
                    .slope = 0.2)},
    {BATCH_NORM(1, .x = {INPUT(FILL_ZERO, 6, 5), ZEROS_OF(5)}, .golden = "norm/batch")},
    {BATCH_NORM(1, .x = {INPUT(FILL_ZERO, 3, 4, 5, 2), ZEROS_OF(4)}, .golden = "norm/batch_image")},
    {BATCH_NORM(0, .x = {INPUT(FILL_ZERO, 3, 4, 5, 2), ZEROS_OF(4)}, .golden = "norm/batch_eval")},
    {BATCH_NORM(1, .x = {INPUT(FILL_ZERO, 3, 4, 5), ZEROS_OF(4)},
                .fails = "batch_norm: input [3, 4, 5]")},
    {.op = "batch_norm",
     .x = {INPUT(FILL_ZERO, 3, 4), INPUT(FILL_ZERO, 4), INPUT(FILL_ZERO, 4), INPUT(FILL_ZERO, 3),
           INPUT(FILL_ZERO, 4)},
     .fails = "batch_norm: input [3, 4], input 3 is [3]: wants [C]"},

    {.op = "layer_norm",
     .x = {INPUT(FILL_UNIFORM, SWEEP, 7), INPUT(FILL_UNIFORM, 7), INPUT(FILL_UNIFORM, 7)},
     .attr = {.eps = 1e-5f},
     .y = SHAPE(SWEEP, 7)},
    {.op = "layer_norm",
     .x = {INPUT(FILL_UNIFORM, 3, 2, SWEEP), INPUT(FILL_UNIFORM, 2, SWEEP),
           INPUT(FILL_UNIFORM, 2, SWEEP)},
     .attr = {.eps = 1e-1f}},
    {.op = "layer_norm",
     .x = {INPUT(FILL_UNIFORM, 65, 10, 10, 10), INPUT(FILL_UNIFORM, 10, 10, 10),
           INPUT(FILL_UNIFORM, 10, 10, 10)},
     .attr = {.eps = 1e-5f}},
    {.op = "layer_norm",
     .x = {INPUT(FILL_UNIFORM, SWEEP, 7), INPUT(FILL_UNIFORM, 7), INPUT(FILL_UNIFORM, 7)},
     .attr = {.eps = 1e-5f, .activation = BOUGH_RELU},
     .slope = 0.2},
    {.op = "layer_norm",
     .x = {INPUT(FILL_UNIFORM, 9, 2, SWEEP), INPUT(FILL_UNIFORM, 2, SWEEP),
           INPUT(FILL_UNIFORM, 2, SWEEP)},
     .attr = {.eps = 1e-1f, .activation = BOUGH_LEAKY_RELU, .slope = 0.25f},
     .slope = 0.2},
    {.op = "layer_norm",
     .x = {INPUT(FILL_UNIFORM, 5, SWEEP, 7), INPUT(FILL_UNIFORM, 7), INPUT(FILL_UNIFORM, 7)},
     .attr = {.eps = 1e-5f},
     .y = SHAPE(5, SWEEP, 7)},
    {.op = "layer_norm",
     .x = {INPUT(FILL_ZERO, 4, 7), INPUT(FILL_ZERO, 7), INPUT(FILL_ZERO, 7)},
     .attr = {.eps = 1e-5f},
     .golden = "norm/layer"},
    {.op = "layer_norm",
     .x = {INPUT(FILL_ZERO, 3, 2, 3, 4), INPUT(FILL_ZERO, 2, 3, 4), INPUT(FILL_ZERO, 2, 3, 4)},
     .attr = {.eps = 1e-3f},
     .golden = "norm/layer_image"},
    {.op = "layer_norm",
     .x = {INPUT(FILL_ZERO, 3, 2, 4), INPUT(FILL_ZERO, 8), INPUT(FILL_ZERO, 2, 4)},
     .fails =
         "layer_norm: input [3, 2, 4], input 1 is [8]: wants the last dimensions of the input"},
    {.op = "layer_norm",
     .x = {INPUT(FILL_ZERO, 3, 2, 4), INPUT(FILL_ZERO, 2, 4), INPUT(FILL_ZERO, 4)},
     .attr = {.eps = 1e-5f},
     .fails = "input 2 is [4]"},
    {.op = "layer_norm",
     .x = {INPUT(FILL_ZERO, 3), INPUT(FILL_ZERO, 1), INPUT(FILL_ZERO, 1)},
     .fails = "layer_norm: input [3]"},
};

OP_CASES_MAIN("norm", cases)
