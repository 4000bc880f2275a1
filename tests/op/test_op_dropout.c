#include "op/op_cases.h"

static const struct op_case cases[] = {
    {.op = "dropout", .x = {INPUT(FILL_UNIFORM, SWEEP)}, .attr = {.value = 0.4f, .stream = 5}},
    {.op = "dropout",
     .x = {INPUT(FILL_UNIFORM, SWEEP, 3, 2, 5)},
     .attr = {.value = 0.25f},
     .y = SHAPE(SWEEP, 3, 2, 5)},
    {.op = "dropout", .x = {INPUT(FILL_UNIFORM, 300, 1001)}, .attr = {.value = 0.5f}},
    {.op = "dropout", .x = {INPUT(FILL_UNIFORM, 5, 5)}, .attr = {.value = 0.0f}},
    {.op = "dropout", .x = {INPUT(FILL_UNIFORM, 5, 5)}, .attr = {.value = 1.0f}},
    {.op = "dropout2d",
     .x = {INPUT(FILL_UNIFORM, SWEEP, 3, 2, 5)},
     .attr = {.value = 0.4f, .stream = 5},
     .y = SHAPE(SWEEP, 3, 2, 5)},
    {.op = "dropout2d", .x = {INPUT(FILL_UNIFORM, 5, SWEEP)}, .attr = {.value = 0.4f}},
    {.op = "dropout2d", .x = {INPUT(FILL_UNIFORM, 2, 3, SWEEP)}, .attr = {.value = 0.4f}},
    {.op = "dropout2d", .x = {INPUT(FILL_UNIFORM, 64, 33, 12, 13)}, .attr = {.value = 0.5f}},
    {.op = "dropout2d", .x = {INPUT(FILL_UNIFORM, 5, 5, 2)}, .attr = {.value = 1.0f}},
    {.op = "dropout",
     .x = {INPUT(FILL_ZERO, 3)},
     .attr = {.value = 1.5f},
     .fails = "dropout: probability 1.5, wanted 0 to 1"},
    {.op = "dropout2d",
     .x = {INPUT(FILL_ZERO, 3, 4)},
     .attr = {.value = -0.5f},
     .fails = "dropout2d: probability -0.5"},
    {.op = "dropout2d", .x = {INPUT(FILL_ZERO, 3)}, .fails = "dropout2d: input [3]"},
};

OP_CASES_MAIN("dropout", cases)
