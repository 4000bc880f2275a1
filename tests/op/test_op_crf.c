#include "op/op_cases.h"

// Of K tags: transitions, start, end.
#define CHAIN(k)    INPUT(FILL_UNIFORM, k, k), INPUT(FILL_UNIFORM, k), INPUT(FILL_UNIFORM, k)
#define SCORES(...) INPUT(FILL_UNIFORM, __VA_ARGS__)
#define TAGS(...)   INPUT(FILL_TAGS, __VA_ARGS__)
#define LENGTHS(n)  INPUT(FILL_LENGTHS, n)
#define CRF(n, l, k)                                                                               \
    .op = "crf", .x = {SCORES(n, l, k), TAGS(n, l), CHAIN(k), LENGTHS(n)}, .y = SHAPE(2), .loss = 1

#define GOLDEN(name, n, l, k)                                                                      \
    {                                                                                              \
        CRF(n, l, k), .golden = "crf/" name                                                        \
    }

static const struct op_case cases[] = {
    {CRF(SWEEP, 5, 4)},
    {CRF(4, SWEEP, 3)},
    {CRF(3, 7, SWEEP)},
    {CRF(16, 20, 72)},
    {.op = "crf", .x = {SCORES(5, 6, 7), TAGS(5, 6), CHAIN(7)}, .loss = 1},
    {.op = "crf", .x = {SCORES(2, 0, 3), TAGS(2, 0), CHAIN(3), LENGTHS(2)}, .loss = 1},
    {.op = "crf",
     .x = {SCORES(3, 4, 5), INPUT(FILL_UNLABELLED, 3, 4), CHAIN(5), LENGTHS(3)},
     .loss = 1},
    GOLDEN("brute", 4, 3, 3),
    GOLDEN("ragged", 6, 7, 5),
    GOLDEN("many", 5, 9, 21),
    GOLDEN("far", 4, 6, 5),
    GOLDEN("unlabelled", 4, 5, 3),
    {.op = "crf", .x = {SCORES(4, 5, 3), TAGS(4, 4), CHAIN(3)}, .fails = "labels [4, 4]"},
    {.op = "crf",
     .x = {SCORES(4, 5, 3), SCORES(4, 5), CHAIN(3)},
     .fails = "labels of type F32, wanted I32"},
    {.op = "crf", .x = {SCORES(4, 5, 3), TAGS(4, 5), CHAIN(4)}, .fails = "transitions [4, 4]"},
    {.op = "crf",
     .x = {SCORES(4, 5, 3), TAGS(4, 5), CHAIN(3), LENGTHS(5)},
     .fails = "lengths [5] of type I32, wanted [4]"},
    {.op = "crf",
     .x = {SCORES(1, 1, 32737), TAGS(1, 1), CHAIN(32737)},
     .fails = "32737 classes, wanted at most 32736"},
};

OP_CASES_MAIN("crf", cases)
