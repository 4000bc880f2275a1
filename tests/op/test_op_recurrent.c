// lstm and gru.
#include "op/op_cases.h"

#define LSTM(n, l, h, dirs)                                                                        \
    INPUT(FILL_UNIFORM, n, l, (dirs)*4 * (h)), INPUT(FILL_UNIFORM, dirs, 4 * (h), h)
#define GRU(n, l, h, dirs)                                                                         \
    INPUT(FILL_UNIFORM, n, l, (dirs)*3 * (h)), INPUT(FILL_UNIFORM, dirs, 3 * (h), h),              \
        INPUT(FILL_UNIFORM, dirs, h)
#define LENGTHS(n) INPUT(FILL_LENGTHS, n)

static const struct op_case cases[] = {
    {.op = "lstm", .x = {LSTM(2, 4, 3, 1)}, .golden = "recurrent/lstm"},
    {.op = "lstm", .x = {LSTM(2, 3, 5, 2)}, .golden = "recurrent/lstm_both"},
    {.op = "lstm", .x = {LSTM(6, 5, 3, 2), LENGTHS(6)}, .golden = "recurrent/lstm_lengths"},
    {.op = "lstm", .x = {LSTM(3, 4, 17, 1), LENGTHS(3)}, .golden = "recurrent/lstm_wide"},
    {.op = "gru", .x = {GRU(2, 4, 3, 1)}, .golden = "recurrent/gru"},
    {.op = "gru", .x = {GRU(2, 3, 5, 2)}, .golden = "recurrent/gru_both"},
    {.op = "gru", .x = {GRU(6, 5, 3, 2), LENGTHS(6)}, .golden = "recurrent/gru_lengths"},
    {.op = "gru", .x = {GRU(3, 4, 17, 1), LENGTHS(3)}, .golden = "recurrent/gru_wide"},

    {.op = "lstm", .x = {LSTM(SWEEP, 3, 5, 2), LENGTHS(SWEEP)}, .y = SHAPE(SWEEP, 3, 10)},
    {.op = "lstm", .x = {LSTM(3, 2, 1, 1)}, .y = SHAPE(3, 2, 1)},
    {.op = "lstm", .x = {LSTM(3, 0, 5, 2), LENGTHS(3)}, .y = SHAPE(3, 0, 10)},
    {.op = "lstm", .x = {LSTM(5, 2, 16, 1), LENGTHS(5)}},
    {.op = "lstm", .x = {LSTM(21, 5, 33, 2), LENGTHS(21)}, .slope = 2e-2},
    {.op = "gru", .x = {GRU(SWEEP, 3, 5, 2), LENGTHS(SWEEP)}, .y = SHAPE(SWEEP, 3, 10)},
    {.op = "gru", .x = {GRU(3, 2, 1, 1)}, .y = SHAPE(3, 2, 1)},
    {.op = "gru", .x = {GRU(3, 0, 5, 2), LENGTHS(3)}, .y = SHAPE(3, 0, 10)},
    {.op = "gru", .x = {GRU(5, 2, 16, 1), LENGTHS(5)}},
    {.op = "gru", .x = {GRU(21, 5, 33, 2), LENGTHS(21)}, .slope = 2e-2},

    {.op = "lstm",
     .x = {INPUT(FILL_UNIFORM, 2, 3, 8), INPUT(FILL_UNIFORM, 2, 8, 2)},
     .fails = "lstm: inputs [2, 3, 8] and [2, 8, 2], wanted [N, L, dirs * 4H], [dirs, 4H, H]"},
    {.op = "lstm", .x = {LSTM(2, 3, 4, 1), LENGTHS(3)}, .fails = "and lengths I32 [N] or none"},
    {.op = "lstm",
     .x = {LSTM(2, 3, 4, 1), INPUT(FILL_UNIFORM, 2)},
     .fails = "and lengths I32 [N] or none"},
    {.op = "gru",
     .x = {LSTM(2, 3, 4, 1), INPUT(FILL_UNIFORM, 1, 4)},
     .fails = "wanted [N, L, dirs * 3H]"},
};

OP_CASES_MAIN("recurrent", cases)
