#include "op/op_cases.h"

#define BY_TWO                                                                                     \
    {                                                                                              \
        .kernel = {2, 2}, .stride = { 2, 2 }                                                       \
    }
#define OVERLAP                                                                                    \
    {                                                                                              \
        .kernel = {3, 2}, .stride = {2, 1}, .padding = { 1, 1 }                                    \
    }

static const struct op_case cases[] = {
    {.op = "max_pool2d",
     .x = {INPUT(FILL_DISTINCT, SWEEP, 3, 4, 6)},
     .attr = BY_TWO,
     .y = SHAPE(SWEEP, 3, 2, 3)},
    {.op = "max_pool2d", .x = {INPUT(FILL_DISTINCT, 3, 2, 5, 65)}, .attr = BY_TWO},
    {.op = "max_pool2d", .x = {INPUT(FILL_DISTINCT, 2, 3, 65, 31)}, .attr = BY_TWO},
    {.op = "max_pool2d",
     .x = {INPUT(FILL_DISTINCT, 2, 2, 5, SWEEP)},
     .attr = {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}}},
    {.op = "max_pool2d",
     .x = {INPUT(FILL_DISTINCT, 2, 2, SWEEP, 5)},
     .attr = {.kernel = {2, 3}, .stride = {1, 4}, .padding = {1, 0}}},
    {.op = "max_pool2d", .x = {INPUT(FILL_DISTINCT, 2, 3, 7, 9)}, .attr = OVERLAP},
    {.op = "max_pool2d", .x = {INPUT(FILL_DISTINCT, 32, 16, 28, 28)}, .attr = BY_TWO},
    {.op = "max_pool2d", .x = {INPUT(FILL_DISTINCT, 32, 16, 27, 29)}, .attr = BY_TWO},
    {.op = "max_pool2d", .x = {INPUT(FILL_DISTINCT, 21, 61, 14, 14)}, .attr = BY_TWO},
    {.op = "max_pool2d",
     .x = {INPUT(FILL_DISTINCT, 3, 3, 5, 65)},
     .attr = {.kernel = {2, 2}, .stride = {2, 2}, .activation = BOUGH_RELU}},
    {.op = "max_pool2d",
     .x = {INPUT(FILL_DISTINCT, 3, 3, 7, 33)},
     .attr = {.kernel = {3, 3}, .stride = {2, 1}, .padding = {1, 1}, .activation = BOUGH_RELU}},
    {.op = "max_pool2d", .x = {INPUT(FILL_ZERO, 2, 3, 6, 4)}, .attr = BY_TWO, .golden = "pool/max"},
    {.op = "max_pool2d",
     .x = {INPUT(FILL_ZERO, 2, 3, 7, 5)},
     .attr = BY_TWO,
     .golden = "pool/max_odd"},
    {.op = "max_pool2d",
     .x = {INPUT(FILL_ZERO, 2, 3, 8, 9)},
     .attr = OVERLAP,
     .golden = "pool/max_overlap"},
    {.op = "max_pool2d",
     .x = {INPUT(FILL_ZERO, 1, 2, 6, 6)},
     .attr = {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}},
     .golden = "pool/max_ties"},

    {.op = "avg_pool2d",
     .x = {INPUT(FILL_UNIFORM, SWEEP, 3, 4, 6)},
     .attr = BY_TWO,
     .y = SHAPE(SWEEP, 3, 2, 3)},
    {.op = "avg_pool2d",
     .x = {INPUT(FILL_UNIFORM, 2, 2, 5, SWEEP)},
     .attr = {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}}},
    {.op = "avg_pool2d", .x = {INPUT(FILL_UNIFORM, 32, 16, 27, 29)}, .attr = OVERLAP},
    {.op = "avg_pool2d", .x = {INPUT(FILL_ZERO, 2, 3, 6, 4)}, .attr = BY_TWO, .golden = "pool/avg"},
    {.op = "avg_pool2d",
     .x = {INPUT(FILL_ZERO, 2, 3, 8, 9)},
     .attr = OVERLAP,
     .golden = "pool/avg_overlap"},

    {.op = "global_avg_pool2d", .x = {INPUT(FILL_UNIFORM, SWEEP, 3, 4, 6)}, .y = SHAPE(SWEEP, 3)},
    {.op = "global_avg_pool2d", .x = {INPUT(FILL_UNIFORM, 2, 3, SWEEP, 1)}},
    {.op = "global_avg_pool2d", .x = {INPUT(FILL_UNIFORM, 32, 33, 7, 9)}},
    {.op = "global_avg_pool2d", .x = {INPUT(FILL_ZERO, 2, 3, 5, 4)}, .golden = "pool/global"},

    {.op = "max_pool2d",
     .x = {INPUT(FILL_ZERO, 2, 3, 6)},
     .attr = BY_TWO,
     .fails = "max_pool2d: input [2, 3, 6]: wants [N, C, H, W]"},
    {.op = "max_pool2d",
     .x = {INPUT(FILL_ZERO, 2, 3, 6, 1)},
     .attr = BY_TWO,
     .fails = "kernel is larger than the padded image"},
    {.op = "avg_pool2d",
     .x = {INPUT(FILL_ZERO, 2, 3, 6, 6)},
     .attr = {.kernel = {2, 2}, .stride = {2, 0}},
     .fails = "avg_pool2d: input [2, 3, 6, 6]: kernel and stride must be 1 or more"},
    {.op = "max_pool2d",
     .x = {INPUT(FILL_ZERO, 2, 3, 6, 6)},
     .attr = {.kernel = {2, 3}, .stride = {2, 2}, .padding = {1, 2}},
     .fails = "padding must be 0 to half the kernel"},
    {.op = "global_avg_pool2d", .x = {INPUT(FILL_ZERO, 2, 3, 0, 6)}, .fails = "image is empty"},
};

OP_CASES_MAIN("pool", cases)
