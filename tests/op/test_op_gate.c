// gumbel_choice; dselect and its penalty.
#include "op/op_cases.h"

#define EXPERTS(count) .shape = {1, {(count)}}

static const struct op_case cases[] = {
    {.op = "gumbel_choice", .x = {INPUT(FILL_DISTINCT, SWEEP, 5)}, .y = SHAPE(SWEEP, 5)},
    {.op = "gumbel_choice", .x = {INPUT(FILL_DISTINCT, 3, SWEEP)}},
    {.op = "gumbel_choice",
     .x = {INPUT(FILL_UNIFORM, 2, 3, 4)},
     .attr = {.training = 1, .stream = 5},
     .golden = "gumbel_choice/rows"},
    {.op = "gumbel_choice",
     .x = {INPUT(FILL_UNIFORM, 1, 33)},
     .attr = {.training = 1, .stream = 6},
     .golden = "gumbel_choice/wide"},
    {.op = "gumbel_choice", .x = {INPUT(FILL_UNIFORM, 2, 3)}, .golden = "gumbel_choice/largest"},
    {.op = "gumbel_choice", .x = {INPUT(FILL_ZERO, 2, 0)}, .fails = "wanted [..., K]"},

    {.op = "dselect",
     .x = {INPUT(FILL_UNIFORM, 2, 3)},
     .attr = {.value = 5, EXPERTS(8)},
     .y = SHAPE(1, 2, 8)},
    {.op = "dselect", .x = {INPUT(FILL_UNIFORM, SWEEP, 3)}, .attr = {.value = 6, EXPERTS(7)}},
    {.op = "dselect", .x = {INPUT(FILL_UNIFORM, 3, 1)}, .attr = {.value = 4, EXPERTS(2)}},
    {.op = "dselect", .x = {INPUT(FILL_UNIFORM, 3, 7)}, .attr = {.value = 4.5f, EXPERTS(100)}},
    {.op = "dselect",
     .x = {INPUT(FILL_UNIFORM, 3, 3)},
     .attr = {.value = 2, EXPERTS(6)},
     .golden = "dselect/six"},
    {.op = "dselect",
     .x = {INPUT(FILL_UNIFORM, 2, 2)},
     .attr = {.value = 1, EXPERTS(8)},
     .fails = "dselect: input [2, 2] of 8 experts, wanted [k, 3] of two or more"},
    {.op = "dselect",
     .x = {INPUT(FILL_UNIFORM, 2, 0)},
     .attr = {.value = 1, EXPERTS(1)},
     .fails = "of 1 experts"},

    {.op = "dselect_penalty",
     .x = {INPUT(FILL_POSITIVE, 1, 2, 8)},
     .attr = {.value = 1},
     .y = SHAPE(1)},
    {.op = "dselect_penalty", .x = {INPUT(FILL_POSITIVE, 3, SWEEP)}, .attr = {.value = 0.5f}},
    {.op = "dselect_penalty", .x = {INPUT(FILL_POSITIVE, SWEEP, 5)}, .attr = {.value = 0}},
    {.op = "dselect_penalty",
     .x = {INPUT(FILL_POSITIVE, 2, 4)},
     .attr = {.value = 2},
     .golden = "dselect/power_of_two"},
    {.op = "dselect_penalty",
     .x = {INPUT(FILL_POSITIVE, 2, 6)},
     .attr = {.value = 2},
     .golden = "dselect/any_number"},
    {.op = "dselect_penalty", .x = {INPUT(FILL_ZERO, 2, 0)}, .fails = "wanted [..., E]"},
};

OP_CASES_MAIN("gate", cases)
