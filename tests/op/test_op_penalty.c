#include "op/op_cases.h"

static const struct op_case cases[] = {
    {.op = "order_penalty",
     .x = {INPUT(FILL_UNIFORM, SWEEP, 3), INPUT(FILL_UNIFORM, SWEEP, 3)},
     .attr = {.value = 0.6f},
     .y = SHAPE(1)},
    {.op = "order_penalty",
     .x = {INPUT(FILL_UNIFORM, 3, 400), INPUT(FILL_UNIFORM, 3, 400)},
     .attr = {.value = -2.0f}},
    {.op = "order_penalty",
     .x = {INPUT(FILL_UNIFORM, 4, 3), INPUT(FILL_UNIFORM, 4, 3)},
     .attr = {.value = 0.6f},
     .golden = "penalty/order"},
    {.op = "order_penalty",
     .x = {INPUT(FILL_UNIFORM, 4, 3), INPUT(FILL_UNIFORM, 4, 3)},
     .attr = {.value = -0.6f},
     .golden = "penalty/order_below"},
    {.op = "order_penalty",
     .x = {INPUT(FILL_UNIFORM, 4, 3), INPUT(FILL_UNIFORM, 4, 2)},
     .fails = "order_penalty: inputs [4, 3] and [4, 2], wanted of one shape"},
};

OP_CASES_MAIN("penalty", cases)
