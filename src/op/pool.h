// What the pooling ops share: x [N, C, H, W] -> y [N, C, OH, OW],
// OH = (H + 2 padding - kernel) / stride + 1. Reads of attr: kernel, stride, padding.
#ifndef BOUGH_OP_POOL_H
#define BOUGH_OP_POOL_H

#include "cl/pool_params.h"
#include "op/lanes.h"
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

#endif
