// What the pooling ops share: x [N, C, H, W] -> y [N, C, OH, OW],
// OH = (H + 2 padding - kernel) / stride + 1. Reads of attr: kernel, stride, padding.
#ifndef BOUGH_OP_POOL_H
#define BOUGH_OP_POOL_H

#include "cl/pool_params.h"
#include "op/op.h"

enum bough_status bough__pool_check_image(const struct bough__op_call *call);
enum bough_status bough__pool_shape(struct bough__op_need *need, const struct bough__op_call *call);
struct pool_params bough__pool_params(const struct bough__op_call *call);

// Those of items at..end-1 of [planes, height, width] that lie in one row.
struct pool_run {
    int64_t plane;
    int h, w, length;
};

BOUGH_IN_TWIN struct pool_run pool_run_at(int64_t at, int64_t end, int height, int width)
{
    const int64_t plane = at / ((int64_t)height * width);
    const int rest = (int)(at - plane * height * width);
    struct pool_run run = {plane, rest / width, rest % width, width - rest % width};
    if (run.length > end - at)
        run.length = (int)(end - at);
    return run;
}

// Calls an inlined function with so many lanes as its last argument: 16, 8, 4 or 1.
#define POOL_BY_LANES(length, function, ...)                                                       \
    ((length) >= 16  ? function(__VA_ARGS__, 16)                                                   \
     : (length) >= 8 ? function(__VA_ARGS__, 8)                                                    \
     : (length) >= 4 ? function(__VA_ARGS__, 4)                                                    \
                     : function(__VA_ARGS__, 1))

// Where the vector at i begins: the last of a row lies over the one before.
BOUGH_IN_TWIN int lanes_begin(int i, int length, int lanes)
{
    return i + lanes <= length ? i : length - lanes;
}

// Of vectors that go over whole rows.
BOUGH_IN_TWIN int row_lanes(int length)
{
    return length > 8 ? 16 : length > 4 ? 8 : length > 1 ? 4 : 1;
}

// How many of the rows in the next `readable` elements may be done by vectors: what the last one
// reaches beyond its row is there.
BOUGH_IN_TWIN int64_t whole_rows(int length, int lanes, int64_t readable)
{
    const int beyond = (length + lanes - 1) / lanes * lanes - length;
    return readable > beyond ? (readable - beyond) / length : 0;
}

#endif
