#include "op/op_cases.h"

static const struct op_case cases[] = {
    {.op = "relu", .x = {INPUT(FILL_APART, SWEEP)}, .y = SHAPE(SWEEP)},
    {.op = "relu", .x = {INPUT(FILL_APART, SWEEP, 3, 2, 2)}, .y = SHAPE(SWEEP, 3, 2, 2)},
    {.op = "relu", .x = {INPUT(FILL_APART, 300, 1000)}},
    {.op = "relu", .x = {INPUT(FILL_UNIFORM, 5, 7)}, .golden = "activation/relu"},
};

OP_CASES_MAIN("activation", cases)
