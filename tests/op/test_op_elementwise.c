#include "op/op_cases.h"

static const struct op_case cases[] = {
    {.op = "add", .x = {INPUT(FILL_UNIFORM, SWEEP), INPUT(FILL_UNIFORM, SWEEP)}},
    {.op = "add", .x = {INPUT(FILL_UNIFORM, 3, SWEEP), INPUT(FILL_UNIFORM, 3, SWEEP)}},
    {.op = "add",
     .x = {INPUT(FILL_UNIFORM, 2, 3, 4), INPUT(FILL_UNIFORM, 2, 3, 4)},
     .golden = "elementwise/add"},
    {.op = "add",
     .x = {INPUT(FILL_UNIFORM, 3, SWEEP), INPUT(FILL_UNIFORM, 3, SWEEP)},
     .attr = {.activation = BOUGH_TANH}},
    {.op = "add",
     .x = {INPUT(FILL_UNIFORM, 300, 1000), INPUT(FILL_ZERO, 300, 1000)},
     .attr = {.activation = BOUGH_RELU}},
    {.op = "add",
     .x = {INPUT(FILL_UNIFORM, 2, 3), INPUT(FILL_UNIFORM, 3, 2)},
     .fails = "add: inputs [2, 3] and [3, 2]"},
    {.op = "add", .x = {INPUT(FILL_UNIFORM, 2)}, .fails = "add: 1 inputs, wanted 2 to 2"},

    {.op = "multiply", .x = {INPUT(FILL_UNIFORM, SWEEP), INPUT(FILL_UNIFORM, SWEEP)}},
    {.op = "multiply", .x = {INPUT(FILL_UNIFORM, 200, 300), INPUT(FILL_UNIFORM, 200, 300)}},
    {.op = "multiply",
     .x = {INPUT(FILL_UNIFORM, 2, 3, 4), INPUT(FILL_UNIFORM, 2, 3, 4)},
     .golden = "elementwise/multiply"},

    {.op = "scale", .x = {INPUT(FILL_UNIFORM, SWEEP)}, .attr = {.value = -1.5f}},
    {.op = "scale", .x = {INPUT(FILL_UNIFORM, 3, SWEEP)}, .attr = {.value = 0.0f}},
    {.op = "scale",
     .x = {INPUT(FILL_UNIFORM, 2, 3, 4)},
     .attr = {.value = 0.3f},
     .golden = "elementwise/scale"},

    {.op = "logit_and", .x = {INPUT(FILL_UNIFORM, SWEEP, 3), INPUT(FILL_UNIFORM, SWEEP, 3)}},
    {.op = "logit_and", .x = {INPUT(FILL_UNIFORM, 200, 300), INPUT(FILL_UNIFORM, 200, 300)}},
    {.op = "logit_and",
     .x = {INPUT(FILL_UNIFORM, 2, 3, 4), INPUT(FILL_UNIFORM, 2, 3, 4)},
     .golden = "elementwise/logit_and"},
    {.op = "logit_and",
     .x = {INPUT(FILL_UNIFORM, 25), INPUT(FILL_UNIFORM, 25)},
     .golden = "elementwise/logit_and_far"},
    {.op = "logit_and",
     .x = {INPUT(FILL_UNIFORM, 2), INPUT(FILL_UNIFORM, 3)},
     .fails = "logit_and: inputs [2] and [3], wanted of one shape"},
};

OP_CASES_MAIN("elementwise", cases)
