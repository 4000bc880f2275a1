// embedding, one_hot, table.
#include "op/op_cases.h"

#define TABLE(classes_, masked_, first_, end_)                                                     \
    .table = {                                                                                     \
        .classes = (const int32_t[])classes_, .masked = (const int32_t[])masked_, first_, end_}
#define LIST(...)                                                                                  \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define COLUMNS TABLE(LIST(0, 0, 4, 0, 3), LIST(0, 1, 0, 0, 0), 0, 5)

static const struct op_case cases[] = {
    {.op = "embedding",
     .x = {INPUT(FILL_IDS, SWEEP), INPUT(FILL_UNIFORM, 7, 5)},
     .y = SHAPE(SWEEP, 5)},
    {.op = "embedding",
     .x = {INPUT(FILL_IDS, 5, 3), INPUT(FILL_UNIFORM, 9, SWEEP)},
     .attr = {.padding_id = 1},
     .y = SHAPE(5, 3, SWEEP)},
    {.op = "embedding", .x = {INPUT(FILL_IDS, 4, SWEEP), INPUT(FILL_UNIFORM, 3, 8)}},
    {.op = "embedding", .x = {INPUT(FILL_IDS, 8, 3), INPUT(FILL_UNIFORM, 1, 4)}},
    // Several rows of the backward launch, the last of fewer.
    {.op = "embedding", .x = {INPUT(FILL_IDS, 40), INPUT(FILL_UNIFORM, SWEEP, 301)}},
    {.op = "embedding",
     .x = {INPUT(FILL_IDS, 4, 3), INPUT(FILL_UNIFORM, 7, 5)},
     .attr = {.padding_id = 1},
     .golden = "embedding/padded"},
    {.op = "embedding",
     .x = {INPUT(FILL_IDS, 4, 3), INPUT(FILL_UNIFORM, 7, 5)},
     .golden = "embedding/plain"},
    {.op = "embedding",
     .x = {INPUT(FILL_UNIFORM, 4, 3), INPUT(FILL_UNIFORM, 7, 5)},
     .fails = "embedding: input [4, 3] of F32; wanted ids, I32 [N, ...]"},
    {.op = "embedding",
     .x = {INPUT(FILL_IDS, 4, 3), INPUT(FILL_UNIFORM, 7)},
     .fails = "weight [7], wanted [V, D]"},

    {.op = "one_hot",
     .x = {INPUT(FILL_IDS, SWEEP, 3)},
     .attr = {.vocabulary = 7, .padding_id = 1},
     .y = SHAPE(SWEEP, 3, 7)},
    {.op = "one_hot", .x = {INPUT(FILL_IDS, SWEEP)}, .attr = {.vocabulary = 33}},
    {.op = "one_hot",
     .x = {INPUT(FILL_IDS, 4, 3)},
     .attr = {.vocabulary = 7},
     .golden = "embedding/one_hot"},
    {.op = "one_hot", .x = {INPUT(FILL_IDS, 4)}, .fails = "vocabulary of at least 1"},

    {.op = "table",
     .x = {INPUT(FILL_TABLE, 5, 5), INPUT(FILL_UNIFORM, 4, 3), INPUT(FILL_UNIFORM, 3, 2)},
     .attr = {COLUMNS},
     .y = SHAPE(5, 9),
     .golden = "table/columns"},
    {.op = "table",
     .x = {INPUT(FILL_TABLE, SWEEP, 5), INPUT(FILL_UNIFORM, 4, 17), INPUT(FILL_UNIFORM, 3, 2)},
     .attr = {COLUMNS}},
    {.op = "table",
     .x = {INPUT(FILL_TABLE, SWEEP, 5)},
     .attr = {TABLE(LIST(0, 0, 0, 0, 9), LIST(0, 1, 1, 0, 0), 0, 4)},
     .y = SHAPE(SWEEP, 6)},
    {.op = "table",
     .x = {INPUT(FILL_TABLE, 6, 3), INPUT(FILL_UNIFORM, 5, SWEEP)},
     .attr = {TABLE(LIST(3, 0, 5), LIST(0, 0, 0), 1, 3)}},
    // More columns of classes than a launch takes, one of them large.
    {.op = "table",
     .x = {INPUT(FILL_TABLE, 9, 9), INPUT(FILL_UNIFORM, 2, 3), INPUT(FILL_UNIFORM, 5, SWEEP),
           INPUT(FILL_UNIFORM, 3, 300), INPUT(FILL_UNIFORM, 30, 301), INPUT(FILL_UNIFORM, 9, 1),
           INPUT(FILL_UNIFORM, 1, 2), INPUT(FILL_UNIFORM, 6, 17), INPUT(FILL_UNIFORM, 8, 4),
           INPUT(FILL_UNIFORM, 4, 4)},
     .attr = {TABLE(LIST(2, 5, 3, 30, 9, 1, 6, 8, 4), LIST(0, 0, 0, 0, 0, 0, 0, 0, 0), 0, 9)}},
    {.op = "table",
     .x = {INPUT(FILL_TABLE, 6, 3), INPUT(FILL_UNIFORM, 4, 2)},
     .attr = {TABLE(LIST(0, 0, 5), LIST(0, 0, 0), 0, 3)},
     .fails = "weight [4, 2] of column 2, wanted [5, D]"},
    {.op = "table",
     .x = {INPUT(FILL_TABLE, 6, 3), INPUT(FILL_UNIFORM, 4, 2)},
     .attr = {TABLE(LIST(0, 0, 0), LIST(0, 0, 0), 0, 3)},
     .fails = "1 weights, and 0 columns are classes"},
    {.op = "table",
     .x = {INPUT(FILL_TABLE, 6, 3)},
     .attr = {TABLE(LIST(0, 0, 0, 0), LIST(0, 0, 0, 0), 0, 4)},
     .fails = "wanted [N, C] of columns up to 4"},
};

OP_CASES_MAIN("embedding", cases)
