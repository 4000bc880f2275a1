#include "op/op_cases.h"

static const struct op_case cases[] = {
    {.op = "relu", .x = {INPUT(FILL_APART, SWEEP)}, .y = SHAPE(SWEEP)},
    {.op = "relu", .x = {INPUT(FILL_APART, SWEEP, 3, 2, 2)}, .y = SHAPE(SWEEP, 3, 2, 2)},
    {.op = "relu", .x = {INPUT(FILL_APART, 300, 1000)}},
    {.op = "relu", .x = {INPUT(FILL_UNIFORM, 5, 7)}, .golden = "activation/relu"},

    {.op = "leaky_relu", .x = {INPUT(FILL_APART, SWEEP)}, .attr = {.value = 0.01f}},
    {.op = "leaky_relu", .x = {INPUT(FILL_APART, 3, SWEEP)}, .attr = {.value = 0.5f}},
    {.op = "leaky_relu", .x = {INPUT(FILL_APART, 9)}, .attr = {.value = 0.0f}},
    {.op = "leaky_relu",
     .x = {INPUT(FILL_UNIFORM, 5, 7)},
     .attr = {.value = 0.1f},
     .golden = "activation/leaky_relu"},
    {.op = "leaky_relu", .x = {INPUT(FILL_APART, 3)}, .attr = {.value = -1.0f}, .fails = "slope"},

    {.op = "gelu", .x = {INPUT(FILL_UNIFORM, SWEEP)}},
    {.op = "gelu", .x = {INPUT(FILL_UNIFORM, 40, 1000)}},
    {.op = "gelu", .x = {INPUT(FILL_UNIFORM, 5, 7)}, .golden = "activation/gelu"},

    {.op = "sigmoid", .x = {INPUT(FILL_UNIFORM, SWEEP)}},
    {.op = "sigmoid", .x = {INPUT(FILL_UNIFORM, 5, 7)}, .golden = "activation/sigmoid"},
    {.op = "sigmoid", .x = {INPUT(FILL_UNIFORM, 8)}, .golden = "activation/sigmoid_far"},

    {.op = "tanh", .x = {INPUT(FILL_UNIFORM, SWEEP)}},
    {.op = "tanh", .x = {INPUT(FILL_UNIFORM, 5, 7)}, .golden = "activation/tanh"},
};

OP_CASES_MAIN("activation", cases)
