// linear and softmax.
#include "op/op_cases.h"

#define RELU                                                                                       \
    {                                                                                              \
        .activation = BOUGH_RELU                                                                   \
    }

static const struct op_case cases[] = {
    {.op = "linear",
     .x = {INPUT(FILL_UNIFORM, SWEEP, 7), INPUT(FILL_UNIFORM, 5, 7), INPUT(FILL_UNIFORM, 5)},
     .y = SHAPE(SWEEP, 5)},
    {.op = "linear",
     .x = {INPUT(FILL_UNIFORM, 3, SWEEP), INPUT(FILL_UNIFORM, 5, SWEEP), INPUT(FILL_UNIFORM, 5)}},
    {.op = "linear",
     .x = {INPUT(FILL_UNIFORM, 3, 7), INPUT(FILL_UNIFORM, SWEEP, 7), INPUT(FILL_UNIFORM, SWEEP)}},
    {.op = "linear", .x = {INPUT(FILL_UNIFORM, SWEEP, 7), INPUT(FILL_UNIFORM, 5, 7)}},
    {.op = "linear",
     .x = {INPUT(FILL_UNIFORM, 3, SWEEP, 7), INPUT(FILL_UNIFORM, 5, 7), INPUT(FILL_UNIFORM, 5)},
     .y = SHAPE(3, SWEEP, 5)},
    {.op = "linear",
     .x = {INPUT(FILL_UNIFORM, 4, 0), INPUT(FILL_UNIFORM, 5, 0), INPUT(FILL_UNIFORM, 5)}},
    {.op = "linear",
     .x = {INPUT(FILL_UNIFORM, 128, 100), INPUT(FILL_UNIFORM, 65, 100), INPUT(FILL_UNIFORM, 65)}},
    // The kinks of a relu behind it lie anywhere, so the slopes are rough; the row after is clear
    // of them.
    {.op = "linear",
     .x = {INPUT(FILL_UNIFORM, SWEEP, 7), INPUT(FILL_UNIFORM, 33, 7), INPUT(FILL_UNIFORM, 33)},
     .attr = RELU,
     .slope = 0.2},
    {.op = "linear",
     .x = {INPUT(FILL_UNIFORM, SWEEP, 7), INPUT(FILL_UNIFORM, 33, 7), INPUT(FILL_UNIFORM, 33)},
     .attr = {.activation = BOUGH_TANH}},
    {.op = "linear",
     .x = {INPUT(FILL_UNIFORM, 65, 40), INPUT(FILL_UNIFORM, SWEEP, 40), INPUT(FILL_UNIFORM, SWEEP)},
     .attr = {.activation = BOUGH_SIGMOID}},
    {.op = "linear",
     .x = {INPUT(FILL_APART, SWEEP, 1), INPUT(FILL_POSITIVE, 5, 1)},
     .attr = {.activation = BOUGH_LEAKY_RELU, .slope = 0.25f}},
    {.op = "linear", .x = {INPUT(FILL_APART, SWEEP, 1), INPUT(FILL_POSITIVE, 1, 1)}, .attr = RELU},
    {.op = "linear",
     .x = {INPUT(FILL_UNIFORM, 6, 9), INPUT(FILL_UNIFORM, 4, 9), INPUT(FILL_UNIFORM, 4)},
     .golden = "linear/linear"},
    {.op = "linear",
     .x = {INPUT(FILL_UNIFORM, 6, 9), INPUT(FILL_UNIFORM, 4, 9)},
     .golden = "linear/no_bias"},
    {.op = "linear",
     .x = {INPUT(FILL_UNIFORM, 6, 9), INPUT(FILL_UNIFORM, 4, 9), INPUT(FILL_UNIFORM, 4)},
     .attr = RELU,
     .golden = "linear/relu"},
    {.op = "linear",
     .x = {INPUT(FILL_UNIFORM, 6, 9), INPUT(FILL_UNIFORM, 4, 8)},
     .fails = "linear: input [6, 9] and weight [4, 8]"},
    {.op = "linear",
     .x = {INPUT(FILL_UNIFORM, 6, 3, 3), INPUT(FILL_UNIFORM, 4, 9)},
     .fails = "wanted [N, ..., D] and [U, D]"},
    {.op = "linear",
     .x = {INPUT(FILL_UNIFORM, 6, 9), INPUT(FILL_UNIFORM, 4, 9), INPUT(FILL_UNIFORM, 6)},
     .fails = "bias [6]"},

    {.op = "softmax", .x = {INPUT(FILL_UNIFORM, SWEEP, 10)}},
    {.op = "softmax", .x = {INPUT(FILL_UNIFORM, 3, SWEEP)}},
    {.op = "softmax", .x = {INPUT(FILL_UNIFORM, 2, 3, 1000)}},
    {.op = "softmax", .x = {INPUT(FILL_UNIFORM, 3, 0)}},
    {.op = "softmax", .x = {INPUT(FILL_UNIFORM, 4, 3, 5)}, .golden = "linear/softmax"},
    {.op = "softmax", .x = {INPUT(FILL_UNIFORM, 2, 5)}, .golden = "linear/softmax_far"},
};

OP_CASES_MAIN("linear", cases)
